"""RFC 6455's frames and messages, section by section: what a server has to do, and has to refuse.
docs/rfc6455.md has a row for each test here."""

import json
import os
import socket
import struct

from harness import BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, Broker, frame, main, wait_until
from rfc6455 import BAD_REQUEST, LIMIT, Rfc6455Test, close_frame, token_frame


class Frames(Rfc6455Test):
    """5.2"""

    def test_reserved_bits(self):
        for bits in range(1, 8):
            self.ended_by(frame(TEXT, b"{}", reserved=bits), 1002)
            self.ended_by(frame(PING, reserved=bits), 1002)
            self.ended_by(frame(TEXT, b"{", fin=False) + frame(CONTINUATION, b"}", reserved=bits), 1002)

    def test_unknown_opcodes(self):
        for opcode in (3, 4, 5, 6, 7, 11, 12, 13, 14, 15):
            self.ended_by(frame(opcode), 1002)
            self.ended_by(frame(opcode, b"x" * 200), 1002)
            self.ended_by(frame(TEXT, b"{", fin=False) + frame(opcode), 1002)

    def test_lengths_of_all_forms(self):
        shortest = len(b'{"auth":{"token":""}}')
        browser = self.browser()
        for size in (shortest + 1, 125, 126, 127, 128, 65535, 65536, 65537, LIMIT):
            text = b'{"auth":{"token":"' + b"x" * (size - shortest) + b'"}}'
            for opcode in (TEXT, BINARY):
                browser.send(frame(opcode, text))
                self.assertEqual(browser.hear()[":error"]["code"], 402, size)
        browser.send(frame(TEXT))
        self.assertEqual(browser.hear(), BAD_REQUEST)

    def test_lengths_not_in_their_shortest_form(self):
        for size, length_bytes in ((0, 2), (125, 2), (0, 8), (125, 8), (126, 8), (65535, 8)):
            self.ended_by(frame(TEXT, b"x" * size, length_bytes=length_bytes), 1002)
        for opcode in (PING, PONG, CLOSE):
            self.ended_by(frame(opcode, b"\x03\xe8", length_bytes=2), 1002)

    def test_lengths_of_64_bits_with_the_first_one_set(self):
        for length in (1 << 63, (1 << 64) - 1):
            self.ended_by(frame(TEXT, length=length, length_bytes=8), 1002)

    def test_what_the_broker_sends(self):
        """Never masked, no reserved bits, and each length in its shortest form."""
        browser = self.browser()
        browser.subscribe("c")
        empty = len('{"e":{"x":"","channel":"c"}}')
        for size in (empty, 125, 126, 127, 65535, 65536, 300000):
            self.vhost.fire("c", "e", {"x": "y" * (size - empty)})
            expected = (bytes([0x81, size]) if size < 126 else b"\x81\x7e" + struct.pack("!H", size)
                        if size < 65536 else b"\x81\x7f" + struct.pack("!Q", size))
            self.assertEqual(browser.file.read(len(expected)), expected)
            self.assertEqual(len(json.loads(browser.file.read(size))["e"]["x"]), size - empty)
            self.assertIn("e", self.witness.hear())

    def test_however_tcp_cuts_them(self):
        text = b'{"subscribe":{"channel":"c"}}'
        data = (frame(TEXT, text[:5], fin=False) + frame(PING, b"ping") + frame(CONTINUATION, text[5:]) +
                frame(BINARY, b'{"auth":{}}') + frame(PONG) + token_frame(TEXT, b"x" * 300))
        for size in (1, 2, 3, 7, len(data)):
            browser = self.vhost.browser()
            browser.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for at in range(0, len(data), size):
                browser.send(data[at:at + size])
            heard = [browser.read_frame() for _ in range(4)]
            self.assertEqual([payload for opcode, _, payload in heard if opcode == PONG], [b"ping"], size)
            self.assertEqual([json.loads(payload) for opcode, _, payload in heard if opcode == TEXT],
                             [{":subscribed": {"channel": "c"}}, BAD_REQUEST,
                              {":error": {"code": 402, "status": "Unauthorized"}}], size)
            browser.close()
            wait_until(lambda: self.vhost.subscribers("c") == 1, "the browser to leave")


