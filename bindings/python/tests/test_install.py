"""The package as pip installs it, without a network."""

import importlib.util
import inspect
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

from tests.support import NOBODY, PACKAGE

import kosmonaut


class Installed(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        for needed in ("pip", "setuptools", "wheel"):
            if importlib.util.find_spec(needed) is None:
                raise unittest.SkipTest(f"{needed} is not installed")
        cls.directory = pathlib.Path(tempfile.mkdtemp(prefix="kosmonaut-python-"))
        cls.addClassCleanup(shutil.rmtree, cls.directory)
        source = cls.directory / "source"
        shutil.copytree(PACKAGE, source, ignore=shutil.ignore_patterns(
            "__pycache__", "build", "*.egg-info"))
        cls.target = cls.directory / "installed"
        done = subprocess.run(
            [sys.executable, "-m", "pip", "install", "--no-index", "--no-build-isolation",
             "--no-deps", "--no-cache-dir", "--disable-pip-version-check", "--quiet",
             "--target", str(cls.target), str(source)],
            text=True, capture_output=True, timeout=120, cwd=cls.directory)
        assert done.returncode == 0, done.stdout + done.stderr

    def run_installed(self, text, **environment):
        return subprocess.run(
            [sys.executable, "-B", "-X", "dev", "-W", "error", "-c", text], text=True,
            capture_output=True, timeout=60, cwd=self.directory,
            env={**os.environ, "PYTHONPATH": str(self.target), **environment})

    def test_it_works(self):
        done = self.run_installed(
            "import kosmonaut, pathlib\n"
            f"kosmonaut.Client({NOBODY!r}).close()\n"
            "print(pathlib.Path(kosmonaut.__file__).parent)")
        self.assertEqual((done.stdout.strip(), done.stderr), (str(self.target / "kosmonaut"), ""))

    def test_it_has_the_types_and_no_tests(self):
        self.assertTrue((self.target / "kosmonaut" / "py.typed").exists())
        self.assertFalse((self.target / "tests").exists())

    def test_its_version_is_the_librarys(self):
        done = self.run_installed(
            "import importlib.metadata, kosmonaut\n"
            "print(importlib.metadata.version('kosmonaut') == kosmonaut.version())")
        self.assertEqual(done.stdout, "True\n", done.stderr)

    def test_a_missing_library_is_told(self):
        done = self.run_installed("import kosmonaut", KOSMONAUT_LIBRARY="/nowhere/lib.so.1")
        self.assertIn("ImportError", done.stderr)
        self.assertIn("KOSMONAUT_LIBRARY", done.stderr)

    def test_another_library_is_told(self):
        done = self.run_installed("import kosmonaut", KOSMONAUT_LIBRARY="libc.so.6")
        self.assertIn("it has no kn_", done.stderr)


class Types(unittest.TestCase):
    def test_they_hold(self):
        if importlib.util.find_spec("mypy") is None:
            self.skipTest("mypy is not installed")
        done = subprocess.run([sys.executable, "-m", "mypy"], text=True, capture_output=True,
                              timeout=300, cwd=PACKAGE)
        self.assertEqual(done.returncode, 0, done.stdout)

    def test_everything_public_is_annotated(self):
        for name in kosmonaut.__all__:
            thing = getattr(kosmonaut, name)
            functions = [thing] if inspect.isfunction(thing) else []
            if inspect.isclass(thing) and thing.__module__.startswith("kosmonaut"):
                functions = [member.fget if isinstance(member, property) else member
                             for base in thing.__mro__ if base.__module__.startswith("kosmonaut")
                             for member in vars(base).values()
                             if isinstance(member, property) or inspect.isfunction(member)]
            for function in functions:
                if not function.__code__.co_filename.startswith(str(PACKAGE)):
                    continue  # an enumeration's or a dataclass's own
                with self.subTest(f"{name}.{function.__name__}"):
                    signature = inspect.signature(function)
                    self.assertIsNot(signature.return_annotation, signature.empty)
                    for parameter in list(signature.parameters.values()):
                        if parameter.name != "self":
                            self.assertIsNot(parameter.annotation, parameter.empty)


if __name__ == "__main__":
    unittest.main()
