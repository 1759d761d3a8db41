"""Whether each file of the library and of the broker stands in a room, and the rooms know only those that
docs/architecture.md lets them know."""

import os
import re
import unittest

ROOT = os.path.realpath(os.path.join(os.path.dirname(__file__), "../.."))
HALVES = {"The broker's rooms": "broker/src", "The library's rooms": "src"}
OUTSIDE = {"main.cpp", "CMakeLists.txt", ".clang-tidy"}


def table(title):
    """{room: the rooms that it may include}, as the page has it."""
    with open(os.path.join(ROOT, "docs/architecture.md")) as file:
        section = re.search(rf"^## {title}\n(.*?)(?=^## |\Z)", file.read(), re.M | re.S)[1]
    rows = re.findall(r"^\| `(\w+)/` \| ([^|]*) \|", section, re.M)
    return {room: set(below.split()) - {"-"} for room, below in rows}


def sources(half):
    """{path below the half: the paths that it includes}"""
    found = {}
    for directory, _, names in os.walk(os.path.join(ROOT, half)):
        for name in names:
            path = os.path.relpath(os.path.join(directory, name), os.path.join(ROOT, half))
            if path in OUTSIDE:
                continue
            with open(os.path.join(ROOT, half, path)) as file:
                found[path] = re.findall(r'^ *# *include "([^"]+)"', file.read(), re.M)
    return found


def room(path):
    return path.split("/")[0] if "/" in path else None


def wrong(rooms, files):
    """What is wrong with them, a line each."""
    for path, included in sorted(files.items()):
        if room(path) not in rooms or path.count("/") != 1:
            yield f"{path} is in no room of the page"
            continue
        for other in included:
            if other not in files:
                yield f"{path} includes {other}, which is no ROOM/FILE"
            elif room(other) != room(path) and room(other) not in rooms[room(path)]:
                yield f"{path} includes {other}: {room(path)} may not know {room(other)}"
    yield from (f"headers include each other: {' '.join(circle)}" for circle in circles(files))


def circles(files):
    headers = {path: [other for other in included if other in files] for path, included in files.items()
               if path.endswith((".h", ".hpp"))}
    done = set()

    def visit(path, way):
        if path in way:
            yield way[way.index(path):] + [path]
        elif path not in done:
            for other in headers.get(path, ()):
                yield from visit(other, way + [path])
            done.add(path)

    for path in sorted(headers):
        yield from visit(path, [])


class Rooms(unittest.TestCase):
    def test_nobody_includes_what_is_above(self):
        for title, half in HALVES.items():
            rooms, files = table(title), sources(half)
            self.assertEqual(set(rooms), {room(path) for path in files}, f"{half}, and the table {title!r}")
            self.assertEqual(list(wrong(rooms, files)), [], half)

    def test_a_wrong_one_is_noticed(self):
        rooms = {"base": set(), "net": {"base"}}
        good = {"base/text.h": [], "net/loop.h": ["base/text.h"], "net/loop.cpp": ["net/loop.h"]}
        self.assertEqual(list(wrong(rooms, good)), [])
        for path, included in (("base/text.h", ["net/loop.h"]), ("net/loop.cpp", ["loop.h"]), ("text.h", []),
                               ("net/deep/text.h", []), ("api/text.h", []), ("base/a.h", ["base/a.h"])):
            self.assertEqual(len(list(wrong(rooms, {**good, path: included}))) > 0, True, path)


if __name__ == "__main__":
    unittest.main()