class Masks(Rfc6455Test):
    """5.1, 5.3 and 10.3"""

    def test_not_masked(self):
        self.ended_by(frame(TEXT, b'{"auth":{}}', masked=False), 1002)
        self.ended_by(frame(BINARY, b'{"auth":{}}', masked=False), 1002)
        self.ended_by(frame(PING, masked=False), 1002)
        self.ended_by(frame(CLOSE, masked=False), 1002)
        self.ended_by(frame(TEXT, b"{", fin=False) + frame(CONTINUATION, b"}", masked=False), 1002)

    def test_any_mask(self):
        for mask in (b"\0\0\0\0", b"\xff\xff\xff\xff", b"\0\0\0\1", b"{}{}", os.urandom(4)):
            for length in range(5):
                self.is_refused_as_unauthorized(token_frame(TEXT, b"t" * (length + 1), mask=mask), mask)

    def test_each_frame_has_its_own(self):
        text = b'{"auth":{"token":"token"}}'
        pieces = [text[at:at + 3] for at in range(0, len(text), 3)]
        masks = [os.urandom(4) for _ in pieces]
        data = b"".join(frame(CONTINUATION if at else TEXT, piece, fin=at == len(pieces) - 1, mask=mask)
                        for at, (piece, mask) in enumerate(zip(pieces, masks)))
        self.is_refused_as_unauthorized(data)


class Fragments(Rfc6455Test):
    """5.4"""

    def test_a_message_in_pieces(self):
        text = b'{"auth":{"token":"x"}}'
        for opcode in (TEXT, BINARY):
            for at in range(len(text) + 1):
                self.is_refused_as_unauthorized(frame(opcode, text[:at], fin=False) +
                                                frame(CONTINUATION, text[at:]), at)
        self.is_refused_as_unauthorized(
            frame(TEXT, fin=False) + frame(CONTINUATION, fin=False) * 100 +
            b"".join(frame(CONTINUATION, bytes([byte]), fin=False) for byte in text) + frame(CONTINUATION))

    def test_control_frames_between_the_pieces(self):
        browser = self.browser()
        text = b'{"subscribe":{"channel":"c"}}'
        pieces = [frame(TEXT, text[:1], fin=False)]
        for byte in text[1:]:
            pieces += [frame(CONTINUATION, bytes([byte]), fin=False), frame(PING, bytes([byte])),
                       frame(PONG, b"unasked"), frame(CONTINUATION, b"", fin=False)]
        browser.send(b"".join(pieces) + frame(CONTINUATION))
        heard = [browser.read_frame() for _ in text]
        self.assertEqual([payload for opcode, _, payload in heard if opcode == PONG],
                         [bytes([byte]) for byte in text[1:]])
        self.assertEqual([json.loads(payload) for opcode, _, payload in heard if opcode == TEXT],
                         [{":subscribed": {"channel": "c"}}])

    def test_a_ping_inside_a_message_is_answered_at_once(self):
        browser = self.browser()
        browser.send(frame(TEXT, b'{"auth":{"token":', fin=False) + frame(PING, b"now"))
        self.assertEqual(browser.read_frame(), (PONG, True, b"now"))
        browser.send(frame(CONTINUATION, b'"x"}}'))
        self.assertEqual(browser.hear()[":error"]["code"], 402)

    def test_pieces_out_of_place(self):
        self.ended_by(frame(CONTINUATION, b"x"), 1002)
        self.ended_by(frame(CONTINUATION, b"x", fin=False), 1002)
        self.ended_by(frame(CONTINUATION), 1002)
        self.ended_by(frame(TEXT, b"{}") + frame(CONTINUATION, b"x"), 1002)

    def test_a_message_inside_a_message(self):
        for first in (TEXT, BINARY):
            for second in (TEXT, BINARY):
                for fin in (True, False):
                    self.ended_by(frame(first, b"{", fin=False) + frame(second, b"}", fin=fin), 1002)


