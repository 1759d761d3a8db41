"""Bad input over WebSocket: violations of RFC 6455, and everything that `:error` answers."""

import json
import random
import socket
import struct

from broker import (BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, Browser, BrokerTest, Closed,
                    RawConnection, frame, main, wait_until)

LIMIT = 1 << 20
BAD_REQUEST = {":error": {"code": 400, "status": "Bad request"}}


class BadWebSocketTest(BrokerTest):
    def setUp(self):
        super().setUp()
        self.vhost.open("c")
        self.witness = self.browser()
        self.witness.subscribe("c")

    def tearDown(self):
        # Whatever was sent, the others are served as before, and heard nothing of it.
        self.vhost.fire("c", "after")
        self.assertEqual(self.witness.hear(), {"after": {"channel": "c"}})
        super().tearDown()

    def ended_by(self, data, code):
        """`data` ends the connection, with a close frame and then for good."""
        browser = self.vhost.browser()
        browser.subscribe("c")
        browser.send(data)
        self.assertEqual(browser.close_code(), code, data[:40])
        self.assertTrue(browser.is_closed())
        browser.close()
        wait_until(lambda: self.vhost.subscribers("c") == 1, "the browser to leave")

    def answered(self, data):
        """`data` does not end the connection."""
        browser = self.vhost.browser()
        browser.send(data)
        self.assertTrue(browser.silent(), data[:40])
        browser.close()


class Handshakes(BadWebSocketTest):
    def shake(self, *headers, request=None, **changes):
        given = {"Host": "x", "Upgrade": "websocket", "Connection": "Upgrade",
                 "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ=="}
        for name, value in changes.items():
            given[name.replace("_", "-")] = value
        lines = [request or f"GET {self.vhost.path} HTTP/1.1"]
        lines += [f"{name}: {value}" for name, value in given.items() if value is not None]
        with RawConnection(self.broker.addr) as raw:
            raw.send("\r\n".join([*lines, *headers]) + "\r\n\r\n")
            return raw.head()[0]

    def test_keys(self):
        for key in (None, "", "x", "dGhlIHNhbXBsZSBub25jZQ", "dGhlIHNhbXBsZSBub25jZQ=",
                    "dGhlIHNhbXBsZSBub25jZQ===", "dGhlIHNhbXBsZSBub25jZWU=", "dGhlIHNhbXBsZSBub24=",
                    "dGhlIHNhbXBsZSBub25jZ!==", "=" * 24, "A" * 4000):
            self.assertEqual(self.shake(Sec_WebSocket_Key=key), 400, key)
        self.assertEqual(self.shake("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="), 400)

    def test_versions(self):
        for version in (None, "", "0", "7", "8", "12", "14", "130", "13, 8", "x", "-13"):
            self.assertEqual(self.shake(Sec_WebSocket_Version=version), 426, version)

    def test_connection(self):
        for connection in (None, "", "close", "keep-alive", "Upgraded", "x Upgrade"):
            self.assertEqual(self.shake(Connection=connection), 400, connection)
        for connection in ("upgrade", "UPGRADE", "keep-alive,Upgrade", "a ,\tupgrade , b"):
            self.assertEqual(self.shake(Connection=connection), 101, connection)

    def test_upgrades_to_something_else(self):
        for upgrade in (None, "", "h2c", "websockets", "web socket", "TLS/1.0"):
            self.assertEqual(self.shake(Upgrade=upgrade), 400, upgrade)
        for upgrade in ("WebSocket", "h2c, websocket"):
            self.assertEqual(self.shake(Upgrade=upgrade), 101, upgrade)

    def test_requests(self):
        path = self.vhost.path
        for method in ("POST", "HEAD", "PUT", "DELETE", "OPTIONS", "get"):
            self.assertEqual(self.shake(request=f"{method} {path} HTTP/1.1"), 405, method)
        self.assertEqual(self.shake(request=f"GET {path} HTTP/1.0"), 400)
        for target in (path + "/", path + "/events", path + "/token", "/", "/%zz", "*", path + "%20"):
            status = self.shake(request=f"GET {target} HTTP/1.1")
            self.assertIn(status, (404, 301) if target == "*" else (404,), target)

    def test_subprotocols(self):
        self.assertEqual(self.shake(Sec_WebSocket_Protocol="a,b"), 400)
        self.assertEqual(self.shake("Sec-WebSocket-Protocol: a", "Sec-WebSocket-Protocol: b"), 400)

    def test_extensions_are_declined(self):
        with RawConnection(self.broker.addr) as raw:
            raw.send(f"GET {self.vhost.path} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n"
                     "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                     "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                     "Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n")
            status, headers = raw.head()
            self.assertEqual(status, 101)
            self.assertNotIn("sec-websocket-extensions", headers)

    def test_a_refused_handshake_leaves_the_connection_to_http(self):
        with RawConnection(self.broker.addr) as raw:
            raw.send(f"GET /nope HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n\r\n")
            self.assertEqual(raw.response()[0], 404)
            raw.send(f"GET {self.vhost.path} HTTP/1.1\r\nHost: x\r\n\r\n")
            self.assertEqual(raw.response()[0], 400)

    def test_frames_right_behind_the_handshake(self):
        with RawConnection(self.broker.addr) as raw:
            raw.send(f"GET {self.vhost.path} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n"
                     "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                     "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n".encode() +
                     frame(PING, b"early") + frame(TEXT, b'{"auth":{}}')[:9])
            self.assertEqual(raw.head()[0], 101)
            raw.send(frame(TEXT, b'{"auth":{}}')[9:])
            heard = b""
            while b"early" not in heard or b'"code":400' not in heard:
                heard += raw.file.read1()
            self.assertTrue(heard.index(b":connected") < heard.index(b'"code":400'))

    def test_every_beginning_of_a_handshake(self):
        text = (f"GET {self.vhost.path} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n"
                "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")
        for length in range(len(text)):
            with RawConnection(self.broker.addr) as raw:
                raw.send(text[:length])
                raw.socket.shutdown(socket.SHUT_WR)
                self.assertIsNone(raw.response())


