"""What is made of the public headers is what they say today, and each generator knows every shape of a
declaration that there is."""

import pathlib
import re
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "abi"))

import generate  # noqa: E402
from describe import described  # noqa: E402
from generators import go, java, luajit, nodejs, python, ruby, rust, symbols  # noqa: E402
from generators.common import HEAD  # noqa: E402
from headers import declarations, declarations_in  # noqa: E402

# A header with each shape once: text and a payload in, text and a handle out, a payload out, a callback.
HEADER = """
/** @brief A client. @since 1.0 */
typedef struct kn_client kn_client;
/** @brief An error. @since 1.0 */
typedef struct kn_error kn_error;
/** @brief A result. @since 1.0 */
typedef struct kn_result kn_result;
/** @brief A status. @since 1.0 */
typedef int32_t kn_status;
enum {
    /** All is well. */
    KN_OK = 0
};
/** @brief Hears of the end. @since 1.0 */
typedef void (*kn_completion)(const kn_result *result, void *user_data);
/** @brief Says something. @since 1.0 */
KN_API kn_status kn_client_say(kn_client *client, const char *data, size_t data_length, char **answer, kn_error **error);
/** @brief Says it later. @since 1.1 */
KN_API kn_status kn_client_say_async(kn_client *client, const char *data, size_t data_length, kn_completion fn,
                                     void *user_data, void (*destroy)(void *), kn_error **error);
/** @brief What was said. @since 1.0 */
KN_API const char *kn_client_said(const kn_client *client, int64_t since_ms, size_t *length);
/** @brief Frees it. @since 1.0 */
KN_API void kn_client_free(kn_client *client);
/** @brief How many there are. @since 1.1 */
KN_API size_t kn_count(void);
"""


def description_of(header):
    with tempfile.TemporaryDirectory() as directory:
        path = pathlib.Path(directory) / "client.h"
        path.write_text(header)
        return described({d.name: d for d in declarations_in(path)})


def flat(text):
    """The text without its layout."""
    return re.sub(r"\( ", "(", " ".join(text.split()))


class Files(unittest.TestCase):
    """The files that are committed."""

    files = generate.generated(described(declarations()))

    def test_they_are_what_the_headers_say(self):
        for path, text in self.files.items():
            with self.subTest(path):
                self.assertEqual(generate.difference(path, text), "", "scripts/generate makes it anew")

    def test_each_says_by_its_head_how_it_is_made(self):
        for path, text in self.files.items():
            with self.subTest(path):
                self.assertIn(HEAD, "".join(text.splitlines(True)[:4]))

    def test_no_name_is_lost(self):
        text = self.files[generate.NAMES]
        shorter = text.replace("kn_worker_run                      function  1.0\n", "")
        self.assertEqual(generate.lost_names({generate.NAMES: text}), [])
        self.assertEqual(generate.lost_names({generate.NAMES: shorter}), ["kn_worker_run function 1.0"])


