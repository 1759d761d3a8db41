"""Presence channels: who is told of whom, and when."""

from harness import CLOSE, BrokerTest, frame, main


class Presence(BrokerTest):
    """Members are connections; what they say about themselves goes to the others."""

    ROOM = "presence-room"

    def setUp(self):
        super().setUp()
        self.vhost.open(self.ROOM)
        self.alice = self.browser("alice")

    def joined(self, uid, **data):
        return {":memberJoined": {**data, "uid": uid, "channel": self.ROOM}}

    def left(self, uid, **data):
        return {":memberLeft": {**data, "uid": uid, "channel": self.ROOM}}

    def member(self, uid, *audience, **data):
        """A new member, whose coming the others have heard of."""
        member = self.browser(uid)
        member.subscribe(self.ROOM, data=data)
        for browser in (member, *audience):
            self.assertEqual(browser.hear(), self.joined(uid, **data))
        return member

    def test_first_member(self):
        self.assertEqual(self.alice.subscribe(self.ROOM, data={"n": 1}),
                         {"channel": self.ROOM, "uid": "alice", "subscribers": []})
        self.assertEqual(self.alice.hear(), self.joined("alice", n=1))
        self.assertTrue(self.alice.silent())

    def test_the_roster_is_who_was_there_before(self):
        self.member("bob", n=1)
        self.member("carol", n=2)
        answer = self.alice.subscribe(self.ROOM)
        self.assertEqual(sorted(answer["subscribers"], key=lambda entry: entry["uid"]),
                         [{"n": 1, "uid": "bob", "channel": self.ROOM},
                          {"n": 2, "uid": "carol", "channel": self.ROOM}])
        self.assertEqual(self.alice.hear(), self.joined("alice"))

    def test_data_of_the_wrong_type_is_none(self):
        for data in (None, "x", 1, []):
            self.alice.subscribe(self.ROOM, data=data)
            self.assertEqual(self.alice.hear(), self.joined("alice"))
            self.alice.ask("unsubscribe", channel=self.ROOM)

    def test_nobody_names_himself(self):
        self.alice.say_text('{"subscribe":{"channel":"%s","data":\n{"uid":"bob","\\u0075id":"bob",'
                            '"channel":"c","sid":"s","big":9007199254740993,"a":1.0}}}' % self.ROOM)
        self.alice.hear()
        self.assertEqual(self.alice.hear_text(),
                         '{":memberJoined":{"big":9007199254740993,"a":1.0,'
                         '"uid":"alice","channel":"presence-room"}}')

    def test_leaving(self):
        alice = self.member("alice", n=1)
        bob = self.member("bob", alice, a=1, b=2)
        self.assertEqual(bob.ask("unsubscribe", channel=self.ROOM,
                                 data={"b": 3, "c": 4, "uid": "spoof", "channel": "zzz"}),
                         {":unsubscribed": {"channel": self.ROOM}})
        self.assertEqual(alice.hear(), self.left("bob", a=1, b=3, c=4))
        self.assertTrue(bob.silent())
        self.assertEqual(bob.subscribe(self.ROOM)["subscribers"],
                         [{"n": 1, "uid": "alice", "channel": self.ROOM}])

    def test_every_way_to_go(self):
        alice = self.member("alice")

        def hangs_up(browser):
            browser.close()

        def says_close(browser):
            browser.say("close", message="bye")

        def closes(browser):
            browser.send(frame(CLOSE, b"\x03\xe8"))

        def breaks_the_protocol(browser):
            browser.send(frame(3))

        def fails_to_authenticate(browser):
            self.assertEqual(browser.error("auth", token="bad"), 402)

        for way in (hangs_up, says_close, closes, breaks_the_protocol, fails_to_authenticate):
            bob = self.member("bob", alice, n=1)
            way(bob)
            self.assertEqual(alice.hear(), self.left("bob", n=1), way)
        self.assertTrue(alice.silent())

    def test_two_connections_of_one_user_are_two_members(self):
        first = self.member("alice", n=1)
        second = self.browser("alice")
        self.assertEqual(second.subscribe(self.ROOM)["subscribers"],
                         [{"n": 1, "uid": "alice", "channel": self.ROOM}])
        self.assertEqual(first.hear(), self.joined("alice"))
        second.close()
        self.assertEqual(first.hear(), self.left("alice"))

    def test_hidden_members_hear_everything_and_are_seen_nowhere(self):
        hidden = self.browser("spy")
        hidden.subscribe(self.ROOM, hidden=True, data={"n": 1})
        self.assertTrue(hidden.silent())
        alice = self.browser("alice")
        self.assertEqual(alice.subscribe(self.ROOM)["subscribers"], [])
        self.assertEqual(hidden.hear(), self.joined("alice"))
        self.vhost.fire(self.ROOM, "e")
        self.assertEqual(hidden.hear(), {"e": {"channel": self.ROOM}})
        self.assertEqual(self.vhost.subscribers(self.ROOM), 2)
        self.assertIn("sid", hidden.ask("broadcast", channel=self.ROOM, event="f")["f"])
        hidden.ask("unsubscribe", channel=self.ROOM, data={"n": 2})
        for expected in (self.joined("alice"), {"e": {"channel": self.ROOM}},
                         {"f": {"channel": self.ROOM, "sid": hidden.sid}}):
            self.assertEqual(alice.hear(), expected)
        self.assertTrue(alice.silent())

    def test_other_channels_announce_nobody(self):
        for channel in ("private-room", "presence", "room"):
            self.vhost.open(channel)
            other = self.browser("bob")
            answers = [browser.subscribe(channel, data={"n": 1}) for browser in (self.alice, other)]
            self.assertNotIn("subscribers", answers[1])
            other.ask("unsubscribe", channel=channel)
            self.assertTrue(self.alice.silent())
            self.assertTrue(other.silent())

    def test_authenticating_as_the_same_user_changes_nothing(self):
        alice = self.member("alice")
        bob = self.member("bob", alice)
        bob.ask("auth", token=self.vhost.access_token("bob"))
        self.assertTrue(alice.silent())
        self.assertIn("e", bob.ask("broadcast", channel=self.ROOM, event="e"))

    def test_authenticating_as_somebody_else_ends_the_membership(self):
        alice = self.member("alice")
        bob = self.member("bob", alice)
        self.assertEqual(bob.ask("auth", token=self.vhost.access_token("carol")), {":authenticated": {}})
        self.assertEqual(alice.hear(), self.left("bob"))
        self.assertEqual(bob.error("broadcast", channel=self.ROOM, event="e"), 453)
        bob.subscribe(self.ROOM)
        self.assertEqual(alice.hear(), self.joined("carol"))

    def test_a_closed_channel_is_no_storm_of_goodbyes(self):
        alice = self.member("alice")
        bob = self.member("bob", alice)
        self.vhost.request("DELETE", "/channels/" + self.ROOM)
        for browser in (alice, bob):
            self.assertEqual(browser.hear(), {":unsubscribed": {"channel": self.ROOM}})
            self.assertTrue(browser.silent())
        self.vhost.open(self.ROOM)
        self.assertEqual(bob.subscribe(self.ROOM)["subscribers"], [])

    def test_members_are_brief(self):
        overhead = len('{"x":""}')
        self.assertEqual(self.alice.error("subscribe", channel=self.ROOM,
                                          data={"x": "y" * (4097 - overhead)}), 429)
        self.alice.say_text('{"subscribe":{"channel":"%s","data":{"x":"%s"}}}'
                            % (self.ROOM, "y" * (4096 - overhead)))
        self.assertIn(":subscribed", self.alice.hear())
        self.assertIn(":memberJoined", self.alice.hear())


if __name__ == "__main__":
    main()