class Frames(BadWebSocketTest):
    def test_not_masked(self):
        self.ended_by(frame(TEXT, b'{"auth":{}}', masked=False), 1002)
        self.ended_by(frame(PING, masked=False), 1002)
        self.ended_by(frame(CLOSE, masked=False), 1002)

    def test_reserved_bits(self):
        for bits in range(1, 8):
            self.ended_by(frame(TEXT, b"{}", reserved=bits), 1002)
            self.ended_by(frame(PING, reserved=bits), 1002)

    def test_unknown_opcodes(self):
        for opcode in (3, 4, 5, 6, 7, 11, 12, 13, 14, 15):
            self.ended_by(frame(opcode), 1002)
            self.ended_by(frame(opcode, b"x" * 200), 1002)

    def test_control_frames_too_long(self):
        for opcode in (PING, PONG, CLOSE):
            self.ended_by(frame(opcode, b"\x03\xe8" + b"x" * 124), 1002)
            self.ended_by(frame(opcode, b"", length=LIMIT), 1002)
        self.answered(frame(PONG, b"x" * 125))

    def test_control_frames_in_pieces(self):
        for opcode in (PING, PONG, CLOSE):
            self.ended_by(frame(opcode, fin=False), 1002)

    def test_lengths_not_in_their_shortest_form(self):
        for size, length_bytes in ((0, 2), (125, 2), (0, 8), (125, 8), (126, 8), (65535, 8)):
            self.ended_by(frame(TEXT, b"x" * size, length_bytes=length_bytes), 1002)

    def test_lengths_past_all_reason(self):
        for length in (1 << 63, (1 << 64) - 1):
            self.ended_by(frame(TEXT, length=length, length_bytes=8), 1002)
        for length in (LIMIT + 1, 1 << 31, 1 << 32, (1 << 63) - 1):
            self.ended_by(frame(TEXT, b"x", length=length, length_bytes=8), 1009)
            self.ended_by(frame(BINARY, b"x", length=length, length_bytes=8), 1009)

    def test_a_length_that_promises_more(self):
        browser = self.browser()
        browser.send(frame(TEXT, b'{"auth":{}}', length=20))
        browser.send(b"\x12\x34\x56\x78\x12\x34\x56\x78\x12")
        # What was promised has come now; it is just no JSON.
        self.assertEqual(browser.hear(), BAD_REQUEST)

    def test_a_length_that_promises_less(self):
        browser = self.browser()
        browser.send(frame(TEXT, b'{"auth":{}}', length=5))
        self.assertEqual(browser.hear(), BAD_REQUEST)
        # The rest of the frame is taken for another one.
        self.assertEqual(browser.close_code(), 1002)

    def test_noise(self):
        noise = random.Random(20120501)
        good = (frame(TEXT, b'{"subscribe":{"channel":"d"}}') + frame(PING, b"p") +
                frame(TEXT, b'{"trigger":', fin=False) + frame(CONTINUATION, b"{}}") +
                frame(BINARY, b'{"pong":{}}'))
        for _ in range(150):
            data = bytearray(good)
            for _ in range(noise.randrange(1, 6)):
                data[noise.randrange(len(data))] = noise.randrange(256)
            browser = self.vhost.browser()
            browser.send(bytes(data))
            browser.socket.shutdown(socket.SHUT_WR)
            self.assertIn(browser.close_code(), (*range(1000, 1012), *range(3000, 5000)), bytes(data))
            browser.close()


