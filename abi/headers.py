"""The public C headers as their readers see them: what they declare, and the comment before it.

A declaration in a form that this file does not know is an error, not something to pass over.
"""

import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parents[1]
INCLUDE = ROOT / "include" / "kosmonaut"

COMMENT = r"/\*\*((?:(?!\*/).)*)\*/\s*"


class Declaration:
    def __init__(self, kind, name, comment, header):
        self.kind = kind  # function, callback, type, constant or macro
        self.name = name
        self.comment = clean(comment)
        self.header = header

    def __repr__(self):
        return f"{self.name} in {self.header}"

    @property
    def since(self):
        found = re.search(r"@since (\S+)", self.comment)
        return found and found[1]

    def sections(self, command):
        """The texts that follow a command, each up to the next one."""
        return [text.strip() for text in
                re.findall(rf"^ *@{command}\b(.*?)(?=^ *@|\Z)", self.comment, re.M | re.S)]

    @property
    def described_parameters(self):
        return [text.split(None, 1) for text in self.sections("param")]

    @property
    def thread_rule(self):
        for text in self.sections("par"):
            title, _, rule = text.partition("\n")
            if title.strip() == "Threads":
                return " ".join(rule.split())
        return None


class Function(Declaration):
    def __init__(self, prototype, comment, header):
        prototype = " ".join(prototype.split())
        result, name, parameters = re.fullmatch(r"(.+?)(kn_\w+)\((.*)\)", prototype).groups()
        super().__init__("function", name, comment, header)
        self.returns = result.strip()
        self.parameters = parameter_names(parameters)
        self.types = parameter_types(parameters)


class Callback(Declaration):
    def __init__(self, name, parameters, comment, header):
        super().__init__("callback", name, comment, header)
        self.parameters = parameter_names(parameters)
        self.types = parameter_types(parameters)


class Type(Declaration):
    def __init__(self, name, definition, comment, header):
        super().__init__("type", name, comment, header)
        self.is_handle = definition.startswith("struct ")
        self.stands_for = None if self.is_handle else definition.removesuffix(name).strip()


class Constant(Declaration):
    def __init__(self, name, value, comment, header):
        super().__init__("constant", name, comment, header)
        self.value = value


def clean(comment):
    """Without the stars at the beginnings of the lines."""
    return re.sub(r"^ *\* ?", "", comment or "", flags=re.M)


def parameters_in(text):
    """(type, name) of each."""
    if text.strip() == "void":
        return []
    found = []
    for parameter in re.split(r",(?![^(]*\))", text):
        pointer_to_function = re.search(r"\(\*(\w+)\)\(", parameter)
        name = (pointer_to_function[1] if pointer_to_function
                else re.search(r"(\w+|\.\.\.)\s*$", parameter)[1])
        kind = parameter.replace(name, "", 1) if pointer_to_function else parameter.strip()[:-len(name)]
        found.append((" ".join(kind.split()), name))
    return found


def parameter_names(text):
    return [name for _, name in parameters_in(text)]


def parameter_types(text):
    return [kind for kind, _ in parameters_in(text)]


def declarations_in(path):
    text = path.read_text()
    header = path.name.removesuffix(".in")
    found = []
    for comment, prototype in re.findall(rf"(?:{COMMENT})?^KN_API ([^;{{]+);", text, re.S | re.M):
        found.append(Function(prototype, comment, header))
    for comment, body in re.findall(rf"(?:{COMMENT})?^typedef ([^;]+);", text, re.S | re.M):
        callback = re.fullmatch(r"\w+ \(\*(kn_\w+)\)\((.*)\)", " ".join(body.split()))
        if callback:
            found.append(Callback(callback[1], callback[2], comment, header))
        else:
            found.append(Type(re.search(r"(\w+)$", body)[1], body, comment, header))
    for body in re.findall(r"^enum \{(.*?)\};", text, re.S | re.M):
        for comment, name, value in re.findall(rf"(?:{COMMENT})?\b(KN_\w+) = (-?\d+),?$", body, re.S | re.M):
            found.append(Constant(name, int(value), comment, header))
    macros = re.findall(rf"(?:{COMMENT})?^ *# *define (KN_\w+)", text, re.S | re.M)
    for name in dict.fromkeys(name for _, name in macros):
        comment = next((c for c, n in macros if n == name and c), "")
        found.append(Declaration("macro", name, comment, header))
    require_all_read(path, text, found)
    return found


def require_all_read(path, text, found):
    """Counts what the headers' words say there is, in a simpler way than above."""
    code = re.sub(r"/\*.*?\*/", "", text, flags=re.S)
    counts = {
        "function": len(re.findall(r"^KN_API ", code, re.M)),
        "constant": len(re.findall(r"^ +KN_\w+ =", code, re.M)),
        "typedef": len(re.findall(r"\btypedef\b", code)),
        "macro": len(set(re.findall(r"^ *# *define (KN_\w+)", code, re.M))),
    }
    kinds = {"callback": "typedef", "type": "typedef"}
    for kind, count in counts.items():
        read = [d for d in found if kinds.get(d.kind, d.kind) == kind]
        if len(read) != count:
            raise AssertionError(f"{path}: read {len(read)} of {count}: {kind}")


def declarations():
    """Everything that the installed C headers declare, by its name."""
    paths = sorted(INCLUDE.glob("*.h")) + sorted(INCLUDE.glob("*.h.in"))
    found = [d for path in paths for d in declarations_in(path)]
    names = {d.name: d for d in found}
    assert len(names) == len(found), "a name is declared twice"
    return names
