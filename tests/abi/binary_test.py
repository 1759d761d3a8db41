"""The shared library as a file: what it exports, what it needs, how it is marked.

    binary_test.py LIBRARY SYMBOLS HEADERS [--sanitized]
"""

import pathlib
import re
import subprocess
import sys
import unittest

MAY_NEED = re.compile(r"lib(curl|jansson|stdc\+\+|gcc_s|c|m)\.so\.\d+|ld-linux.*\.so\.\d+")

# What a library that keeps out of its program's affairs does not call.
NOT_TO_BE_CALLED = {
    "exit", "_exit", "_Exit", "quick_exit", "abort", "atexit",
    "signal", "sigaction", "pthread_create", "fork", "system", "popen",
    "printf", "puts", "putchar", "perror", "__printf_chk", "__fprintf_chk",
    "setlocale", "chdir", "umask", "setenv", "putenv", "curl_global_cleanup",
}


def output_of(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def without_comments(text):
    return re.sub(r"/\*.*?\*/|//[^\n]*", " ", text, flags=re.DOTALL)


class Binary(unittest.TestCase):
    maxDiff = None

    def exported(self):
        """{name with version: type}, the version nodes themselves left out."""
        symbols = {}
        for line in output_of("nm", "-D", "--defined-only", library).splitlines():
            _, kind, name = line.split()
            if not (kind == "A" and name in self.nodes()):
                symbols[name] = kind
        return symbols

    def listed(self):
        return [line for line in symbol_list.read_text().splitlines() if not line.startswith("#")]

    def nodes(self):
        return {name.partition("@@")[2] for name in self.listed()}

    def dynamic(self, tag):
        """The values of a tag of the dynamic section."""
        lines = output_of("readelf", "-dW", library).splitlines()
        found = (re.search(r"\(%s\)[^:]*: (.*)" % tag, line) for line in lines)
        return [match.group(1).strip("[]") for match in found if match]

    def test_exports_what_is_listed_and_no_more(self):
        self.assertEqual(sorted(self.exported()), sorted(self.listed()))

    def test_exports_functions_alone(self):
        self.assertEqual({kind for kind in self.exported().values()}, {"T"})

    def test_has_the_version_nodes_of_the_list(self):
        nodes = re.findall(r"Rev: 1\s+Flags: (\w+)\s.*Name: (\S+)",
                           output_of("readelf", "-VW", library))
        self.assertEqual({name for flags, name in nodes if flags != "BASE"}, self.nodes())

    def test_the_list_is_sorted_and_without_repeats(self):
        self.assertEqual(self.listed(), sorted(set(self.listed())))

    def test_headers_declare_what_is_listed_and_no_more(self):
        declared = set()
        for header in sorted(headers.glob("*")):
            text = without_comments(header.read_text())
            declared |= set(re.findall(r"\bKN_API\b[^;{]*?\b(kn_\w+)\s*\(", text))
        self.assertEqual(sorted(declared),
                         sorted(name.split("@")[0] for name in self.listed()))

    def test_needs_libcurl_jansson_and_the_runtimes_alone(self):
        if is_sanitized:
            self.skipTest("a sanitized build needs the sanitizer's runtime, too")
        needed = self.dynamic("NEEDED")
        self.assertIn("libcurl.so.4", needed)
        self.assertIn("libjansson.so.4", needed)
        self.assertEqual([name for name in needed if not MAY_NEED.fullmatch(name)], [])

    def test_is_called_by_its_soname(self):
        self.assertEqual(self.dynamic("SONAME"), ["libkosmonaut.so.1"])

    def test_stays_loaded(self):
        self.assertIn("NODELETE", " ".join(self.dynamic("FLAGS_1")).split())

    def test_looks_for_its_libraries_where_the_system_has_them(self):
        self.assertEqual(self.dynamic("RPATH") + self.dynamic("RUNPATH"), [])

    def test_needs_no_executable_stack_and_no_writable_code(self):
        self.assertEqual(self.dynamic("TEXTREL"), [])
        stack = re.search(r"GNU_STACK.*", output_of("readelf", "-lW", library))
        self.assertRegex(stack.group(0), r"\bRW\b")

    def test_keeps_out_of_its_program_s_affairs(self):
        called = {line.split()[-1].split("@")[0]
                  for line in output_of("nm", "-D", "--undefined-only", library).splitlines()}
        self.assertEqual(called & NOT_TO_BE_CALLED, set())
        streams = {name for name in called if name in ("stdout", "stderr")}
        self.assertEqual(streams, set())


if __name__ == "__main__":
    arguments = sys.argv[1:]
    is_sanitized = "--sanitized" in arguments
    library = arguments[0]
    symbol_list, headers = pathlib.Path(arguments[1]), pathlib.Path(arguments[2])
    unittest.main(argv=sys.argv[:1], verbosity=2)
