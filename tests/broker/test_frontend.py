"""The protocol of browsers: commands, permissions, refusals, order. test_rfc6455_*.py have the WebSocket
protocol below it."""

import json
import threading

from harness import DEADLINE, BrokerTest, Closed, Vhost, frame, main, wait_until


class Commands(BrokerTest):
    """The table of commands: checks in order, the first failure is the answer."""

    def setUp(self):
        super().setUp()
        for channel in ("chat", "private-room", "presence-room", "private-other"):
            self.vhost.open(channel)
        self.a = self.browser()

    def test_malformed(self):
        for text in ("foobar", "", " ", "{}", "[]", '"x"', "1", "null", "true", '{"hello":{}}',
                     '{"subscribe":1}', '{"subscribe":null}', '{"subscribe":[]}', '{"close":null}',
                     '{"auth":"x"}', '{"broadcast":{}', '{"broadcast":{}}}', '{"trigger":"x"}',
                     "{'a':{}}", '{"close":{},}', '{"x":1,"y":2}', '{"subscribe":{"channel":"\t"}}',
                     r'{"subscribe":{"channel":"\x"}}', r'{"subscribe":{"channel":"\ud800"}}',
                     '{"subscribe":{"channel":"chat","data":{"x":01}}}'):
            self.a.say_text(text)
            self.assertEqual(self.a.hear(), {":error": {"code": 400, "status": "Bad request"}}, text)

    def test_statuses(self):
        a = self.a
        for answer, code, status in (
                (a.ask("auth", token="x"), 402, "Unauthorized"),
                (a.ask("subscribe", channel="private-room"), 403, "Forbidden"),
                (a.ask("unsubscribe", channel="chat"), 453, "Not subscribed"),
                (a.ask("subscribe", channel="nope"), 454, "Channel not found")):
            self.assertEqual(answer, {":error": {"code": code, "status": status}})

    def test_first_known_key_counts(self):
        self.a.say_text('{"x":1,"subscribe":{"channel":"chat"},"unsubscribe":{"channel":"chat"}}')
        self.assertEqual(self.a.hear(), {":subscribed": {"channel": "chat"}})
        self.assertTrue(self.a.silent())

    def test_pong_event_is_swallowed(self):
        self.a.say_text('{"pong":{"sid":"x"}}')
        self.a.say_text('{"pong":1}')
        self.assertTrue(self.a.silent())

    def test_auth(self):
        for payload in ({}, {"token": ""}, {"token": 1}, {"token": None}, {"token": {}}):
            self.assertEqual(self.a.error("auth", **payload), 400, payload)
        for token in ("invalid", "0" * 128, self.vhost.token):
            self.assertEqual(self.a.error("auth", token=token), 402)
        token = self.vhost.access_token()
        self.assertEqual(self.a.ask("auth", token=token), {":authenticated": {}})
        self.assertEqual(self.browser().error("auth", token=token), 402)

    def test_token_of_another_vhost(self):
        other = self.broker.vhost(self.vhost.path + "-o")
        self.assertEqual(self.a.error("auth", token=other.access_token()), 402)

    def test_first_auth_keeps_subscriptions(self):
        self.a.subscribe("chat")
        self.a.ask("auth", token=self.vhost.access_token())
        self.assertIn("e", self.a.ask("broadcast", channel="chat", event="e"))

    def test_failed_first_auth_keeps_subscriptions(self):
        self.a.subscribe("chat")
        self.assertEqual(self.a.error("auth", token="bad"), 402)
        self.assertIn("e", self.a.ask("broadcast", channel="chat", event="e"))

    def test_reauth_keeps_what_it_may_hear(self):
        browser = self.browser("alice", "private-.*")
        for channel in ("chat", "private-room", "private-other"):
            browser.subscribe(channel)
        self.assertEqual(browser.ask("auth", token=self.vhost.access_token("bob", "private-room")),
                         {":authenticated": {}})
        self.assertIn("e", browser.ask("broadcast", channel="chat", event="e"))
        self.assertIn("e", browser.ask("broadcast", channel="private-room", event="e"))
        # What it may not hear any more it is not even told of.
        self.assertEqual(browser.error("broadcast", channel="private-other", event="e"), 403)

    def test_failed_reauth_loses_everything(self):
        browser = self.browser("alice")
        browser.subscribe("chat")
        browser.subscribe("private-room")
        self.assertEqual(browser.error("auth", token=""), 400)
        self.assertIn("e", browser.ask("broadcast", channel="chat", event="e"))
        self.assertEqual(browser.error("auth", token="bad"), 402)
        self.assertEqual(browser.error("broadcast", channel="chat", event="e"), 453)
        self.assertEqual(browser.error("trigger", event="a/b"), 403)
        self.assertEqual(self.vhost.subscribers("private-room"), 0)

    def test_subscribe(self):
        for payload in ({}, {"channel": ""}, {"channel": 5}, {"channel": None}):
            self.assertEqual(self.a.error("subscribe", **payload), 400, payload)
        for channel in ("#bad", "nope", "chat ", "Chat"):
            self.assertEqual(self.a.error("subscribe", channel=channel), 454, channel)
        for channel in ("private-room", "presence-room"):
            self.assertEqual(self.a.error("subscribe", channel=channel), 403)
        self.assertEqual(self.a.subscribe("chat"), {"channel": "chat"})
        self.a.say("subscribe", channel="chat")
        self.assertTrue(self.a.silent())
        self.assertEqual(self.vhost.subscribers("chat"), 1)

    def test_permission_matches_whole_names(self):
        browser = self.browser("bob", "private-roo|private-room2|rivate-room")
        self.assertEqual(browser.error("subscribe", channel="private-room"), 403)
        self.assertEqual(browser.subscribe("chat"), {"channel": "chat"})

    def test_private_channel(self):
        browser = self.browser("alice", "private-room")
        self.assertEqual(browser.subscribe("private-room"), {"channel": "private-room", "uid": "alice"})
        self.assertEqual(browser.error("subscribe", channel="private-other"), 403)
        self.assertEqual(browser.ask("broadcast", channel="private-room", event="psst", data={"a": 1}),
                         {"psst": {"a": 1, "channel": "private-room", "sid": browser.sid}})

    def test_optional_fields_of_the_wrong_type(self):
        self.a.subscribe("chat", hidden="yes", data=[1])
        self.assertEqual(self.a.ask("broadcast", channel="chat", event="e", data="str", trigger=5),
                         {"e": {"channel": "chat", "sid": self.a.sid}})

    def test_hidden_listens(self):
        self.a.say_text('{"subscribe":{"channel":"chat"},"hidden":true}')
        self.assertEqual(self.a.hear(), {":subscribed": {"channel": "chat"}})
        subscribers = self.broker.admin("GET", self.vhost.path + "/channels/chat/subscribers").json()
        self.assertTrue(subscribers["subscribers"][0]["hidden"])
        self.vhost.fire("chat", "e")
        self.assertEqual(self.a.hear(), {"e": {"channel": "chat"}})

    def test_hidden_on_every_type_of_channel(self):
        """Deaf it is not, and neither dumb."""
        hidden, other = self.browser("spy"), self.browser("alice")
        for channel in ("chat", "private-room", "presence-room"):
            hidden.subscribe(channel, hidden=True)
            other.say("subscribe", channel=channel, hidden=True)
            self.assertIn(":subscribed", other.hear())
            for sender, listener in ((hidden, other), (other, hidden)):
                expected = {"e": {"channel": channel, "sid": sender.sid}}
                self.assertEqual(sender.ask("broadcast", channel=channel, event="e"), expected)
                self.assertEqual(listener.hear(), expected)

    def test_whoever_hides_says_so_in_one_place_or_the_other(self):
        for text, hidden in (('{"subscribe":{"channel":"chat","hidden":true}}', True),
                             ('{"subscribe":{"channel":"chat"},"hidden":true}', True),
                             ('{"subscribe":{"channel":"chat","hidden":false},"hidden":true}', False),
                             ('{"subscribe":{"channel":"chat"},"hidden":"true"}', False),
                             ('{"subscribe":{"channel":"chat","hidden":1}}', False)):
            browser = self.vhost.browser()
            browser.say_text(text)
            self.assertIn(":subscribed", browser.hear())
            shown = self.broker.admin("GET", self.vhost.path + "/channels/chat/subscribers").json()
            self.assertEqual([entry["hidden"] for entry in shown["subscribers"]], [hidden], text)
            browser.ask("unsubscribe", channel="chat")
            browser.close()

    def test_the_first_subscription_stays(self):
        watcher, alice = self.browser("watcher"), self.browser("alice")
        watcher.subscribe("presence-room", hidden=True)
        alice.subscribe("presence-room", data={"n": 1})
        self.assertIn(":memberJoined", alice.hear())
        for again in ({"data": {"n": 2}}, {"hidden": True}):
            alice.say("subscribe", channel="presence-room", **again)
        self.assertTrue(alice.silent())
        self.assertEqual(watcher.hear(), {":memberJoined": {"n": 1, "uid": "alice", "channel": "presence-room"}})
        bob = self.browser("bob")
        self.assertEqual(bob.subscribe("presence-room", hidden=True)["subscribers"],
                         [{"n": 1, "uid": "alice", "channel": "presence-room"}])

    def test_unsubscribe(self):
        for payload in ({}, {"channel": ""}, {"channel": 5}):
            self.assertEqual(self.a.error("unsubscribe", **payload), 400)
        self.assertEqual(self.a.error("unsubscribe", channel="nope"), 454)
        self.assertEqual(self.a.error("unsubscribe", channel="chat"), 453)
        self.a.subscribe("chat")
        self.assertEqual(self.a.ask("unsubscribe", channel="chat", data={"bye": 1}),
                         {":unsubscribed": {"channel": "chat"}})
        self.assertEqual(self.a.error("unsubscribe", channel="chat"), 453)
        self.vhost.fire("chat", "e")
        self.assertTrue(self.a.silent())

    def test_broadcast_refusals(self):
        for payload, code in (({}, 400), ({"channel": "chat"}, 400), ({"event": "x"}, 400),
                              ({"channel": "chat", "event": ""}, 400),
                              ({"channel": "chat", "event": 1}, 400),
                              ({"channel": 1, "event": "x"}, 400),
                              ({"channel": "nope", "event": "x"}, 454),
                              ({"channel": "#x", "event": "x"}, 454),
                              ({"channel": "chat", "event": "x"}, 453),
                              ({"channel": "chat", "event": ":memberJoined"}, 400),
                              ({"channel": "chat", "event": "a/:b"}, 400),
                              ({"channel": "chat", "event": "a\nb"}, 400),
                              ({"channel": "chat", "event": "a\x7f"}, 400),
                              ({"channel": "chat", "event": "a\x00"}, 400),
                              ({"channel": "chat", "event": "x", "trigger": ":x"}, 400),
                              ({"channel": "chat", "event": "x", "trigger": "a/:x"}, 400),
                              ({"channel": "chat", "event": "x", "trigger": "a\r\nb"}, 400)):
            self.assertEqual(self.a.error("broadcast", **payload), code, payload)

    def test_broadcast(self):
        b = self.browser()
        self.a.subscribe("chat")
        b.subscribe("chat")
        data = {"foo": "bar", "n": 1, "u": "ż<&>", "nested": [1, None, {"z": 1, "a": 2}],
                "sid": "me", "channel": "other", "uid": "spoof"}
        self.a.say("broadcast", channel="chat", event="hello", data=data)
        expected = {"hello": {**data, "sid": self.a.sid, "channel": "chat"}}
        del expected["hello"]["uid"]
        self.assertEqual(self.a.hear(), expected)
        self.assertEqual(b.hear(), expected)
        for text in ('{"broadcast":{"channel":"chat","event":"e"}}',
                     '{"broadcast":{"channel":"chat","event":"e","data":null}}',
                     '{"broadcast":{"channel":"chat","event":"e","trigger":null}}',
                     '{"broadcast":{"channel":"chat","event":"e"},"trigger":true}',
                     '{"broadcast":{"channel":"chat","event":"e","trigger":""}}'):
            self.a.say_text(text)
            self.assertEqual(b.hear(), {"e": {"channel": "chat", "sid": self.a.sid}})
            self.a.hear()

    def test_values_pass_unchanged(self):
        self.a.subscribe("chat")
        data = ('{"big":9007199254740993,"one":1.0,"huge":-1E+308,"long":0.' + "1" * 500 +
                r',"esc":"\u003c\/\ud83d\ude00","\u0073id":"spoof","\u0063hannel":2,"ui\u0064":3}')
        self.a.say_text('{"broadcast":{"data":' + data + ',"channel":"chat","event":"caf\\u00e9"}}')
        text = self.a.hear_text()
        kept = data[:data.index(r',"\u0073id"')]
        self.assertEqual(text, '{"caf\\u00e9":' + kept +
                         f',"channel":"chat","sid":"{self.a.sid}"}}}}')

    def test_data_that_is_no_document_to_many_is_refused(self):
        alice = self.browser("alice")
        alice.subscribe("chat")
        alice.subscribe("presence-room")
        alice.hear()
        for data in ('{"n":1e400}', '{"n":-1e400}', '{"n":1e-400}', '{"n":[{"m":' + "9" * 400 + "}]}",
                     '{"n":' + "9" * 5000 + "}", r'{"\u0000":1}', r'{"a":[{"b\u0000":1}]}',
                     r'{"a":"\ud800"}', r'{"\udc00":1}'):
            for command in ('{"broadcast":{"channel":"chat","event":"e","data":%s}}',
                            '{"broadcast":{"channel":"chat","event":"e","trigger":"t","data":%s}}',
                            '{"trigger":{"event":"e","data":%s}}',
                            '{"subscribe":{"channel":"private-room","data":%s}}',
                            '{"unsubscribe":{"channel":"chat","data":%s}}',
                            '{"unsubscribe":{"channel":"presence-room","data":%s}}'):
                alice.say_text(command % data)
                self.assertEqual(alice.hear(),
                                 {":error": {"code": 400, "status": "Bad request"}}, command % data)
        self.assertEqual(alice.ask("broadcast", channel="chat", event="e"),
                         {"e": {"channel": "chat", "sid": alice.sid}})

    def test_broadcast_with_trigger_needs_auth(self):
        self.a.subscribe("chat")
        self.assertEqual(self.a.error("broadcast", channel="chat", event="e", trigger="chat/save"), 403)
        self.a.say_text('{"broadcast":{"channel":"chat","event":"e"},"trigger":"chat/save"}')
        self.assertEqual(self.a.hear()[":error"]["code"], 403)
        self.assertTrue(self.a.silent())

    def test_trigger_refusals(self):
        for payload, code in (({}, 400), ({"event": ""}, 400), ({"event": 1}, 400),
                              ({"event": ":x"}, 400), ({"event": "a/:b"}, 400),
                              ({"event": "a\nb"}, 400), ({"event": "chat/save"}, 403),
                              ({"event": "chat/save", "data": "nonobject"}, 403)):
            self.assertEqual(self.a.error("trigger", **payload), code, payload)
        browser = self.browser("u", "private-room")
        browser.say("trigger", event="chat/save")
        browser.say("trigger", event="private-room/save")
        self.assertTrue(browser.silent())

    def test_nobody_speaks_for_a_channel_he_may_not_join(self):
        browser = self.browser("u", "private-room")
        browser.subscribe("chat")
        for topic in ("private-other/x", "presence-room/x", "private-unopened/x/y"):
            self.assertEqual(browser.error("trigger", event=topic), 403, topic)
            self.assertEqual(browser.error("broadcast", channel="chat", event="e", trigger=topic), 403)
        self.assertTrue(browser.silent())

    def test_depth(self):
        self.a.subscribe("chat")
        deep = '{"broadcast":{"channel":"chat","event":"e","data":%s}}'
        self.a.say_text(deep % ('{"a":' * 62 + "1" + "}" * 62))
        self.assertIn("e", self.a.hear())
        self.a.say_text(deep % ('{"a":' * 63 + "1" + "}" * 63))
        self.assertEqual(self.a.hear()[":error"]["code"], 400)
        self.a.say_text("[" * 50000)
        self.assertEqual(self.a.hear()[":error"]["code"], 400)

    def test_close(self):
        self.a.say("close")
        self.assertEqual(self.a.hear(), {":closed": {"sid": self.a.sid}})
        with self.assertRaises(Closed) as closed:
            self.a.hear()
        self.assertEqual(closed.exception.code, 1000)
        self.assertTrue(self.a.is_closed())

    def test_close_takes_any_object(self):
        for payload in ("{}", '{"message":"bye"}', '{"sid":"x"}'):
            browser = self.browser()
            browser.say_text('{"close":%s}' % payload)
            self.assertEqual(browser.hear(), {":closed": {"sid": browser.sid}})
            self.assertEqual(browser.close_code(), 1000)

    def test_nothing_after_close(self):
        self.a.send(frame(1, b'{"close":{}}') + frame(1, b"bad") + frame(1, b"bad"))
        self.assertIn(":closed", self.a.hear())
        self.assertEqual(self.a.close_code(), 1000)


