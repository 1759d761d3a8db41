"""No file of more than 500 lines, and no function of more than 50, but what is generated."""

import os
import unittest

import functions

ROOT = os.path.realpath(os.path.join(os.path.dirname(__file__), "../.."))
FILE_MAX = 500
FUNCTION_MAX = 50
TOPS = (".ci", "abi", "bench", "bindings", "broker", "cmake", "cpp", "debian", "docs", "examples", "include", "scripts",
        "src", "tests")
OF_NO_INTEREST = {"__pycache__", "node_modules", "build", "target", "baseline"}
CODE = {*functions.LANGUAGES, ".css", ".html", ".ts", ".in"} - {"", ".txt"}
GENERATED = "by scripts/generate; do not edit."


def is_code(path, text):
    name = os.path.basename(path)
    return os.path.splitext(name)[1] in CODE or name == "CMakeLists.txt" or text.startswith("#!")


def sources():
    """Each (path, text) that somebody has written."""
    for top in TOPS:
        for directory, below, names in os.walk(os.path.join(ROOT, top)):
            below[:] = sorted(name for name in below if name not in OF_NO_INTEREST)
            for name in sorted(names):
                path = os.path.join(directory, name)
                with open(path, "rb") as file:
                    text = file.read().decode("utf-8", "replace")
                if is_code(path, text) and GENERATED not in "\n".join(text.split("\n", 3)[:3]):
                    yield os.path.relpath(path, ROOT), text


def too_long(files):
    """What is wrong with them, a line each."""
    for path, text in files:
        count = text.count("\n")
        if count > FILE_MAX:
            yield f"{path} has {count} lines"
        language = functions.language_of(path)
        for name, first, last in functions.functions(language, text) if language else ():
            if last - first + 1 > FUNCTION_MAX:
                yield f"{path}:{first}: {name} has {last - first + 1} lines"


class Sizes(unittest.TestCase):
    def test_nothing_is_too_long(self):
        files = list(sources())
        self.assertGreater(len(files), 500)
        wrong = list(too_long(files))
        self.assertEqual(wrong, [], "\n".join(wrong))


class Counting(unittest.TestCase):
    """Of functions, one of three lines in each language, among what looks like one."""

    SAMPLES = {
        "C": """\
namespace kn {
struct box { int size = 1; };
const int sizes[] = {
    1, 2, 3, 4};
#define BOX(x) {
template <class T>
box::box(int limit) : limit_(limit), parts_{'{', "}"} { /* } */
    limit(R"({)"); }
class crate final : public box {
    int more() const noexcept override {
        if (size > 1) { return 0; }
        return 1; }
};
struct box *made(void) {
    return 0;
}
INSTANTIATE_TEST_SUITE_P(all, boxes, testing::Values(box{
    1,
    2}));
}
""",
        "Java": """\
public final class Box {
    @Override public void close() {
        free("}");
    }
    record Pair(int a, int b) {
        static {
            load();
        }
    }
}
""",
        "Go": """\
package main
import ("fmt")
type Box struct {
    size int
}
func (b *Box) Close() error {
    return fmt.Errorf(`}`)
}
""",
        "Rust": """\
#[derive(Debug)]
pub struct Box<'a> {
    size: &'a i32,
}
impl<'a> Box<'a> {
    pub(crate) fn size(&self) -> char {
        '}'
    }
}
""",
        "JavaScript": """\
const sizes = {
  one: 1, two: 2,
};
export class Box extends Other {
  async close({ after = 1 } = {}) {
    if (/[}/]/.test(`}`)) return;
  }
}
test('it is closed', { timeout: 1 }, async (t) => {
  box.close();
});
""",
        "Python": """\
class Box:
    size = {1: 2}
    def close(self):
        def inner(): return 1
        return inner
""",
        "Ruby": """\
class Box
  def close
    if open? then 1 end
  end
end
""",
        "Lua": """\
local Box = {}
function Box:close()
    if self.open then self.open = false end
end
""",
        "shell": """\
if [ -f x ]; then
  close
fi
close() { # BOX
  rm -f x
}
""",
        "CMake": """\
set(a b)
function(close box)
  message("${box}")
endfunction()
""",
    }

    def test_of_three_lines(self):
        counts = {"C": 3, "Java": 2, "JavaScript": 2}
        for language, text in self.SAMPLES.items():
            with self.subTest(language):
                found = [(name, last - first + 1) for name, first, last in functions.functions(language, text)]
                self.assertEqual([lines for _, lines in found if lines > 1], [3] * counts.get(language, 1), found)

    def test_what_is_too_long_is_told(self):
        body = "    a();\n" * 49
        self.assertEqual(list(too_long([("a.cpp", f"void f() {{\n{body}}}\n")])), ["a.cpp:1: void f() has 51 lines"])
        self.assertEqual(list(too_long([("a.cpp", f"void f() {{\n{body[9:]}}}\n")])), [])
        self.assertEqual(list(too_long([("a.css", "\n" * 501)])), ["a.css has 501 lines"])
        self.assertEqual(list(too_long([("a.css", "\n" * 500)])), [])


if __name__ == "__main__":
    unittest.main()