class ControlFrames(Rfc6455Test):
    """5.5"""

    def test_too_long(self):
        for opcode in (PING, PONG, CLOSE):
            self.ended_by(frame(opcode, b"\x03\xe8" + b"x" * 124), 1002)
            self.ended_by(frame(opcode, b"", length=LIMIT), 1002)

    def test_in_pieces(self):
        for opcode in (PING, PONG, CLOSE):
            self.ended_by(frame(opcode, fin=False), 1002)
            self.ended_by(frame(TEXT, b"{", fin=False) + frame(opcode, fin=False), 1002)

    def test_every_ping_is_answered(self):
        browser = self.browser()
        pings = [bytes([number]) * (number % 126) for number in range(250)]
        browser.send(b"".join(frame(PING, ping) for ping in pings))
        for ping in pings:
            self.assertEqual(browser.read_frame(), (PONG, True, ping))

    def test_pings_hold_any_bytes(self):
        browser = self.browser()
        for payload in (b"\xff\xfe\0", b"x" * 125, bytes(range(125)), b"\xed\xa0\x80"):
            browser.send(frame(PING, payload))
            self.assertEqual(browser.read_frame(), (PONG, True, payload))

    def test_pongs_that_nobody_asked_for(self):
        self.answered(frame(PONG) + frame(PONG, b"x") + frame(PONG, b"\xff" * 125))

    def test_pings_before_a_close_frame_are_answered(self):
        """Whether they come in one piece or not."""
        for goodbye in (close_frame(1000), frame(TEXT, b'{"close":{}}'), frame(3)):
            browser = self.vhost.browser()
            browser.send(frame(PING, b"last") + goodbye)
            heard = [browser.read_frame()]
            while heard[-1][0] != CLOSE:
                heard.append(browser.read_frame())
            self.assertIn((PONG, True, b"last"), heard, goodbye)
            browser.close()

    def test_no_pong_after_a_close_frame(self):
        browser = self.browser()
        browser.send(close_frame(1000) + frame(PING, b"late"))
        self.assertEqual(browser.read_frame(), (CLOSE, True, struct.pack("!H", 1000)))
        self.assertTrue(browser.is_closed())


class DataFrames(Rfc6455Test):
    """5.6"""

    def test_binary_is_taken_for_text(self):
        self.is_refused_as_unauthorized(token_frame(BINARY, b"x"))
        browser = self.browser()
        browser.send(frame(BINARY, b'{"subscribe":{"channel":"c"}}'))
        self.assertEqual(browser.read_frame(), (TEXT, True, b'{":subscribed":{"channel":"c"}}'))

    def test_binary_that_is_no_utf_8(self):
        browser = self.browser()
        browser.send(frame(BINARY, b'{"auth":{"token":"\xff"}}'))
        self.assertEqual(browser.hear(), BAD_REQUEST)


class Examples(Rfc6455Test):
    """5.7: the bytes in the RFC."""

    HELLO = bytes.fromhex("818537fa213d7f9f4d5158")
    PING = bytes.fromhex("898537fa213d7f9f4d5158")
    PONG_UNMASKED = bytes.fromhex("8a0548656c6c6f")
    UNMASKED = [bytes.fromhex("810548656c6c6f"), bytes.fromhex("010348656c80026c6f"),
                bytes.fromhex("827e0100") + bytes(256),
                bytes.fromhex("827f0000000000010000") + bytes(65536)]

    def test_from_a_client(self):
        browser = self.browser()
        browser.send(self.HELLO)
        self.assertEqual(browser.hear(), BAD_REQUEST)
        browser.send(self.PING)
        self.assertEqual(browser.file.read(7), self.PONG_UNMASKED)

    def test_from_a_server(self):
        for data in (*self.UNMASKED, self.PONG_UNMASKED):
            self.ended_by(data, 1002)


