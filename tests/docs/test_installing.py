#!/usr/bin/env python3
"""The ways of building a program that the pages show, tried with the installed library and with the
first program of all pages in that language; and the pages that are installed with it.

It needs in the environment: PREFIX, LIBDIR, CC, CXX.
"""

import os
import pathlib
import subprocess
import tempfile
import unittest

from pages import ROOT, Page, blocks

PREFIX = pathlib.Path(os.environ["PREFIX"])
PACKAGES = PREFIX / os.environ["LIBDIR"] / "pkgconfig"


class Installing(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory(prefix="kosmonaut-docs-")
        self.addCleanup(directory.cleanup)
        self.directory = pathlib.Path(directory.name)
        for language in ("c", "cpp"):
            (self.directory / f"app.{language}").write_text(blocks(language)[0].text)

    def run_command(self, *command, **variables):
        done = subprocess.run(command, cwd=self.directory, env={**os.environ, **variables},
                              text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=120)
        self.assertEqual(done.returncode, 0, done.stdout)

    def test_with_cmake(self):
        found = blocks("cmake")
        self.assertTrue(found)
        for block in found:
            language, source = ("C", "app.c") if block.page.path.name == "c.md" else ("CXX", "app.cpp")
            with self.subTest(block):
                (self.directory / "CMakeLists.txt").write_text(
                    f"cmake_minimum_required(VERSION 3.25)\nproject(app LANGUAGES {language})\n"
                    f"add_executable(app {source})\n{block.text}")
                self.run_command("cmake", "-S", ".", "-B", block.identifier, "-G", "Ninja",
                                 f"-DCMAKE_PREFIX_PATH={PREFIX}")
                self.run_command("cmake", "--build", block.identifier)

    def test_in_a_shell(self):
        found = blocks("sh")
        self.assertTrue(found)
        for block in found:
            with self.subTest(block):
                self.run_command("sh", "-e", "-c", block.text, PKG_CONFIG_PATH=str(PACKAGES))
                (self.directory / "a.out").unlink()


class Pages(unittest.TestCase):
    directory = (PREFIX / "share" / "doc" / "kosmonaut").resolve()

    def test_all_are_installed(self):
        for path in (ROOT / "docs").glob("*.md"):
            self.assertTrue((self.directory / "docs" / path.name).exists(), path.name)

    def test_their_links_lead_to_what_is_installed(self):
        paths = list(self.directory.rglob("*.md"))
        self.assertTrue(paths)
        for path in paths:
            for line, target in Page(path).links():
                with self.subTest(f"{path.name}:{line} {target}"):
                    leads_to = (path.parent / target.partition("#")[0]).resolve()
                    self.assertTrue(leads_to.exists() and leads_to.is_relative_to(self.directory))


if __name__ == "__main__":
    unittest.main(verbosity=2)