class Messages(BadWebSocketTest):
    def test_fragments_out_of_place(self):
        self.ended_by(frame(CONTINUATION, b"x"), 1002)
        self.ended_by(frame(CONTINUATION, b"x", fin=False), 1002)
        self.ended_by(frame(TEXT, b"{", fin=False) + frame(TEXT, b"}"), 1002)
        self.ended_by(frame(TEXT, b"{", fin=False) + frame(BINARY, b"}", fin=False), 1002)
        self.ended_by(frame(TEXT, b"{}") + frame(CONTINUATION, b"x"), 1002)

    def test_fragments(self):
        browser = self.browser()
        text = b'{"subscribe":{"channel":"c"}}'
        pieces = [frame(TEXT, text[:1], fin=False)]
        for byte in text[1:]:
            pieces += [frame(CONTINUATION, bytes([byte]), fin=False), frame(PING, bytes([byte])),
                       frame(CONTINUATION, b"", fin=False)]
        browser.send(b"".join(pieces) + frame(CONTINUATION))
        heard = [browser.read_frame() for _ in text]
        self.assertEqual([payload for opcode, _, payload in heard if opcode == PONG],
                         [bytes([byte]) for byte in text[1:]])
        self.assertEqual([json.loads(payload) for opcode, _, payload in heard if opcode == TEXT],
                         [{":subscribed": {"channel": "c"}}])

    def test_too_large(self):
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

    def test_text_that_is_no_utf_8(self):
        for text in (b"\xff", b"\x80", b"\xc0\x80", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xe2\x82",
                     b'{"auth":{"token":"\xff"}}', b"x" * 300 + b"\xc3"):
            self.ended_by(frame(TEXT, text), 1007)
        self.ended_by(frame(TEXT, b"\xe2", fin=False) + frame(CONTINUATION, b"x"), 1007)
        self.ended_by(frame(TEXT, b"\xe2\x82", fin=False) + frame(CONTINUATION), 1007)
        # Found before the message is complete.
        self.ended_by(frame(TEXT, b"\xff", fin=False), 1007)

    def test_characters_cut_between_fragments(self):
        browser = self.browser()
        browser.send(frame(TEXT, b'{"\xe2', fin=False) + frame(CONTINUATION, b"\x82", fin=False) +
                     frame(CONTINUATION, b'\xac":{}}'))
        self.assertEqual(browser.hear(), BAD_REQUEST)

    def test_binary_that_is_no_utf_8(self):
        browser = self.browser()
        browser.send(frame(BINARY, b'{"auth":{"token":"\xff"}}'))
        self.assertEqual(browser.hear(), BAD_REQUEST)


