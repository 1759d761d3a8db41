"""What a channel, a list or a vhost may grow to, how long a name may be, and the answer at that point."""

import json
import threading

from figures import figure
from harness import DEADLINE, Broker, BrokerTest, Browser, RawConnection, main, wait_until


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


class FanOut(BrokerTest):
    """What a vhost publishes, times the listeners. What is larger than a second's may pass once."""

    FLAGS = ("--max-fan-out-bytes-per-second", "10000")
    TOO_MUCH = {"error": "the vhost publishes too much", "code": 429}

    def setUp(self):
        super().setUp()
        for channel in ("c", "d", "presence-room"):
            self.vhost.open(channel)
        self.pages = [self.browser(uid) for uid in ("ada", "bob")]
        for page in self.pages:
            page.subscribe("c")
        self.pages[0].subscribe("presence-room")
        self.assertIn(":memberJoined", self.pages[0].hear())

    def use_it_up(self):
        self.assertEqual(self.vhost.fire("c", "much", {"x": "y" * 400000}).status, 202)
        for page in self.pages:
            self.assertIn("much", page.hear())

    def test_what_a_backend_is_told(self):
        before = figure(self.broker, "fan_out")
        self.use_it_up()
        response = self.vhost.fire("c", "e")
        self.assertEqual((response.status, response.json()), (429, self.TOO_MUCH))
        self.assertIn(int(response.headers["Retry-After"]), range(30, 81))
        self.assertEqual(figure(self.broker, "fan_out"), before + 1)
        triggers = [{"channel": channel, "event": "e"} for channel in ("c", "d")]
        response = self.vhost.request("POST", "/events", json.dumps({"triggers": triggers}))
        # Nobody listens to d, so that costs nothing.
        self.assertEqual(response.json()["results"], [{"status": 429, **self.TOO_MUCH}, {"status": 202}])
        self.assertTrue(all(page.silent() for page in self.pages))

    def test_what_a_page_is_told(self):
        worker = self.worker()
        self.use_it_up()
        self.assertEqual(self.pages[0].error("broadcast", channel="c", event="e"), 429)
        self.assertEqual(self.pages[1].error("subscribe", channel="presence-room"), 429)
        self.pages[1].subscribe("presence-room", hidden=True)
        self.assertTrue(all(page.silent() for page in self.pages))
        # What is refused reaches no worker either; what is for workers alone is not refused.
        self.pages[0].say("trigger", event="after")
        self.assertEqual(worker.event()[0], "after")

    def test_another_vhost_has_its_own(self):
        self.use_it_up()
        self.assertEqual(self.vhost.fire("c", "e").status, 429)
        other = self.broker.vhost(self.vhost.path + "-other")
        other.open("c")
        page = other.browser()
        self.addCleanup(page.close)
        page.subscribe("c")
        self.assertEqual(other.fire("c", "e").status, 202)
        self.assertIn("e", page.hear())
        for _ in range(3):
            self.assertEqual(self.vhost.fire("c", "e").status, 429)
        text = self.broker.admin("GET", "/metrics").body.decode()
        self.assertIn(f'webrocket_fan_out_refused_total{{vhost="{self.vhost.path}"}} 4\n', text)
        self.assertIn(f'webrocket_fan_out_refused_total{{vhost="{other.path}"}} 0\n', text)
        line, = [line for line in self.broker.log_text().splitlines()
                 if f"published on {self.vhost.path} than" in line]
        self.assertIn("than 10000 bytes a second", line)


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
