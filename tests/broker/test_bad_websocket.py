"""Bad input over WebSocket: frames that lie, noise, connections that break, and everything that
`:error` answers. Violations of RFC 6455 are in test_rfc6455*.py."""

import json
import random
import socket
import struct

from harness import (BINARY, CLOSE, CONTINUATION, PING, TEXT, UNLIMITED, Browser, Closed, WitnessedTest, frame,
                     main, wait_until)

BAD_REQUEST = {":error": {"code": 400, "status": "Bad request"}}


class Lies(WitnessedTest):
    """Frames that are not what they say, within what RFC 6455 has a word for: see test_rfc6455*.py."""

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


class Refusals(WitnessedTest):
    """Every code of the protocol, and that none of them ends the connection."""

    FLAGS = UNLIMITED

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
        for payload in ({"unsubscribe": {"channel": "c"}},
                        {"broadcast": {"channel": "c", "event": "e"}},
                        {"broadcast": {"channel": "c", "event": "e", "trigger": "t"}}):
            self.refused(self.anyone, json.dumps(payload), 453, "Not subscribed")
        # Of a guarded one only those are told that who might be.
        for payload in ({"unsubscribe": {"channel": "private-room"}},
                        {"broadcast": {"channel": "private-room", "event": "e"}}):
            self.refused(self.anyone, json.dumps(payload), 403, "Forbidden")

    def test_channel_not_found(self):
        # Ill-formed names, too: a channel of that name cannot be there.
        for channel in ("nope", "-", "#", "a b", "ż", "\0", "a\nb", ":a",
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


class Ends(WitnessedTest):
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
