#!/usr/bin/env python3
"""The Rust crate: its tests beside a real broker, the backend, the page, the scenario's program.

It needs rustc (RUSTC, 1.63 or newer) and no cargo, an installation (KOSMONAUT_PREFIX), and in
WEBROCKET_SERVER the broker.
"""

import os
import pathlib
import shutil
import signal
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

import stage  # noqa: E402

CRATE = stage.ROOT / "examples" / "ffi" / "rust"
RUSTC = os.environ.get("RUSTC",
                       "/usr/bin/rustc" if os.path.exists("/usr/bin/rustc") else "rustc")
MINUTES = 60


class Rust(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.stage = stage.Stage()
        cls.addClassCleanup(cls.stage.close)
        cls.bin = tempfile.mkdtemp(prefix="kosmonaut-rust-")
        cls.addClassCleanup(shutil.rmtree, cls.bin)
        cls.environment = cls.stage.environment()
        cls.crate = cls.compiled(CRATE / "src" / "lib.rs", "libkosmonaut.rlib",
                                 "--crate-type", "rlib", "--crate-name", "kosmonaut")

    @classmethod
    def compiled(cls, source, name, *flags):
        program = os.path.join(cls.bin, name)
        stage.run([RUSTC, "--edition", "2021", "-D", "warnings", "-C", "opt-level=1", "-g",
                   "-L", str(stage.library_directory()), *flags, "-o", program, str(source)],
                  cls.bin, cls.environment, 5 * MINUTES)
        return program

    def program(self, source, name, *flags):
        return self.compiled(source, name, "--extern", f"kosmonaut={self.crate}", *flags)

    def test_crate(self):
        program = self.program(HERE / "tests.rs", "tests", "--test")
        stage.run([program, "--test-threads=1"], self.bin, self.environment, 5 * MINUTES)

    def test_backend(self):
        program = self.program(CRATE / "examples" / "backend.rs", "backend")
        for number in (signal.SIGINT, signal.SIGTERM):
            with self.subTest(number):
                stage.play_backend(self, [program], self.environment, self.stage, number)
                self.stage.do_workers(0)

    def test_page(self):
        first, *_, last = stage.page_programs("rust")
        self.assertEqual(last, (CRATE / "examples" / "backend.rs").read_text())
        source = os.path.join(self.bin, "page.rs")
        with open(source, "w") as file:
            file.write(first.replace("http://wr:TOKEN@localhost:8080/moon", self.stage.url))
        stage.play_page(self, [self.program(source, "page")], self.environment, self.stage)

    def test_scenario_without_quit(self):
        program = stage.Lines([self.program(HERE / "scenario.rs", "scenario"), self.stage.url],
                              self.environment)
        self.addCleanup(program.close)
        program.read()
        program.process.stdin.close()
        self.assertEqual(program.process.wait(stage.DEADLINE), 1)


if __name__ == "__main__":
    unittest.main(verbosity=2)
