#!/usr/bin/env python3
"""Measures libkosmonaut beside bare libcurl, on one connection over loopback.

    cmake --preset release -DKOSMONAUT_BUILD_BENCHMARKS=ON && cmake --build --preset release
    bench/run.py build/release

Each comparison runs its programs in turn, A B A B ..., against the same peer, and takes the median of
the ratios pair by pair. The A/A line is the same program against itself: how far from 1.0 chance
alone gets on this machine. The peer has one processor to itself, the measured program another.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys

EVENT_BYTES = 200
PAYLOAD = json.dumps({"from": "alice", "text": "x" * 150}, separators=(",", ":"))
EVENT_ON_THE_WIRE = len("id: 1000000\nevent: chat/said\ndata: \n\n") + EVENT_BYTES


def pin(processor):
    available = sorted(os.sched_getaffinity(0))
    return lambda: os.sched_setaffinity(0, {available[processor % len(available)]})


def run(command):
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, timeout=120, preexec_fn=pin(1))
    if done.returncode != 0:
        sys.exit(f"{command[0]} failed with {done.returncode}")
    figures = json.loads(done.stdout)
    return {
        "rate": figures["operations"] / figures["seconds"],
        "cpu": figures["cpu_seconds"] / figures["operations"],
    }


def median_of_ratios(a, b, figure):
    ratios = [x[figure] / y[figure] for x, y in zip(a, b)]
    return statistics.median(ratios), min(ratios), max(ratios)


def compare(title, unit, rounds, rival, candidates):
    print(f"\n{title}")
    commands = {"again": rival[1], **candidates}
    results = {"rival": [], **{name: [] for name in commands}}
    for _ in range(rounds):
        results["rival"].append(run(rival[1]))
        for name, command in commands.items():
            results[name].append(run(command))
    for name, runs in results.items():
        label = {"rival": rival[0], "again": f"{rival[0]}, A/A"}.get(name, name)
        rate = statistics.median(r["rate"] for r in runs)
        cpu = statistics.median(r["cpu"] for r in runs) * 1e9
        line = f"  {label:<28} {rate:>12,.0f} {unit}/s {cpu:>10,.0f} ns CPU/{unit}"
        if name != "rival":
            for figure, what in (("rate", "rate"), ("cpu", "CPU")):
                middle, low, high = median_of_ratios(runs, results["rival"], figure)
                line += f"   {what} x{middle:.2f} ({low:.2f} to {high:.2f})"
        print(line)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("build", help="a build directory with KOSMONAUT_BUILD_BENCHMARKS=ON")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--requests", type=int, default=20_000)
    parser.add_argument("--events", type=int, default=2_000_000)
    options = parser.parse_args()

    def program(name):
        return os.path.join(options.build, "bench", f"bench_{name}")

    events = str(options.events // 64 * 64)
    peer = subprocess.Popen([program("peer"), events, str(EVENT_BYTES)],
                            stdout=subprocess.PIPE, text=True, preexec_fn=pin(0))
    try:
        port = peer.stdout.readline().strip()
        requests = [port, str(options.requests), PAYLOAD]
        compare(f"client: {len(PAYLOAD)} bytes posted, request after request",
                "request", options.rounds,
                ("libcurl easy handle", [program("client_curl"), *requests]),
                {"kn_client_trigger": [program("client_kosmonaut"), *requests]})
        compare(f"worker: events of {EVENT_BYTES} bytes, 64 to a chunk",
                "event", options.rounds,
                ("libcurl receive, not parsed",
                 [program("worker_curl"), port, events, str(EVENT_ON_THE_WIRE)]),
                {"kn_worker_run": [program("worker_kosmonaut"), port, events, "run"],
                 "kn_worker_next": [program("worker_kosmonaut"), port, events, "next"]})
    finally:
        peer.kill()
        peer.wait()


if __name__ == "__main__":
    main()
