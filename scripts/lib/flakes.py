#!/usr/bin/env python3
"""What failed in the runs of scripts/check-flakes, test by test.

    flakes.py --count RUN.xml      in a few words
    flakes.py DIRECTORY            all runs, as a table; what each failure printed is left in DIRECTORY/failed.
                                   Exits with 1 if anything has failed.
"""

import collections
import pathlib
import sys
import xml.etree.ElementTree


def results(path):
    """How many tests were run, and those that failed, each with its output."""
    tests = [test for test in xml.etree.ElementTree.parse(path).iter("testcase")
             if test.get("status") not in ("notrun", "disabled")]
    return len(tests), {test.get("name"): test.findtext("system-out", "") for test in tests
                        if test.get("status") != "run"}


def tell(directory):
    runs = sorted(directory.glob("*.xml"))
    failures = collections.defaultdict(list)
    for path in runs:
        for test, output in results(path)[1].items():
            log = directory / "failed" / f"{test.replace('/', '_')}.{path.stem}.log"
            log.parent.mkdir(exist_ok=True)
            log.write_text(output)
            failures[test].append(path.stem)
    for test, where in sorted(failures.items(), key=lambda failure: -len(failure[1])):
        print(f"{len(where):3} of {len(runs)}  {test}: {' '.join(where)}")
    if failures:
        print(f"What they printed: {directory}/failed")
        return 1
    print(f"{len(runs)} runs, and no test failed")
    return 0


def main(arguments):
    if arguments[0] == "--count":
        count, failed = results(arguments[1])
        print(f"{count} tests, {len(failed)} failed")
        return 0
    return tell(pathlib.Path(arguments[0]))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
