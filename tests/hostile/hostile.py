#!/usr/bin/env python3
"""An operator's nightmare: some well-behaved browsers, and one attack after the other.

The browsers measure how long a broadcast takes to come back to them, of every attack's time and of a quiet
one before it. What is compared is the 99th percentile: the median of several repetitions under attack
against the median of the quiet ones. More than twice that, and the attack has reached others than the
broker. It must not end either, nor drop any of those browsers, and when an attack is over it has to have
as many descriptors open as before, in the end about as much memory, and to work.

Some attacks are for what a stranger may take: there the browsers are compared with what they measure while
the same attack is on another broker beside theirs (three times that, and ten milliseconds, at most), the
admin port has to answer within 100 ms, the broker may take 64 MiB more than in quiet times, and its log
and its figures have to name the attack.

Before all that it looks whether it would notice: a broker that is stopped for moments has to fail.

    hostile.py [--repeat N] [--seconds S] [--flag=--BROKER-FLAG] [ATTACK…]
"""

import argparse
import contextlib
import http.client
import json
import math
import os
import selectors
import statistics
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "broker"))

import machine  # noqa: E402
from harness import Broker, wait_until  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
ATTACKS = ["slow_readers", "half_open", "connections", "large_headers", "lying_frames", "subscribes"]
# With the reasons of which the broker has to give one.
GREEDY = {"held_fragments": {"message_too_big", "message_timeout"},
          "seats": {"too_many_of_address"},
          "descriptors": {"too_many_connections"},
          "bodies_for_nobody": {"unknown_vhost", "wrong_token"},
          "batches": {"batch_too_large", "unread_answer"},
          "unread_answers": {"unread_answer"},
          "loud_neighbours": {"page_429"}}
# Of another vhost of the same broker.
NEIGHBOURS = {"loud_neighbours"}
LIMITS = ("--max-connections-in-all", "6000", "--max-connections-per-address", "2000",
          "--log-format", "json")
CHANNELS = [f"calm{number}" for number in range(5)]
FACTOR = 2
GREEDY_FACTOR = 3
ROUND_TRIP_MAX = 10_000  # µs
ADMIN_MAX = 0.1          # s
TAKEN_MAX = 64 << 20
MEMORY_GROWTH_MAX = 8 << 20
MEMORY_KEPT_MAX = 32 << 20
PATIENCE = 120.0
DISREGARDED_MAX = 0.3  # of what was measured: a machine that is late more often is not fit for this