class Declarations(unittest.TestCase):
    """What each generator makes of HEADER."""

    description = description_of(HEADER)

    def expect(self, generator, *texts):
        made = flat("".join(generator.files(self.description).values()))
        for text in texts:
            self.assertTrue(flat(text) in made, f"{generator.__name__} does not say: {text}")

    def test_python(self):
        self.expect(
            python,
            "Completion = CFUNCTYPE(None, c_void_p, c_void_p)",
            '"kn_client_say": (_status, (c_void_p, c_char_p, c_size_t, _output, _output)),',
            '"kn_client_say_async": (_status, (c_void_p, c_char_p, c_size_t, *_handed_in)),',
            '"kn_client_said": (c_void_p, (c_void_p, c_int64, _length)),',
            '"kn_client_free": (None, (c_void_p,)),',
            '"kn_count": (c_size_t, ()),')

    def test_ruby(self):
        self.expect(
            ruby,
            """WAITING = {
              kn_client_free: [:void, :pointer],
              kn_client_say: [:status, :pointer, :pointer, :size, :pointer, :pointer],
              kn_client_say_async: [:status, :pointer, :pointer, :size, :pointer, :pointer, :pointer, :pointer]
            }""",
            "QUICK = { kn_client_said: [:pointer, :pointer, :int64, :pointer], kn_count: [:size] }")

    def test_nodejs(self):
        self.expect(
            nodejs,
            "HANDLES = [ 'kn_client', 'kn_error', 'kn_result', ]",
            "'void kn_completion(const kn_result *result, void *user_data)',",
            """`kn_status kn_client_say(kn_client *client, const void *data, size_t data_length,
                _Out_ void **answer, _Out_ kn_error **error)`,""",
            """`kn_status kn_client_say_async(kn_client *client, const void *data, size_t data_length,
                kn_completion *fn, void *user_data, kn_destroy *destroy, _Out_ kn_error **error)`,""",
            "'const void *kn_client_said(const kn_client *client, int64_t since_ms, _Out_ size_t *length)',",
            "'void kn_client_free(kn_client *client)',",
            "'size_t kn_count()',")

    def test_rust(self):
        self.expect(
            rust,
            'pub type kn_completion = Option<unsafe extern "C" fn(*const kn_result, *mut c_void)>;',
            """pub fn kn_client_say(client: *mut kn_client, data: *const c_char, data_length: usize,
                answer: *mut *mut c_char, error: *mut *mut kn_error, ) -> kn_status;""",
            """pub fn kn_client_say_async(client: *mut kn_client, data: *const c_char, data_length: usize,
                callback: kn_completion, user_data: *mut c_void, destroy: kn_destroy,
                error: *mut *mut kn_error, ) -> kn_status;""",
            """pub fn kn_client_said(client: *const kn_client, since_ms: i64,
                length: *mut usize, ) -> *const c_char;""",
            "pub fn kn_client_free(client: *mut kn_client);",
            "pub fn kn_count() -> usize;")

    def test_java(self):
        self.expect(
            java,
            "interface Completion extends Callback { void invoke(Pointer result, Pointer userData); }",
            """static native int kn_client_say(Pointer client, byte[] data, SizeT dataLength,
                PointerByReference answer, PointerByReference error);""",
            """static native int kn_client_say_async(Pointer client, byte[] data, SizeT dataLength,
                Completion fn, Pointer userData, Destroy destroy, PointerByReference error);""",
            "static native Pointer kn_client_said(Pointer client, long sinceMs, SizeT.ByReference length);",
            "static native void kn_client_free(Pointer client);",
            "static native SizeT kn_count();")

    def test_go(self):
        self.expect(
            go,
            """static inline kn_status kn_go_say_async(kn_client *client, const char *data, size_t data_length,
                uintptr_t handle, kn_error **error) {
                return kn_client_say_async(client, data, data_length, kn_go_on_completion, (void *)handle,
                    kn_go_on_destroy, error); }""")

    def test_luajit(self):
        self.expect(
            luajit,
            "typedef int32_t kn_status;",
            "typedef struct kn_client kn_client;",
            "typedef void (*kn_completion)(const kn_result *result, void *user_data);",
            """kn_status kn_client_say_async(kn_client *client, const char *data, size_t data_length,
                kn_completion fn, void *user_data, void (*destroy)(void *), kn_error **error);""",
            "const char *kn_client_said(const kn_client *client, int64_t since_ms, size_t *length);",
            "size_t kn_count(void);")

    def test_symbols_have_the_version_of_their_release(self):
        self.expect(
            symbols,
            "kn_client_say@@KOSMONAUT_1 kn_client_say_async@@KOSMONAUT_1.1 kn_count@@KOSMONAUT_1.1",
            "kn_count function 1.1",
            "KN_OK constant 1.0",
            "KOSMONAUT_1 { global: kn_client_free; kn_client_said; kn_client_say; local: *; };",
            "KOSMONAUT_1.1 { global: kn_client_say_async; kn_count; } KOSMONAUT_1;",
            "KOSMONAUT_1@KOSMONAUT_1 1.0.0 KOSMONAUT_1.1@KOSMONAUT_1.1 1.1.0 kn_client_free@KOSMONAUT_1 1.0.0",
            "kn_count@KOSMONAUT_1.1 1.1.0")


class Lengths(unittest.TestCase):
    """A length stands beside the bytes that it counts."""

    def test_a_length_of_nothing_is_refused(self):
        for declaration in ("void kn_put(size_t data_length);",
                            "void kn_put(const char *text, size_t data_length);",
                            "void kn_get(size_t *length);",
                            "const char *kn_get(size_t *data_length);"):
            with self.subTest(declaration), self.assertRaisesRegex(AssertionError, "what is .* the length of"):
                description_of(f"/** @brief It. @since 1.0 */\nKN_API {declaration}\n")


if __name__ == "__main__":
    unittest.main(verbosity=2)
