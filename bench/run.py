#!/usr/bin/env python3
"""Measures libkosmonaut beside bare libcurl, over loopback.

    bench/run.py                    builds in build/bench, and measures everything
    bench/run.py --only worker      one comparison: client, batch, async, worker, json, memory
                                    or instructions

Each comparison runs its programs in turn, A B A B ..., against the same peer, and takes the median of
the ratios pair by pair. The A/A line is the same program against itself: how far from 1.0 chance
alone gets on this machine. The peer has one processor to itself, the measured program another. Two
processors of a virtual machine are often two threads of one core, though, and then a busy peer slows
the program down, and not the kernel's copying; so the worker is measured on the peer's own, too.

Instructions are counted by callgrind instead, five times: how often a loop waits for its peer differs.
"""

import argparse
import json
import os
import re
import statistics
import subprocess
import sys

from measuring import PEER, PROGRAM, build, in_turn, pin, ratio, spread

EVENT_BYTES = 200
CONNECTIONS = 8
SMALL_PAYLOAD = '{"n":1234567890}'
PAYLOAD = json.dumps({"from": "alice", "text": "x" * 150}, separators=(",", ":"))
EVENT_ON_THE_WIRE = len("id: 1000000\nevent: chat/said\ndata: \n\n") + EVENT_BYTES


def run(command):
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, timeout=120, preexec_fn=pin(PROGRAM))
    if done.returncode != 0:
        sys.exit(f"{command[0]} failed with {done.returncode}")
    figures = json.loads(done.stdout)
    return {
        "rate": figures["operations"] / figures["seconds"],
        "cpu": figures["cpu_seconds"] / figures["operations"],
    }


def compare(title, unit, rounds, rival, candidates):
    print(f"\n{title}")
    labels = {"rival": rival[0], "again": f"{rival[0]}, A/A"}
    commands = {"rival": rival[1], "again": rival[1], **candidates}
    results = in_turn(rounds, {name: lambda command=command: run(command)
                               for name, command in commands.items()})
    for name, runs in results.items():
        rate, cpu = (spread(r[figure] for r in runs)[0] for figure in ("rate", "cpu"))
        line = (f"  {labels.get(name, name):<28} {rate:>12,.0f} {unit}/s "
                f"{cpu * 1e9:>10,.0f} ns CPU/{unit}")
        if name != "rival":
            for figure, what in (("rate", "rate"), ("cpu", "CPU")):
                middle, low, high = ratio(runs, results["rival"], figure)
                line += f"   {what} x{middle:.2f} ({low:.2f} to {high:.2f})"
        print(line)


