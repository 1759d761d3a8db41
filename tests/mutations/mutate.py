#!/usr/bin/env python3
"""Breaks a rule in the sources, as a file says it: in some place, one text instead of another.

    mutate.py check              does each mutation of tests/mutations and tests/abi/breaks apply?
    mutate.py apply FILE…        applies them to the checkout that this program stands in

A mutation has a head, an empty line, and one change or more:

    Rule: 140 (Pages of subscribers follow one another: each begins where the one before says.)
    Test: c.pages
    Case: a_page_follows_another
    Target: c_pages_test

    Replace: return "after=" + percent_encoded(after);
    By: return "before=" + percent_encoded(after);

What is replaced has to stand in the sources exactly once, whatever the file is called, and however it is laid out:
white space does not count. Text of more than one line follows on lines of its own, each behind two spaces. With
nothing behind `By:` the text is taken out.

`In:` says where to look, if the text stands in more than one place: within the functions of a name, or in the file
whose path ends so. Files that are no sources are only looked into when it names them.
"""

import collections
import functools
import os
import re
import sys

ROOT = os.path.realpath(os.path.join(os.path.dirname(__file__), "../.."))
DIRECTORIES = (os.path.join("tests", "mutations"), os.path.join("tests", "abi", "breaks"))
SOURCES = ("include", "src", "cpp", "broker")
OTHERS = ("abi", "docs")
SUFFIXES = (".h", ".hpp", ".c", ".cpp", ".js", ".map", ".md", ".txt", ".in", ".symbols")
BASELINE = os.path.join("abi", "baseline")
HEADS = ({"Rule": True, "Test": True, "Case": False, "Target": True, "Build": False},
         {"What": True, "Guards": True})  # is it required?


class Malformed(Exception):
    """What a mutation says makes no sense."""


class DoesNotApply(Exception):
    """The sources are not what a mutation takes them for."""


Change = collections.namedtuple("Change", "place old new")


# ---- The form ----

def fields(text):
    """Each (name, value); the lines of a value have lost what sets them off."""
    found = []
    for line in text.splitlines():
        field = re.match(r"([A-Z]\w*):(?: (.*)|$)", line)
        if field:
            found.append((field[1], [field[2]] if field[2] else []))
        elif found and (line.startswith("  ") or not line.strip()):
            found[-1][1].append(line[2:])
        else:
            raise Malformed(f"what is this line? {line!r}")
    return [(name, "\n".join(lines).rstrip()) for name, lines in found]


def check_head(head):
    names = [name for name, _ in head]
    form = next((form for form in HEADS if names and names[0] in form), None)
    if form is None:
        raise Malformed("begins neither with 'Rule:' nor with 'What:'")
    for name, value in head:
        if name not in form or names.count(name) > 1 or not value:
            raise Malformed(f"'{name}:' is not known, is empty, or is there twice")
    for name in (name for name, required in form.items() if required and name not in names):
        raise Malformed(f"has no '{name}:'")


def changes_of(body):
    names = " ".join(name for name, _ in body)
    if not re.fullmatch(r"(?:(?:In )?Replace By ?)+", names):
        raise Malformed(f"'In:', 'Replace:' and 'By:' have to follow one another; here it is: {names or 'nothing'}")
    place = None
    for name, value in body:
        if name == "In":
            place = value
        elif name == "Replace":
            old = value
        else:
            yield Change(place, old, value)
            place = None


def parse(text):
    """The head as a dictionary, and the changes."""
    head, _, body = text.partition("\n\n")
    head = fields(head)
    check_head(head)
    changes = list(changes_of(fields(body)))
    for change in changes:
        if not change.old or folded(change.old) == folded(change.new) or change.place == "":
            raise Malformed(f"changes nothing: {change.old!r}")
    return dict(head), changes


# ---- Looking for a text ----

def folded(text):
    return "".join(text.split())


