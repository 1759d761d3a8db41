"""What a browser, a channel list or a vhost may grow to, and the answer at that point."""

import threading

from broker import DEADLINE, TEXT, Broker, BrokerTest, Browser, RawConnection, frame, main, wait_until

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


class Channels(BrokerTest):
    FLAGS = ("--max-channels", "3")

    def test_one_too_many(self):
        for number in range(3):
            self.vhost.open(f"c{number}")
        response = self.vhost.request("POST", "/channels/c3")
        self.assertEqual((response.status, response.json()),
                         (403, {"error": "too many channels", "code": 403}))
        response = self.broker.admin("POST", f"{self.vhost.path}/channels/c3")
        self.assertEqual((response.status, response.json()), (400, {"error": "too many channels"}))
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


class Messages(BrokerTest):
    FLAGS = ("--max-frame-bytes", "2000", "--max-nesting", "4")

    def test_a_message_too_big(self):
        browser = self.browser()
        browser.say_text('{"x":"' + "y" * 2000 + '"}')
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
