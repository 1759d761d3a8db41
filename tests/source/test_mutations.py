"""Whether each mutation applies to the sources as they are, and what mutate.py says of those that do not."""

import os
import shutil
import sys
import tempfile
import unittest

ROOT = os.path.realpath(os.path.join(os.path.dirname(__file__), "../.."))
sys.path.insert(0, os.path.join(ROOT, "tests", "mutations"))

import mutate  # noqa: E402

HEAD = "Rule: 1 (It holds.)\nTest: c.one\nTarget: none\n\n"
SOURCE = """\
namespace kn {

int first(int limit) noexcept {
    // One of them { is enough.
    if (limit > 10)
        return '{';
    return limit;
}

box::box(int limit) : limit_(limit), parts_{1, 2} {
    if (limit > 10)
        throw "}";
}

bool box::is_full() const { return first(limit_) > 1; }

} // namespace kn
"""


class AsTheyAre(unittest.TestCase):
    def test_all_apply(self):
        self.assertGreater(len(list(mutate.mutations(ROOT))), 170)
        wrong = list(mutate.check(ROOT))
        self.assertEqual(wrong, [], "\n".join(wrong))


class Trees(unittest.TestCase):
    def setUp(self):
        self.root = tempfile.mkdtemp(prefix="kosmonaut-mutations-")
        self.addCleanup(shutil.rmtree, self.root)
        self.write("src/room/box.cpp", SOURCE)
        self.write("docs/box.md", "A box of `limit_`.\n")

    def write(self, path, text):
        path = os.path.join(self.root, path)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w") as file:
            file.write(text)
        return path

    def mutation(self, text):
        return self.write("tests/mutations/001-holds.mutation", text)

    def applied(self, body, path="src/room/box.cpp"):
        mutate.apply(self.root, self.mutation(HEAD + body))
        with open(os.path.join(self.root, path)) as file:
            return file.read()

    def refusal(self, text):
        """What is said of a mutation, behind its name."""
        self.mutation(text)
        told = list(mutate.check(self.root))
        self.assertEqual(len(told), 1)
        name, _, why = told[0].partition(": ")
        self.assertEqual(name, "tests/mutations/001-holds.mutation")
        return why


class Applying(Trees):
    def test_white_space_does_not_count(self):
        self.assertEqual(self.applied("Replace: return first( limit_ )\n  > 1;\nBy: return true;\n"),
                         SOURCE.replace("return first(limit_) > 1;", "return true;"))

    def test_lines_are_as_far_in_as_what_they_replace(self):
        self.assertEqual(self.applied("Replace:\n  return limit;\nBy:\n  if (limit)\n\n      return 1;\n  return 0;\n"),
                         SOURCE.replace("    return limit;", "    if (limit)\n\n        return 1;\n    return 0;"))

    def test_whole_lines_are_taken_out(self):
        self.assertEqual(self.applied("Replace: return limit;\nBy:\n"), SOURCE.replace("    return limit;\n", ""))

    def test_what_stands_twice_is_found_in_its_function(self):
        for place in ("box", "box::box"):
            with self.subTest(place):
                self.write("src/room/box.cpp", SOURCE)
                self.assertEqual(self.applied(f"In: {place}\nReplace: limit > 10\nBy: false\n"),
                                 SOURCE.replace("limit > 10)\n        throw", "false)\n        throw"))

    def test_other_files_are_named(self):
        self.assertEqual(self.applied("In: box.md\nReplace: `limit_`\nBy: `most`\n", "docs/box.md"),
                         "A box of `most`.\n")

    def test_changes_follow_one_another(self):
        body = "Replace: return limit;\nBy: return 2;\n\nIn: first\nReplace: return 2;\nBy: return 3;\n"
        self.assertEqual(self.applied(body), SOURCE.replace("return limit;", "return 3;"))


class Refusals(Trees):
    def test_a_text_that_is_not_there(self):
        why = self.refusal(HEAD + "Replace: return limit + 1;\nBy: return 0;\n")
        self.assertIn("is not there", why)
        self.assertIn("src/room/box.cpp:7: return limit;", why)

    def test_a_text_that_is_there_twice(self):
        why = self.refusal(HEAD + "Replace: if (limit > 10)\nBy: if (true)\n")
        self.assertIn("is there 2 times", why)
        self.assertIn("src/room/box.cpp:5", why)
        self.assertIn("src/room/box.cpp:11", why)

    def test_a_text_that_is_not_in_its_function(self):
        self.assertIn("in 'is_full'", self.refusal(HEAD + "In: is_full\nReplace: return limit;\nBy: return 0;\n"))

    def test_a_place_that_is_none(self):
        self.assertIn("no function 'limit_'", self.refusal(HEAD + "In: limit_\nReplace: limit\nBy: 1\n"))
        self.assertIn("0 files", self.refusal(HEAD + "In: ox.md\nReplace: box\nBy: bag\n"))

    def test_words_are_whole(self):
        self.assertIn("is not there", self.refusal(HEAD + "In: is_full\nReplace: irst(limit\nBy: 1\n"))

    def test_malformed_ones(self):
        change = "Replace: return limit;\nBy: return 0;\n"
        for text in ("", HEAD, change, HEAD + "Replace: return limit;\n", HEAD + "By: return 0;\n",
                     HEAD + "Replace:\nBy: return 0;\n", HEAD + "Replace: return limit;\nBy: return  limit;\n",
                     HEAD + "Replace: return limit;\nreturn 0;\nBy: return 0;\n", HEAD + "Within: first\n" + change,
                     HEAD + "In: first\nIn: first\n" + change, HEAD + "In:\n" + change,
                     HEAD.replace("Test: c.one\n", "") + change, HEAD.replace("Rule", "Law") + change,
                     HEAD.replace("Target: none", "Target:") + change,
                     HEAD.replace("c.one", "c.one\nTest: c.two") + change):
            with self.subTest(text):
                self.assertNotIn("is not there", self.refusal(text))


if __name__ == "__main__":
    unittest.main()