def pattern(text):
    """Finds a text, however it is laid out; words at its ends are whole ones."""
    text = folded(text)
    begin, end = (r"\b" if re.match(r"\w", edge) else "" for edge in (text[0], text[-1]))
    return re.compile(begin + r"\s*".join(map(re.escape, text)) + end)


def without_words(code):
    """The code with comments and what stands in quotes blanked out; every character stays at its place."""
    def blank(match):
        return re.sub(r"\S", " ", match[0])
    return re.sub(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n]){1,4}\'', blank, code, flags=re.S)


def after_pair(code, at):
    """Behind the bracket that closes the one at `at`; None if there is none."""
    depth = 0
    for match in re.finditer(r"[({\[]|[)}\]]", code[at:]):
        depth += 1 if match[0] in "({[" else -1
        if depth == 0:
            return at + match.end()
    return None


def end_of_function(code, at):
    """Behind the body of the function whose parameters begin at `at`; None if this is no definition."""
    at = after_pair(code, at)
    initializes = False
    while at is not None:
        match = re.compile(r"::|[:;,=)}\](\[{]").search(code, at)
        if match is None or match[0] in ";,=)}]" and not (initializes and match[0] == ","):
            return None
        if match[0] in "([":
            at = after_pair(code, match.start())
        elif match[0] == "{":
            is_member = initializes and re.search(r"[\w>]$", code[at:match.start()].rstrip())
            at = after_pair(code, match.start())
            if not is_member:
                return at
        else:
            initializes = initializes or match[0] == ":"
            at = match.end()
    return None


class File:
    def __init__(self, path, text):
        self.path = path
        self.text = text
        self.is_source = path.startswith(tuple(top + os.sep for top in SOURCES))

    @functools.cached_property
    def folded(self):
        return folded(self.text)

    @functools.cached_property
    def code(self):
        return without_words(self.text)

    def functions(self, name):
        """Where the definitions of that name begin and end; the line that each begins on is a part of it."""
        for match in re.finditer(rf"(?<![\w.>]){re.escape(name)}\s*(?=\()", self.code):
            before = self.code[:match.start()].rstrip()
            if before.endswith(",") or re.search(r"(?<!:|c|e|d):$", before):  # a member; public, private, protected
                continue
            end = end_of_function(self.code, match.end())
            if end is not None:
                yield self.text.rfind("\n", 0, match.start()) + 1, end

    def replaced(self, begin, end, new):
        """The text with something else between two places. Whole lines go with the line's end."""
        line = self.text.rfind("\n", 0, begin) + 1
        rest = self.text.find("\n", end)
        if not new and not self.text[line:begin].strip() and rest >= 0 and not self.text[end:rest].strip():
            return self.text[:line] + self.text[rest + 1:]
        indentation = re.match(r"[ \t]*", self.text[line:begin])[0]
        first = new.lstrip(" ")  # where later lines are less far in than the first, it says so by spaces of its own
        indentation = indentation[:max(0, len(indentation) - (len(new) - len(first)))]
        return self.text[:begin] + re.sub(r"\n(?=[^\n])", "\n" + indentation, first) + self.text[end:]


