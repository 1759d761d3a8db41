#!/usr/bin/env python3
"""Compares what is written by hand in the Go, Rust and Java examples with abi/kosmonaut.json.

Go has no declarations of its own: it has to call each function of the headers, with its number of
arguments, and nothing else. The statuses of all three have to be those of the headers. With an
argument it compares with another description.
"""

import json
import pathlib
import re
import sys
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
FFI = ROOT / "examples" / "ffi"
DESCRIPTION = ROOT / "abi" / "kosmonaut.json"


def without_comments(text):
    return re.sub(r"//[^\n]*|/\*.*?\*/", "", text, flags=re.S)


def read(directory, *patterns):
    files = [path for pattern in patterns for path in sorted((FFI / directory).glob(pattern))]
    assert files, f"{directory} has no {patterns}"
    return without_comments("\n".join(path.read_text() for path in files))


def count_of_arguments(text, begin):
    """How many the parenthesis has that has just been opened."""
    found, depth = [""], 0
    for c in text[begin:]:
        if c == "," and depth == 0:
            found.append("")
            continue
        if c in ")]}" and depth == 0:
            break
        depth += (c in "([{") - (c in ")]}")
        found[-1] += c
    return len([argument for argument in found if argument.strip()])


def go_calls():
    """By name how many arguments each call has; cgo itself compares their types with the header's."""
    text = read("go", "*.go", "*.c", "*.h")
    calls = {}
    for call in re.finditer(r"(?<!\w)(?:C\.)?(kn_(?!go_)\w+)\(", text):
        calls.setdefault(call[1], []).append(count_of_arguments(text, call.end()))
    return calls


def complaints(description):
    wanted = {f["name"]: len(f["parameters"]) for f in description["functions"]}
    called = go_calls()
    for conversion in {t["name"] for t in description["types"]} & called.keys():  # it looks like a call
        del called[conversion]
    for name in sorted(wanted.keys() - called.keys()):
        yield f"go: {name} is not called"
    for name in sorted(called.keys() - wanted.keys()):
        yield f"go: {name} is in no header"
    for name in sorted(wanted.keys() & called.keys()):
        for count in called[name]:
            if count != wanted[name]:
                yield f"go: {name} is given {count} arguments instead of {wanted[name]}"
    yield from status_complaints(description)


def status_complaints(description):
    statuses = {c["name"]: c["value"] for c in description["constants"]
                if c["header"] == "status.h"}
    named = set(re.findall(r"C\.(KN_\w+)", read("go", "*.go"))) | {"KN_OK"}
    for name in sorted(statuses.keys() - named):
        yield f"go: {name} has no name"
    for language, text in (("rust", read("rust", "src/error.rs")),
                           ("java", read("java", "src/org/kosmonaut/Status.java"))):
        values = {int(value) for value in
                  re.findall(r"Status [A-Z_]+ = new Status\((-?\d+)\)"
                             r"|const [A-Z_]+: Status = Status\((-?\d+)\)", text)
                  for value in value if value}
        if values != set(statuses.values()):
            yield f"{language}: the statuses differ in {values ^ set(statuses.values())}"


class Declarations(unittest.TestCase):
    def setUp(self):
        self.description = json.loads(DESCRIPTION.read_text())

    def test_they_are_the_headers(self):
        self.assertGreater(len(self.description["functions"]), 50)
        self.assertEqual(list(complaints(self.description)), [])

    def expect(self, *wanted):
        found = list(complaints(self.description))
        for text in wanted:
            self.assertIn(text, found)

    def function(self, name):
        return next(f for f in self.description["functions"] if f["name"] == name)

    def test_a_new_function_is_noticed(self):
        self.description["functions"].append({"name": "kn_new", "parameters": []})
        self.expect("go: kn_new is not called")

    def test_a_function_that_is_gone_is_noticed(self):
        self.description["functions"].remove(self.function("kn_worker_next"))
        self.expect("go: kn_worker_next is in no header")

    def test_another_number_of_parameters_is_noticed(self):
        self.function("kn_worker_next")["parameters"].pop()
        self.function("kn_client_trigger_async")["parameters"].pop()
        self.expect("go: kn_worker_next is given 4 arguments instead of 3",
                    "go: kn_client_trigger_async is given 9 arguments instead of 8")

    def test_a_new_status_is_noticed(self):
        self.description["constants"].append({"name": "KN_ENEW", "header": "status.h",
                                              "value": -7})
        self.expect("go: KN_ENEW has no name", "rust: the statuses differ in {-7}",
                    "java: the statuses differ in {-7}")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        unittest.main(verbosity=2)
    with open(sys.argv[1]) as file:
        found = list(complaints(json.load(file)))
    print("\n".join(found))
    sys.exit(1 if found else 0)
