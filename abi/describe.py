#!/usr/bin/env python3
"""Describes the C ABI for whoever writes or checks a binding.

    abi/describe.py            compares abi/kosmonaut.json with the headers
    abi/describe.py --write    makes it anew

Everything in it is read from the headers: types from the declarations, the rest (who owns what, where
NULL is allowed, on which thread, which statuses) from the comments, whose form the tests of docs/
look after.
"""

import json
import pathlib
import re
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "tests" / "docs"))

from headers import Callback, Constant, Function, ROOT, Type, declarations  # noqa: E402

FILE = HERE / "kosmonaut.json"


def release():
    return re.search(r"VERSION (\S+)", (ROOT / "CMakeLists.txt").read_text().partition("project(")[2])[1]


def one_line(text):
    return " ".join(text.split())


def ownership(kind, text):
    """How a pointer changes hands: copied, borrowed, or handed over, and then freed with what."""
    freed = re.search(r"\bfrees (?:it )?(?:once )?with (kn_\w+)\(\)", text)
    if freed:
        return {"ownership": "handed over", "freed_with": freed[1]}
    if kind == "kn_error **":
        return {"ownership": "handed over", "freed_with": "kn_error_free"}
    for word, way in (("borrowed", "borrowed"), ("copied", "copied"), ("static text", "static")):
        if re.search(rf"\b{word}\b", text):
            return {"ownership": way}
    return {"ownership": "copied"} if kind == "const char *" else {}


def may_be_null(kind, text):
    if "**" in kind:
        return "may be NULL" in text
    return re.search(r"(?<!not )\bNULL\b", text) is not None


def texts_of(declaration):
    """What is said of each parameter; `as for kn_other()` says what is said there."""
    texts = {}
    for name, text in declaration.described_parameters:
        text = one_line(text)
        elsewhere = re.match(r"as for (kn_\w+)\(\)", text)
        if elsewhere and name in by_name[elsewhere[1]].parameters:
            rest = text[elsewhere.end():].removeprefix(".")
            text = texts_of(by_name[elsewhere[1]])[name].removesuffix("." if rest else "") + rest
        texts[name] = text
    return texts


def parameters_of(declaration):
    texts = texts_of(declaration)
    for name, kind in zip(declaration.parameters, declaration.types):
        text = texts.get(name, "")
        if "*" in kind or kind in callbacks:
            yield {"name": name, "type": kind, "nullable": may_be_null(kind, text),
                   **ownership(kind, text), "text": text}
        else:
            yield {"name": name, "type": kind, "text": text}


def statuses_of(text):
    return list(dict.fromkeys(name for name in re.findall(r"\bKN_\w+", text) if name in statuses))


def brief_of(declaration):
    brief = declaration.sections("brief")
    return one_line(brief[0].split("\n\n")[0] if brief else re.split(r"@\w+", declaration.comment)[0])


def entry(declaration):
    return {"name": declaration.name, "header": declaration.header, "since": declaration.since,
            "text": brief_of(declaration)}


def function(f):
    returned = one_line(" ".join(f.sections("return")))
    return {**entry(f), "threads": f.thread_rule,
            "returns": {"type": f.returns, **returned_ownership(f, returned), "text": returned},
            "parameters": list(parameters_of(f)),
            **({"statuses": statuses_of(returned)} if f.returns == "kn_status" else {})}


def returned_ownership(f, text):
    return ownership(f.returns.replace("const char *", "char *"), text) if "*" in f.returns else {}


def described():
    return {
        "version": release(),
        "library": "libkosmonaut.so.1",
        "functions": [function(d) for d in known if isinstance(d, Function)],
        "callbacks": [{**entry(d), "returns": {"type": "void"}, "parameters": list(parameters_of(d))}
                      for d in known if isinstance(d, Callback)],
        "types": [{**entry(d), "kind": "handle" if d.is_handle else "alias",
                   **({"stands_for": d.stands_for} if d.stands_for else {})}
                  for d in known if isinstance(d, Type)],
        "constants": [{**entry(d), "since": d.since or "1.0", "value": d.value}
                      for d in known if isinstance(d, Constant)],
    }


by_name = declarations()
known = list(by_name.values())
callbacks = {d.name for d in known if isinstance(d, Callback)}
statuses = {d.name for d in known if isinstance(d, Constant) and d.header == "status.h"}

if __name__ == "__main__":
    text = json.dumps(described(), indent=1, ensure_ascii=False) + "\n"
    if sys.argv[1:] == ["--write"]:
        FILE.write_text(text)
    elif not FILE.exists() or FILE.read_text() != text:
        sys.exit(f"{FILE.relative_to(ROOT)} is not what the headers say; abi/describe.py --write makes it anew")
