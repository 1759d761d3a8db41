"""The source of the boundary: every function that could throw is inside the guard.

    boundary_test.py SOURCES SYMBOLS
"""

import pathlib
import re
import sys
import unittest

# What may throw, or stand for something that does. A body with none of them needs no guard.
MAY_THROW = r"\b(new|throw|required\w*|Visit|SeatedVisit|make_callback|copied)\b|\bstd::string\b|\b(dispatch|flush)\b"

# What puts up the guard. The last two are given what to do in it.
GUARDS = "guarded|walled|waited|handed_in"


def functions():
    """{name: (parameters, body)} of everything in src/capi that begins with kn_."""
    found = {}
    for path in sorted(sources.glob("*.cpp")):
        for name, *rest in re.findall(r"^[\w *]*?\b(kn_\w+)\(([^;{]*)\) \{(.*?(?:\}$|\n\}$))", path.read_text(),
                                      re.M | re.S):
            found[name] = tuple(rest)
    return found


class Boundary(unittest.TestCase):
    def test_every_exported_function_is_read(self):
        listed = set(re.findall(r"^(\w+)@@", symbols.read_text(), re.M))
        self.assertEqual(set(functions()), listed)

    def test_what_may_throw_is_guarded(self):
        for name, (parameters, body) in functions().items():
            code = re.sub(r"//[^\n]*", "", body)
            with self.subTest(name):
                if "kn_error **" in parameters or re.search(MAY_THROW, code):
                    self.assertRegex(code, rf"\b({GUARDS})\(")
                if "walled(" in code:
                    self.assertIn("CancellationHold hold;", code)

    def test_what_guards_for_others_does_nothing_outside(self):
        calls = (sources / "calls.h").read_text()
        bodies = re.findall(r"^kn_status (waited|handed_in)\([^;{]*\) \{\n(.*?)^\}", calls, re.M | re.S)
        self.assertEqual({name for name, _ in bodies}, {"waited", "handed_in"})
        for name, body in bodies:
            with self.subTest(name):
                self.assertRegex(body, r"(?s)\A    return guarded\(error, \[&\] \{\n.*\n    \}\);\n\Z")

    def test_the_guard_lets_nothing_through(self):
        boundary = (sources / "boundary.h").read_text()
        bodies = dict(re.findall(r"kn_status (\w+)\(kn_error \*\*error, Body &&body\) \{(.*?)\n\}", boundary, re.S))
        self.assertRegex(bodies["guarded"], r"CancellationHold hold;\s*return walled\(")
        self.assertRegex(bodies["walled"], r"DeferredDestroys destroys;[^;]*= status_of\([^;]*;\s*destroys.run\(\);")
        self.assertEqual(re.findall(r"catch \(([^)]*)\)", bodies["status_of"])[-1], "...")
        self.assertRegex(bodies["status_of"], r"catch \(abi::__forced_unwind &\) \{\s*throw;")


if __name__ == "__main__":
    sources, symbols = map(pathlib.Path, sys.argv[1:])
    unittest.main(argv=sys.argv[:1], verbosity=2)
