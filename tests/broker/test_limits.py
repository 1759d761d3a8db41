"""What a browser, a channel list or a vhost may grow to, and the answer at that point."""

import http.client
import json
import resource
import select
import socket
import struct
import threading
import time
import unittest

from harness import (CLOSE, CONTINUATION, DEADLINE, PING, PONG, TEXT, Broker, BrokerTest, Browser, Closed,
                     RawConnection, frame, main, wait_until)

HANDSHAKE = ("GET {} HTTP/1.1\r\nHost: test\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
             "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")


class Connections(BrokerTest):
    FLAGS = ("--max-connections", "2")

    def handshake(self):
        connection = RawConnection(self.broker.addr)
        self.addCleanup(connection.close)
        connection.send(HANDSHAKE.format(self.vhost.path))
        return connection.response()

    def test_one_too_many(self):
        first, _ = self.browser(), self.browser()
        status, headers, body = self.handshake()
        self.assertEqual((status, body), (503, b"too many connections\n"))
        self.assertGreater(int(headers["retry-after"]), 0)
        first.close()
        wait_until(lambda: self.handshake_succeeds(), "a place to become free")

    def handshake_succeeds(self):
        connection = RawConnection(self.broker.addr)
        connection.send(HANDSHAKE.format(self.vhost.path))
        status, _ = connection.head()
        connection.close()
        return status == 101

    def test_every_vhost_has_its_own(self):
        self.browser(), self.browser()
        self.broker.vhost("/elsewhere").browser().close()

    def test_refused_handshakes_take_no_place(self):
        for _ in range(5):
            connection = RawConnection(self.broker.addr)
            connection.send(HANDSHAKE.format(self.vhost.path).replace("13", "12"))
            self.assertEqual(connection.response()[0], 426)
            connection.close()
        self.browser(), self.browser()


def figure(broker, reason, port="service"):
    """How often that was the reason of a refusal."""
    start = f'webrocket_refusals_total{{port="{port}",reason="{reason}"}} '
    for line in broker.admin("GET", "/metrics").body.decode().splitlines():
        if line.startswith(start):
            return int(line[len(start):])
    return 0


class Comer:
    """Somebody at the door, with an address of their own if need be."""

    def __init__(self, addr, source="127.0.0.1"):
        self.socket = socket.create_connection(addr, DEADLINE, source_address=(source, 0))

    def is_let_in(self):
        """Those who are turned away are not read from."""
        try:
            self.socket.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
            return self.socket.recv(4096).startswith(b"HTTP/1.1 200")
        except OSError:
            return False

    def close(self):
        self.socket.close()


class AtTheDoor(BrokerTest):
    def come(self, count=1, source="127.0.0.1"):
        comers = [Comer(self.broker.addr, source) for _ in range(count)]
        for comer in comers:
            self.addCleanup(comer.close)
        return comers


class Addresses(AtTheDoor):
    FLAGS = ("--max-connections-per-address", "3")

    def test_one_too_many(self):
        first = self.come(3)
        self.assertTrue(all(comer.is_let_in() for comer in first))
        self.assertFalse(self.come()[0].is_let_in())
        self.assertEqual(figure(self.broker, "too_many_of_address"), 1)
        self.assertIn("address=127.0.0.1 refused a connection: it has 3 already", self.broker.log_text())
        # Others are none the worse for it.
        self.assertTrue(all(comer.is_let_in() for comer in self.come(3, "127.0.0.2")))
        first[0].close()
        wait_until(lambda: self.come()[0].is_let_in(), "a place to become free")

    def test_the_operator_is_not_counted(self):
        self.come(3)
        admins = [Comer(self.broker.admin_addr) for _ in range(5)]
        for admin in admins:
            self.addCleanup(admin.close)
            self.assertTrue(admin.is_let_in())


