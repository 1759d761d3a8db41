"""Makes what is made of the public headers, or tells which of it is not what they say.

    generate.py            writes the files that are not
    generate.py --check    shows how they differ
"""

import difflib
import json
import pathlib
import sys

from describe import described
from generators import go, java, luajit, nodejs, python, ruby, rust, symbols
from generators.common import HEAD
from headers import ROOT, declarations

NAMES = "abi/symbols-in-versions.txt"


def description_file(description):
    text = json.dumps({"generated": HEAD, **description}, indent=1, ensure_ascii=False) + "\n"
    return {"abi/kosmonaut.json": text}


def generated(description):
    """The text of every generated file by its path from the root."""
    files = description_file(description)
    for generator in (symbols, python, ruby, nodejs, rust, java, go, luajit):
        files.update(generator.files(description))
    return files


def text_of(path):
    path = ROOT / path
    return path.read_text() if path.exists() else ""


def outdated(files):
    return {path: text for path, text in files.items() if text_of(path) != text}


def lost_names(files):
    """The rows that the list of names would lose, and with them programs a function or a constant."""
    def rows(text):
        return {" ".join(line.split()) for line in text.splitlines() if line and not line.startswith("#")}
    return sorted(rows(text_of(NAMES)) - rows(files[NAMES]))


def difference(path, text):
    return "".join(difflib.unified_diff(text_of(path).splitlines(True), text.splitlines(True),
                                        path, f"{path}, made anew", n=1))


def check(files):
    for path, text in outdated(files).items():
        print(difference(path, text), end="")
    if outdated(files):
        sys.exit(f"not up to date: {', '.join(outdated(files))}; scripts/generate makes them anew")


def require_names(files):
    lost = lost_names(files)
    if lost:
        sys.exit(f"the headers have no longer what {NAMES} lists: {'; '.join(lost)}. A name stays for good "
                 "(ABI.md); one that no release has had is taken out of the list by hand.")


def write(files):
    for path, text in outdated(files).items():
        (ROOT / path).write_text(text)
        print(f"made anew: {path}")


def main(usage, files):
    if sys.argv[1:] not in ([], ["--check"]):
        sys.exit(usage)
    (check if sys.argv[1:] else write)(files)


if __name__ == "__main__":
    made = generated(described(declarations()))
    require_names(made)
    main(__doc__, made)
