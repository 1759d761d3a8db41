"""docs/rules.md says of each rule what its mutation says."""

import pathlib
import sys
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[1:1] = [str(ROOT / "scripts" / "lib"), str(ROOT / "abi")]

import generate  # noqa: E402
import rules_page  # noqa: E402


class RulesPage(unittest.TestCase):
    page = (ROOT / rules_page.RULES).read_text()

    def test_it_is_up_to_date(self):
        for path, text in rules_page.files().items():
            self.assertEqual(generate.difference(path, text), "", "scripts/generate makes it anew")

    def test_a_rule_is_said_as_its_mutation_says_it(self):
        spoiled = self.page.replace("Arguments come in one order:", "Arguments come in some order:")
        self.assertNotEqual(spoiled, self.page)
        self.assertEqual(rules_page.rules(spoiled), self.page)

    def test_a_rule_without_a_row_is_refused(self):
        with self.assertRaisesRegex(SystemExit, r"no row for 5: put '\| 5 \|' where it belongs"):
            rules_page.rules(self.page.replace("\n| 5 |", "\n| five |"))

    def test_a_row_without_a_mutation_is_refused(self):
        with self.assertRaisesRegex(SystemExit, "a row for 999, of which there is no mutation"):
            rules_page.rules(self.page.replace("\n| 5 |", "\n| 999 |"))


if __name__ == "__main__":
    unittest.main(verbosity=2)