class BehindAProxy(AtTheDoor):
    FLAGS = ("--max-connections-per-address", "2", "--trusted-proxy", "127.0.0.1")

    def handshake(self, client):
        raw = RawConnection(self.broker.addr)
        self.addCleanup(raw.close)
        raw.send(HANDSHAKE.format(self.vhost.path).replace("\r\n\r\n", f"\r\nX-Forwarded-For: {client}\r\n\r\n"))
        return raw, raw.head()[0]

    def test_each_client_counts_for_itself(self):
        first, second = self.handshake("192.0.2.1"), self.handshake("192.0.2.1")
        self.assertEqual((first[1], second[1]), (101, 101))
        self.assertEqual(self.handshake("192.0.2.1")[1], 503)
        self.assertEqual(self.handshake("192.0.2.2")[1], 101)
        first[0].close()
        wait_until(lambda: self.handshake("192.0.2.1")[1] == 101, "a place to become free")


class InAll(AtTheDoor):
    FLAGS = ("--max-connections-in-all", "4", "--max-connections-per-address", "4")

    def test_one_too_many(self):
        let_in = [self.come(1, f"127.0.0.{number}")[0] for number in range(2, 6)]
        self.assertTrue(all(comer.is_let_in() for comer in let_in))
        self.assertFalse(self.come()[0].is_let_in())
        self.assertEqual(figure(self.broker, "too_many_connections"), 1)
        self.assertEqual(self.broker.admin("GET", "/healthz").status, 200)
        let_in[0].close()
        wait_until(lambda: self.come()[0].is_let_in(), "a place to become free")


class Handshakes(AtTheDoor):
    FLAGS = ("--max-handshakes-per-second-per-address", "2")

    def test_one_too_many(self):
        def handshake():
            with RawConnection(self.broker.addr) as raw:
                raw.send(HANDSHAKE.format(self.vhost.path))
                line = raw.file.readline().decode().rstrip()
                return line, http.client.parse_headers(raw.file).get("Retry-After")

        welcome = "HTTP/1.1 101 Switching Protocols"
        answers = [handshake() for _ in range(50)]
        self.assertEqual(answers[0], (welcome, None))
        self.assertIn(("HTTP/1.1 429 Too Many Requests", "1"), answers)
        self.assertGreater(figure(self.broker, "too_many_handshakes"), 0)
        wait_until(lambda: handshake()[0] == welcome, "it to be let in again")


class FewDescriptors(unittest.TestCase):
    """Whoever takes all that there is for others leaves the operator what an operator needs."""

    LIMIT = 256

    def setUp(self):
        before = resource.getrlimit(resource.RLIMIT_NOFILE)
        popen = Broker.popen

        def limited(broker, **options):
            return popen(broker, preexec_fn=lambda: resource.setrlimit(
                resource.RLIMIT_NOFILE, (self.LIMIT, self.LIMIT)), **options)

        Broker.popen = limited
        try:
            self.broker = Broker("--max-connections-per-address", "1000")
        finally:
            Broker.popen = popen
        self.addCleanup(self.broker.close)
        self.assertEqual(resource.getrlimit(resource.RLIMIT_NOFILE), before)

    def test_the_admin_port_answers(self):
        vhost = self.broker.vhost("/moon")
        comers = [Comer(self.broker.addr) for _ in range(self.LIMIT + 50)]
        for comer in comers:
            self.addCleanup(comer.close)
        wait_until(lambda: figure(self.broker, "too_many_connections") > 50, "the last to be turned away")
        self.assertLess(self.broker.descriptors(), self.LIMIT - 20)
        admins = [Comer(self.broker.admin_addr) for _ in range(20)]
        for admin in admins:
            self.addCleanup(admin.close)
            self.assertTrue(admin.is_let_in())
        for path in ("/healthz", "/readyz", "/metrics"):
            self.assertEqual(self.broker.admin("GET", path).status, 200)
        for comer in comers:
            comer.close()
        wait_until(self.lets_in, "room to come back")
        vhost.disconnect()

    def test_the_admin_port_takes_no_more_than_its_own(self):
        comers = [Comer(self.broker.admin_addr) for _ in range(self.LIMIT + 50)]
        for comer in comers:
            self.addCleanup(comer.close)
        wait_until(lambda: len(select.select([comer.socket for comer in comers], [], [], 0)[0]) ==
                   len(comers) - 64, "those that are too many to be turned away")
        self.assertTrue(self.lets_in())
        for comer in comers:
            comer.close()
        wait_until(lambda: self.lets_in(self.broker.admin_addr), "room to come back")
        self.assertGreaterEqual(figure(self.broker, "too_many_connections", "admin"), len(comers) - 64)

    def lets_in(self, addr=None):
        comer = Comer(addr or self.broker.addr)
        self.addCleanup(comer.close)
        return comer.is_let_in()

    def test_the_start_says_that_it_is_less_than_promised(self):
        self.assertIn("warning a limit of 256 file descriptors (RLIMIT_NOFILE) carries 156 connections, "
                      "which is less than the 100000 that the options promise", self.broker.log_text())