class Program:
    """One of the programs beside this one, spoken with in lines."""

    def __init__(self, name, *arguments):
        self.name = name
        self.process = subprocess.Popen(
            [sys.executable, "-B", os.path.join(HERE, name + ".py"), *map(str, arguments)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def hear(self):
        with selectors.DefaultSelector() as selector:
            selector.register(self.process.stdout, selectors.EVENT_READ)
            if not selector.select(PATIENCE):
                raise SystemExit(f"{self.name} has not answered for {PATIENCE:.0f} s")
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit(f"{self.name} ended with {self.process.wait()}")
        return line

    def ask(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        return json.loads(self.hear())

    def end(self):
        """Its last words."""
        self.process.stdin.close()
        words = self.process.stdout.read()
        if self.process.wait(PATIENCE) != 0:
            raise SystemExit(f"{self.name} ended with {self.process.returncode}")
        return words

    def kill(self):
        self.process.kill()
        self.process.wait()


def percentile(values, share):
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def resident(broker):
    with open(f"/proc/{broker.process.pid}/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


class Observer(threading.Thread):
    """Of a broker under attack: the most memory that it has, and how long its admin port takes to answer."""

    def __init__(self, broker):
        super().__init__()
        self.broker = broker
        self.before = self.most = resident(broker)
        self.slowest = 0.0
        self.ended = threading.Event()

    def run(self):
        while not self.ended.wait(0.05):
            self.most = max(self.most, resident(self.broker))
            self.slowest = max(self.slowest, self.time_to_answer())

    def time_to_answer(self):
        """For ever, when it does not."""
        begin = time.monotonic()
        try:
            status = self.broker.admin("GET", "/healthz", cookie=None).status
        except (OSError, http.client.HTTPException):
            status = None
        return time.monotonic() - begin if status == 200 else math.inf

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        self.join()


class Nightmare:
    def __init__(self, seconds, flags):
        self.seconds = seconds
        self.broker = Broker("--http-timeout-ms", "10000", *LIMITS, *flags)
        self.other = Broker("--http-timeout-ms", "10000", *LIMITS, *flags)
        self.other_vhost = self.other.vhost("/calm")
        self.other_vhost.disconnect()
        machine.place_beside(self.other.process.pid)
        self.programs = []
        self.measured = self.disregarded = 0
        self.vhost = self.broker.vhost("/calm")
        for channel in CHANNELS:
            self.vhost.open(channel)
        self.vhost.disconnect()
        self.neighbours = {broker: broker.vhost("/neighbours") for broker in (self.broker, self.other)}
        self.first = machine.place_broker(self.broker.process.pid)
        os.environ["BROKER_PID"] = str(self.broker.process.pid)
        metronome = Program("metronome")
        self.programs.append(metronome)
        self.witness = self.start("witness", self.broker, self.vhost, int(metronome.hear()), *CHANNELS)

    def start_attack(self, name, broker):
        vhost = self.other_vhost if broker is self.other else self.vhost
        if name in NEIGHBOURS:
            vhost = self.neighbours[broker]
        return self.start(name, broker, vhost, vhost.token)

    def start(self, name, broker, vhost, *more):
        program = Program(name, *broker.addr, vhost.path, *more)
        self.programs.append(program)
        program.hear()
        return program

    def measure(self):
        measured = self.witness.ask(str(self.seconds))
        round_trips, disregarded = measured["round_trips"], measured["disregarded"]
        self.disregarded += disregarded
        self.measured += disregarded + len(round_trips)
        return round_trips

    def attack(self, name):
        """(quiet, under attack, what the attack has done)"""
        quiet = self.measure()
        return quiet, *self.under_attack(name)

    def under_attack(self, name, watching=contextlib.nullcontext()):
        """(what is measured, what the attack has done), of an attack of which nothing is left."""
        descriptors = self.broker.descriptors()
        with watching:
            attack = self.start_attack(name, self.broker)
            hostile = self.measure()
            done = json.loads(attack.end())
        self.programs.remove(attack)
        wait_until(lambda: self.broker.descriptors() <= descriptors,
                   f"the descriptors to return to {descriptors} after {name}")
        self.works()
        return hostile, done

    def greed(self, name):
        """(under an attack on the other broker, under attack, what the attack has done, the observer,
        whether a figure names it)"""
        elsewhere = self.start_attack(name, self.other)
        calm = self.measure()
        elsewhere.end()
        self.programs.remove(elsewhere)
        refused = self.refused(GREEDY[name])
        observer = Observer(self.broker)
        hostile, done = self.under_attack(name, observer)
        return calm, hostile, done, observer, self.refused(GREEDY[name]) > refused

    def refused(self, reasons):
        lines = self.broker.admin("GET", "/metrics").body.decode().splitlines()
        return sum(int(line.rsplit(" ", 1)[1]) for line in lines
                   if line.startswith("webrocket_refusals_total{") and
                   any(f'reason="{reason}"' in line for reason in reasons))

    def works(self):
        """As before, for browsers, backends and the administrator."""
        vhost = self.broker.vhost("/after")
        vhost.open("private-after")
        browser, worker = vhost.browser("alice"), vhost.worker()
        browser.subscribe("private-after")
        vhost.fire("private-after", "e", {"n": 1})
        assert browser.hear() == {"e": {"n": 1, "channel": "private-after"}}
        browser.say("trigger", event="t")
        assert worker.event()[0] == "t"
        assert self.broker.admin("DELETE", "/after").status == 202
        assert browser.close_code() == 1000
        for connection in (browser, worker):
            connection.close()
        vhost.disconnect()
        self.broker.vhosts.remove(vhost)

    def log_at_the_end(self):
        """What was counted is told by then."""
        for program in self.programs:
            program.kill()
        self.programs = []
        for vhost in self.broker.vhosts:
            vhost.disconnect()
        status = self.broker.stop()
        assert status == 0, status
        return self.broker.log_text()

    def close(self):
        for program in self.programs:
            program.kill()
        self.broker.close()
        self.other.close()


class Result:
    """Of one attack, made several times."""

    def __init__(self, name, repetitions):
        self.name = name
        self.quiet, self.hostile = (statistics.median(percentile(repetition[which], 0.99)
                                                      for repetition in repetitions) for which in (0, 1))
        self.median = statistics.median(percentile(repetition[1], 0.5) for repetition in repetitions)
        self.worst = max(max(repetition[1]) for repetition in repetitions)
        self.done = json.dumps(repetitions[-1][2])[1:-1]

    HEADER = f"{'µs, 99th of 100':16}{'quiet':>8}{'attack':>8}{'ratio':>8}{'median':>8}{'worst':>9}"

    def __str__(self):
        return (f"{self.name:16}{self.quiet:8.0f}{self.hostile:8.0f}{self.ratio:8.2f}{self.median:8.0f}"
                f"{self.worst:9.0f}  {self.done}")

    @property
    def ratio(self):
        return self.hostile / self.quiet


def what_is_taken(name, repetitions, result):
    """What is wrong with that much, and that slow."""
    observers = [repetition[3] for repetition in repetitions]
    taken = max(observer.most - observer.before for observer in observers)
    slowest = statistics.median(observer.slowest for observer in observers)
    print(f"{'':16}{taken / (1 << 20):.0f} MiB more, the admin port answers within {slowest * 1000:.0f} ms")
    if result.ratio > GREEDY_FACTOR:
        yield f"{name}: others wait {result.ratio:.1f} times as long as with another broker attacked"
    if result.hostile > ROUND_TRIP_MAX:
        yield f"{name}: others wait {result.hostile / 1000:.1f} ms"
    if taken > TAKEN_MAX:
        yield f"{name}: the broker takes {taken / (1 << 20):.0f} MiB"
    if slowest > ADMIN_MAX:
        yield f"{name}: the admin port takes {slowest * 1000:.0f} ms"
    if any(observer.slowest == math.inf for observer in observers):
        yield f"{name}: the admin port does not answer"
    if not all(repetition[4] for repetition in repetitions):
        yield f"{name}: no figure tells of it"


def what_is_not_told(names, log):
    for name in names:
        if not any(reason in log for reason in GREEDY[name]):
            yield f"{name}: no line of the log tells of it"


def what_is_kept(before, rounds):
    """What is wrong with the memory of a broker that is left in peace again, given what it had after each
    round. An allocator does not give back all that was once needed, but then it has to be enough for the
    next time."""
    middle, last = rounds[(len(rounds) - 1) // 2], rounds[-1]
    print(f"memory: {before / 1e6:.0f} MB before, then after each round "
          + ", ".join(f"{after / 1e6:.0f}" for after in rounds))
    if last - middle > MEMORY_GROWTH_MAX:
        yield f"memory grows with every round, by {(last - middle) / 1e6:.0f} MB in the last ones"
    if last - before > MEMORY_KEPT_MAX:
        yield f"{(last - before) / 1e6:.0f} MB of memory are not given back"


def read_options():
    """The options, and of what is wanted the attacks and the greedy ones."""
    parser = argparse.ArgumentParser(description="Attacks a broker, and measures what others notice.")
    parser.add_argument("attacks", metavar="ATTACK", nargs="*", help="of " + ", ".join([*ATTACKS, *GREEDY]))
    parser.add_argument("--repeat", type=int, default=9, help="how often each, 9")
    parser.add_argument("--seconds", type=float, default=3, help="of each measurement, 3")
    parser.add_argument("--flag", action="append", default=[], help="for the broker")
    options = parser.parse_args()
    wanted = options.attacks or [*ATTACKS, *GREEDY]
    if set(wanted) - {*ATTACKS, *GREEDY}:
        parser.error("the attacks are " + ", ".join([*ATTACKS, *GREEDY]))
    return options, [name for name in wanted if name in ATTACKS], [name for name in wanted if name in GREEDY]


def try_measuring(nightmare, options):
    """Whether what is measured here says anything."""
    if not nightmare.first:
        print("not allowed to come before other programs: what they do is measured, too")
    if len(machine.CORES) == 1:
        print("there is one core: the attackers' work is measured, too")
    print(Result.HEADER, f" {options.repeat} times {options.seconds} s", flush=True)
    stalled = Result("stalls", [nightmare.attack("stalls") for _ in range(3)])
    print(stalled, flush=True)
    if stalled.ratio <= FACTOR:
        raise SystemExit("a broker that stands still is not noticed: this machine is too busy")


def what_fails(nightmare, options, attacks, greedy):
    repetitions = {name: [] for name in attacks + greedy}
    before, after = resident(nightmare.broker), []
    for _ in range(options.repeat):
        for name in attacks:
            repetitions[name].append(nightmare.attack(name))
        for name in greedy:
            repetitions[name].append(nightmare.greed(name))
        after.append(resident(nightmare.broker))
    for name in attacks:
        result = Result(name, repetitions[name])
        print(result, flush=True)
        if result.ratio > FACTOR:
            yield f"{name}: others wait {result.ratio:.1f} times as long"
    for name in greedy:
        result = Result(name, repetitions[name])
        print(result, flush=True)
        yield from what_is_taken(name, repetitions[name], result)
    yield from what_is_kept(before, after)
    yield from what_is_not_told(greedy, nightmare.log_at_the_end())
    share = nightmare.disregarded / nightmare.measured
    print(f"{100 * share:.1f} % of the messages do not count: the machine was late")
    if share > DISREGARDED_MAX:
        yield "this machine is too busy to tell"


def main():
    options, attacks, greedy = read_options()
    nightmare = Nightmare(options.seconds, options.flag)
    try:
        try_measuring(nightmare, options)
        failures = list(what_fails(nightmare, options, attacks, greedy))
    finally:
        nightmare.close()
    for failure in failures:
        print(failure, file=sys.stderr)
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