class Tree:
    """The files of a checkout that mutations may change. It stays as it is."""

    def __init__(self, files):
        self.files = files

    @classmethod
    def read(cls, root):
        files = []
        for top in SOURCES + OTHERS:
            for directory, below, names in os.walk(os.path.join(root, top)):
                directory = os.path.relpath(directory, root)
                below[:] = sorted(name for name in below if os.path.join(directory, name) != BASELINE)
                for path in (os.path.join(directory, name) for name in sorted(names) if name.endswith(SUFFIXES)):
                    with open(os.path.join(root, path), encoding="utf-8", newline="") as file:
                        files.append(File(path, file.read()))
        return cls(files)

    def with_file(self, changed):
        return Tree([changed if file.path == changed.path else file for file in self.files])

    def named(self, place):
        found = [file for file in self.files if file.path == place or file.path.endswith("/" + place)]
        if len(found) != 1:
            raise DoesNotApply(f"'In: {place}' is {len(found)} files" + "".join(f"\n  {file.path}" for file in found))
        return found[0]

    def places(self, change):
        """Each (file, begin, end) where the text is looked for."""
        if change.place is None:
            wanted = folded(change.old)
            return [(file, 0, len(file.text)) for file in self.files if file.is_source and wanted in file.folded]
        if "." in change.place:
            file = self.named(change.place)
            return [(file, 0, len(file.text))]
        bodies = [(file, *body) for file in self.files if file.is_source and change.place in file.text
                  for body in file.functions(change.place)]
        if not bodies:
            raise DoesNotApply(f"there is no function '{change.place}'")
        return bodies

    def spans(self, change):
        """Each (file, begin, end) where the text stands."""
        wanted = pattern(change.old)
        return list(dict.fromkeys((file, *match.span()) for file, *place in self.places(change)
                                  for match in wanted.finditer(file.text, *place)))

    def nearest(self, old):
        """The line that has most in common with a text that is not there."""
        first = max(old.splitlines(), key=len)
        words = set(re.findall(r"\w+", first))

        def common(line):
            others = set(re.findall(r"\w+", line))
            return len(words & others) / (len(words | others) or 1)
        return max(((common(line), f"{file.path}:{number}: {line.strip()}") for file in self.files
                    for number, line in enumerate(file.text.splitlines(), 1)), default=(0, "nothing"))[1]

    def changed(self, change):
        """The file that a change is about, as it is afterwards."""
        spans = self.spans(change)
        where = f" in '{change.place}'" if change.place else ""
        if not spans:
            raise DoesNotApply(f"is not there{where}:\n  {change.old}\nThe nearest:\n  {self.nearest(change.old)}")
        if len(spans) > 1:
            lines = "".join(f"\n  {file.path}:{file.text.count(chr(10), 0, begin) + 1}" for file, begin, _ in spans)
            raise DoesNotApply(f"is there {len(spans)} times{where}:\n  {change.old}{lines}")
        file, begin, end = spans[0]
        return File(file.path, file.replaced(begin, end, change.new))


# ---- Mutations ----

def mutations(root):
    for directory in DIRECTORIES:
        directory = os.path.join(root, directory)
        if os.path.isdir(directory):
            yield from (os.path.join(directory, name) for name in sorted(os.listdir(directory))
                        if name.endswith(".mutation"))


def read_mutation(path):
    with open(path, encoding="utf-8") as file:
        return parse(file.read())


def mutated(tree, path):
    """What each file that a mutation changes is afterwards."""
    changed = {}
    for change in read_mutation(path)[1]:
        file = tree.changed(change)
        tree = tree.with_file(file)
        changed[file.path] = file.text
    return changed


def check(root):
    """What is wrong with the mutations of a checkout, each with its name."""
    tree = Tree.read(root)
    for path in mutations(root):
        try:
            mutated(tree, path)
        except (Malformed, DoesNotApply) as error:
            yield f"{os.path.relpath(path, root)}: {error}"


def apply(root, path):
    for name, text in mutated(Tree.read(root), path).items():
        with open(os.path.join(root, name), "w", encoding="utf-8", newline="") as file:
            file.write(text)


def main(arguments):
    if arguments == ["check"]:
        wrong = list(check(ROOT))
        sys.exit("\n".join(wrong) or None)
    if len(arguments) < 2 or arguments[0] != "apply":
        sys.exit("usage: mutate.py check | apply FILE…")
    for path in arguments[1:]:
        try:
            apply(ROOT, path)
        except (Malformed, DoesNotApply) as error:
            sys.exit(f"{path}: {error}")


if __name__ == "__main__":
    main(sys.argv[1:])
