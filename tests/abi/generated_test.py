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
from generators import symbols  # noqa: E402
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
