"""One budget of bytes for what the broker holds for its peers: whoever holds most goes first."""

import json
import os
import re

from figures import figure
from harness import TEXT, UNLIMITED, BrokerTest, Browser, RawConnection, frame, main, wait_until

BUDGET = 64 << 20


def held(broker):
    text = broker.admin("GET", "/metrics").body.decode()
    return int(re.search(r"^webrocket_memory_held_bytes (\d+)$", text, re.M)[1])


def resident(broker):
    with open(f"/proc/{broker.process.pid}/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


class MemoryTest(BrokerTest):
    FLAGS = ("--memory-max", "64M", *UNLIMITED)

    def setUp(self):
        super().setUp()
        self.before = self.let_go()

    def let_go(self):
        return figure(self.broker, "memory")

    def silent_browser(self):
        browser = Browser(self.broker.addr, self.vhost.path, receive_buffer=4096)
        self.addCleanup(browser.close)
        return browser

    def fire_at(self, channel, kib, times=1):
        for _ in range(times):
            self.assertEqual(self.vhost.fire(channel, "e", {"x": "y" * (kib << 10)}).status, 202)

    def lines(self):
        return [line for line in self.broker.log_text().splitlines() if " memory: " in line]


class Largest(MemoryTest):
    def test_those_who_hold_most_go_first(self):
        """Some that never read what is sent to each of them, many that wait for one event, and one that
        reads all that it is sent."""
        for channel in ("honest", "modest"):
            self.vhost.open(channel)
        honest = self.browser()
        honest.subscribe("honest")
        modest = [self.silent_browser() for _ in range(20)]
        for browser in modest:
            browser.subscribe("modest")
        greedy = [self.silent_browser() for _ in range(20)]
        for number, browser in enumerate(greedy):
            self.vhost.open(f"greedy{number}")
            browser.subscribe(f"greedy{number}")
        self.fire_at("modest", 100)
        # 7 MiB each: no queue is too long by itself.
        for number in range(len(greedy)):
            self.fire_at(f"greedy{number}", 512, 14)
            self.fire_at("honest", 1)
            self.assertIn("e", honest.hear())
        wait_until(lambda: self.let_go() > self.before, "some to be let go")
        self.assertLessEqual(held(self.broker), BUDGET)
        left = [self.vhost.subscribers(f"greedy{number}") for number in range(len(greedy))]
        self.assertEqual(self.let_go() - self.before, len(greedy) - sum(left))
        self.assertGreater(sum(left), 4)
        self.assertEqual(self.vhost.subscribers("modest"), len(modest))
        self.assertNotIn("slow consumer", self.broker.log_text())
        # The first of them is named, and the others are counted.
        line, = self.lines()
        self.assertRegex(line, r" bytes are held, of 67108864: whoever holds most is let go, first browser "
                               r"sid=[-0-9a-f]{36} uid=- vhost=/vhost\d+ address=127\.0\.0\.1 with \d{7} bytes$")
        self.assertIn(re.search("sid=([-0-9a-f]+)", line)[1], [browser.sid for browser in greedy])


class Flood(MemoryTest):
    def test_a_flood_for_two_hundred_of_them(self):
        count = 200
        self.vhost.open("honest")
        honest = self.browser()
        honest.subscribe("honest")
        for number in range(count):
            self.vhost.open(f"c{number}")
            self.silent_browser().subscribe(f"c{number}")
        before = resident(self.broker)
        # Eight times the budget, if it were held; the honest one hears its own in between.
        batch = json.dumps({"triggers": [{"channel": f"c{number}", "event": "e", "data": {"x": "y" * 20000}}
                                         for number in range(0, count, 5)]})
        for turn in range(600):
            self.assertEqual(self.vhost.request("POST", "/events", batch).status, 200)
            if turn % 20 == 0:
                self.fire_at("honest", 1)
                self.assertIn("e", honest.hear())
        self.assertGreater(self.let_go(), self.before)
        self.assertLessEqual(held(self.broker), BUDGET + (4 << 20))
        if "san" not in os.environ.get("WEBROCKET_SERVER", ""):
            self.assertLess(resident(self.broker) - before, BUDGET + (64 << 20))
        self.assertLessEqual(len(self.lines()), 2)


class Unfinished(MemoryTest):
    def test_messages(self):
        """Half a message each."""
        half = frame(TEXT, b'{"broadcast":{"event":"' + b"x" * (700 << 10), fin=False)
        browsers = [self.silent_browser() for _ in range(120)]
        for browser in browsers:
            browser.say("subscribe", channel="none")
            try:
                browser.send(half)
            except ConnectionError:
                pass
        wait_until(lambda: self.let_go() > self.before, "some to be let go")
        self.assertLessEqual(held(self.broker), BUDGET + (4 << 20))

    def test_bodies(self):
        half = b"y" * (900 << 10)
        head = (f"POST {self.vhost.path}/events HTTP/1.1\r\nHost: x\r\nContent-Length: {len(half) + 1}\r\n"
                f"Authorization: {self.vhost.headers()['Authorization']}\r\n\r\n")
        for _ in range(120):
            raw = RawConnection(self.broker.addr)
            self.addCleanup(raw.close)
            try:
                raw.send(head)
                raw.send(half)
            except ConnectionError:
                pass
        wait_until(lambda: self.let_go() > self.before, "some to be let go")
        self.assertLessEqual(held(self.broker), BUDGET + (4 << 20))


class Options(BrokerTest):
    def test_the_default_is_half_of_what_there_is(self):
        text = self.broker.admin("GET", "/metrics").body.decode()
        limit = int(re.search(r"^webrocket_memory_max_bytes (\d+)$", text, re.M)[1])
        with open("/proc/meminfo") as file:
            total = int(file.readline().split()[1]) << 10
        self.assertLessEqual(limit, total // 2)
        self.assertGreater(limit, 0)


if __name__ == "__main__":
    main()
