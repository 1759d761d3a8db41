"""The lists of names: what is exported, since when, under which version of the symbols."""

import re

from .common import HEAD

KINDS = {"functions": "function", "callbacks": "callback", "types": "type", "constants": "constant",
         "macros": "macro"}

NAMES_HEAD = f"""\
# {HEAD}
#
# Every name that the C headers define, and the release that introduced it. A name stays here for good.
#
# name                             kind      since
"""


def node(since):
    """The version of the symbols that came with a release: KOSMONAUT_1 with 1.0, KOSMONAUT_1.1 with 1.1."""
    return "KOSMONAUT_" + since.removesuffix(".0")


def number(since):
    return tuple(int(part) for part in since.split("."))


def exported(description):
    """[(name, since)] in the order of the names."""
    return sorted((f["name"], f["since"]) for f in description["functions"])


def releases(description):
    """Those that brought functions, the oldest first."""
    return sorted({since for _, since in exported(description)}, key=number)


def symbol_list(description):
    rows = [f"{name}@@{node(since)}\n" for name, since in exported(description)]
    return f"# {HEAD}\n" + "".join(rows)


def names_in_versions(description):
    rows = sorted((d["name"], kind, d["since"]) for key, kind in KINDS.items() for d in description[key])
    return NAMES_HEAD + "".join(f"{name:<34} {kind:<9} {since}\n" for name, kind, since in rows)


def linker_map(description):
    text, before = f"# {HEAD}\n", None
    for release in releases(description):
        names = "".join(f"    {name};\n" for name, since in exported(description) if since == release)
        hidden = "" if before else "  local:\n    *;\n"
        text += f"{node(release)} {{\n  global:\n{names}{hidden}}}{f' {before}' if before else ''};\n"
        before = node(release)
    return text


def debian_symbols(description):
    library = description["library"]
    number_of_soname = re.search(r"\d+$", library)[0]
    rows = [(node(since), since) for since in releases(description)] + exported(description)
    lines = [f" {name}@{node(since)} {since}.0\n" for name, since in rows]
    return (f"# {HEAD}\n{library} libkosmonaut{number_of_soname} #MINVER#\n"
            "* Build-Depends-Package: libkosmonaut-dev\n" + "".join(lines))


def files(description):
    return {
        "abi/kosmonaut.symbols": symbol_list(description),
        "abi/symbols-in-versions.txt": names_in_versions(description),
        "abi/kosmonaut.map": linker_map(description),
        "debian/libkosmonaut1.symbols": debian_symbols(description),
    }
