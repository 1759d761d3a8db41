#!/usr/bin/env python3
"""The pages themselves: links that lead somewhere, names that there are, JSON that is some,
figures that are true."""

import json
import re
import sys
import unittest

from inventory import counts
from pages import ROOT, Page, blocks, pages

sys.path.insert(0, str(ROOT / "abi"))

from headers import declarations  # noqa: E402

# Names that are spoken of and that no header declares.
OTHER_NAMES = {
    "KN_STATIC",   # defined by users of the static library
    "KN_UNKNOWN",  # a text, the name of a status that is not known
}


class Links(unittest.TestCase):
    def test_they_lead_somewhere(self):
        for page in pages():
            for line, target in page.links():
                with self.subTest(f"{page.relative}:{line} {target}"):
                    file, _, anchor = target.partition("#")
                    path = (page.path.parent / file).resolve() if file else page.path
                    self.assertTrue(path.exists(), "there is no such file")
                    self.assertTrue(path.is_relative_to(ROOT), "it leads out of the project")
                    if anchor:
                        self.assertIn(anchor, list(Page(path).anchors()))

    def test_every_page_is_linked_from_the_index(self):
        index = ROOT / "docs" / "README.md"
        linked = {(index.parent / target.partition("#")[0]).resolve()
                  for _, target in Page(index).links()}
        for path in sorted((ROOT / "docs").glob("*.md")):
            with self.subTest(path.name):
                self.assertTrue(path == index or path in linked)


class Names(unittest.TestCase):
    declared = declarations()

    def test_names_of_the_library_are_real(self):
        for page in pages():
            for name in sorted(set(re.findall(r"\b(?:kn|KN)_[A-Za-z0-9_]+\b(?!\*)", page.text))):
                with self.subTest(f"{page.relative} {name}"):
                    is_part = name.endswith("_") and any(d.startswith(name) for d in self.declared)
                    self.assertTrue(name in self.declared or name in OTHER_NAMES or is_part)


class Json(unittest.TestCase):
    def test_it_is_some(self):
        found = blocks("json")
        self.assertTrue(found)
        for block in found:
            with self.subTest(block):
                json.loads(block.text)


class Figures(unittest.TestCase):
    def test_testing_md_claims_no_more_tests_than_there_are(self):
        page = (ROOT / "docs" / "testing.md").read_text()
        claimed = dict(re.findall(r"^\| `([\w.]+)` \| (\d+) \|", page, re.M))
        counted = counts()
        self.assertEqual(sorted(claimed), sorted(counted))
        for suite, number in claimed.items():
            with self.subTest(suite):
                self.assertLessEqual(int(number), counted[suite])


class Rules(unittest.TestCase):
    """docs/rules.md and the mutations that break its rules."""

    rows = re.findall(r"^\| (\d+) \| (.+?) \| `([^`]+)`(?:, `(\w+)`)? \| \[`([^`]+)`\]\(",
                      (ROOT / "docs" / "rules.md").read_text(), re.M)

    def test_each_rule_has_its_mutation_and_each_mutation_its_rule(self):
        mutations = {path.name: path.read_text() for path in (ROOT / "tests" / "mutations").glob("*.mutation")}
        self.assertEqual(sorted(row[-1] for row in self.rows), sorted(mutations))
        for number, rule, test, case, file in self.rows:
            with self.subTest(file):
                fields = dict(re.findall(r"^(\w+): (.*)$", mutations[file].partition("\n\n")[0], re.M))
                self.assertEqual(fields["Rule"], f"{number} ({rule})")
                self.assertEqual((fields["Test"], fields.get("Case", "")), (test, case))

    def test_they_are_numbered(self):
        page = (ROOT / "docs" / "rules.md").read_text()
        self.assertEqual([int(row[0]) for row in self.rows],
                         [int(n) for n in re.findall(r"^\| (\d+) \|", page, re.M)])
        self.assertEqual(sorted(int(row[0]) for row in self.rows), list(range(1, len(self.rows) + 1)))

    def test_the_cases_are_there(self):
        suites = "".join(path.read_text() for path in (ROOT / "tests").rglob("*")
                         if path.suffix in (".c", ".py", ".cpp"))
        functions = {"", *re.findall(r"\b(\w+)\(", suites)}
        for _, _, _, case, file in self.rows:
            with self.subTest(file):
                self.assertIn(case, functions)


if __name__ == "__main__":
    unittest.main(verbosity=2)
