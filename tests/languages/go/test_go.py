#!/usr/bin/env python3
"""The Go package: its tests beside a real broker, the backend, the page, the scenario's program.

It needs Go and the race detector's C compiler, an installation (KOSMONAUT_PREFIX), and in
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

PACKAGE = stage.ROOT / "examples" / "ffi" / "go"
GO = os.environ.get("GO", "/usr/bin/go" if os.path.exists("/usr/bin/go") else "go")
OFFLINE = {"GOFLAGS": "-mod=mod", "GOPROXY": "off", "GO111MODULE": "on"}
MINUTES = 60


class Go(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.stage = stage.Stage()
        cls.addClassCleanup(cls.stage.close)
        cls.bin = tempfile.mkdtemp(prefix="kosmonaut-go-")
        cls.addClassCleanup(shutil.rmtree, cls.bin)
        cls.environment = cls.stage.environment(**OFFLINE)

    def go(self, directory, *arguments):
        return stage.run([GO, *arguments], directory, self.environment, 8 * MINUTES)

    def built(self, directory, package, name):
        program = os.path.join(self.bin, name)
        self.go(directory, "build", "-o", program, package)
        return program

    def test_vet(self):
        for directory in (PACKAGE, HERE):
            self.go(directory, "vet", "./...")

    def test_format(self):
        formatter = shutil.which("gofmt")
        if formatter is None:
            self.skipTest("no gofmt")
        for directory in (PACKAGE, HERE):
            self.assertEqual(stage.run([formatter, "-l", "."], directory, self.environment,
                                       MINUTES), "")

    def test_package(self):
        self.go(HERE, "test", "-count=1", "-timeout=5m", ".")

    def test_package_with_the_race_detector(self):
        self.go(HERE, "test", "-race", "-count=1", "-timeout=5m", ".")

    def test_package_with_strict_pointer_checks(self):
        self.environment = {**self.environment, "GODEBUG": "cgocheck=2"}
        self.go(HERE, "test", "-count=1", "-timeout=5m", ".")

    def test_backend(self):
        program = self.built(PACKAGE, "./backend", "backend")
        for number in (signal.SIGINT, signal.SIGTERM):
            with self.subTest(number):
                stage.play_backend(self, [program], self.environment, self.stage, number)
                self.stage.do_workers(0)

    def test_page(self):
        first, *_, last = stage.page_programs("go")
        self.assertEqual(last, (PACKAGE / "backend" / "main.go").read_text())
        source = os.path.join(self.bin, "page.go")
        with open(source, "w") as file:
            file.write(first.replace("http://wr:TOKEN@localhost:8080/moon", self.stage.url))
        program = self.built(PACKAGE, source, "page")
        stage.play_page(self, [program], self.environment, self.stage)

    def test_scenario_without_quit(self):
        program = stage.Lines([self.built(HERE, ".", "scenario"), self.stage.url],
                              self.environment)
        self.addCleanup(program.close)
        program.read()
        program.process.stdin.close()
        self.assertEqual(program.process.wait(stage.DEADLINE), 1)


if __name__ == "__main__":
    unittest.main(verbosity=2)
