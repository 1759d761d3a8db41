#!/usr/bin/env python3
"""Kills a broker again and again while its storage is written to, and looks what is there when it is back.

Backends and administrators open and close channels, add and remove vhosts and renew tokens, without a
pause. At a moment that nobody chose the broker is killed (SIGKILL), now and then also while it starts. It
has to start again each time, with everything that was acknowledged; what was under way may have happened
or not, but as a whole.

    crash.py [--kills N] [--seed S]
"""

import argparse
import os
import random
import shutil
import sqlite3
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "broker"))

import writers  # noqa: E402
from harness import DEADLINE, Broker  # noqa: E402

LONGEST = 0.4  # seconds that a broker may live


def stored(broker):
    """{vhost: (token, {channels})}"""
    found = {}
    for vhost in broker.admin("GET", "/").json()["vhosts"]:
        channels = broker.admin("GET", vhost["path"] + "/channels").json()["channels"]
        found[vhost["path"]] = (vhost["accessToken"], {channel["name"] for channel in channels})
    return found


def look_at_database(broker):
    """What a killed broker has left behind, in a copy: looking changes it."""
    with tempfile.TemporaryDirectory(prefix="webrocket-crash-") as directory:
        for file in os.scandir(broker.storage):
            if file.is_file():
                shutil.copy(file.path, directory)
        database = sqlite3.connect(os.path.join(directory, os.path.basename(broker.database)))
        try:
            verdict = database.execute("PRAGMA integrity_check").fetchall()
            strays = database.execute("SELECT * FROM channel WHERE vhost NOT IN (SELECT path FROM vhost)")
            assert verdict == [("ok",)], verdict
            assert not (strays := strays.fetchall()), strays
        finally:
            database.close()


def kill_while_it_starts(broker, chance):
    broker.log = open(os.path.join(broker.dir, "log"), "ab")
    broker.process = broker.popen(stderr=broker.log)
    time.sleep(chance.uniform(0, 0.05))  # any moment will do
    broker.kill()


class Crashes:
    def __init__(self, seed):
        self.chance = random.Random(seed)
        self.broker = Broker()
        self.cookie = self.broker.cookie
        self.writers = [*(writers.Backend(number, seed) for number in range(2)),
                        *(writers.Administrator(number, seed) for number in range(3)),
                        writers.Renewer(0, seed)]
        self.starts_killed = self.under_way = self.made = 0

    def crash(self):
        for writer in self.writers:
            writer.begin(self.broker)
        time.sleep(self.chance.uniform(0, LONGEST))  # any moment will do
        self.broker.kill()
        for writer in self.writers:
            writer.join(DEADLINE)
            assert not writer.is_alive(), f"{writer.root} still waits for an answer"
            if writer.complaint:
                raise writer.complaint
        look_at_database(self.broker)
        if self.chance.random() < 0.2:
            kill_while_it_starts(self.broker, self.chance)
            self.starts_killed += 1
        self.broker.start()
        assert self.broker.cookie == self.cookie
        found = stored(self.broker)
        for writer in self.writers:
            self.under_way += writer.either is not None
            self.made += writer.compare(found)
        stray = [vhost for vhost in found if not any(writer.owns(vhost) for writer in self.writers)]
        assert not stray, f"nobody has added {stray}"

    def acknowledged(self):
        return sum(writer.acknowledged for writer in self.writers)


def main():
    parser = argparse.ArgumentParser(description="Kills a broker while its storage is written to.")
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 32))
    options = parser.parse_args()
    print(f"seed {options.seed}", flush=True)

    crashes = Crashes(options.seed)
    try:
        for number in range(options.kills):
            try:
                crashes.crash()
            except AssertionError as complaint:
                print(crashes.broker.log_text()[-2000:], file=sys.stderr)
                sys.exit(f"after kill {number + 1}: {complaint}")
        print(f"killed {options.kills} times, and {crashes.starts_killed} times while it started: "
              f"{crashes.acknowledged()} changes acknowledged, all of them there; {crashes.under_way} under "
              f"way, of which {crashes.made} were made")
        assert crashes.acknowledged() > options.kills, "hardly anything was written"
    finally:
        crashes.broker.close()


if __name__ == "__main__":
    main()
