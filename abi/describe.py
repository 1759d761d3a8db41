"""The C ABI as data: what abi/kosmonaut.json holds, and every generated declaration is made of.

Everything in it is read from the headers: types from the declarations, the rest (who owns what, where
NULL is allowed, on which thread, which statuses) from the comments, whose form the tests of docs/
look after.
"""

import re

from headers import ROOT

FIRST_RELEASE = "1.0"  # what does not say since when it is there came with it


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


def payloads(declaration):
    """The names of the parameters that are bytes with a length beside them; the result's is "".

    A payload is `const char *NAME, size_t NAME_length`, or the result beside `size_t *length`.
    """
    parameters = list(zip(declaration.types, declaration.parameters))
    found = set()
    for at, (kind, name) in enumerate(parameters):
        if not name.endswith("length"):
            continue
        before = parameters[at - 1] if at > 0 else None
        if kind == "size_t" and before == ("const char *", name.removesuffix("_length")):
            found.add(before[1])
        elif (kind, name) == ("size_t *", "length") and declaration.returns == "const char *":
            found.add("")
        else:
            raise AssertionError(f"{declaration}: what is '{kind} {name}' the length of?")
    return found


def brief_of(declaration):
    brief = declaration.sections("brief")
    return one_line(brief[0].split("\n\n")[0] if brief else re.split(r"@\w+", declaration.comment)[0])


def entry(declaration):
    return {"name": declaration.name, "header": declaration.header,
            "since": declaration.since or FIRST_RELEASE, "text": brief_of(declaration)}


def returned_ownership(kind, text):
    return ownership(kind.replace("const char *", "char *"), text) if "*" in kind else {}


class Describer:
    """Describes declarations, whose comments may point at each other."""

    def __init__(self, by_name):
        self.by_name = by_name
        self.callbacks = {d.name for d in self.of_kind("callback")}
        self.statuses = {d.name for d in self.of_kind("constant") if d.header == "status.h"}

    def of_kind(self, kind):
        return [d for d in self.by_name.values() if d.kind == kind]

    def texts_of(self, declaration):
        """What is said of each parameter; `as for kn_other()` says what is said there."""
        texts = {}
        for name, text in declaration.described_parameters:
            text = one_line(text)
            elsewhere = re.match(r"as for (kn_\w+)\(\)", text)
            if elsewhere and name in self.by_name[elsewhere[1]].parameters:
                rest = text[elsewhere.end():].removeprefix(".")
                text = (self.texts_of(self.by_name[elsewhere[1]])[name].removesuffix("." if rest else "")
                        + rest)
            texts[name] = text
        return texts

    def parameters_of(self, declaration):
        texts = self.texts_of(declaration)
        with_length = payloads(declaration) if declaration.kind == "function" else ()
        for name, kind in zip(declaration.parameters, declaration.types):
            text = texts.get(name, "")
            if "*" in kind or kind in self.callbacks:
                yield {"name": name, "type": kind, **({"payload": True} if name in with_length else {}),
                       "nullable": may_be_null(kind, text), **ownership(kind, text), "text": text}
            else:
                yield {"name": name, "type": kind, "text": text}

    def statuses_of(self, text):
        return list(dict.fromkeys(name for name in re.findall(r"\bKN_\w+", text) if name in self.statuses))

    def function(self, f):
        returned = one_line(" ".join(f.sections("return")))
        return {**entry(f), "threads": f.thread_rule,
                "returns": {"type": f.returns, **({"payload": True} if "" in payloads(f) else {}),
                            **returned_ownership(f.returns, returned), "text": returned},
                "parameters": list(self.parameters_of(f)),
                **({"statuses": self.statuses_of(returned)} if f.returns == "kn_status" else {})}

    def callback(self, c):
        return {**entry(c), "returns": {"type": "void"}, "parameters": list(self.parameters_of(c))}

    def type(self, t):
        return {**entry(t), "kind": "handle" if t.is_handle else "alias",
                **({"stands_for": t.stands_for} if t.stands_for else {})}

    def constant(self, c):
        return {**entry(c), "value": c.value}

    def macro(self, m):
        return {"name": m.name, "header": m.header, "since": m.since or FIRST_RELEASE}


def described(by_name):
    """The description of headers.declarations()."""
    describer = Describer(by_name)
    return {
        "version": release(),
        "library": "libkosmonaut.so.1",
        "functions": [describer.function(d) for d in describer.of_kind("function")],
        "callbacks": [describer.callback(d) for d in describer.of_kind("callback")],
        "types": [describer.type(d) for d in describer.of_kind("type")],
        "constants": [describer.constant(d) for d in describer.of_kind("constant")],
        "macros": [describer.macro(d) for d in describer.of_kind("macro")],
    }
