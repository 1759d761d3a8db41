"""What both benchmarks do: build, keep programs on processors of their own, take turns, compare."""

import os
import statistics
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

# Processors: what is measured against, and what is measured by.
PEER, PROGRAM = 0, 1


def processors(number):
    """The number of a processor, counted among those that may be used, as a set for the kernel."""
    available = sorted(os.sched_getaffinity(0))
    return {available[number % len(available)]}


def pin(number):
    chosen = processors(number)
    return lambda: os.sched_setaffinity(0, chosen)


def build(*definitions, targets=()):
    """Builds, with the benchmarks' programs, in a directory of its own, and returns that."""
    directory = os.path.join(ROOT, "build", "bench")
    os.makedirs(directory, exist_ok=True)
    with open(os.path.join(ROOT, "build", "bench.log"), "w") as log:
        for step in (["cmake", "-S", ROOT, "-B", directory, "-G", "Ninja",
                      "-D", "CMAKE_BUILD_TYPE=Release", "-D", "KOSMONAUT_BUILD_BENCHMARKS=ON",
                      "-D", "KOSMONAUT_BUILD_TESTS=OFF", "-D", "KOSMONAUT_BUILD_EXAMPLES=OFF",
                      *(word for definition in definitions for word in ("-D", definition))],
                     ["cmake", "--build", directory, *(["--target", *targets] if targets else [])]):
            if subprocess.run(step, stdout=log, stderr=log).returncode != 0:
                sys.exit(f"building failed; see {log.name}")
    return directory


def in_turn(rounds, measures):
    """Measures A B A B ..., so that what else the machine does meets all of them."""
    results = {name: [] for name in measures}
    for _ in range(rounds):
        for name, measure in measures.items():
            results[name].append(measure())
    return results


def spread(values):
    """Median, lowest and highest."""
    values = list(values)
    return statistics.median(values), min(values), max(values)


def ratio(a, b, figure):
    """Of two lists of results, pair by pair: what the machine did meanwhile then matters less."""
    return spread(x[figure] / y[figure] for x, y in zip(a, b))