class Closes(BadWebSocketTest):
    def closing(self, payload):
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

    def test_payloads_that_are_none(self):
        self.assertEqual(self.closing(b"\x03"), struct.pack("!H", 1002))
        self.assertEqual(self.closing(b"\x03\xe8\xff"), struct.pack("!H", 1007))

    def test_nothing_counts_behind_a_close_frame(self):
        self.ended_by(frame(CLOSE, b"\x03\xe8") +
                      frame(TEXT, b'{"broadcast":{"channel":"c","event":"e"}}') * 100, 1000)

    def test_a_close_frame_inside_a_message(self):
        self.ended_by(frame(TEXT, b'{"auth":', fin=False) + frame(CLOSE, b"\x0f\xa0"), 4000)

    def test_a_browser_that_goes_on_sending_is_cut_off(self):
        browser = self.vhost.browser()
        browser.send(frame(CLOSE, b"\x03\xe8"))
        self.assertEqual(browser.close_code(), 1000)

        def refused():
            try:
                browser.send(frame(TEXT, b"{}"))
            except OSError:
                return True
            return False

        wait_until(refused, "the connection to end")
        browser.close()

    def test_whoever_is_closing_is_subscribed_no_more(self):
        for goodbye, code in ((frame(CLOSE, b"\x03\xe8"), 1000), (frame(TEXT, b'{"close":{}}'), 1000),
                              (frame(7), 1002)):
            browser = self.vhost.browser()
            browser.subscribe("c")
            browser.send(goodbye)
            self.assertEqual(browser.close_code(), code)
            # The connection is still open: the browser has not hung up yet.
            self.assertEqual(self.vhost.subscribers("c"), 1)
            browser.close()


class Pings(BadWebSocketTest):
    def test_every_ping_is_answered(self):
        browser = self.browser()
        pings = [bytes([number]) * (number % 126) for number in range(250)]
        browser.send(b"".join(frame(PING, ping) for ping in pings))
        for ping in pings:
            self.assertEqual(browser.read_frame(), (PONG, True, ping))

    def test_pongs_that_nobody_asked_for(self):
        self.answered(frame(PONG) + frame(PONG, b"x"))


