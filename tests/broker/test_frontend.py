"""The protocol of browsers: where they connect, commands, refusals, order. test_rfc6455.py has the
WebSocket protocol below it."""

import asyncio
import json
import threading

import websockets

from harness import (CLOSE, DEADLINE, PING, PONG, BrokerTest, Closed, RawConnection, Vhost, frame, main,
                     wait_until)

KEY = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="


class Handshake(BrokerTest):
    def shake(self, path=None, **changes):
        headers = {"Host": "x", "Upgrade": "websocket", "Connection": "keep-alive, Upgrade",
                   "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ=="}
        for name, value in changes.items():
            headers[name.replace("_", "-")] = value
        text = "".join(f"{name}: {value}\r\n" for name, value in headers.items() if value is not None)
        with RawConnection(self.broker.addr) as raw:
            raw.send(f"GET {path or self.vhost.path} HTTP/1.1\r\n{text}\r\n")
            return raw.head()

    def test_library_client(self):
        async def talk():
            host, port = self.broker.addr
            uri = f"ws://{host}:{port}{self.vhost.path}?query=ignored"
            async with websockets.connect(uri, origin="http://example.com", subprotocols=["foo"]) as ws:
                self.assertEqual(ws.subprotocol, "foo")
                self.assertIn(":connected", json.loads(await ws.recv()))
                await (await ws.ping())
                await ws.send(json.dumps({"close": {}}))
                self.assertIn(":closed", json.loads(await ws.recv()))
                with self.assertRaises(websockets.ConnectionClosedOK):
                    await ws.recv()
                self.assertEqual(ws.close_code, 1000)

        asyncio.run(talk())

    def test_paths(self):
        path = self.vhost.path
        self.assertEqual(self.shake(path)[0], 101)
        self.assertEqual(self.shake(path + "?a=b&c")[0], 101)
        for wrong in (path + "/", "/nope", "/", path + "/events", path + "x", path.upper()):
            self.assertEqual(self.shake(wrong)[0], 404, wrong)
        for unclean in (path + "//", "/" + path, "/a/.." + path, path + "/."):
            status, headers = self.shake(unclean)
            self.assertEqual(status, 301, unclean)
            self.assertEqual(headers["location"].rstrip("/"), path)

    def test_origin(self):
        for origin in (None, "http://a.example", "https://a:1", "null", "file://x"):
            self.assertEqual(self.shake(Origin=origin)[0], 101, origin)
        for origin in ("", "nonsense", "://", "http://"):
            self.assertEqual(self.shake(Origin=origin)[0], 403, origin)

    def test_every_connection_has_an_id_of_its_own(self):
        browser = self.browser()
        self.assertEqual(len(browser.sid), 36)
        self.assertNotEqual(browser.sid, self.browser().sid)


class AllowedOrigins(BrokerTest):
    FLAGS = ("--allow-origin", "https://good.example", "--allow-origin", "http://dev:1",
             "--allow-origin", "https://*.wide.example")

    def test_allow_list(self):
        for origin, status in (("https://good.example", 101), ("http://dev:1", 101),
                               ("https://a.b.wide.example", 101), ("https://wide.example", 403),
                               ("https://a.wide.example:1", 403), ("https://evilwide.example", 403),
                               ("https://bad.example", 403), ("https://good.example.evil", 403)):
            with RawConnection(self.broker.addr) as raw:
                raw.send(f"GET {self.vhost.path} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n"
                         f"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n{KEY}\r\n"
                         f"Origin: {origin}\r\n\r\n")
                self.assertEqual(raw.head()[0], status, origin)


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