class Bench:
    def __init__(self, directory, options, peer_on=PEER):
        self.directory = directory
        self.peer_on = peer_on
        self.options = options
        self.events = str(options.events // 64 * 64)

    def program(self, name):
        return os.path.join(self.directory, "bench", f"bench_{name}")

    def __enter__(self):
        self.peer = subprocess.Popen([self.program("peer"), self.events, str(EVENT_BYTES)],
                                     stdout=subprocess.PIPE, text=True, preexec_fn=pin(self.peer_on))
        self.port = self.peer.stdout.readline().strip()
        return self

    def __exit__(self, *_):
        self.peer.kill()
        self.peer.wait()

    def sending(self, name, payload, count=None, *more):
        return [self.program(name), self.port, str(count or self.options.requests), payload, *more]

    def receiving(self, name, *more):
        return [self.program(name), self.port, self.events, *more]

    def client(self):
        compare(f"client: {len(PAYLOAD)} bytes posted, request after request",
                "request", self.options.rounds,
                ("libcurl easy handle", self.sending("client_curl", PAYLOAD)),
                {"kn_client_trigger": self.sending("client_kosmonaut", PAYLOAD)})

    def batch(self):
        for payload in (SMALL_PAYLOAD, PAYLOAD):
            compare(f"batch: {len(payload)} bytes, 100 triggers to a request", "trigger",
                    self.options.rounds,
                    ("kn_client_trigger", self.sending("client_kosmonaut", payload)),
                    {"kn_client_trigger_batch": self.sending("batch_kosmonaut", payload,
                                                             10 * self.options.requests)})

    def asynchronous(self):
        for payload in (SMALL_PAYLOAD, PAYLOAD):
            compare(f"async: {len(payload)} bytes posted, on {CONNECTIONS} connections", "request",
                    self.options.rounds,
                    ("libcurl multi handle",
                     self.sending("async_curl", payload, None, str(CONNECTIONS))),
                    {"kn_client_trigger_async": self.sending("async_kosmonaut", payload, None,
                                                             str(CONNECTIONS))})

    def worker(self):
        self.worker_beside("on another processor")
        with Bench(self.directory, self.options, peer_on=PROGRAM) as same:
            same.worker_beside("on the same processor")

    def worker_beside(self, where):
        compare(f"worker: events of {EVENT_BYTES} bytes, 64 to a chunk, from a peer {where}", "event",
                self.options.rounds,
                ("libcurl receive, not parsed", self.receiving("worker_curl", str(EVENT_ON_THE_WIRE))),
                {"kn_worker_run": self.receiving("worker_kosmonaut", "run"),
                 "kn_worker_next": self.receiving("worker_kosmonaut", "next")})

    def json(self):
        """The library's own readers beside jansson, each payload for itself."""
        print("\nlooking at a payload, in ns: is it an object, who has sent it; and the same by jansson")
        rounds = [[json.loads(line) for line in subprocess.run(
                       [self.program("json"), "10000"], stdout=subprocess.PIPE, text=True, timeout=120,
                       check=True, preexec_fn=pin(PROGRAM)).stdout.splitlines()]
                  for _ in range(self.options.rounds)]
        for runs in zip(*rounds):
            line = f"  {runs[0]['bytes']:>5} bytes"
            for own, other in (("scan", "jansson"), ("sender_parts", "sender_jansson")):
                middle, low, high = spread(run[own] / run[other] for run in runs)
                line += (f"   {spread(run[own] for run in runs)[0]:>7.0f} and "
                         f"{spread(run[other] for run in runs)[0]:>7.0f}, x{middle:.2f} ({low:.2f} to {high:.2f})")
            print(line)

    def memory(self):
        """With a peer of its own, whose stream is quiet."""
        print("\nprivate memory of a program with a connection that has posted, and a quiet stream")
        with Bench(self.directory, argparse.Namespace(events=0)) as quiet:
            kilobytes = {
                name: statistics.median(
                    json.loads(subprocess.run([quiet.program(f"memory_{name}"), quiet.port, PAYLOAD],
                                              stdout=subprocess.PIPE, timeout=60, check=True).stdout)
                    ["private_kilobytes"] for _ in range(self.options.rounds))
                for name in ("curl", "kosmonaut")}
        print(f"  libcurl {kilobytes['curl']:.0f} KB, Kosmonaut {kilobytes['kosmonaut']:.0f} KB: "
              f"{kilobytes['kosmonaut'] - kilobytes['curl']:.0f} KB more")

    def instructions(self):
        """What a loop through the C++ wrapper executes, over what one in C does."""
        print("\ninstructions of a loop in C++, where one in C has 1")
        for what, name, few, many, last in (
                ("trigger()", "client", 200, 1200, PAYLOAD),
                ("run()", "worker", 6400, 64000, "run"),
                ("next()", "worker", 6400, 64000, "next")):
            def counted_once(language, count, name=name, last=last):
                ended = subprocess.run(
                    ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null",
                     self.program(f"{name}_{language}"), self.port, str(count), last],
                    capture_output=True, text=True, timeout=300)
                return int(re.search(r"I +refs: +([\d,]+)", ended.stderr)[1].replace(",", ""))

            def counted(language, count):
                return statistics.median(counted_once(language, count) for _ in range(5))

            # Without what starting costs.
            loops = {language: (counted(language, many) - counted(language, few)) / (many - few)
                     for language in ("kosmonaut", "cpp")}
            print(f"  {what:<10} {loops['kosmonaut']:>10,.0f} in C {loops['cpp']:>10,.0f} in C++   "
                  f"x{loops['cpp'] / loops['kosmonaut']:.3f}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("build", nargs="?",
                        help="a build directory with KOSMONAUT_BUILD_BENCHMARKS=ON (default: make one)")
    parser.add_argument("--only", choices=("client", "batch", "async", "worker", "json",
                                           "memory", "instructions"))
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--requests", type=int, default=20_000)
    parser.add_argument("--events", type=int, default=2_000_000)
    options = parser.parse_args()
    with Bench(options.build or build("KOSMONAUT_BUILD_BROKER=OFF"), options) as bench:
        comparisons = {"client": bench.client, "batch": bench.batch, "async": bench.asynchronous,
                       "worker": bench.worker, "json": bench.json,
                       "memory": bench.memory, "instructions": bench.instructions}
        for name, measure in comparisons.items():
            if options.only in (None, name):
                measure()


if __name__ == "__main__":
    main()