class Guarded(BrokerTest):
    """Whether a guarded channel is there is nobody's business but of those who may join it."""

    COMMANDS = (("subscribe", {}), ("unsubscribe", {}), ("broadcast", {"event": "e"}))

    def test_there_or_not(self):
        there = [self.vhost.open(name) for name in ("private-room", "presence-room")]
        not_there = ["private-nope", "presence-nope", "private-", "presence-#", "private-" + "x" * 300]
        strangers = [self.browser(), self.browser("ada", "private-elsewhere|chat")]
        for name in there + not_there:
            for browser in strangers:
                for command, payload in self.COMMANDS:
                    self.assertEqual(browser.error(command, channel=name, **payload), 403, (command, name))
        insider = self.browser("ada", ".*")
        for name in not_there:
            for command, payload in self.COMMANDS:
                self.assertEqual(insider.error(command, channel=name, **payload), 454, (command, name))
        for name in there:
            for command, payload in self.COMMANDS[1:]:
                self.assertEqual(insider.error(command, channel=name, **payload), 453, (command, name))
        # Normal ones are everybody's.
        for command, payload in self.COMMANDS:
            self.assertEqual(strangers[0].error(command, channel="nope", **payload), 454)

    def test_one_that_is_closed(self):
        self.vhost.open("private-room")
        browser = self.browser("ada")
        browser.subscribe("private-room")
        self.vhost.request("DELETE", "/channels/private-room")
        self.assertEqual(browser.hear(), {":unsubscribed": {"channel": "private-room"}})
        self.assertEqual(browser.error("unsubscribe", channel="private-room"), 454)


