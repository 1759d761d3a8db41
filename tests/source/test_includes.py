"""Whether each header includes what it names of the standard library.

What another standard header brings along differs from one compiler to the next: with GCC 12 a header may
name std::uint32_t after <string> alone, with GCC 16 it may not.
"""

import os
import re
import unittest

ROOT = os.path.realpath(os.path.join(os.path.dirname(__file__), "../.."))
HEADERS = {
    "algorithm": ("sort", "find_if", "any_of", "all_of", "none_of", "copy_n", "count_if", "clamp"),
    "array": ("array", "to_array"),
    "atomic": ("atomic",),
    "charconv": ("from_chars", "to_chars"),
    "chrono": ("chrono",),
    "condition_variable": ("condition_variable",),
    "cstdint": tuple(f"{sign}int{bits}_t" for sign in ("", "u") for bits in (8, 16, 32, 64)),
    "cstring": ("memcpy", "memchr", "memcmp", "memmove", "strlen", "strcmp"),
    "deque": ("deque",),
    "filesystem": ("filesystem",),
    "functional": ("function",),
    "future": ("promise", "future"),
    "list": ("list",),
    "map": ("map", "multimap"),
    "memory": ("unique_ptr", "shared_ptr", "weak_ptr", "make_unique", "make_shared"),
    "mutex": ("mutex", "lock_guard", "unique_lock", "scoped_lock", "once_flag"),
    "optional": ("optional", "nullopt"),
    "set": ("set",),
    "span": ("span",),
    "sstream": ("ostringstream", "istringstream", "stringstream"),
    "stdexcept": ("runtime_error", "logic_error", "invalid_argument", "out_of_range"),
    "string": ("string", "to_string"),
    "string_view": ("string_view",),
    "thread": ("thread", "jthread"),
    "unordered_map": ("unordered_map",),
    "unordered_set": ("unordered_set",),
    "variant": ("variant", "holds_alternative", "get_if", "monostate"),
    "vector": ("vector",),
}
HEADER_OF = {name: header for header, names in HEADERS.items() for name in names}


def headers():
    for top in ("src", "broker", "cpp", "examples", "tests", "bench"):
        for directory, _, names in os.walk(os.path.join(ROOT, top)):
            yield from (os.path.join(directory, name) for name in names if name.endswith((".h", ".hpp")))


def missing(path):
    with open(path) as file:
        text = file.read()
    code = re.sub(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"', "", text, flags=re.S)
    named = {HEADER_OF[name] for name in re.findall(r"\bstd::(\w+)", code) if name in HEADER_OF}
    return sorted(named - set(re.findall(r"^#include <(\w+)>", text, re.M)))


class Includes(unittest.TestCase):
    def test_every_header_includes_what_it_names(self):
        found = sorted(headers())
        self.assertGreater(len(found), 100)
        self.assertEqual([f"{os.path.relpath(path, ROOT)}: <{header}>" for path in found for header in missing(path)],
                         [])


if __name__ == "__main__":
    unittest.main()
