"""Whether the lists of packages name what CMake looks for, and nothing else."""

import os
import re
import subprocess
import tempfile
import unittest

ROOT = os.path.realpath(os.path.join(os.path.dirname(__file__), "../.."))

# What CMake looks for: its names in Debian and in Fedora, and the word for it in docs/packaging.md.
LIBRARIES = {
    "Boost": ({"libboost1.81-dev", "libboost-dev"}, "boost-devel", "Boost"),
    "CLI11": ({"libcli11-dev"}, "cli11-devel", "CLI11"),
    "CURL": ({"libcurl4-openssl-dev"}, "libcurl-devel", "libcurl"),
    "OpenSSL": ({"libssl-dev"}, "openssl-devel", "OpenSSL"),
    "SQLite3": ({"libsqlite3-dev"}, "sqlite-devel", "SQLite 3"),
    "fmt": ({"libfmt-dev"}, "fmt-devel", "fmt"),
    "jansson": ({"libjansson-dev"}, "jansson-devel", "jansson"),
    "re2": ({"libre2-dev"}, "re2-devel", "RE2"),
    "spdlog": ({"libspdlog-dev"}, "spdlog-devel", "spdlog"),
    "wslay": ({"libwslay-dev"}, "wslay-devel", "wslay"),
}
BY_THE_SYSTEM = {"Threads", "PkgConfig"}
# An apt-cache that has much more to say than whether there is a package, to a reader that may have left.
APT_CACHE = """#!/bin/sh
case $2 in
  *-1.81) echo "  Candidate: 1.81.0-5" ;;
  *) echo "  Candidate: (none)" ;;
esac
seq 1 100000
"""
# Of the group "build", what only the examples need: packages are built without them.
OF_EXAMPLES = {"libcpp-httplib-dev"}


def read(path):
    with open(os.path.join(ROOT, path)) as file:
        return file.read()


def looked_for():
    text = "".join(map(read, ("src/CMakeLists.txt", "broker/CMakeLists.txt", "cmake/KosmonautDependencies.cmake")))
    modules = re.findall(r"^ *pkg_check_modules\(.* ([a-z0-9]+)(?:>=[\d.]+)?\)$", text, re.M)
    return {name.removeprefix("lib") for name in re.findall(r"^ *find_package\((\w+)", text, re.M) + modules
            } - BY_THE_SYSTEM


def libraries_of_debian(names):
    return {name for name in names if name.startswith("lib") and name.endswith("-dev")}


class Packages(unittest.TestCase):
    def debian(self):
        return set().union(*(LIBRARIES[name][0] for name in looked_for()))

    def test_the_table_has_what_cmake_looks_for(self):
        self.assertEqual(looked_for(), set(LIBRARIES))

    def test_packages_txt(self):
        names = re.findall(r"^build +(\S+)", read("scripts/packages.txt"), re.M)
        self.assertEqual(libraries_of_debian(set("|".join(names).split("|"))) - OF_EXAMPLES, self.debian())

    def test_debian_and_the_spec(self):
        depends = re.search(r"^Build-Depends:\n((?: .*\n)+)", read("debian/control"), re.M)[1]
        self.assertEqual(libraries_of_debian(set(re.findall(r"[\w.+-]+", depends))), self.debian())
        required = re.findall(r"^BuildRequires: +(\S+-devel)", read("packaging/kosmonaut.spec"), re.M)
        self.assertEqual(sorted(required), sorted(fedora for _, fedora, _ in LIBRARIES.values()))

    def test_the_spec_asks_for_its_macros(self):
        """By the distribution: whoever asks whether they are there finds them nowhere."""
        spec = read("packaging/kosmonaut.spec")
        self.assertIn("%systemd_post ", spec)
        self.assertRegex(spec, r"\n%if 0%\{\?fedora\}.*\nBuildRequires:  systemd-rpm-macros\n%endif\n")

    def test_the_page(self):
        rows = re.findall(r"^\| (?:libkosmonaut, |WebRocket: ).*?\|(.*?)\|", read("docs/packaging.md"), re.M)
        self.assertEqual(len(rows), 2)
        words = {re.sub(r" [\d.]+(?: \(headers\))?$", "", word.strip()) for word in re.split(r"[,;]", " , ".join(rows))}
        words = {word.removeprefix("the admin tool ") for word in words} - {"too", "CMake", "a C++20 compiler"}
        self.assertEqual({re.sub(r" \d$", "", word) for word in words},
                         {re.sub(r" \d$", "", word) for _, _, word in LIBRARIES.values()})


class Available(unittest.TestCase):
    """The name that install-dependencies takes, of several that a package has had."""

    def available(self, names):
        function = re.search(r"^available\(\) \{.*?^\}", read("scripts/install-dependencies"), re.M | re.S)[0]
        with tempfile.TemporaryDirectory() as directory:
            with open(f"{directory}/apt-cache", "w") as program:
                program.write(APT_CACHE)
            os.chmod(program.name, 0o755)
            return subprocess.run(
                ["bash", "-c", f'set -euo pipefail\n{function}\navailable "$1"', "bash", names],
                env={**os.environ, "PATH": f"{directory}:{os.environ['PATH']}"}, timeout=30, check=True,
                stdout=subprocess.PIPE, text=True).stdout.strip()

    def test_the_first_that_there_is(self):
        self.assertEqual(self.available("boost-1.81|boost"), "boost-1.81")
        self.assertEqual(self.available("boost-1.90|boost-1.81"), "boost-1.81")

    def test_the_last_when_there_is_none(self):
        self.assertEqual(self.available("boost-1.90|boost"), "boost")


if __name__ == "__main__":
    unittest.main()