class Types(BrokerTest):
    """What comes before the first dash of a channel's name is its type."""

    PRIVATE = ("private-", "private-room", "private--", "private-a.b_c-d")
    PRESENCE = ("presence-", "presence-room", "presence-private-room")
    NORMAL = ("private", "presence", "Private-x", "PRESENCE-x", "xprivate-x", "priv-x", "privatex-y",
              "private_x", "private.x", "_private-x", "a-private-x", "x")

    def test_the_name_tells(self):
        anyone, alice = self.browser(), self.browser("alice")
        for name in (*self.PRIVATE, *self.PRESENCE, *self.NORMAL):
            self.vhost.open(name)
        for name in self.NORMAL:
            self.assertEqual(anyone.subscribe(name), {"channel": name})
        for name in (*self.PRIVATE, *self.PRESENCE):
            self.assertEqual(anyone.error("subscribe", channel=name), 403, name)
        for name in self.PRIVATE:
            self.assertEqual(alice.subscribe(name), {"channel": name, "uid": "alice"})
        for name in self.PRESENCE:
            self.assertEqual(alice.subscribe(name), {"channel": name, "uid": "alice", "subscribers": []})
            self.assertIn(":memberJoined", alice.hear())


class Permissions(BrokerTest):
    FLAGS = ("--token-lifetime-ms", "2000")

    def test_they_do_not_expire_with_the_token(self):
        self.vhost.open("private-room")
        alice = self.browser("alice")
        unused = [self.vhost.access_token("bob") for _ in range(300)]
        others = self.browser()
        wait_until(lambda: others.ask("auth", token=unused.pop()) == {
            ":error": {"code": 402, "status": "Unauthorized"}}, "the tokens to expire")
        self.assertEqual(alice.subscribe("private-room")["uid"], "alice")
        self.assertIn("e", alice.ask("broadcast", channel="private-room", event="e"))


