#!/usr/bin/env python3
"""Compares what the Go, Rust and Java examples declare with abi/kosmonaut.json.

Each function of the headers has to be declared (Go: called) with its number of parameters and, as
far as the language says them, parameters of the same size; nothing else may be declared; and the
statuses have to be those of the headers. With an argument it compares with another description.
"""

import json
import pathlib
import re
import sys
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
FFI = ROOT / "examples" / "ffi"
DESCRIPTION = ROOT / "abi" / "kosmonaut.json"

# By the kind of a C parameter, see kind(). What C calls a pointer has many names.
KINDS = {
    "rust": {"i32": "int32", "i64": "int64", "usize": "size", "c_int": "int", "kn_status": "int32"},
    "java": {"int": "int32", "long": "int64", "SizeT": "size"},
}
C_KINDS = {"kn_status": "int32", "int32_t": "int32", "int64_t": "int64", "size_t": "size",
           "int": "int"}


def kind(c_type):
    return C_KINDS.get(c_type.strip(), "pointer")


def without_comments(text):
    return re.sub(r"//[^\n]*|/\*.*?\*/", "", text, flags=re.S)


def read(directory, *patterns):
    files = [path for pattern in patterns for path in sorted((FFI / directory).glob(pattern))]
    assert files, f"{directory} has no {patterns}"
    return without_comments("\n".join(path.read_text() for path in files))


def arguments(text, begin):
    """Those of the parenthesis that has just been opened."""
    found, depth = [""], 0
    for c in text[begin:]:
        if c == "," and depth == 0:
            found.append("")
            continue
        if c in ")]}" and depth == 0:
            break
        depth += (c in "([{") - (c in ")]}")
        found[-1] += c
    return [argument.strip() for argument in found if argument.strip()]


def go_functions(text):
    """By name the arguments of each call; cgo itself compares their types with the header's."""
    calls = {}
    for call in re.finditer(r"(?<!\w)(?:C\.)?(kn_(?!go_)\w+)\(", text):
        calls.setdefault(call[1], []).append([None] * len(arguments(text, call.end())))
    return calls


def rust_functions(text):
    block = text[text.index('extern "C" {'):]
    return {f[1]: [[KINDS["rust"].get(a.split(":", 1)[1].strip(), "pointer")
                    for a in arguments(block, f.end())]]
            for f in re.finditer(r"pub fn (kn_\w+)\(", block)}


def java_functions(text):
    return {f[1]: [[KINDS["java"].get(a.split()[0], "pointer") for a in arguments(text, f.end())]]
            for f in re.finditer(r"static native [\w.]+ (kn_\w+)\(", text)}


def complaints(description):
    languages = {
        "go": (go_functions, read("go", "*.go", "*.c")),
        "rust": (rust_functions, read("rust", "src/sys.rs")),
        "java": (java_functions, read("java", "src/org/kosmonaut/Kn.java")),
    }
    wanted = {f["name"]: [kind(p["type"]) for p in f["parameters"]]
              for f in description["functions"]}
    types = {t["name"] for t in description["types"]}
    for language, (functions, text) in languages.items():
        declared = functions(text)
        for conversion in types & declared.keys():  # which looks like a call in Go
            del declared[conversion]
        for name in sorted(wanted.keys() - declared.keys()):
            yield f"{language}: {name} is not declared"
        for name in sorted(declared.keys() - wanted.keys()):
            yield f"{language}: {name} is in no header"
        for name in sorted(wanted.keys() & declared.keys()):
            for kinds in declared[name]:
                yield from differences(language, name, kinds, wanted[name])
    yield from status_complaints(description)


def differences(language, name, kinds, wanted):
    if len(kinds) != len(wanted):
        yield f"{language}: {name} has {len(kinds)} parameters instead of {len(wanted)}"
        return
    for number, (is_kind, wanted_kind) in enumerate(zip(kinds, wanted), 1):
        if is_kind not in (None, wanted_kind) and {is_kind, wanted_kind} != {"int", "int32"}:
            yield f"{language}: parameter {number} of {name} is {is_kind} instead of {wanted_kind}"


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
        for language in ("go", "rust", "java"):
            for text in wanted:
                self.assertIn(f"{language}: {text}", found)

    def function(self, name):
        return next(f for f in self.description["functions"] if f["name"] == name)

    def test_a_new_function_is_noticed(self):
        self.description["functions"].append({"name": "kn_new", "parameters": []})
        self.expect("kn_new is not declared")

    def test_a_function_that_is_gone_is_noticed(self):
        self.description["functions"].remove(self.function("kn_worker_next"))
        self.expect("kn_worker_next is in no header")

    def test_another_number_of_parameters_is_noticed(self):
        self.function("kn_worker_next")["parameters"].pop()
        self.function("kn_options_set_log")["parameters"].pop()
        self.expect("kn_worker_next has 4 parameters instead of 3",
                    "kn_options_set_log has 5 parameters instead of 4")

    def test_another_type_is_noticed(self):
        self.function("kn_worker_next")["parameters"][1]["type"] = "int32_t"
        found = list(complaints(self.description))
        for language in ("rust", "java"):  # cgo sees for itself
            self.assertIn(f"{language}: parameter 2 of kn_worker_next is int64 instead of int32",
                          found)

    def test_a_new_status_is_noticed(self):
        self.description["constants"].append({"name": "KN_ENEW", "header": "status.h",
                                              "value": -7})
        found = list(complaints(self.description))
        self.assertIn("go: KN_ENEW has no name", found)
        for language in ("rust", "java"):
            self.assertIn(f"{language}: the statuses differ in {{-7}}", found)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        unittest.main(verbosity=2)
    with open(sys.argv[1]) as file:
        found = list(complaints(json.load(file)))
    print("\n".join(found))
    sys.exit(1 if found else 0)