class Closing(Rfc6455Test):
    """5.5.1, 7.1 and 7.4"""

    def closing(self, payload):
        """The payload of the close frame that answers one with `payload`."""
        browser = self.vhost.browser()
        browser.send(frame(CLOSE, payload))
        try:
            opcode, fin, answer = browser.read_frame()
            self.assertEqual((opcode, fin), (CLOSE, True))
            self.assertTrue(browser.is_closed())
            return answer
        finally:
            browser.close()

    def test_codes_are_given_back(self):
        self.assertEqual(self.closing(b""), b"")
        for code in (1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999):
            self.assertEqual(self.closing(struct.pack("!H", code))[:2], struct.pack("!H", code))
            self.assertEqual(self.closing(struct.pack("!H", code) + b"why")[:2], struct.pack("!H", code))

    def test_codes_that_nobody_may_send(self):
        for code in (0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535):
            self.assertEqual(self.closing(struct.pack("!H", code)), struct.pack("!H", 1002), code)
            self.assertEqual(self.closing(struct.pack("!H", code) + b"why"), struct.pack("!H", 1002), code)

    def test_half_a_code(self):
        for byte in (b"\x03", b"\0", b"\xff"):
            self.assertEqual(self.closing(byte), struct.pack("!H", 1002))

    def test_reasons(self):
        for reason in (b"x" * 123, "zażółć".encode(), b"\xf4\x8f\xbf\xbf", b"\0\x7f"):
            self.assertEqual(self.closing(b"\x03\xe8" + reason)[:2], b"\x03\xe8", reason)

    def test_reasons_that_are_no_utf_8(self):
        for reason in (b"\xff", b"\xc3", b"good \x80", b"\xc0\x80", b"\xed\xa0\x80", b"\xf4\x90\x80\x80",
                       b"x" * 122 + b"\xe2"):
            self.assertEqual(self.closing(b"\x03\xe8" + reason), struct.pack("!H", 1007), reason)

    def test_nothing_counts_behind_a_close_frame(self):
        broadcast = frame(TEXT, b'{"broadcast":{"channel":"c","event":"e"}}')
        self.ended_by(close_frame(1000) + broadcast * 100, 1000)
        self.ended_by(close_frame(1000) + close_frame(4000), 1000)
        self.ended_by(close_frame(1000) + frame(7), 1000)
        # The witness hears nothing of it.

    def test_nothing_counts_behind_a_failure(self):
        broadcast = frame(TEXT, b'{"broadcast":{"channel":"c","event":"e"}}')
        self.ended_by(frame(3) + broadcast, 1002)
        self.ended_by(frame(TEXT, b"\xff") + broadcast, 1007)
        self.ended_by(frame(TEXT, length=LIMIT + 1) + broadcast, 1009)

    def test_what_came_before_still_counts(self):
        """For the others; whoever is leaving may have left when its own message comes back."""
        browser = self.browser()
        browser.subscribe("c")
        browser.send(frame(TEXT, b'{"broadcast":{"channel":"c","event":"last"}}') + close_frame(1000))
        self.assertEqual(browser.close_code(), 1000)
        self.assertIn("last", self.witness.hear())

    def test_a_close_frame_inside_a_message(self):
        self.ended_by(frame(TEXT, b'{"auth":', fin=False) + close_frame(4000), 4000)

    def test_the_broker_hangs_up_first(self):
        browser = self.browser()
        browser.send(close_frame(1000))
        self.assertEqual(browser.read_frame(), (CLOSE, True, struct.pack("!H", 1000)))
        self.assertTrue(browser.is_closed())

    def test_a_browser_that_goes_on_sending_is_cut_off(self):
        browser = self.vhost.browser()
        browser.send(close_frame(1000))
        self.assertEqual(browser.close_code(), 1000)

        def refused():
            try:
                browser.send(frame(TEXT, b"{}"))
            except OSError:
                return True
            return False

        wait_until(refused, "the connection to end")
        browser.close()

    def test_a_close_that_the_broker_begins(self):
        """What is sent before the answer to it comes is not looked at any more."""
        for answer in (close_frame(1000), b"", frame(TEXT, b"x") + close_frame(1000), frame(7)):
            browser = self.vhost.browser()
            browser.send(frame(TEXT, b'{"close":{}}') +
                         frame(TEXT, b'{"broadcast":{"channel":"c","event":"e"}}'))
            self.assertEqual(browser.hear(), {":closed": {"sid": browser.sid}})
            self.assertEqual(browser.close_code(), 1000)
            browser.send(answer)
            self.assertTrue(browser.is_closed())
            browser.close()

    def test_a_broker_that_stops_goes_away(self):
        broker = Broker()
        self.addCleanup(broker.close)
        browser = broker.vhost("/moon").browser()
        self.addCleanup(browser.close)
        broker.vhosts[0].disconnect()
        broker.process.terminate()
        self.assertEqual(browser.close_code(), 1001)
        self.assertTrue(browser.is_closed())

    def test_whoever_is_closing_is_subscribed_no_more(self):
        for goodbye, code in ((close_frame(1000), 1000), (frame(TEXT, b'{"close":{}}'), 1000),
                              (frame(7), 1002)):
            browser = self.vhost.browser()
            browser.subscribe("c")
            browser.send(goodbye)
            self.assertEqual(browser.close_code(), code)
            # The connection is still open: the browser has not hung up yet.
            self.assertEqual(self.vhost.subscribers("c"), 1)
            browser.close()


