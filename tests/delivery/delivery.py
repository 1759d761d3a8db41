#!/usr/bin/env python3
"""Kills a broker and its workers again and again under load, and looks whether anything was lost.

Eight pages send, most with a `ref`; two groups of three workers get it all, one of them in the order of each
uid. At moments that nobody chose connections break, and broker, workers or both are killed (SIGKILL). When
it is over, every group has had every event that a page was told is accepted, the ordered one in order, and
given none of them up. Then the bounds are tried, see delivery_bounds.py.

    delivery.py [--kills N] [--seed S] [--durability batch|full] [--threads N]
"""

import argparse
import itertools
import os
import random
import signal
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "broker"))

import delivery_bounds  # noqa: E402
from delivery_journal import lines  # noqa: E402
from delivery_page import Page  # noqa: E402
from delivery_verdict import Verdict  # noqa: E402
from group_worker import group_of, put_group  # noqa: E402
from harness import Broker  # noqa: E402

PAGES = 8
WORKERS = 3  # of each group
GROUPS = {"any": {}, "ordered": {"order": "uid"}}
WINDOWS = (1, 10, 256)
LEASE_MS = 2000
PAGES_END_IN = 60.0  # seconds, until all pages were answered
DRAINED_IN = 120.0   # seconds, until no event waits
KINDS = ("broker", "workers", "both")
MEMBER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "delivery_member.py")


class Workers:
    """The processes of both groups, in slots that are never empty for long."""

    def __init__(self, broker, vhost, chance):
        self.chance = chance
        self.journal = os.path.join(broker.dir, "journal")
        self.command = [sys.executable, "-B", MEMBER, "{}:{}".format(*broker.addr), vhost.path, vhost.token]
        self.names = (f"w{number}" for number in itertools.count())
        self.processes = {}  # {(group, slot): (name, process)}
        signal.signal(signal.SIGUSR1, signal.SIG_IGN)  # in them as well, until they are ready for it
        for group in GROUPS:
            for slot in range(WORKERS):
                self.begin((group, slot), next(self.names))

    def begin(self, place, name):
        window = self.chance.choice(WINDOWS)
        process = subprocess.Popen([*self.command, place[0], name, str(window), self.journal])
        self.processes[place] = name, process

    def some(self):
        return self.chance.sample(sorted(self.processes), self.chance.randint(1, WORKERS))

    def kill_some(self):
        """Who comes instead has the same name or, as in a container, another one."""
        places = self.some()
        for place in places:
            self.processes[place][1].kill()
        for place in places:
            name, process = self.processes[place]
            process.wait()
            self.begin(place, name if self.chance.random() < 0.5 else next(self.names))

    def cut_some(self):
        """Their connections break."""
        for place in self.some():
            self.processes[place][1].send_signal(signal.SIGUSR1)

    def complaint(self):
        for (group, _), (name, process) in self.processes.items():
            if process.poll() is not None:
                return f"worker {name} of group {group} has ended: status {process.returncode}"
        return None

    def close(self):
        for _, process in self.processes.values():
            process.kill()
            process.wait()


class Failed(Exception):
    pass


class Deliveries:
    def __init__(self, options):
        self.chance = random.Random(options.seed)
        self.broker = Broker("--durability", options.durability, "--threads", str(options.threads))
        self.broker.port = self.broker.addr[1]  # everybody comes back by himself
        self.vhost = self.broker.vhost("/v")
        for group, settings in GROUPS.items():
            put_group(self.broker, self.vhost, group, filter="t\\..*", lease_ms=LEASE_MS, **settings)
        self.workers = Workers(self.broker, self.vhost, self.chance)
        self.pages = [Page(self.broker, self.vhost, f"u{number}", options.seed) for number in range(PAGES)]
        self.starts, self.killed = [], dict.fromkeys(KINDS, 0)
        self.kinds = []

    def begin(self):
        self.await_for(lambda: os.path.exists(self.workers.journal), PAGES_END_IN, "no worker came")
        for page in self.pages:
            page.start()

    def kill(self):
        time.sleep(self.chance.uniform(0.2, 1.2))  # any moment will do
        self.workers.cut_some()
        self.chance.choice(self.pages).cut()
        time.sleep(self.chance.uniform(0, 0.8))  # any moment will do
        self.kinds = self.kinds or self.chance.sample(KINDS, len(KINDS))
        kind = self.kinds.pop()
        self.killed[kind] += 1
        if kind != "workers":
            self.broker.kill()
        if kind != "broker":
            self.workers.kill_some()
        if kind != "workers":
            self.starts.append(time.monotonic())
            self.broker.start()
        self.raise_complaints()

    def raise_complaints(self):
        complaints = [page.complaint for page in self.pages] + [self.workers.complaint()]
        for complaint in filter(None, complaints):
            raise Failed(complaint)

    def await_for(self, condition, seconds, failure):
        end = time.monotonic() + seconds
        while not condition():
            self.raise_complaints()
            if time.monotonic() > end:
                raise Failed(f"{failure} within {seconds:.0f} s")
            time.sleep(0.05)  # until it is looked again

    def drain(self):
        """Until nobody waits for anything. What waits for longer is told with the other figures."""
        for page in self.pages:
            page.ending.set()
        try:
            self.await_for(lambda: not any(page.is_alive() for page in self.pages), PAGES_END_IN,
                           "not all pages were answered")
            self.await_for(lambda: not any(self.group(name)["lag"] for name in GROUPS), DRAINED_IN,
                           "the groups were not empty")
        except Failed as failure:
            print(failure, file=sys.stderr)

    def group(self, name):
        return group_of(self.broker, self.vhost, name)

    def verdict(self):
        groups = {name: self.group(name) for name in GROUPS}
        return Verdict(self.pages, lines(self.workers.journal), groups, self.starts)

    def close(self):
        self.workers.close()
        self.broker.close()


def kill_under_load(options):
    """What is wrong, a line each."""
    deliveries = Deliveries(options)
    try:
        deliveries.begin()
        for number in range(options.kills):
            try:
                deliveries.kill()
            except (Failed, AssertionError) as complaint:
                raise Failed(f"after kill {number + 1}: {complaint}\n{deliveries.broker.log_text()[-2000:]}")
        deliveries.drain()
        verdict = deliveries.verdict()
        print("killed: " + ", ".join(f"{kind} {count} times" for kind, count in deliveries.killed.items()))
        verdict.print()
        if len(verdict.accepted) < 10 * options.kills:
            verdict.wrong.append(f"accepted: {len(verdict.accepted)}. That is hardly a load")
        return verdict.wrong
    finally:
        deliveries.close()


def main():
    parser = argparse.ArgumentParser(description="Kills a broker and its workers under load.")
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 32))
    parser.add_argument("--durability", choices=("batch", "full"), default="batch")
    parser.add_argument("--threads", type=int, default=1, help="event loops of the broker")
    options = parser.parse_args()
    print(f"seed {options.seed}", flush=True)
    try:
        wrong = kill_under_load(options) + delivery_bounds.try_all(options)
    except Failed as failure:
        sys.exit(str(failure))
    if wrong:
        sys.exit("\n".join(wrong))


if __name__ == "__main__":
    main()
