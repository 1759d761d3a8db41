#!/usr/bin/env python3
"""The tables of what the broker promises, held to its tests: docs/rfc6455.md and docs/broker-rules.md.

The last column of a row names tests, each in backticks:

    test_module.Class.test_name     in tests/broker
    Class.test_name                 likewise, in one of the modules that the page is about
    page.test.mjs: title            in tests/browser
"""

import ast
import re
import unittest

from pages import ROOT


def python_tests():
    """module.Class.test of all that tests/broker has; what a class inherits is its own as well."""
    for path in sorted((ROOT / "tests" / "broker").glob("test_*.py")):
        for item in ast.parse(path.read_text()).body:
            if isinstance(item, ast.ClassDef):
                for member in item.body:
                    if isinstance(member, ast.FunctionDef) and member.name.startswith("test_"):
                        yield f"{path.stem}.{item.name}.{member.name}"


def browser_tests():
    for path in sorted((ROOT / "tests" / "browser").glob("*.test.mjs")):
        for _, title in re.findall(r"^\s*(?:test|it)\((['\"`])(.+?)\1", path.read_text(), re.M):
            yield f"{path.name}: {title}"


TESTS = {*python_tests(), *browser_tests()}


class Table:
    """The rows of a page's tables, each (heading above it, line, cells)."""

    def __init__(self, name, modules=None):
        self.modules = modules  # what their names begin with
        self.rows = []
        heading = ""
        for number, line in enumerate((ROOT / "docs" / name).read_text().splitlines(), 1):
            if line.startswith("#"):
                heading = line.lstrip("# ")
            elif line.startswith("| ") and not line.startswith(("| Section |", "| Rule |")):
                self.rows.append((heading, number, [cell.strip() for cell in line.strip("|").split(" | ")]))

    def names(self, cell):
        for name in re.findall(r"`([^`]+)`", cell):
            if self.modules and re.fullmatch(r"\w+\.test_\w+", name) and not name.startswith("test_"):
                name = next((test for test in self.tests() if test.partition(".")[2] == name), name)
            yield name

    def tests(self):
        """All those of the modules that the page is about."""
        return [test for test in TESTS if test.startswith(self.modules)]

    def named(self):
        return {name for _, _, cells in self.rows for name in self.names(cells[-1])}


class Rfc6455(unittest.TestCase):
    table = Table("rfc6455.md", "test_rfc6455")

    def test_every_row_names_tests_that_there_are(self):
        self.assertGreater(len(self.table.rows), 40)
        for _, line, cells in self.table.rows:
            with self.subTest(f"rfc6455.md:{line}"):
                self.assertEqual(len(cells), 3)
                names = list(self.table.names(cells[-1]))
                self.assertTrue(names, "no test")
                for name in names:
                    self.assertIn(name, TESTS)

    def test_every_test_has_a_row(self):
        self.assertEqual(sorted(set(self.table.tests()) - self.table.named()), [])


class BrokerRules(unittest.TestCase):
    table = Table("broker-rules.md")

    def test_every_rule_names_tests_that_there_are(self):
        self.assertGreater(len(self.table.rows), 100)
        for _, line, cells in self.table.rows:
            with self.subTest(f"broker-rules.md:{line}"):
                self.assertEqual(len(cells), 2)
                names = list(self.table.names(cells[-1]))
                self.assertTrue(names, "no test")
                for name in names:
                    self.assertIn(name, TESTS)

    def test_no_rule_is_there_twice(self):
        rules = [(heading, cells[0]) for heading, _, cells in self.table.rows]
        self.assertEqual(len(set(rules)), len(rules))


if __name__ == "__main__":
    unittest.main(verbosity=2)
