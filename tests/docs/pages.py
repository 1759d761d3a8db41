"""The pages that people read, and the code in them.

What a page shows between fences is tested by the word after the fence:

    c, cpp, python   a program of its own: compiled and run
    js, ruby, lua    likewise, by scripts/check-languages
    go, rust, java   likewise, by the tests of those languages, in tests/languages
    html             a page: opened in a browser, by tests/browser/pages.test.mjs (the README's: by
                     test_first_steps.py)
    c fragment       some lines of one: compiled, with what the page's <!-- fragments: … --> declares
    cmake, sh        a way to build a program: done with the installed library
    json             parsed
    (nothing)        commands with what they print, if it begins with "$ ", which are run and compared;
                     otherwise a form, which is not tested

A comment <!-- test: … --> just above a fence says what a program or a command needs and does; it is
not shown to readers. See test_examples.py and test_commands.py for its words.
"""

import os
import pathlib
import re
import shlex

ROOT = pathlib.Path(__file__).resolve().parents[2]
LANGUAGES = {"c", "cpp", "python", "js", "ruby", "lua", "go", "rust", "java", "html", "cmake", "sh", "json", ""}


class Block:
    def __init__(self, page, line, info, wishes, lines):
        words = info.split()
        self.page = page
        self.line = line  # of the first line inside
        self.language = words[0] if words else ""
        self.is_fragment = words[1:] == ["fragment"]
        self.wishes = wishes
        self.text = "\n".join(lines) + "\n"
        if (self.language not in LANGUAGES or (words[1:] and not self.is_fragment) or
                (self.is_fragment and self.language != "c")):
            raise AssertionError(f"{self}: no test knows '{info}'")

    def __repr__(self):
        return f"{self.page.relative}:{self.line}"

    @property
    def identifier(self):
        return re.sub(r"\W", "_", self.page.relative.removesuffix(".md")) + f"_{self.line}"

    @property
    def is_transcript(self):
        return self.language == "" and self.text.startswith("$ ")


class Wishes:
    """The words of a <!-- test: … --> comment: `word`, or `word=value`, which may come again."""

    def __init__(self, text=""):
        self.words = [word.partition("=")[::2] for word in shlex.split(text)]
        self.asked = set()

    def all(self, name):
        self.asked.add(name)
        return [value for word, value in self.words if word == name]

    def one(self, name, default=None):
        values = self.all(name)
        return values[0] if values else default

    def has(self, name):
        return bool(self.all(name))

    def require_all_known(self):
        unknown = {word for word, _ in self.words} - self.asked
        assert not unknown, f"no test knows these words: {unknown}"


class Page:
    def __init__(self, path):
        self.path = path
        self.relative = os.path.relpath(path, ROOT)
        self.text = path.read_text()
        self.blocks = []
        self.read_blocks()
        found = re.search(r"^<!-- fragments:\n(.*?)^-->$", self.text, re.M | re.S)
        self.fragment_declarations = found[1] if found else ""

    def read_blocks(self):
        wishes, inside = Wishes(), None
        for number, line in enumerate(self.text.splitlines(), 1):
            fence = re.fullmatch(r"(\s*)```(.*)", line)
            comment = re.fullmatch(r"<!-- test: (.*) -->", line)
            if inside is None and fence:
                inside, info, begin = [], fence[2].strip(), number + 1
            elif inside is None and comment:
                wishes = Wishes(comment[1])
            elif inside is None:
                assert not wishes.words, f"{self.relative}:{number}: no code below a test comment"
            elif fence:
                assert not fence[2], f"{self.relative}:{number}: a fence inside a fence"
                self.blocks.append(Block(self, begin, info, wishes, inside))
                wishes, inside = Wishes(), None
            else:
                inside.append(line)
        assert inside is None, f"{self.relative}: the last fence is open"

    def anchors(self):
        """As the usual renderers make them of headings."""
        outside = re.sub(r"^```.*?^```$", "", self.text, flags=re.M | re.S)
        seen = {}
        for heading in re.findall(r"^#+ (.+)$", outside, re.M):
            anchor = re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")
            count = seen.get(anchor, 0)
            seen[anchor] = count + 1
            yield anchor if count == 0 else f"{anchor}-{count}"

    def links(self):
        """(line, target) of every link that leads to a file or a heading."""
        prose = re.sub(r"^```.*?^```$", lambda code: "\n" * code[0].count("\n"), self.text,
                       flags=re.M | re.S)
        prose = re.sub(r"`[^`\n]*`", lambda code: " " * len(code[0]), prose)
        for found in re.finditer(r"\]\(([^)\s]+)\)", prose):
            if not re.match(r"[a-z]+:", found[1]):
                yield prose.count("\n", 0, found.start()) + 1, found[1]


def pages():
    top = [ROOT / name for name in ("README.md", "ABI.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md")]
    return [Page(path) for path in top + sorted((ROOT / "docs").glob("*.md"))]


def blocks(*languages):
    return [b for page in pages() for b in page.blocks if b.language in languages]
