"""The declarations against what the library says of itself: abi/kosmonaut.json and its symbols."""

import ctypes
import json
import re
import unittest

from tests.support import ROOT

import kosmonaut
from kosmonaut import _abi, errors
from kosmonaut._library import lib

DESCRIPTION = json.loads((ROOT / "abi" / "kosmonaut.json").read_text())

# `char *` that is handed over is freed by its address, so it stays one.
TYPES = {
    "void": None,
    "int": ctypes.c_int,
    "int32_t": ctypes.c_int32,
    "int64_t": ctypes.c_int64,
    "kn_status": ctypes.c_int32,
    "size_t": ctypes.c_size_t,
    "size_t *": ctypes.POINTER(ctypes.c_size_t),
    "const char *": ctypes.c_char_p,
    "char *": ctypes.c_void_p,
    "void *": ctypes.c_void_p,
    "void (*)(void *)": _abi.Destroy,
    **_abi.CALLBACKS,
}


def ctypes_of(c_type):
    if c_type in TYPES:
        return TYPES[c_type]
    if re.fullmatch(r"(const )?(kn_\w+) \*", c_type):
        return ctypes.c_void_p
    if re.fullmatch(r"(kn_\w+|char) \*\*", c_type):
        return ctypes.POINTER(ctypes.c_void_p)
    raise AssertionError(f"no test knows the type {c_type}")


class Declarations(unittest.TestCase):
    def test_every_function_is_declared_and_no_other(self):
        described = [function["name"] for function in DESCRIPTION["functions"]]
        self.assertEqual(sorted(_abi.FUNCTIONS), sorted(described))

    def test_every_exported_symbol_is_declared(self):
        symbols = (ROOT / "abi" / "kosmonaut.symbols").read_text()
        exported = set(re.findall(r"^(kn_\w+)", symbols, re.M))
        self.assertEqual(sorted(_abi.FUNCTIONS), sorted(exported))

    def test_parameters_and_results_are_those_of_the_headers(self):
        for function in DESCRIPTION["functions"]:
            name = function["name"]
            with self.subTest(name):
                result, arguments = _abi.FUNCTIONS[name]
                self.assertEqual(len(arguments), len(function["parameters"]))
                for declared, parameter in zip(arguments, function["parameters"]):
                    self.assertIs(declared, ctypes_of(parameter["type"]), parameter["name"])
                returned = function["returns"]
                # A payload's length is told besides, and there may be NULs in it.
                expected = ctypes.c_void_p if returned.get("payload") else ctypes_of(returned["type"])
                self.assertIs(result, expected)

    def test_callbacks_are_those_of_the_headers(self):
        described = {callback["name"]: callback for callback in DESCRIPTION["callbacks"]}
        self.assertEqual(sorted(described), sorted(_abi.CALLBACKS))
        for name, callback in described.items():
            with self.subTest(name):
                declared = _abi.CALLBACKS[name]
                self.assertIs(declared._restype_, None)
                self.assertEqual(list(declared._argtypes_),
                                 [ctypes_of(p["type"]) for p in callback["parameters"]])

    def test_a_missing_parameter_would_be_noticed(self):
        trigger = next(f for f in DESCRIPTION["functions"] if f["name"] == "kn_client_trigger")
        _, arguments = _abi.FUNCTIONS["kn_client_trigger"]
        self.assertNotEqual(len(arguments[1:]), len(trigger["parameters"]))

    def test_constants_have_the_headers_values(self):
        values = {c["name"]: c["value"] for c in DESCRIPTION["constants"]}
        for prefix, enum in (("KN_WORKER_", kosmonaut.WorkerState), ("KN_LOG_", kosmonaut.LogLevel),
                             ("KN_EVENT_", kosmonaut.EventKind), ("KN_AT_", kosmonaut.Delivery),
                             ("KN_ORDER_", kosmonaut.Order)):
            of_enum = {name: value for name, value in values.items() if name.startswith(prefix)}
            head = prefix.replace("KN_AT_", "KN_")  # whose names are AT_…_ONCE
            self.assertEqual({head + member.name: member.value for member in enum}, of_enum)
        statuses = {name: value for name, value in values.items()
                    if not name.startswith(("KN_WORKER_", "KN_LOG_", "KN_EVENT_", "KN_AT_", "KN_ORDER_",
                                         "KN_VERSION"))}
        self.assertEqual({"KN_" + status.name: status.value for status in kosmonaut.Status},
                         statuses)


class Statuses(unittest.TestCase):
    def test_names_are_the_librarys(self):
        for status in kosmonaut.Status:
            self.assertEqual(lib.kn_status_name(status).decode(), "KN_" + status.name)

    def test_each_failure_has_a_class(self):
        failures = {int(status) for status in kosmonaut.Status if status < 0}
        self.assertEqual(failures, {int(status) for status in errors.BY_STATUS})
        self.assertEqual(len(set(errors.BY_STATUS.values())), len(failures))

    def test_a_later_status_has_the_class_of_its_family(self):
        for status, family in ((-199, kosmonaut.CallError), (-299, kosmonaut.TransportError),
                               (-399, kosmonaut.RefusedError), (-499, kosmonaut.HandleError),
                               (-5000, kosmonaut.Error)):
            self.assertIs(errors.class_of(status), family)
            self.assertEqual(family(status).status_name, "KN_UNKNOWN")

    def test_the_version_is_the_headers(self):
        self.assertEqual(kosmonaut.version(), DESCRIPTION["version"])


if __name__ == "__main__":
    unittest.main()
