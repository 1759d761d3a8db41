"""What backends learn of who is on a channel: worker events that no browser can forge, and pages."""

import unittest

from harness import CLOSE, TEXT, BrokerTest, frame, main, wait_until

ROOM = "presence-room"
BOTH = f"{ROOM}/:(joined|left)"


class Reports(BrokerTest):
    def setUp(self):
        super().setUp()
        self.vhost.open(ROOM)
        self.listener = self.worker(BOTH)

    def joined(self, browser, uid, data=None, hidden=False):
        return (f"{ROOM}/:joined", {"channel": ROOM, "sid": browser.sid, "uid": uid,
                                    "hidden": hidden, "data": data or {}})

    def left(self, browser, uid, reason, data=None, hidden=False):
        topic, payload = self.joined(browser, uid, data, hidden)
        return topic.replace("joined", "left"), payload | {"reason": reason}

    def member(self, uid="alice", **payload):
        browser = self.browser(uid)
        browser.subscribe(ROOM, **payload)
        hidden = payload.get("hidden", False)
        if not hidden:
            self.assertIn(":memberJoined", browser.hear())
        self.assertEqual(self.listener.event(), self.joined(browser, uid, payload.get("data"), hidden))
        return browser

    def test_joined_and_left(self):
        alice = self.member(data={"name": "Alice", "uid": "her own word"})
        alice.say("unsubscribe", channel=ROOM, data={"message": "bye"})
        self.assertEqual(self.listener.event(),
                         self.left(alice, "alice", "left",
                                   {"name": "Alice", "uid": "her own word", "message": "bye"}))

    def test_hidden_subscribers_too(self):
        alice = self.member(hidden=True)
        alice.say("unsubscribe", channel=ROOM)
        self.assertEqual(self.listener.event(), self.left(alice, "alice", "left", hidden=True))

    def test_whoever_takes_leave_of_the_broker(self):
        alice = self.member()
        alice.say("close")
        self.assertEqual(self.listener.event(), self.left(alice, "alice", "closed"))

    def test_a_browser_that_closes_its_connection(self):
        for payload in (b"", b"\x03\xe9"):
            alice = self.member()
            alice.send(frame(CLOSE, payload))
            self.assertEqual(self.listener.event(), self.left(alice, "alice", "closed"))

    def test_a_connection_that_is_given_up(self):
        for bytes in (frame(11), frame(TEXT, b"x", masked=False), frame(TEXT, b"\xff"),
                      frame(CLOSE, b"\x03"), frame(TEXT, b"x", length=1 << 40)):
            alice = self.member()
            alice.send(bytes)
            self.assertEqual(self.listener.event(), self.left(alice, "alice", "lost"), bytes)

    def test_a_connection_that_breaks(self):
        alice = self.member()
        alice.close()
        self.assertEqual(self.listener.event(), self.left(alice, "alice", "lost"))

    def test_a_channel_that_is_closed(self):
        members = [self.member("alice"), self.member("bob")]
        self.vhost.request("DELETE", "/channels/" + ROOM)
        reports = [self.listener.event(), self.listener.event()]
        self.assertCountEqual(reports, [self.left(members[0], "alice", "removed"),
                                        self.left(members[1], "bob", "removed")])

    def test_whoever_goes_on_as_somebody_else(self):
        alice = self.member()
        alice.ask("auth", token=self.vhost.access_token("bob"))
        self.assertEqual(self.listener.event(), self.left(alice, "alice", "left"))

    def test_whoever_was_hidden_and_goes_on_as_somebody_else(self):
        alice = self.member(hidden=True)
        alice.ask("auth", token=self.vhost.access_token("bob"))
        self.assertEqual(self.listener.event(), self.left(alice, "alice", "left", hidden=True))
        self.assertEqual(alice.error("unsubscribe", channel=ROOM), 453)

    def test_whoever_was_hidden_and_proves_it_again(self):
        alice = self.member(hidden=True)
        alice.ask("auth", token=self.vhost.access_token("alice"))
        alice.say("unsubscribe", channel=ROOM)
        self.assertEqual(self.listener.event(), self.left(alice, "alice", "left", hidden=True))

    def test_whoever_fails_to_prove_it_again(self):
        alice = self.member()
        self.assertEqual(alice.error("auth", token="none"), 402)
        self.assertEqual(self.listener.event(), self.left(alice, "alice", "left"))

    def test_other_channels_have_none(self):
        self.vhost.open("room")
        self.vhost.open("private-room")
        listener = self.worker(".*/:(joined|left)")
        browser = self.browser("alice")
        browser.subscribe("room")
        browser.subscribe("private-room")
        browser.subscribe(ROOM)
        self.assertEqual(listener.event()[0], f"{ROOM}/:joined")

    def test_only_for_filters_that_spell_the_colon(self):
        everything = self.worker()
        wildcard = self.worker(f"(?:{ROOM}|x)/.*")
        alice = self.member()
        alice.ask("broadcast", channel=ROOM, event="hello")
        for worker in (everything, wildcard):
            self.assertEqual(worker.event()[0], f"{ROOM}/hello")

    def test_browsers_cannot_forge_one(self):
        alice = self.browser("alice")
        alice.subscribe(ROOM)
        self.listener.event()
        alice.hear()  # her own :memberJoined
        for topic in (f"{ROOM}/:left", f"x/{ROOM}/:left", ":left"):
            self.assertEqual(alice.error("trigger", event=topic), 400, topic)
            self.assertEqual(alice.error("broadcast", channel=ROOM, event="e", trigger=topic), 400, topic)
        self.assertEqual(alice.error("broadcast", channel=ROOM, event=":left"), 400)
        alice.say("unsubscribe", channel=ROOM)
        self.assertEqual(self.listener.event(), self.left(alice, "alice", "left"))


