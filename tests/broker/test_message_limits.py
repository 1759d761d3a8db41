"""How much a browser may say, how fast, and how long it may take; and what it has to read."""

import json
import select
import struct
import time

from figures import figure
from harness import CLOSE, CONTINUATION, PING, PONG, TEXT, BrokerTest, Browser, Closed, frame, main, wait_until


def message_of(size):
    """What a browser may say, and nobody hears."""
    text = '{"trigger":{"event":"e","data":{"x":""}}}'
    return text.replace('""', '"' + "y" * (size - len(text)) + '"')


class Sizes(BrokerTest):
    FIRST, LATER = 16 << 10, 64 << 10

    def accepts(self, browser, size):
        browser.say_text(message_of(size))
        code = browser.hear()[":error"]["code"] if not browser.is_somebody else None
        return code in (403, None) and browser.silent()

    def newcomer(self, uid=None):
        browser = self.browser(uid)
        browser.is_somebody = uid is not None
        return browser

    def test_a_stranger_s_message(self):
        browser = self.newcomer()
        self.assertTrue(self.accepts(browser, self.FIRST))
        browser.say_text(message_of(self.FIRST + 1))
        self.assertEqual(browser.close_code(), 1009)
        self.assertGreater(figure(self.broker, "message_too_big"), 0)

    def test_all_its_fragments_together(self):
        browser = self.newcomer()
        part = b"x" * (self.FIRST // 16)
        browser.send(frame(TEXT, part, fin=False) + frame(CONTINUATION, part, fin=False) * 15)
        browser.send(frame(CONTINUATION, b"x", fin=False))
        self.assertEqual(browser.close_code(), 1009)

    def test_after_authentication(self):
        browser = self.newcomer("ada")
        self.assertTrue(self.accepts(browser, self.LATER))
        before = figure(self.broker, "message_too_big")
        browser.say_text(message_of(self.LATER + 1))
        self.assertEqual(browser.close_code(), 1009)
        self.assertEqual(figure(self.broker, "message_too_big"), before + 1)

    def test_after_a_subscription(self):
        self.vhost.open("room")
        browser = self.newcomer()
        browser.subscribe("room")
        self.assertTrue(self.accepts(browser, self.LATER))
        # Whoever has left is known all the same.
        browser.ask("unsubscribe", channel="room")
        self.assertTrue(self.accepts(browser, self.LATER))

    def test_a_refusal_makes_nobody_known(self):
        browser = self.newcomer()
        self.assertEqual(browser.error("auth", token="0" * 128), 402)
        self.assertEqual(browser.error("subscribe", channel="nope"), 454)
        browser.say_text(message_of(self.FIRST + 1))
        self.assertEqual(browser.close_code(), 1009)

    def test_the_token_and_what_follows_may_come_together(self):
        browser = self.newcomer()
        token = frame(TEXT, json.dumps({"auth": {"token": self.vhost.access_token()}}).encode())
        browser.send(token + frame(TEXT, message_of(self.LATER).encode()))
        self.assertEqual(browser.hear(), {":authenticated": {}})
        self.assertTrue(browser.silent())


class Messages(BrokerTest):
    FLAGS = ("--max-frame-bytes", "2000", "--max-nesting", "4")

    def test_a_message_too_big(self):
        browser = self.browser("ada")
        browser.say_text(message_of(2000))
        self.assertTrue(browser.silent())
        browser.say_text(message_of(2001))
        self.assertEqual(browser.close_code(), 1009)

    def test_a_message_too_deep(self):
        self.vhost.open("room")
        browser = self.browser()
        browser.subscribe("room")
        self.assertEqual(browser.ask("broadcast", channel="room", event="e", data={"a": [1]})["e"]["a"], [1])
        self.assertEqual(browser.error("broadcast", channel="room", event="e", data={"a": [[]]}), 400)


class Rate(BrokerTest):
    FLAGS = ("--max-messages-per-second", "20")

    def test_a_browser_that_says_too_much(self):
        self.vhost.open("room")
        calm, loud = self.browser(), self.browser()
        calm.subscribe("room")
        # At once: whoever took three seconds for it would not be too loud.
        loud.send(frame(TEXT, b'{"trigger":{"event":"x/y"}}') * 60)
        codes = [loud.hear()[":error"] for _ in range(60)]
        self.assertEqual(codes[0]["code"], 403)
        self.assertIn({"code": 429, "status": "Limit reached"}, codes)
        self.assertEqual(calm.ask("broadcast", channel="room", event="e")["e"]["sid"], calm.sid)
        # What was too much is not held against it for ever.
        wait_until(lambda: loud.error("trigger", event="x/y") == 403, "the browser to be heard again")


class ByteRate(BrokerTest):
    FLAGS = ("--max-bytes-per-second", "20000")

    def test_a_browser_that_says_too_much_at_a_time(self):
        self.vhost.open("room")
        calm, loud = self.browser(), self.browser("ada")
        calm.subscribe("room")
        for _ in range(20):
            loud.say_text(message_of(20000))
        loud.say("auth")
        codes = []
        while not codes or codes[-1] != 400:
            codes.append(loud.hear()[":error"]["code"])
        self.assertGreater(codes.count(429), 10)
        self.assertEqual(calm.ask("broadcast", channel="room", event="e")["e"]["sid"], calm.sid)


class Patience(BrokerTest):
    FLAGS = ("--max-messages-per-second", "1")

    def test_joining_is_no_speaking(self):
        """Who comes back to many channels is on all of them."""
        names = [self.vhost.open(f"c{number}") for number in range(50)]
        browser = self.browser("ada")
        for name in names:
            browser.say("subscribe", channel=name)
        self.assertEqual([browser.hear()[":subscribed"]["channel"] for _ in names], names)

    def test_whoever_does_not_listen_to_refusals_has_to_go(self):
        browser = self.browser("ada")
        browser.send(frame(TEXT, b'{"trigger":{"event":"e"}}') * 3000)
        heard = 0
        try:
            while True:
                self.assertEqual(browser.hear()[":error"]["code"], 429)
                heard += 1
        except Closed as closed:
            self.assertEqual(closed.code, 1008)
        except ConnectionError:
            pass
        self.assertGreaterEqual(heard, 1000)
        self.assertEqual(figure(self.broker, "page_too_fast"), 1)


class Joins(BrokerTest):
    FLAGS = ("--max-messages-per-second", "1", "--max-subscriptions", "20")

    def test_nor_is_it_free(self):
        browser = self.browser()
        for _ in range(40):
            browser.say("subscribe", channel="nope")
        codes = [browser.hear()[":error"]["code"] for _ in range(40)]
        self.assertIn(429, codes)
        self.assertEqual(codes[:20], [454] * 20)


class Deadlines(BrokerTest):
    FLAGS = ("--message-timeout-ms", "300", "--newcomer-timeout-ms", "900")

    def trickle(self, browser, piece):
        """Until the broker has had enough."""
        try:
            while True:
                browser.send(piece)
                if select.select([browser.socket], [], [], 0.02)[0] and (code := self.end_of(browser)):
                    return code
        except OSError:
            return browser.close_code()

    @staticmethod
    def end_of(browser):
        """The code, if the next frame is a close frame."""
        opcode, _, payload = browser.read_frame()
        return struct.unpack("!H", payload[:2])[0] if opcode == CLOSE else None

    def somebody(self):
        return self.browser("ada")

    def test_fragments_that_are_held(self):
        browser = self.somebody()
        browser.send(frame(TEXT, b"{", fin=False))
        # Neither more of them nor pongs put it off.
        self.assertEqual(self.trickle(browser, frame(CONTINUATION, b" ", fin=False) + frame(PONG)), 1008)

    def test_a_frame_byte_by_byte(self):
        browser = self.somebody()
        browser.send(frame(TEXT, b"", length=5000))
        self.assertEqual(self.trickle(browser, b" "), 1008)

    def test_half_a_header(self):
        browser = self.somebody()
        browser.send(b"\x81")
        self.assertEqual(browser.close_code(), 1008)
        self.assertGreater(figure(self.broker, "message_timeout"), 0)

    def test_each_message_has_its_time(self):
        """One that begins when another ends is not late for that."""
        wait_until(self.each_message_has_its_time, "a try in which nothing held up this test")

    def each_message_has_its_time(self):
        """Or nothing, where the one that is not to be late was."""
        browser, late = self.somebody(), self.somebody()
        late.send(frame(TEXT, b"{", fin=False))
        text = frame(CONTINUATION, b"") + frame(TEXT, b"{", fin=False)
        browser.send(frame(TEXT, b"{", fin=False))
        said = time.monotonic()
        while not select.select([late.socket], [], [], 0.02)[0]:
            if time.monotonic() - said > 0.2:
                return False
            browser.send(text)
            said = time.monotonic()
            while select.select([browser.socket], [], [], 0)[0]:
                self.assertIsNone(self.end_of(browser))
        self.assertEqual(late.close_code(), 1008)
        return True

    def test_newcomers_who_say_nothing(self):
        self.vhost.open("room")
        known, reader = self.somebody(), self.browser()
        reader.subscribe("room")
        self.assertEqual(self.browser().close_code(), 1008)
        self.assertGreater(figure(self.broker, "newcomer_timeout"), 0)
        # One that came later has gone; those stay.
        self.assertTrue(known.silent())
        self.assertTrue(reader.silent())

    def test_newcomers_who_talk(self):
        self.assertEqual(self.trickle(self.browser(), frame(TEXT, b'{"pong":{}}')), 1008)


class NewcomersWelcome(BrokerTest):
    FLAGS = ("--newcomer-timeout-ms", "0", "--message-timeout-ms", "200")

    def test_as_long_as_they_like(self):
        browser, late = self.browser(), self.browser()
        late.send(b"\x81")
        self.assertEqual(late.close_code(), 1008)
        self.assertTrue(browser.silent())


class Flood:
    """Pings without end, as many at a time as there is room for."""

    PINGS = frame(PING, b"x" * 125) * 100

    def __init__(self, browser):
        self.browser = browser
        self.sent = 0
        browser.socket.setblocking(False)

    def rise(self):
        try:
            while True:
                self.sent += self.browser.socket.send(self.PINGS[self.sent % len(self.PINGS):])
        except BlockingIOError:
            pass


class Unread(BrokerTest):
    def queue(self):
        """What waits for the only browser."""
        listed = self.broker.admin("GET", self.vhost.path + "/connections").json()["connections"]
        return listed[0]["queue"] if listed else 0


class Pongs(Unread):
    """A browser that wants many of them and reads none has to wait, before it costs much."""

    def test_a_stranger_s(self):
        browser = Browser(self.broker.addr, self.vhost.path, receive_buffer=4096)
        self.addCleanup(browser.close)

        flood = Flood(browser)
        waiting = [0]

        def is_not_heard():
            flood.rise()
            # A broker that answers has looked at everybody else.
            waiting.append(self.queue())
            return waiting[-1] > 0 and len(set(waiting[-10:])) == 1

        wait_until(is_not_heard, "the broker to wait for its reader")
        self.assertLess(self.queue(), 128 << 10)


class Unheard(Unread):
    FLAGS = ("--ping-interval-ms", "500")

    def test_pongs_are_no_reading(self):
        """What waits for a page must not wait for ever."""
        self.vhost.open("c")
        browser = Browser(self.broker.addr, self.vhost.path, receive_buffer=4096)
        self.addCleanup(browser.close)
        browser.subscribe("c")

        def is_dropped():
            try:
                browser.send(frame(PONG))
            except ConnectionError:
                return True
            return self.vhost.subscribers("c") == 0

        # Until more waits for it than the system takes, and then no more.
        while self.queue() == 0 and not is_dropped():
            self.vhost.fire("c", "e", {"x": "y" * 20000})
        wait_until(is_dropped, "the broker to lose its patience")
        self.assertNotIn("slow consumer", self.broker.log_text())
        self.assertGreater(figure(self.broker, "unread_answer"), 0)


if __name__ == "__main__":
    main()
