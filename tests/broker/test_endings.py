"""How a page's connection and its subscriptions end, and who is told."""

from harness import PING, PONG, BrokerTest, Closed, frame, main, wait_until


class Farewells(BrokerTest):
    def test_what_is_said_on_leaving_has_the_limit_of_what_is_said_on_coming(self):
        self.vhost.open("presence-room")
        stays, goes = self.browser("ada"), self.browser("bob")
        stays.subscribe("presence-room")
        goes.subscribe("presence-room")
        self.assertEqual([list(stays.hear()) for _ in range(2)], [[":memberJoined"]] * 2)
        goes.hear()
        self.assertEqual(goes.error("unsubscribe", channel="presence-room", data={"x": "y" * 4096}), 429)
        # It is still there, and may say something shorter.
        self.assertEqual(self.vhost.subscribers("presence-room"), 2)
        self.assertEqual(goes.ask("unsubscribe", channel="presence-room", data={"x": "y" * 4000}),
                         {":unsubscribed": {"channel": "presence-room"}})
        self.assertEqual(len(stays.hear()[":memberLeft"]["x"]), 4000)


class Pings(BrokerTest):
    FLAGS = ("--ping-interval-ms", "1000")  # which is how long an answer may take

    def test_server_pings(self):
        browser = self.browser()
        self.assertEqual(browser.read_frame(), (PING, True, b""))
        browser.send(frame(PONG))
        self.assertEqual(browser.read_frame(), (PING, True, b""))


class UnansweredPings(BrokerTest):
    FLAGS = ("--ping-interval-ms", "100")

    def test_silent_peer_is_dropped(self):
        browser = self.browser()
        browser.read_frame()
        # No pong is sent from here on.
        with self.assertRaises((Closed, ConnectionError)):
            while True:
                browser.read_frame()


class Removal(BrokerTest):
    def test_channel_closed_by_the_backend(self):
        self.vhost.open("c")
        self.vhost.open("d")
        browsers = [self.browser() for _ in range(3)]
        for browser in browsers:
            browser.subscribe("c")
            browser.subscribe("d")
        self.vhost.request("DELETE", "/channels/c")
        for browser in browsers:
            self.assertEqual(browser.hear(), {":unsubscribed": {"channel": "c"}})
            self.assertEqual(browser.error("broadcast", channel="c", event="e"), 454)
        self.vhost.open("c")
        self.assertEqual(browsers[0].error("broadcast", channel="c", event="e"), 453)
        self.assertEqual(self.vhost.subscribers("d"), 3)

    def test_channels_closed_by_the_operator(self):
        self.vhost.open("c")
        browser = self.browser()
        browser.subscribe("c")
        self.assertEqual(self.broker.admin("DELETE", self.vhost.path + "/channels/c").status, 202)
        self.assertEqual(browser.hear(), {":unsubscribed": {"channel": "c"}})
        self.vhost.open("c")
        browser.subscribe("c")
        self.assertEqual(self.broker.admin("DELETE", self.vhost.path + "/channels").status, 202)
        self.assertEqual(browser.hear(), {":unsubscribed": {"channel": "c"}})

    def test_vhost_removed(self):
        self.vhost.open("c")
        browser = self.browser()
        browser.subscribe("c")
        self.assertEqual(self.broker.admin("DELETE", self.vhost.path).status, 202)
        self.assertEqual(browser.close_code(), 1000)
        self.broker.vhost(self.vhost.path)

    def test_reset_connection_leaves(self):
        self.vhost.open("c")
        browser = self.browser()
        browser.subscribe("c")
        browser.close()
        wait_until(lambda: self.vhost.subscribers("c") == 0, "the subscriber to leave")


if __name__ == "__main__":
    main()
