"""Whether each Python module has a name of its own.

A program that puts another directory on its path, as tests and benchmarks do with tests/broker, imports whichever
module of a name comes first.
"""

import collections
import os
import unittest

ROOT = os.path.realpath(os.path.join(os.path.dirname(__file__), "../.."))
TOPS = ("abi", "bench", "bindings", "examples", "tests")


def modules():
    for top in TOPS:
        for directory, below, names in os.walk(os.path.join(ROOT, top)):
            below[:] = [name for name in below if name != "node_modules"]
            yield from (os.path.relpath(os.path.join(directory, name), ROOT) for name in names
                        if name.endswith(".py") and name != "__init__.py")


class Modules(unittest.TestCase):
    def test_no_two_have_one_name(self):
        of_name = collections.defaultdict(list)
        for path in sorted(modules()):
            of_name[os.path.basename(path)].append(path)
        self.assertGreater(len(of_name), 50)
        self.assertEqual([paths for paths in of_name.values() if len(paths) > 1], [])


if __name__ == "__main__":
    unittest.main()
