"""What the tests of RFC 6455 share: a connection that is asked, answered and ended."""

import struct

from harness import CLOSE, UNLIMITED, WitnessedTest, frame, wait_until

LIMIT = 1 << 20
KEY = "dGhlIHNhbXBsZSBub25jZQ=="
BAD_REQUEST = {":error": {"code": 400, "status": "Bad request"}}


def close_frame(code, reason=b""):
    return frame(CLOSE, struct.pack("!H", code) + reason)


def token_frame(opcode, token, **lies):
    """A command that is answered 402, so that one sees that it was read to its end."""
    return frame(opcode, b'{"auth":{"token":"' + token + b'"}}', **lies)


class Rfc6455Test(WitnessedTest):
    # What the protocol allows, at more length and speed than a page is allowed by default.
    FLAGS = UNLIMITED

    def ended_by(self, data, code, what=None):
        """`data` ends the connection, with a close frame and then for good."""
        browser = self.vhost.browser()
        browser.subscribe("c")
        browser.send(data)
        self.assertEqual(browser.close_code(), code, what or data[:40])
        self.assertTrue(browser.is_closed())
        browser.close()
        wait_until(lambda: self.vhost.subscribers("c") == 1, "the browser to leave")

    def answered(self, data):
        """`data` needs no answer, and does not end the connection."""
        browser = self.vhost.browser()
        browser.send(data)
        self.assertTrue(browser.silent(), data[:40])
        browser.close()

    def is_refused_as_unauthorized(self, data, what=None):
        """`data` is the whole of a command, and arrives as it is."""
        browser = self.vhost.browser()
        browser.send(data)
        self.assertEqual(browser.hear()[":error"]["code"], 402, what or data[:40])
        browser.close()