class Channels(BrokerTest):
    FLAGS = ("--max-channels", "3")

    def test_one_too_many(self):
        for number in range(3):
            self.vhost.open(f"c{number}")
        response = self.vhost.request("POST", "/channels/c3")
        self.assertEqual((response.status, response.json()),
                         (403, {"error": f"too many channels: {self.vhost.path} has 3", "code": 403}))
        self.assertEqual(figure(self.broker, "too_many_channels"), 1)
        before = figure(self.broker, "too_many_channels", "admin")
        response = self.broker.admin("POST", f"{self.vhost.path}/channels/c3")
        self.assertEqual((response.status, response.json()), (400, {"error": "too many channels"}))
        self.assertEqual(figure(self.broker, "too_many_channels", "admin"), before + 1)
        self.vhost.open("c2")
        self.vhost.request("DELETE", "/channels/c0")
        self.vhost.open("c3")

    def test_many_at_once(self):
        statuses = []

        def open_one(number):
            response = self.broker.admin("POST", f"{self.vhost.path}/channels/c{number}")
            statuses.append(response.status)

        threads = [threading.Thread(target=open_one, args=(number,)) for number in range(20)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(DEADLINE)
        self.assertEqual(sorted(statuses), [302] * 3 + [400] * 17)


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


class Members(BrokerTest):
    FLAGS = ("--max-members-per-uid", "2")

    def test_one_user_does_not_fill_a_channel(self):
        self.vhost.open("presence-room")
        self.vhost.open("private-room")
        first, second, third, other = (self.browser(uid) for uid in ("ada", "ada", "ada", "bob"))
        first.subscribe("presence-room")
        # Hidden or not.
        second.subscribe("presence-room", hidden=True)
        self.assertEqual(third.error("subscribe", channel="presence-room"), 429)
        self.assertEqual(third.error("subscribe", channel="presence-room", hidden=True), 429)
        other.subscribe("presence-room")
        self.assertEqual(figure(self.broker, "page_429"), 2)
        # Elsewhere it may be as often as it likes.
        for browser in (first, second, third):
            browser.say("subscribe", channel="private-room")
            while ":subscribed" not in (answer := browser.hear()):
                self.assertIn(":memberJoined", answer)
        second.close()
        wait_until(lambda: ":subscribed" in third.ask("subscribe", channel="presence-room"),
                   "a place to become free")


class Workers(BrokerTest):
    FLAGS = ("--max-workers", "3", "--max-filters", "2")

    def refused(self, filter):
        response = self.vhost.request("GET", "/events?filter=" + filter)
        self.assertEqual((response.status, response.json()["code"]), (503, 503))
        self.assertGreater(int(response.headers["Retry-After"]), 0)
        return response.json()["error"]

    def test_one_too_many(self):
        self.worker("a"), self.worker("b")
        self.assertEqual(self.refused("c"), "too many filters")
        last = self.worker("a")
        self.assertEqual(self.refused("a"), "too many workers")
        self.assertEqual(figure(self.broker, "too_many_filters"), 1)
        self.assertEqual(figure(self.broker, "too_many_workers"), 1)
        last.close()
        wait_until(lambda: self.is_let_in("b"), "a place to become free")

    def is_let_in(self, filter):
        with RawConnection(self.broker.addr) as raw:
            raw.send(f"GET {self.vhost.path}/events?filter={filter} HTTP/1.1\r\nHost: x\r\n"
                     f"Authorization: {self.vhost.headers()['Authorization']}\r\n\r\n")
            return raw.head()[0] == 200


class Batches(BrokerTest):
    FLAGS = ("--max-batch", "100")

    def test_one_too_many(self):
        items = [{"channel": "c", "event": "e"}] * 101
        response = self.vhost.request("POST", "/events", json.dumps({"triggers": items[:100]}))
        self.assertEqual(len(response.json()["results"]), 100)
        response = self.vhost.request("POST", "/events", json.dumps({"triggers": items}))
        self.assertEqual((response.status, response.json()),
                         (413, {"error": "more than 100 triggers", "code": 413}))
        self.assertEqual(figure(self.broker, "batch_too_large"), 1)


class TokenBytes(BrokerTest):
    FLAGS = ("--max-token-bytes", "20000")

    def test_the_oldest_go(self):
        first = self.vhost.access_token("ada")
        for _ in range(20):
            last = self.vhost.access_token("ada", "x" * 1024)
        self.assertEqual(self.browser().error("auth", token=first), 402)
        self.assertEqual(self.browser().ask("auth", token=last), {":authenticated": {}})


class Names(BrokerTest):
    """255 bytes at most, and an answer that says so."""

    LONGEST, LONGER = "x" * 255, "x" * 256

    def refused(self, method, suffix, subject, code=400, body=None):
        response = self.vhost.request(method, suffix, body)
        self.assertEqual((response.status, response.json()["code"]), (400, code))
        self.assertIn(f"{subject} is longer than ", response.json()["error"])

    def test_channels(self):
        self.vhost.open(self.LONGEST)
        self.refused("POST", "/channels/" + self.LONGER, "channel name", 451)
        response = self.broker.admin("POST", f"{self.vhost.path}/channels/{self.LONGER}")
        self.assertEqual((response.status, response.json()),
                         (400, {"error": "channel name is longer than 255 bytes"}))

    def test_events(self):
        self.vhost.open("c")
        browser = self.browser("ada")
        browser.subscribe("c")
        self.assertEqual(self.vhost.fire("c", self.LONGEST).status, 202)
        self.assertEqual(list(browser.hear()), [self.LONGEST])
        trigger = json.dumps({"trigger": {"event": self.LONGER}})
        self.refused("POST", "/channels/c/events", "event name", body=trigger)
        # Bytes, not characters.
        self.assertEqual(self.vhost.fire("c", "é" * 128).status, 400)
        batch = json.dumps({"triggers": [{"channel": "c", "event": self.LONGER}]})
        results = self.vhost.request("POST", "/events", batch).json()["results"]
        self.assertEqual(results[0]["error"], "event name is longer than 255 bytes")
        self.assertEqual(browser.error("broadcast", channel="c", event=self.LONGER), 400)
        self.assertEqual(browser.error("trigger", event=self.LONGER), 400)
        self.assertEqual(browser.error("broadcast", channel="c", event="e", trigger=self.LONGER), 400)

    def test_users_and_workers(self):
        self.assertEqual(self.vhost.request("GET", f"/token?uid={self.LONGEST}&channels=.").status, 200)
        self.refused("GET", f"/token?uid={self.LONGER}&channels=.", "uid")
        self.refused("GET", f"/events?worker={self.LONGER}", "worker")

    def test_expressions(self):
        self.assertEqual(self.vhost.request("GET", f"/token?uid=a&channels={'x' * 1024}").status, 200)
        self.refused("GET", f"/token?uid=a&channels={'x' * 1025}", "channels")
        self.refused("GET", f"/events?filter={'x' * 4097}", "filter")

    def test_vhosts(self):
        longest = "/" + "v" * 254
        self.assertEqual(self.broker.vhost(longest).path, longest)
        response = self.broker.admin("POST", longest + "v")
        self.assertEqual((response.status, response.json()),
                         (400, {"error": "path is longer than 255 bytes"}))


class SlowConsumers(BrokerTest):
    FLAGS = ("--client-queue-bytes", "200000")

    def test_the_log_says_who_it_was(self):
        self.vhost.open("private-room")
        slow = Browser(self.broker.addr, self.vhost.path, receive_buffer=4096)
        self.addCleanup(slow.close)
        slow.say("auth", token=self.vhost.access_token("zoë"))
        slow.hear()
        slow.subscribe("private-room")
        for _ in range(400):
            self.vhost.fire("private-room", "e", {"x": "y" * 20000})
            if self.vhost.subscribers("private-room") == 0:
                break
        expected = f'slow consumer: browser sid={slow.sid} uid="zoë" vhost={self.vhost.path} address=127.0.0.1 closed'
        wait_until(lambda: expected in self.broker.log_text(), "the log line")


class Rosters(BrokerTest):
    FLAGS = ("--client-queue-bytes", "20000")

    def test_one_too_many(self):
        """Whoever joins is sent the whole roster, which has to fit into half of its queue."""
        self.vhost.open("presence-room")

        def member(uid, **payload):
            browser = self.browser(uid)
            browser.say("subscribe", channel="presence-room", data={"text": "x" * 3000}, **payload)
            return browser, browser.hear()

        members = [member(uid)[0] for uid in ("ada", "bob", "cem")]
        refused, answer = member("dan")
        self.assertEqual(answer, {":error": {"code": 429, "status": "Limit reached"}})
        self.assertEqual(self.vhost.subscribers("presence-room"), 3)
        # Those who are hidden are on no roster, and get it.
        self.assertEqual(len(member("eve", hidden=True)[1][":subscribed"]["subscribers"]), 3)
        members[0].say("unsubscribe", channel="presence-room")
        wait_until(lambda: self.vhost.subscribers("presence-room") == 3, "one to go")
        refused.say("subscribe", channel="presence-room")
        self.assertEqual(len(refused.hear()[":subscribed"]["subscribers"]), 2)


class TokenNumber(BrokerTest):
    FLAGS = ("--max-tokens", "2")

    def test_the_operator_learns_of_too_many(self):
        for _ in range(5):
            self.vhost.access_token("alice")
        expected = f"warning too many single access tokens of {self.vhost.path}"
        self.assertEqual(self.broker.log_text().count(expected), 1)
        self.assertIn(f'webrocket_tokens_displaced_total{{vhost="{self.vhost.path}"}} 3\n',
                      self.broker.admin("GET", "/metrics").body.decode())


class Tokens(BrokerTest):
    def test_none_is_ever_logged(self):
        broker = Broker("--log-level", "trace")
        try:
            vhost = broker.vhost("/moon")
            vhost.open("private-x")
            token = vhost.access_token()
            browser = vhost.browser()
            browser.ask("auth", token=token)
            browser.ask("auth", token=token)
            browser.close()
            broker.admin("PUT", "/moon/token")
            vhost.request("GET", "/token?uid=x&channels=x", headers={"Authorization": "Basic eDp5"})
            text = broker.log_text()
            for secret in (token, vhost.token, broker.token_of("/moon"), broker.cookie):
                self.assertNotIn(secret, text)
        finally:
            broker.close()


if __name__ == "__main__":
    main()