class Refusals(BadWebSocketTest):
    """Every code of the protocol, and that none of them ends the connection."""

    def setUp(self):
        super().setUp()
        for channel in ("private-room", "presence-room", "private-other"):
            self.vhost.open(channel)
        self.anyone = self.browser()
        self.alice = self.browser("alice", "(private|presence)-room")

    def refused(self, browser, text, code, status):
        browser.send(frame(TEXT, text if isinstance(text, bytes) else text.encode()))
        self.assertEqual(browser.hear(), {":error": {"code": code, "status": status}}, text[:100])

    def test_bad_request(self):
        def bad(text):
            self.refused(self.anyone, text, 400, "Bad request")

        for text in ("", " ", "x", "null", "1", '"x"', "[]", "{}", "{", '{"a":{}}', '{"":{}}',
                     '{":error":{}}', '{"connected":{}}', "{} {}", '{"close":{}}\0'):
            bad(text)
        for command in ("auth", "subscribe", "unsubscribe", "broadcast", "trigger", "close"):
            for payload in ("null", "1", "true", '"x"', "[]", "{", "[{}]"):
                bad('{"%s":%s}' % (command, payload))
            if command != "close":
                bad('{"%s":{}}' % command)
        fields = {"auth": ["token"], "subscribe": ["channel"], "unsubscribe": ["channel"],
                  "broadcast": ["channel", "event"], "trigger": ["event"]}
        for command, names in fields.items():
            for name in names:
                for value in ('""', "null", "0", "true", "[]", "{}"):
                    payload = {other: '"c"' for other in names} | {name: value}
                    bad('{"%s":{%s}}' % (command, ",".join(f'"{k}":{v}' for k, v in payload.items())))

    def test_every_beginning_of_a_command(self):
        text = '{"broadcast":{"channel":"c","event":"caf\\u00e9","data":{"a":[1,-2.5e3,"ż"]}}}'.encode()
        for length in range(len(text)):
            self.anyone.send(frame(BINARY, text[:length]))
        for _ in range(len(text)):
            self.assertEqual(self.anyone.hear(), BAD_REQUEST)

    def test_event_names(self):
        self.anyone.subscribe("c")
        names = [f"a{chr(code)}b" for code in (*range(0x20), 0x7F)]
        for name in (*names, ":", ":a", ":memberJoined", "a/:b", "/:", "a/b/:c"):
            for text in (json.dumps({"broadcast": {"channel": "c", "event": name}}),
                         json.dumps({"broadcast": {"channel": "c", "event": name, "trigger": "t"}}),
                         json.dumps({"broadcast": {"channel": "c", "event": "e", "trigger": name}}),
                         json.dumps({"trigger": {"event": name}})):
                self.refused(self.anyone, text, 400, "Bad request")

    def test_unauthorized(self):
        for token in ("x", "0" * 128, "0" * 100000, "\0", "ż"):
            self.refused(self.anyone, json.dumps({"auth": {"token": token}}), 402, "Unauthorized")

    def test_forbidden(self):
        for browser, payload in (
                (self.anyone, {"subscribe": {"channel": "private-room"}}),
                (self.anyone, {"subscribe": {"channel": "presence-room", "hidden": True}}),
                (self.alice, {"subscribe": {"channel": "private-other"}}),
                (self.anyone, {"trigger": {"event": "a/b"}}),
                (self.alice, {"trigger": {"event": "private-other/b"}}),
                (self.alice, {"trigger": {"event": "presence-unopened/b"}})):
            self.refused(browser, json.dumps(payload), 403, "Forbidden")
        for browser in (self.anyone, self.alice):
            browser.subscribe("c")
        self.refused(self.anyone, '{"broadcast":{"channel":"c","event":"e","trigger":"t"}}',
                     403, "Forbidden")
        self.refused(self.anyone, '{"broadcast":{"channel":"c","event":"e"},"trigger":"t"}',
                     403, "Forbidden")
        self.refused(self.alice, '{"broadcast":{"channel":"c","event":"e","trigger":"private-other/t"}}',
                     403, "Forbidden")

    def test_not_subscribed(self):
        for payload in ({"unsubscribe": {"channel": "c"}}, {"unsubscribe": {"channel": "private-room"}},
                        {"broadcast": {"channel": "c", "event": "e"}},
                        {"broadcast": {"channel": "private-room", "event": "e"}},
                        {"broadcast": {"channel": "c", "event": "e", "trigger": "t"}}):
            self.refused(self.anyone, json.dumps(payload), 453, "Not subscribed")

    def test_channel_not_found(self):
        # Ill-formed names, too: a channel of that name cannot be there.
        for channel in ("nope", "-", "#", "a b", "private-nope", "presence-nope", "ż", "\0", "a\nb", ":a",
                        "a/b", "c ", "C", "x" * 100000):
            for payload in ({"subscribe": {"channel": channel}}, {"unsubscribe": {"channel": channel}},
                            {"broadcast": {"channel": channel, "event": "e"}},
                            {"broadcast": {"channel": channel, "event": "e", "trigger": "t"}}):
                self.refused(self.anyone, json.dumps(payload), 454, "Channel not found")

    def test_the_first_failure_is_the_answer(self):
        for payload, code in (({"broadcast": {"channel": "nope", "event": ""}}, 400),
                              ({"broadcast": {"channel": "nope", "event": ":x", "trigger": "t"}}, 400),
                              ({"broadcast": {"channel": "nope", "event": "x", "trigger": "t"}}, 454),
                              ({"broadcast": {"channel": "c", "event": "x", "trigger": "t"}}, 453),
                              ({"trigger": {"event": ":x"}}, 400)):
            self.assertEqual(self.anyone.ask(*payload, **payload[next(iter(payload))])[":error"]["code"],
                             code, payload)

    def test_thousands_of_refusals(self):
        count = 5000
        self.anyone.send(frame(TEXT, b"x") * count)
        for _ in range(count):
            self.assertEqual(self.anyone.hear(), BAD_REQUEST)


class Ends(BadWebSocketTest):
    def test_connections_that_break_anywhere(self):
        self.witness.close()
        wait_until(lambda: self.vhost.subscribers("c") == 0, "the witness to leave")
        before = self.broker.descriptors()
        data = (frame(TEXT, b'{"subscribe":{"channel":"c"}}') + frame(TEXT, b'{"pong":', fin=False) +
                frame(PING, b"p") + frame(CONTINUATION, b"{}}") + frame(CLOSE, b"\x03\xe8"))
        for length in range(len(data)):
            browser = Browser(self.broker.addr, self.vhost.path)
            browser.send(data[:length])
            if length % 2:
                browser.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            browser.close()
        # The last of them may not have been accepted when the others are gone.
        wait_until(lambda: self.broker.descriptors() <= before and
                   self.vhost.subscribers("c") == 0, "the connections to end")
        self.witness = self.browser()
        self.witness.subscribe("c")

    def test_a_browser_that_says_nothing_more(self):
        browser = self.browser()
        browser.subscribe("c")
        browser.socket.shutdown(socket.SHUT_WR)
        with self.assertRaises((Closed, ConnectionError)):
            browser.hear()
        wait_until(lambda: self.vhost.subscribers("c") == 1, "the browser to leave")


if __name__ == "__main__":
    main()