class Pages(BrokerTest):
    def page(self, channel, query=""):
        response = self.vhost.request("GET", f"/channels/{channel}/subscribers{query}")
        self.assertEqual(response.status, 200, response.body)
        self.assertEqual(response.headers["Content-Type"], "application/json")
        return response.json()

    def test_nobody(self):
        self.vhost.open("room")
        self.assertEqual(self.page("room"), {"subscribers": [], "next": None})

    def test_who_is_there(self):
        self.vhost.open(ROOM)
        alice, bob = self.browser("alice"), self.browser("bob")
        alice.subscribe(ROOM, data={"name": "Alice"})
        bob.subscribe(ROOM, hidden=True)
        expected = [{"sid": alice.sid, "uid": "alice", "hidden": False, "data": {"name": "Alice"}},
                    {"sid": bob.sid, "uid": "bob", "hidden": True, "data": {}}]
        self.assertEqual(self.page(ROOM), {"subscribers": sorted(expected, key=lambda s: s["sid"]),
                                           "next": None})

    def test_what_others_than_members_say_is_not_kept(self):
        self.vhost.open("room")
        browser = self.browser()
        browser.subscribe("room", data={"name": "Ann"})
        self.assertEqual(self.page("room")["subscribers"][0]["data"], {})

    def test_names_come_and_go_with_authentication(self):
        self.vhost.open("room")
        browser = self.browser()
        browser.subscribe("room")
        self.assertEqual(self.page("room")["subscribers"][0]["uid"], None)
        browser.ask("auth", token=self.vhost.access_token("carol"))
        self.assertEqual(self.page("room")["subscribers"][0]["uid"], "carol")

    def test_page_after_page(self):
        self.vhost.open("room")
        browsers = [self.browser() for _ in range(7)]
        for browser in browsers:
            browser.subscribe("room")
        found, query = [], "?limit=3"
        sizes = []
        while True:
            page = self.page("room", query)
            sizes.append(len(page["subscribers"]))
            found += [subscriber["sid"] for subscriber in page["subscribers"]]
            if page["next"] is None:
                break
            query = "?limit=3&after=" + page["next"]
        self.assertEqual(sizes, [3, 3, 1])
        self.assertEqual(found, sorted(browser.sid for browser in browsers))

    def test_a_page_that_is_just_full_is_the_last(self):
        self.vhost.open("room")
        for _ in range(2):
            self.browser().subscribe("room")
        self.assertIsNone(self.page("room", "?limit=2")["next"])

    def test_what_is_wrong_with_a_request(self):
        self.vhost.open("room")
        for query in ("?limit=0", "?limit=1001", "?limit=-1", "?limit=x", "?limit=1x", "?after=%"):
            response = self.vhost.request("GET", "/channels/room/subscribers" + query)
            self.assertEqual((response.status, response.json()["code"]), (400, 400), query)
        response = self.vhost.request("GET", "/channels/unknown/subscribers")
        self.assertEqual((response.status, response.json()["code"]), (404, 454))
        self.assertEqual(self.vhost.request("GET", "/channels/room/subscribers", headers={}).status, 401)
        response = self.vhost.request("POST", "/channels/room/subscribers")
        self.assertEqual((response.status, response.headers["Allow"]), (405, "GET, HEAD"))

    def test_a_connection_that_breaks_is_gone(self):
        self.vhost.open("room")
        browser = self.browser()
        browser.subscribe("room")
        browser.close()
        wait_until(lambda: self.page("room")["subscribers"] == [], "the subscriber to leave")


if __name__ == "__main__":
    main()
