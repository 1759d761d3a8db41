#!/usr/bin/env python3
"""How many tests each suite has: counted in the source, as docs/testing.md says. Run alone, it prints
them."""

import re

from pages import ROOT

GTEST = r"^TEST(?:_F|_P)?\("
CMOCKA = r"^ +(?:on_stage|cmocka_unit_test\w*)\("
UNITTEST = r"^    def test_"
NODE = r"^test\("

# Suite to (the files of its tests, how one begins).
SUITES = {
    "core": ("tests/core/*_test.cpp", GTEST),
    "c": ("tests/c/*_test.c", CMOCKA),
    "cpp": ("tests/cpp/*_test.cpp", GTEST),
    "faults": ("tests/faults/*_test.cpp", GTEST),
    "broker.unit": ("tests/broker/unit/*_test.cpp", GTEST),
    "broker": ("tests/broker/test_*.py", UNITTEST),
    "chat": ("tests/chat/test_*.py", UNITTEST),
    "browser": ("tests/browser/*.test.mjs", NODE),
    "source": ("tests/source/test_*.py", UNITTEST),
    "docs": ("tests/docs/test_*.py", UNITTEST),
}


def counts():
    return {suite: sum(len(re.findall(begin, path.read_text(), re.M)) for path in ROOT.glob(files))
            for suite, (files, begin) in SUITES.items()}


if __name__ == "__main__":
    for suite, count in counts().items():
        print(f"{suite:12} {count}")
