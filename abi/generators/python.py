"""Python's declarations for ctypes."""

from .common import COLUMNS, DESTROY, HEAD, by_header, callbacks, camel, is_output

PATH = "bindings/python/kosmonaut/_abi.py"

TYPES = {"void": "None", "kn_status": "_status", "int": "c_int", "int32_t": "c_int32", "int64_t": "c_int64",
         "size_t": "c_size_t", "size_t *": "_length", "const char *": "c_char_p", DESTROY: "Destroy"}

# What every call that is handed in ends with.
HANDED_IN = ["Completion", "c_void_p", "Destroy", "_output"]

TEXT = '''\
"""The functions of libkosmonaut as its C headers declare them, and nothing else.

{head}

Handles are `c_void_p`, and so is what a handle or a text is written to. Borrowed text is
`c_char_p`; text that has to be freed and payloads, which have a length, are `c_void_p`.
"""

from __future__ import annotations

from ctypes import CFUNCTYPE, POINTER, c_char_p, c_int, c_int32, c_int64, c_size_t, c_void_p
from typing import Any, Dict, Tuple

{callbacks}
Destroy = CFUNCTYPE(None, c_void_p)

CALLBACKS: Dict[str, Any] = {{
{names_of_callbacks}
}}

_status = c_int32
_output = POINTER(c_void_p)
_length = POINTER(c_size_t)
_handed_in = ({handed_in})

# Name: (result, arguments).
FUNCTIONS: Dict[str, Tuple[Any, Tuple[Any, ...]]] = {{
{functions}
}}
'''


class Types:
    def __init__(self, description):
        self.of_callbacks = {c["name"]: camel(c["name"]) for c in description["callbacks"]}

    def __call__(self, kind):
        if kind in self.of_callbacks:
            return self.of_callbacks[kind]
        if kind in TYPES:
            return TYPES[kind]
        return "_output" if is_output(kind) else "c_void_p"

    def of_result(self, returns):
        return "c_void_p" if returns.get("payload") else self(returns["type"])


def arguments(function, types):
    names = [types(p["type"]) for p in function["parameters"]]
    if names[-len(HANDED_IN):] == HANDED_IN:
        names[-len(HANDED_IN):] = ["*_handed_in"]
    return f"({names[0]},)" if len(names) == 1 else f"({', '.join(names)})"


def row(function, types):
    name, value = function["name"], f"{types.of_result(function['returns'])}, {arguments(function, types)}"
    line = f'    "{name}": ({value}),'
    return line if len(line) <= COLUMNS else f'    "{name}": (\n        {value}),'


def files(description):
    types = Types(description)
    made = [f"{camel(c['name'])} = CFUNCTYPE(None, {', '.join(types(p['type']) for p in c['parameters'])})"
            for c in callbacks(description)]
    rows = [line for header, functions in by_header(description["functions"])
            for line in [f"    # {header}", *(row(f, types) for f in functions)]]
    return {PATH: TEXT.format(
        head=HEAD, callbacks="\n".join(made), handed_in=", ".join(HANDED_IN), functions="\n".join(rows),
        names_of_callbacks="\n".join(f'    "{c["name"]}": {camel(c["name"])},' for c in callbacks(description)))}
