#!/usr/bin/env python3
"""The Java package: its tests beside a real broker, the backend, the page, the scenario's program.

It needs javac and java (17 or newer), JNA (JNA_JAR), an installation (KOSMONAUT_PREFIX), and in
WEBROCKET_SERVER the broker.
"""

import os
import pathlib
import re
import shutil
import signal
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

import stage  # noqa: E402

PACKAGE = stage.ROOT / "examples" / "ffi" / "java"
BACKEND = PACKAGE / "examples" / "Backend.java"
JNA = os.environ.get("JNA_JAR", "/usr/share/java/jna.jar")
MINUTES = 60


class Java(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.stage = stage.Stage()
        cls.addClassCleanup(cls.stage.close)
        cls.classes = tempfile.mkdtemp(prefix="kosmonaut-java-")
        cls.addClassCleanup(shutil.rmtree, cls.classes)
        cls.environment = cls.stage.environment()
        cls.compile(*sorted(PACKAGE.glob("src/**/*.java")))
        cls.compile(BACKEND, *sorted(HERE.glob("*.java")))

    @classmethod
    def compile(cls, *sources):
        stage.run(["javac", "-Xlint:all", "-Werror", "-encoding", "UTF-8", "-cp",
                   f"{JNA}:{cls.classes}", "-d", cls.classes, *map(str, sources)],
                  cls.classes, cls.environment, 3 * MINUTES)

    def java(self, *arguments):
        # Texts have to be UTF-8 whatever the platform says.
        return ["java", "-Dfile.encoding=ISO-8859-1", "-cp",
                f"{JNA}:{self.classes}", *arguments]

    def test_package(self):
        said = stage.run(self.java("org.kosmonaut.KosmonautTest"), self.classes,
                         self.environment, 5 * MINUTES)
        self.assertNotIn("FAIL", said)
        self.assertGreater(len(re.findall(r"^ok test", said, re.M)), 20, said)

    def test_backend(self):
        for number in (signal.SIGINT, signal.SIGTERM):
            with self.subTest(number):
                # A JVM that a signal ends says so, however well it ends.
                program = stage.play_backend(self, self.java("Backend"), self.environment,
                                             self.stage, number, status=128 + number)
                self.assertEqual(program.read(), "closed\n")
                self.stage.do_workers(0)

    def test_page(self):
        first, *_, last = stage.page_programs("java")
        self.assertEqual(last, BACKEND.read_text())
        source = os.path.join(self.classes, "Greeting.java")
        with open(source, "w") as file:
            file.write(first.replace("http://wr:TOKEN@localhost:8080/moon", self.stage.url))
        self.compile(source)
        stage.play_page(self, self.java("Greeting"), self.environment, self.stage)

    def test_scenario_without_quit(self):
        program = stage.Lines([*self.java("Scenario"), self.stage.url], self.environment)
        self.addCleanup(program.close)
        program.read()
        program.process.stdin.close()
        self.assertEqual(program.process.wait(stage.DEADLINE), 1)


if __name__ == "__main__":
    unittest.main(verbosity=2)
