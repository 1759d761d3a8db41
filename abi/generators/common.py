"""What several generators share: the head line, C's own spelling, lines of a bounded length."""

COLUMNS = 100
HEAD = "Made of the headers in include/kosmonaut by scripts/generate; do not edit."

DESTROY = "void (*)(void *)"
NUMBERS = ("int", "int32_t", "int64_t", "kn_status", "size_t")


def is_output(kind):
    """Whether the caller gives the place for a result."""
    return kind.endswith("**") or kind == "size_t *"


def handles(description):
    return sorted(t["name"] for t in description["types"] if t["kind"] == "handle")


def callbacks(description):
    return sorted(description["callbacks"], key=lambda callback: callback["name"])


def camel(name):
    """`ErrorHandler` of `kn_error_handler`."""
    return "".join(word.capitalize() for word in name.removeprefix("kn_").split("_"))


def c_declared(kind, name):
    """A parameter, or a result and its function, as C writes it."""
    if "(*)" in kind:
        return kind.replace("(*)", f"(*{name})")
    return kind + name if kind.endswith("*") else f"{kind} {name}"


def c_parameters(declaration):
    return [c_declared(p["type"], p["name"]) for p in declaration["parameters"]]


def filled(begin, items, end, indent):
    """A list, broken after a comma wherever a line would be too long; further lines are indented."""
    lines = [begin]
    for number, item in enumerate(items, 1):
        piece = item + (end if number == len(items) else ", ")
        if len(lines[-1]) + len(piece.rstrip()) > COLUMNS:
            lines.append(indent)
        lines[-1] += piece
    return "\n".join(line.rstrip() for line in lines)


def by_header(functions):
    """The functions in the order of the headers: [(header, functions)]."""
    groups = {}
    for function in functions:
        groups.setdefault(function["header"], []).append(function)
    return list(groups.items())
