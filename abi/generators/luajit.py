"""LuaJIT's module, one file for its users: parts that are written by hand, around the declarations."""

import pathlib

from .common import HEAD, c_declared, c_parameters, callbacks, filled, handles

ROOT = pathlib.Path(__file__).resolve().parents[2]
PATH = "examples/ffi/luajit/kosmonaut.lua"
PARTS = ("library", "errors", "options", "batch", "callbacks", "client", "pages", "event", "worker")

TEXT = """\
-- {head}
-- The rest is put together of the files in parts/.

{begin}
ffi.cdef [[
{declarations}
]]

{parts}"""


def part(name):
    return (ROOT / "examples" / "ffi" / "luajit" / "parts" / f"{name}.lua").read_text()


def declarations(description):
    lines = [f"typedef {t['stands_for']} {t['name']};" for t in description["types"] if t["kind"] == "alias"]
    lines += [f"typedef struct {name} {name};" for name in handles(description)]
    lines += [f"typedef void (*{c['name']})({', '.join(c_parameters(c))});" for c in callbacks(description)]
    return "\n".join(lines + [prototype(function) for function in description["functions"]])


def prototype(function):
    begin = c_declared(function["returns"]["type"], function["name"]) + "("
    return filled(begin, c_parameters(function) or ["void"], ");", "    ")


def files(description):
    return {PATH: TEXT.format(head=HEAD, begin=part("begin"), declarations=declarations(description),
                              parts="\n".join(map(part, PARTS)))}