class Utf8(Rfc6455Test):
    """8.1"""

    VALID = ("\x7f", "\u0080", "\u07ff", "\u0800", "\ud7ff", "\ue000", "\ufffd", "\ufffe", "\uffff",
             "\U00010000", "\U0010ffff", "κόσμε", "zażółć 🚀")
    INVALID = (
        # a continuation that continues nothing
        b"\x80", b"\xbf", b"\x80\xbf", b"a\x80",
        # longer than need be
        b"\xc0\x80", b"\xc0\xaf", b"\xc1\xbf", b"\xe0\x80\x80", b"\xe0\x9f\xbf", b"\xf0\x80\x80\x80",
        b"\xf0\x8f\xbf\xbf",
        # surrogates, alone and in pairs
        b"\xed\xa0\x80", b"\xed\xad\xbf", b"\xed\xbf\xbf", b"\xed\xa0\x80\xed\xb0\x80",
        # beyond the last character
        b"\xf4\x90\x80\x80", b"\xf5\x80\x80\x80", b"\xf7\xbf\xbf\xbf",
        # of a length that there is no more, and bytes that there never were
        b"\xf8\x88\x80\x80\x80", b"\xfc\x84\x80\x80\x80\x80", b"\xfe", b"\xff", b"\xfe\xff",
        # cut off by something else
        b"\xc3a", b"\xe2a", b"\xe2\x82a", b"\xf0\x9f\x9aa", b"\xe2\x82\xe2\x82\xac")

    def test_any_character(self):
        for text in self.VALID:
            self.is_refused_as_unauthorized(token_frame(TEXT, text.encode()), text)

    def test_characters_cut_between_fragments(self):
        for text in self.VALID:
            whole = b'{"auth":{"token":"' + text.encode() + b'"}}'
            self.is_refused_as_unauthorized(
                b"".join(frame(CONTINUATION if at else TEXT, bytes([byte]), fin=False)
                         for at, byte in enumerate(whole)) + frame(CONTINUATION), text)

    def test_text_that_is_none(self):
        for text in self.INVALID:
            self.ended_by(frame(TEXT, text), 1007)
            self.ended_by(token_frame(TEXT, text), 1007)
        self.ended_by(frame(TEXT, b"x" * 300 + b"\xff"), 1007)
        self.ended_by(frame(TEXT, b"x" * 70000 + b"\xff"), 1007)

    def test_text_that_ends_within_a_character(self):
        for text in (b"\xc3", b"\xe2", b"\xe2\x82", b"\xf0", b"\xf0\x9f", b"\xf0\x9f\x9a", b"x" * 300 + b"\xc3"):
            self.ended_by(frame(TEXT, text), 1007)
            self.ended_by(frame(TEXT, text, fin=False) + frame(CONTINUATION), 1007)

    def test_cut_between_fragments(self):
        for text in self.INVALID:
            self.ended_by(b"".join(frame(CONTINUATION if at else TEXT, bytes([byte]), fin=False)
                                   for at, byte in enumerate(text)) + frame(CONTINUATION), 1007, text)

    def test_found_before_the_message_is_complete(self):
        for text in self.INVALID:
            self.ended_by(frame(TEXT, text, fin=False), 1007)
            self.ended_by(frame(TEXT, b"{}", fin=False) + frame(CONTINUATION, text, fin=False), 1007)

    def test_found_before_the_frame_is_complete(self):
        for text in self.INVALID:
            self.ended_by(frame(TEXT, text, length=1000), 1007)

    def test_every_message_begins_anew(self):
        browser = self.browser()
        browser.send(frame(BINARY, b"\xe2\x82") + token_frame(TEXT, b"x"))
        self.assertEqual(browser.hear(), BAD_REQUEST)
        self.assertEqual(browser.hear()[":error"]["code"], 402)

    def test_control_frames_do_not_count(self):
        whole = b'{"auth":{"token":"\xe2\x82\xac"}}'
        at = whole.index(b"\x82")
        browser = self.browser()
        browser.send(frame(TEXT, whole[:at], fin=False) + frame(PING, b"\xff\x82"))
        self.assertEqual(browser.read_frame(), (PONG, True, b"\xff\x82"))
        browser.send(frame(CONTINUATION, whole[at:]))
        self.assertEqual(browser.hear()[":error"]["code"], 402)