class Subscriptions(BrokerTest):
    FLAGS = ("--max-subscriptions", "3")

    def test_cap(self):
        browser = self.browser()
        for number in range(4):
            self.vhost.open(f"c{number}")
        for number in range(3):
            browser.subscribe(f"c{number}")
        self.assertEqual(browser.error("subscribe", channel="c3"), 429)
        browser.say("subscribe", channel="c2")
        browser.ask("unsubscribe", channel="c0")
        browser.subscribe("c3")


class Order(BrokerTest):
    def test_fifo(self):
        self.vhost.open("c")
        senders = [self.browser() for _ in range(4)]
        listener = self.browser()
        for browser in [*senders, listener]:
            browser.subscribe("c")
        count = 250

        def send(sender):
            sender.send(b"".join(frame(1, json.dumps({"broadcast": {
                "channel": "c", "event": "n", "data": {"i": i}}}).encode()) for i in range(count)))

        threads = [threading.Thread(target=send, args=(sender,)) for sender in senders]
        for thread in threads:
            thread.start()
        heard = [listener.hear()["n"] for _ in range(count * len(senders))]
        for thread in threads:
            thread.join()
        for sender in senders:
            mine = [message["i"] for message in heard if message["sid"] == sender.sid]
            self.assertEqual(mine, list(range(count)))
        # Everyone hears one and the same order.
        for sender in senders:
            self.assertEqual([sender.hear()["n"] for _ in range(len(heard))], heard)

    def test_subscribed_comes_before_what_others_say_meanwhile(self):
        self.vhost.open("c")
        silence = threading.Event()

        def speak():
            backend = Vhost(self.broker, self.vhost.path, self.vhost.token)
            while not silence.is_set():
                backend.fire("c", "e")
            backend.disconnect()

        threads = [threading.Thread(target=speak) for _ in range(2)]
        for thread in threads:
            thread.start()
        try:
            for _ in range(100):
                listener = self.browser()
                listener.say("subscribe", channel="c")
                self.assertIn(":subscribed", listener.hear())
                self.assertIn("e", listener.hear())
                listener.close()
        finally:
            silence.set()
            for thread in threads:
                thread.join(DEADLINE)

    def test_subscribed_comes_first(self):
        self.vhost.open("c")
        browser = self.browser()
        browser.send(frame(1, b'{"subscribe":{"channel":"c"}}') +
                     frame(1, b'{"broadcast":{"channel":"c","event":"e"}}'))
        self.assertIn(":subscribed", browser.hear())
        self.assertIn("e", browser.hear())


if __name__ == "__main__":
    main()
