#!/usr/bin/env python3
"""The C headers, what is said about them, and the list of their names, held against each other."""

import pathlib
import re
import sys
import unittest

ABI = pathlib.Path(__file__).resolve().parents[2] / "abi"
sys.path.insert(0, str(ABI))

from headers import INCLUDE, ROOT, declarations, declarations_in  # noqa: E402

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

    def test_what_the_first_release_had_not_says_since_when(self):
        """What does not say it counts as the first's; so says abi/describe.py."""
        first = {d.name for path in (ABI / "baseline/include/kosmonaut").glob("*.h")
                 for d in declarations_in(path)}
        for d in DECLARED.values():
            with self.subTest(d):
                self.assertTrue(d.since or d.name in first)

    def test_constants_have_a_comment(self):
        for d in (d for d in DECLARED.values() if d.kind == "constant"):
            with self.subTest(d):
                self.assertTrue(d.comment.strip())

    def test_they_speak_only_of_what_there_is(self):
        for d in DECLARED.values():
            with self.subTest(d):
                for name in re.findall(r"\b(kn_\w+)\(", d.comment):
                    self.assertIn(name, DECLARED)


class Shapes(unittest.TestCase):
    """What a binding generator, and a program that was compiled long ago, rely on."""

    handles = {d.name for d in DECLARED.values() if d.kind == "type"} - {"kn_status"}
    callbacks = {d.name for d in CALLBACKS}
    headers = sorted(INCLUDE.glob("*.h")) + sorted(INCLUDE.glob("*.h.in"))

    def code(self, path):
        return re.sub(r"/\*.*?\*/", " ", path.read_text(), flags=re.S)

    def values(self):
        """The types that go in as they are, besides the handles."""
        return {"const char *", "char *", "void *", "void (*)(void *)", "size_t", "int32_t", "int64_t",
                "kn_status"} | self.callbacks

    def is_handle(self, kind):
        return kind.removeprefix("const ").removesuffix(" *") in self.handles and kind[-1] == "*"

    def is_output(self, kind):
        return kind in ("char **", "size_t *") or kind.removesuffix(" **") in self.handles

    def test_all_names_begin_with_kn(self):
        for path in self.headers:
            code = self.code(path)
            guard = f"KOSMONAUT_{path.name.split('.')[0].upper()}_H".replace("KOSMONAUT_KOSMONAUT", "KOSMONAUT")
            with self.subTest(path.name):
                macros = set(re.findall(r"^ *# *define (\w+)", code, re.M))
                self.assertEqual([m for m in macros if not m.startswith("KN_")], [guard])
        for function in FUNCTIONS:
            with self.subTest(function):
                self.assertRegex(function.name, r"^kn_[a-z]+(_[a-z]+)*$")

    def test_a_handle_is_a_structure_of_its_own_name(self):
        for path in self.headers:
            for declared in re.findall(r"^typedef ([^;(]+);", self.code(path), re.M):
                with self.subTest(declared):
                    name = declared.split()[-1]
                    self.assertIn(declared, (f"struct {name} {name}", "int32_t kn_status"))

    def test_nothing_is_defined_but_unnamed_enums(self):
        for path in self.headers:
            with self.subTest(path.name):
                opened = re.findall(r"([^\n{};]*)\{", self.code(path))
                self.assertEqual({words.strip() for words in opened} - {"enum", 'extern "C"'}, set())
                self.assertNotRegex(self.code(path), r"\b(inline|static|union|bool|long|FILE)\b|: *\d")

    def test_they_include_the_standard_s_integers_and_each_other(self):
        ours = {f"kosmonaut/{path.name.removesuffix('.in')}" for path in self.headers}
        for path in self.headers:
            with self.subTest(path.name):
                included = set(re.findall(r"^ *# *include <([^>]+)>", self.code(path), re.M))
                self.assertEqual(included - ours - {"stddef.h", "stdint.h"}, set())
                if path.name == "kosmonaut.h":
                    self.assertEqual(included, ours - {"kosmonaut/kosmonaut.h"})

    def test_parameters_have_the_types_that_every_language_has(self):
        for d in FUNCTIONS + CALLBACKS:
            for kind, name in zip(d.types, d.parameters):
                with self.subTest(d, parameter=name):
                    self.assertTrue(kind in self.values() or self.is_handle(kind)
                                    or self.is_output(kind), f"'{kind}'")

    def test_results_have_the_types_that_every_language_has(self):
        for f in FUNCTIONS:
            with self.subTest(f):
                self.assertTrue(f.returns in ("void", "int", "const char *", "size_t", "int32_t", "int64_t",
                                              "kn_status") or self.is_handle(f.returns), f.returns)
                self.assertEqual(f.returns == "int", f.name.endswith("_fd"))

    def test_a_type_tells_what_is_counted(self):
        for f in FUNCTIONS:
            for kind, name in zip(f.types, f.parameters):
                with self.subTest(f, parameter=name):
                    self.assertEqual(kind == "int64_t", name.endswith("_ms") or name == "bytes")
                    self.assertEqual(kind.startswith("size_t"), name.endswith(("length", "index")))
            if f.name.endswith("_ms") and f.returns != "kn_status":
                self.assertEqual(f.returns, "int64_t", f)

    def test_arguments_come_in_one_order(self):
        for f in FUNCTIONS:
            with self.subTest(f):
                ranks = [3 if kind == "kn_error **" else 2 if self.is_output(kind) else
                         0 if self.is_handle(kind) and f.name.startswith(kind.split()[-2] + "_") else 1
                         for kind in f.types]
                self.assertEqual(ranks, sorted(ranks))

    def test_what_only_reads_takes_a_const_handle(self):
        for f in FUNCTIONS:
            if f.returns in ("void", "kn_status") or f.name.endswith("_retain") or not f.types:
                continue
            with self.subTest(f):
                self.assertFalse(self.is_handle(f.types[0]) and not f.types[0].startswith("const "))

    def test_callbacks_come_with_user_data_and_destroy(self):
        for f in FUNCTIONS:
            for at, kind in enumerate(f.types):
                if kind in self.callbacks:
                    with self.subTest(f):
                        self.assertEqual(f.types[at + 1:at + 3], ["void *", "void (*)(void *)"])
        for callback in CALLBACKS:
            with self.subTest(callback):
                self.assertEqual(callback.types[-1], "void *")

    def test_who_is_handed_something_reads_how_it_is_freed(self):
        for f in FUNCTIONS:
            for kind, name in zip(f.types, f.parameters):
                made = re.fullmatch(r"(kn_\w+|char) \*\*", kind)
                if made and name != "error":
                    with self.subTest(f, parameter=name):
                        said = dict(f.described_parameters)[name]
                        self.assertIn("kn_string_free()" if made[1] == "char" else f"{made[1]}_free()",
                                      said)


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
                self.assertRegex(function.thread_rule, "^" + RULES[rule])


def rule_for(name, of_pattern):
    """A name goes before a pattern, and a longer pattern before a shorter one; what is in no row is "any"."""
    if name in of_pattern:
        return of_pattern[name]
    fitting = [p for p in of_pattern if p.endswith("*") and name.startswith(p[:-1])]
    return of_pattern[max(fitting, key=len)] if fitting else "any"


if __name__ == "__main__":
    unittest.main(verbosity=2)