class Limits(Rfc6455Test):
    """10.4"""

    def test_frames_too_large(self):
        for length in (LIMIT + 1, 1 << 31, 1 << 32, (1 << 63) - 1):
            self.ended_by(frame(TEXT, b"x", length=length, length_bytes=8), 1009)
            self.ended_by(frame(BINARY, b"x", length=length, length_bytes=8), 1009)

    def test_messages_too_large(self):
        wrapper = b'{"broadcast":{"channel":"c","event":"e","data":{"x":""}}}'
        exact = wrapper.replace(b'""', b'"' + b"x" * (LIMIT - len(wrapper)) + b'"')
        browser = self.browser()
        browser.subscribe("c")
        browser.send(frame(TEXT, exact))
        self.assertEqual(len(browser.hear()["e"]["x"]), LIMIT - len(wrapper))
        self.assertEqual(len(self.witness.hear()["e"]["x"]), LIMIT - len(wrapper))
        browser.send(frame(TEXT, exact[:1000], fin=False) + frame(CONTINUATION, exact[1000:]))
        self.assertIn("e", browser.hear())
        self.assertIn("e", self.witness.hear())
        browser.close()
        wait_until(lambda: self.vhost.subscribers("c") == 1, "the browser to leave")
        self.ended_by(frame(TEXT, exact + b" "), 1009)
        self.ended_by(frame(TEXT, exact, fin=False) + frame(CONTINUATION, b" "), 1009)

    def test_fragments_that_add_up_to_too_much(self):
        self.ended_by(frame(TEXT, b"x" * 1000, fin=False) +
                      frame(CONTINUATION, b"x" * 1000, fin=False) * (LIMIT // 1000), 1009)
        # It is enough to begin with the piece that is too much.
        self.ended_by(frame(TEXT, b"x" * LIMIT, fin=False) +
                      frame(CONTINUATION, b"x", length=1 << 40, length_bytes=8), 1009)


if __name__ == "__main__":
    main()
