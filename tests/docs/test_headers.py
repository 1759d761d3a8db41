#!/usr/bin/env python3
"""The C headers, what is said about them, and the list of their names, held against each other."""

import re
import unittest

from headers import ROOT, declarations

ABI = ROOT / "abi"
DOCS = ROOT / "docs"

DECLARED = declarations()
FUNCTIONS = [d for d in DECLARED.values() if d.kind == "function"]
CALLBACKS = [d for d in DECLARED.values() if d.kind == "callback"]
STATUSES = [d for d in DECLARED.values() if d.kind == "constant" and d.header == "status.h"]

# How the header words what docs/threads.md calls by one name.
RULES = {
    "any": "any thread",
    "driver": r"one thread at a time for each (worker|client)\b",
    "single": "one thread at a time for each object",
}


def listed_names():
    """abi/symbols-in-versions.txt: name to (kind, since)."""
    rows = [line.split() for line in (ABI / "symbols-in-versions.txt").read_text().splitlines()
            if line and not line.startswith("#")]
    names = [row[0] for row in rows]
    assert names == sorted(set(names)), "symbols-in-versions.txt is sorted, each name once"
    return {name: (kind, since) for name, kind, since in rows}


def release():
    return re.search(r"^ +VERSION (\d+)\.(\d+)\.\d+$", (ROOT / "CMakeLists.txt").read_text(), re.M)


class Names(unittest.TestCase):
    """The list of names and the headers."""

    listed = listed_names()

    def test_headers_define_what_is_listed_and_nothing_else(self):
        self.assertEqual(sorted(self.listed), sorted(DECLARED))

    def test_kinds_agree(self):
        for name, (kind, _) in self.listed.items():
            with self.subTest(name):
                self.assertEqual(kind, DECLARED[name].kind)

    def test_versions_agree(self):
        for name, (_, since) in self.listed.items():
            with self.subTest(name):
                if DECLARED[name].since:
                    self.assertEqual(since, DECLARED[name].since)

    def test_no_version_is_of_the_future(self):
        now = tuple(map(int, release().groups()))
        for name, (_, since) in self.listed.items():
            with self.subTest(name):
                self.assertRegex(since, r"^\d+\.\d+$")
                self.assertLessEqual(tuple(map(int, since.split("."))), now)

    def test_exported_functions_are_those_of_the_headers(self):
        exported = re.findall(r"^(\w+)@@", (ABI / "kosmonaut.symbols").read_text(), re.M)
        self.assertEqual(sorted(exported), sorted(f.name for f in FUNCTIONS))


class Comments(unittest.TestCase):
    """What the comment of a declaration has to say."""

    def test_functions_and_callbacks_have_a_brief(self):
        for d in FUNCTIONS + CALLBACKS:
            with self.subTest(d):
                self.assertEqual(len(d.sections("brief")), 1)
                self.assertTrue(d.sections("brief")[0])

    def test_parameters_are_described_in_their_order(self):
        for d in FUNCTIONS + CALLBACKS:
            with self.subTest(d):
                self.assertEqual([words[0] for words in d.described_parameters], d.parameters)
                for words in d.described_parameters:
                    self.assertEqual(len(words), 2, f"nothing is said about {words[0]}")

    def test_functions_say_what_they_return(self):
        for f in FUNCTIONS:
            with self.subTest(f):
                returns = f.sections("return")
                self.assertEqual(len(returns), 0 if f.returns == "void" else 1)
                self.assertTrue(all(returns))

    def test_functions_have_a_thread_rule(self):
        for f in FUNCTIONS:
            with self.subTest(f):
                self.assertRegex(f.thread_rule or "none", f"^({'|'.join(RULES.values())})")

    def test_functions_callbacks_and_types_say_since_when(self):
        for d in (d for d in DECLARED.values() if d.kind not in ("constant", "macro")):
            with self.subTest(d):
                self.assertRegex(d.since or "never", r"^\d+\.\d+$")

    def test_constants_have_a_comment(self):
        for d in (d for d in DECLARED.values() if d.kind == "constant"):
            with self.subTest(d):
                self.assertTrue(d.comment.strip())

    def test_they_speak_only_of_what_there_is(self):
        for d in DECLARED.values():
            with self.subTest(d):
                for name in re.findall(r"\b(kn_\w+)\(", d.comment):
                    self.assertIn(name, DECLARED)


class Pages(unittest.TestCase):
    """What the pages in docs/ list in full."""

    def test_errors_md_tells_of_every_status(self):
        rows = re.findall(r"^\| `(KN_\w+)` \| (-?\d+) \|", (DOCS / "errors.md").read_text(), re.M)
        numbers = dict(re.findall(r"^ +(KN_\w+) = (-?\d+),?$",
                                  (ROOT / "include/kosmonaut/status.h").read_text(), re.M))
        self.assertEqual(sorted(name for name, _ in rows), sorted(s.name for s in STATUSES))
        self.assertEqual(dict(rows), numbers)

    def test_threads_md_has_the_header_s_rule_for_every_function(self):
        rows = re.findall(r"^\| \*\*(\w+)\*\* \| ([^|]+) \|", (DOCS / "threads.md").read_text(), re.M)
        self.assertEqual(sorted(name for name, _ in rows), sorted(RULES))
        of_pattern = {pattern: rule for rule, cell in rows
                      for pattern in re.findall(r"`(kn_\w+\*?)`", cell)}
        for function in FUNCTIONS:
            with self.subTest(function):
                rule = rule_for(function.name, of_pattern)
                self.assertIsNotNone(rule, "it is in no row")
                self.assertRegex(function.thread_rule, "^" + RULES[rule])


def rule_for(name, of_pattern):
    """A name goes before a pattern, and a longer pattern before a shorter one."""
    if name in of_pattern:
        return of_pattern[name]
    fitting = [p for p in of_pattern if p.endswith("*") and name.startswith(p[:-1])]
    return of_pattern[max(fitting, key=len)] if fitting else None


if __name__ == "__main__":
    unittest.main(verbosity=2)
