#!/usr/bin/env python3
"""docs/architecture.md: the files, the functions and the locks that it names are there, and no lock is left
out. Its tables of rooms are held by tests/source/test_rooms.py."""

import re
import unittest

from pages import ROOT

PAGE = (ROOT / "docs" / "architecture.md").read_text()
FILE = r"[\w/]+\.(?:h|hpp|cpp|py)"
NAMES = r"(?:`[\w:]+`(?:, | and | or )?)+"
BROKER = ROOT / "broker" / "src"


def path_of(file):
    """The broker's files are named from its own root on."""
    return ROOT / file if file.startswith(("src/", "tests/")) else BROKER / file


def has(file, name):
    """Whether a class, a function or a lock of that name is declared there, or a function defined."""
    text = path_of(file).read_text()
    last = name.rpartition("::")[2]
    if re.search(rf"\b(?:class|struct) {last}\b|\b{last}::|mutex {last};", text):
        return True
    return f"{name}(" in text if file.endswith(".cpp") else re.search(rf"\b{last}\(", text) is not None


def locks_in(root, prefix):
    """(file as the page names it, name of the member) of every mutex."""
    return {(prefix + str(path.relative_to(root)), name)
            for path in root.rglob("*") if path.suffix in (".h", ".hpp", ".cpp")
            for name in re.findall(r"\bstd::(?:shared_)?mutex (\w+);", path.read_text())}


def locks_of_page(heading):
    table = re.search(rf"^### {heading}\n(.*?)(?=^##|\Z)", PAGE, re.M | re.S)[1]
    return {(file, name.rpartition("::")[2])
            for name, file in re.findall(rf"^\| `([\w:]+)` \(`({FILE})`", table, re.M)}


class Names(unittest.TestCase):
    def test_the_files_are_there(self):
        files = {file for file in re.findall(rf"`({FILE})`", PAGE) if "/" in file}
        self.assertGreater(len(files), 40)
        for file in sorted(files):
            with self.subTest(file):
                self.assertTrue(path_of(file).is_file())

    def test_what_is_named_with_a_file_is_in_it(self):
        found = {(name, file)
                 for names, file in re.findall(rf"({NAMES}) \(`({FILE})`", re.sub(r"\s+", " ", PAGE))
                 for name in re.findall(r"`([\w:]+)`", names)}
        self.assertGreater(len(found), 90)
        for name, file in sorted(found):
            with self.subTest(f"{name} in {file}"):
                self.assertTrue(has(file, name))


class Locks(unittest.TestCase):
    def test_of_the_broker(self):
        spdlogs = ("base/log_sink.h", "LogSink")  # inherited
        self.assertEqual(locks_of_page("Locks of the broker") - {spdlogs}, locks_in(BROKER, ""))

    def test_of_the_library(self):
        self.assertEqual(locks_of_page("Locks of the library"), locks_in(ROOT / "src", "src/"))


if __name__ == "__main__":
    unittest.main(verbosity=2)
