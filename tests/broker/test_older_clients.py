"""What pages of the brokers before this one say, and what they hear."""

from harness import BrokerTest, main


class OlderClients(BrokerTest):
    """What the two client libraries of the original server send, word for word, and what they need
    to hear: of a message's keys they look at the first that they know, and that its value is
    truthy."""

    def setUp(self):
        super().setUp()
        for channel in ("presence-room", "normal", "private-x"):
            self.vhost.open(channel)
        self.everything = self.worker()

    def told(self, browser, text, answer):
        browser.say_text(text)
        message = browser.hear()
        self.assertEqual(list(message), [answer])
        self.assertIsInstance(message[answer], dict)
        return message[answer]

    def authenticate(self, browser, uid):
        self.told(browser, '{"auth":{"token":"%s"}}' % self.vhost.access_token(uid), ":authenticated")

    def test_the_first(self):
        browser = self.browser()
        self.authenticate(browser, "ann")
        room = self.told(browser, '{"subscribe":{"channel":"presence-room","data":{"nick":"one"}}}',
                         ":subscribed")
        self.assertEqual((room["channel"], room["subscribers"]), ("presence-room", []))
        self.assertEqual(browser.hear(), {":memberJoined": {"nick": "one", "uid": "ann",
                                                            "channel": "presence-room"}})
        self.assertEqual(self.told(browser, '{"subscribe":{"channel":"normal"}}', ":subscribed"),
                         {"channel": "normal"})
        self.assertEqual(self.told(browser, '{"broadcast":{"channel":"normal","event":"hello",'
                                   '"data":{"a":1}},"trigger":"room/hello"}', "hello"),
                         {"a": 1, "channel": "normal", "sid": browser.sid})
        self.assertEqual(self.everything.event()[0], "room/hello")
        self.assertEqual(self.told(browser, '{"unsubscribe":{"channel":"normal"}}', ":unsubscribed"),
                         {"channel": "normal"})
        self.told(browser, '{"close":{}}', ":closed")
        self.assertEqual(browser.close_code(), 1000)

    def test_the_second(self):
        """It takes a new token each time it connects."""
        for _ in range(2):
            browser = self.browser()
            self.authenticate(browser, "bob")
            self.told(browser, '{"subscribe":{"channel":"presence-room","data":{"nick":"two"}},'
                      '"hidden":true}', ":subscribed")
            self.told(browser, '{"subscribe":{"channel":"private-x","data":{}}}', ":subscribed")
            self.told(browser, '{"broadcast":{"channel":"private-x","event":"hello","data":{"b":1}},'
                      '"trigger":true}', "hello")
            self.assertEqual(self.everything.event()[0], "private-x/hello")
            browser.say_text('{"trigger":{"event":"job","data":{"c":1}}}')
            self.assertEqual(self.everything.event(), (
                "job", {"c": 1, "sid": browser.sid, "uid": "bob"}))
            browser.close()

    def test_the_second_after_a_refusal(self):
        """It fetches another token when it hears 402."""
        browser = self.browser()
        self.assertEqual(self.told(browser, '{"auth":{"token":"spent"}}', ":error")["code"], 402)
        self.authenticate(browser, "bob")


if __name__ == "__main__":
    main()
