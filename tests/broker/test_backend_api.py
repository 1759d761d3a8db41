"""The HTTP API of backends: every resource, every refusal."""

import base64
import json
import time
import urllib.parse
from email.utils import parsedate_to_datetime

from harness import BrokerTest, RawConnection, main


class Checks(BrokerTest):
    """vhost, then credentials, then route, then channel, then input."""

    def request(self, method, path, headers=None, body=None):
        saved, self.vhost.path = self.vhost.path, ""
        try:
            return self.vhost.request(method, path, body, headers)
        finally:
            self.vhost.path = saved

    def refused(self, response, status, code):
        self.assertEqual(response.status, status)
        self.assertEqual(response.headers["Content-Type"], "application/json")
        body = response.json()
        self.assertEqual(set(body), {"error", "code"})
        self.assertEqual(body["code"], code)
        self.assertIsInstance(body["error"], str)

    def test_unknown_vhost_comes_before_credentials(self):
        for path in ("/nope/channels/x", "/nope/token", "/nope/events", "/nope", "/", "/nope/x/y"):
            self.refused(self.request("POST", path, {}), 404, 455)

    def test_credentials_come_before_routes(self):
        for suffix in ("/channels/x", "/channels/x/events", "/token", "/events", "/bogus"):
            response = self.request("POST", self.vhost.path + suffix, {})
            self.refused(response, 401, 402)
            self.assertEqual(response.headers["WWW-Authenticate"], 'Basic realm="WebRocket"')

    def test_wrong_credentials(self):
        def basic(text):
            return {"Authorization": "Basic " + base64.b64encode(text.encode()).decode()}

        token = self.vhost.token
        other = self.broker.vhost(self.vhost.path + "-other").token
        wrong = [basic("wr:" + token[:-1]), basic("wr:" + token + "0"), basic("x:" + token),
                 basic("wr:" + other), basic("wr:"), basic(token), basic("wr:" + token.upper()),
                 {"Authorization": "Basic"}, {"Authorization": "Basic !!!"},
                 {"Authorization": "Bearer " + token}, {"Authorization": token}]
        for headers in wrong:
            self.refused(self.request("POST", self.vhost.path + "/channels/x", headers), 401, 402)
        scheme = basic("wr:" + token)["Authorization"].replace("Basic", "basic")
        response = self.request("POST", self.vhost.path + "/channels/x", {"Authorization": scheme})
        self.assertEqual(response.status, 202)

    def test_unknown_resource(self):
        for suffix in ("/bogus", "/channels/a/b", "/channels/a/events/x", "/workers"):
            self.refused(self.vhost.request("GET", suffix), 404, 404)
        for suffix in ("/token/", "/channels/"):
            self.assertEqual(self.vhost.request("GET", suffix).status, 404)

    def test_wrong_method(self):
        self.vhost.open("c")
        for method, suffix, allow in (("PUT", "/channels/c", "GET, HEAD, POST, DELETE"),
                                      ("PUT", "/channels/nope", "GET, HEAD, POST, DELETE"),
                                      ("DELETE", "/channels", "GET, HEAD"),
                                      ("GET", "/channels/c/events", "POST"),
                                      ("POST", "/token", "GET, HEAD"),
                                      ("PUT", "/events", "GET, POST"),
                                      ("HEAD", "/events", "GET, POST"),
                                      ("OPTIONS", "/token", "GET, HEAD"),
                                      ("BREW", "/token", "GET, HEAD")):
            response = self.vhost.request(method, suffix)
            self.assertEqual((response.status, response.headers["Allow"]), (405, allow),
                             (method, suffix))

    def test_vhost_of_several_segments(self):
        nested = self.broker.vhost(self.vhost.path + "/b")
        self.assertEqual(nested.request("POST", "/channels/x").headers["Location"],
                         self.vhost.path + "/b/channels/x")
        self.assertEqual(self.vhost.request("DELETE", "/channels/x").status, 404)
        self.assertEqual(nested.request("DELETE", "/channels/x").status, 202)

    def test_plain_request_to_a_vhost(self):
        response = self.request("GET", self.vhost.path, {})
        self.assertEqual((response.status, response.body), (400, b"not websocket protocol\n"))

    def test_rights_end_at_the_vhost(self):
        other = self.broker.vhost(self.vhost.path + "-x")
        response = other.request("POST", "/channels/c", headers=self.vhost.headers())
        self.refused(response, 401, 402)

    def test_every_answer_has_a_date(self):
        for method, suffix in (("POST", "/channels/c"), ("GET", "/token?uid=a&channels=b"), ("GET", "/bogus"),
                               ("POST", "/channels/!"), ("PUT", "/token")):
            date = self.vhost.request(method, suffix).headers["Date"]
            self.assertLess(abs(parsedate_to_datetime(date).timestamp() - time.time()), 60, date)

    def test_pages_may_not_read_the_answers(self):
        """Tokens must not live in browsers: nothing that a script from elsewhere could use."""
        headers = {**self.vhost.headers(), "Origin": "http://elsewhere.example",
                   "Access-Control-Request-Method": "POST"}
        for method, suffix in (("GET", "/token?uid=a&channels=b"), ("POST", "/channels/c"),
                               ("OPTIONS", "/token"), ("OPTIONS", "/channels/c")):
            response = self.vhost.request(method, suffix, headers=headers)
            self.assertEqual([name for name in response.headers if name.lower().startswith("access-")], [])


class Pages(BrokerTest):
    """A browser adds the credentials that it remembers to what any page has it send."""

    def test_no_page_is_a_backend(self):
        self.vhost.open("c")
        listener = self.browser()
        listener.subscribe("c")
        body = json.dumps({"trigger": {"event": "e"}})
        for origin in ("http://evil.example", "null", ""):
            for method, suffix in (("POST", "/channels/c/events"), ("POST", "/events"), ("POST", "/channels/d"),
                                   ("DELETE", "/channels/c"), ("GET", "/token?uid=a&channels=b"), ("GET", "/events"),
                                   ("GET", "/channels/c/subscribers"), ("GET", "/channels")):
                response = self.vhost.request(method, suffix, body if method == "POST" else None,
                                              {**self.vhost.headers(), "Origin": origin,
                                               "Content-Type": "text/plain"})
                self.assertEqual((response.status, response.json()["code"]), (403, 403), (method, suffix))
        self.assertEqual(self.vhost.fire("c", "after").status, 202)
        self.assertEqual(list(listener.hear()), ["after"])


class Channels(BrokerTest):
    def test_open(self):
        response = self.vhost.request("POST", "/channels/greetings")
        self.assertEqual(response.status, 202)
        self.assertEqual(response.body, b"")
        self.assertEqual(response.headers["Content-Length"], "0")
        self.assertEqual(response.headers["Location"], self.vhost.path + "/channels/greetings")

    def test_open_again(self):
        self.vhost.open("c")
        browser = self.browser()
        browser.subscribe("c")
        self.assertEqual(self.vhost.request("POST", "/channels/c").status, 202)
        self.assertEqual(self.vhost.subscribers("c"), 1)

    def test_body_is_ignored(self):
        self.assertEqual(self.vhost.request("POST", "/channels/c", body="whatever").status, 202)

    def test_names(self):
        for name in ("a", "_", "9", "private-x", "presence-x", "a.b-c_d", "x" * 255, "%61", "a-"):
            self.assertEqual(self.vhost.request("POST", "/channels/" + name).status, 202, name)
        for name in ("-a", ".a", "a!", "a%20b", "%C5%BC", "a%2Fb", "a%0A", "a%00", "a%22b", "a:b"):
            response = self.vhost.request("POST", "/channels/" + name)
            self.assertEqual((response.status, response.json()["code"]), (400, 451), name)
            given = json.loads(response.json()["error"].removeprefix("invalid channel name: "))
            self.assertEqual(given, urllib.parse.unquote(name))
        # What is no text is not repeated.
        response = self.vhost.request("POST", "/channels/a%FF")
        self.assertEqual((response.status, response.json()),
                         (400, {"error": "invalid channel name", "code": 451}))

    def test_close(self):
        self.vhost.open("c")
        response = self.vhost.request("DELETE", "/channels/c")
        self.assertEqual((response.status, response.body), (202, b""))
        self.assertEqual(response.headers["Location"], self.vhost.path + "/channels/c")
        for name, text in (("c", "channel c doesn't exist"), ("nope", "channel nope doesn't exist"),
                           ("bad!", "channel doesn't exist"), ("%C5%BC", "channel doesn't exist")):
            for method, suffix in (("DELETE", ""), ("POST", "/events"), ("GET", "/subscribers")):
                response = self.vhost.request(method, f"/channels/{name}{suffix}")
                self.assertEqual((response.status, response.json()), (404, {"error": text, "code": 454}))

    def test_misleading_name_is_logged(self):
        self.vhost.open("priv-room")
        self.assertIn("warning channel priv-room of " + self.vhost.path, self.broker.log_text())


class Events(BrokerTest):
    def setUp(self):
        super().setUp()
        self.vhost.open("c")
        self.listener = self.browser()
        self.listener.subscribe("c")

    def fire_text(self, text):
        return self.vhost.request("POST", "/channels/c/events", body=text)

    def test_fire(self):
        response = self.vhost.fire("c", "hello", {"from": "nu7hatch"})
        self.assertEqual((response.status, response.body), (202, b""))
        self.assertNotIn("Location", response.headers)
        self.assertEqual(self.listener.hear(), {"hello": {"from": "nu7hatch", "channel": "c"}})

    def test_channels_of_every_type(self):
        """No subscription is needed, nor anybody's permission."""
        alice = self.browser("alice")
        for channel in ("private-room", "presence-room"):
            self.vhost.open(channel)
            alice.subscribe(channel, hidden=True)
            self.assertEqual(self.vhost.fire(channel, "e", {"n": 1}).status, 202)
            self.assertEqual(alice.hear(), {"e": {"n": 1, "channel": channel}})

    def test_content_type_is_not_looked_at(self):
        for kind in (None, "application/json", "application/x-www-form-urlencoded", "text/html; charset=x", ""):
            headers = self.vhost.headers() | ({} if kind is None else {"Content-Type": kind})
            response = self.vhost.request("POST", "/channels/c/events", '{"trigger":{"event":"e"}}', headers)
            self.assertEqual(response.status, 202, kind)
            self.assertEqual(self.listener.hear(), {"e": {"channel": "c"}})

    def test_event_names(self):
        for name in ("e", "a/b", "a/:b", "a:b", " ", "żółw 🐢", '"\\', "x" * 255, "\u00a0", "__proto__"):
            self.assertEqual(self.vhost.fire("c", name).status, 202, name)
            self.assertEqual(self.listener.hear(), {name: {"channel": "c"}})

    def test_without_data(self):
        for text in ('{"trigger":{"event":"e"}}', '{"trigger":{"event":"e","data":null}}',
                     '{"trigger":{"event":"e","data":{}}}'):
            self.assertEqual(self.fire_text(text).status, 202)
            self.assertEqual(self.listener.hear(), {"e": {"channel": "c"}})

    def test_channel_is_overwritten_and_nothing_else(self):
        self.vhost.fire("c", "e", {"channel": "spoof", "sid": "kept", "uid": 7})
        self.assertEqual(self.listener.hear(), {"e": {"channel": "c", "sid": "kept", "uid": 7}})

    def test_values_pass_unchanged(self):
        data = ('{"big":9007199254740993,"one":1.0,"huge":1e308,"neg":-0,"long":' + "9" * 308 +
                r',"text":"\u00e9\ud83d\ude00\/","nested":[1,{"a":[]}],"dup":1,"dup":2}')
        self.assertEqual(self.fire_text('{"trigger":{"event":"e","data":' + data + "}}").status, 202)
        self.assertEqual(self.listener.hear_text(),
                         '{"e":' + data[:-1] + ',"channel":"c"}}')

    def test_data_that_is_no_document_to_many_is_refused(self):
        number, name = "data has a number beyond the range of a double", "data has a name with U+0000"
        for data, error in (('{"n":1e400}', number), ('{"n":[{"m":' + "9" * 400 + "}]}", number),
                            ('{"n":1e-400}', number), (r'{"\u0000":1}', name),
                            (r'{"a":[{"b\u0000":1}]}', name)):
            trigger = '{"event":"e","data":' + data + "}"
            response = self.fire_text('{"trigger":' + trigger + "}")
            self.assertEqual((response.status, response.json()),
                             (400, {"error": error, "code": 400}), data)
            batch = self.vhost.request("POST", "/events", (
                '{"triggers":[{"channel":"c",' + trigger[1:] + ',{"channel":"c","event":"next"}]}'))
            self.assertEqual(batch.json(), {"results": [
                {"status": 400, "error": error, "code": 400}, {"status": 202}]}, data)
            self.assertEqual(self.listener.hear(), {"next": {"channel": "c"}})

    def test_depth(self):
        def fire(levels):
            data = '{"a":' * (levels - 3) + "{}" + "}" * (levels - 3)
            return self.fire_text('{"trigger":{"event":"e","data":' + data + "}}")

        self.assertEqual(fire(64).status, 202)
        self.assertIn("e", self.listener.hear())
        response = fire(65)
        self.assertEqual((response.status, response.json()), (400, {
            "error": "body is not a JSON object, or is nested deeper than 64 levels", "code": 400}))

    def test_nobody_listens(self):
        self.vhost.open("empty")
        self.assertEqual(self.vhost.fire("empty", "e").status, 202)

    def test_unknown_channel(self):
        for channel in ("nope", "bad!", "-x"):
            response = self.vhost.fire(channel, "e")
            self.assertEqual((response.status, response.json()["code"]), (404, 454))
        # Not even created on the way.
        self.assertEqual(self.broker.admin("GET", self.vhost.path + "/channels/nope").status, 404)

    def test_channel_comes_before_body(self):
        self.assertEqual(self.vhost.request("POST", "/channels/nope/events", body="[").status, 404)

    def test_bad_bodies(self):
        bad = ["", " ", "null", "[]", '"x"', "{}", "{", '{"trigger":{"event":"e"}', '{"trigger":1}',
               '{"trigger":null}', '{"trigger":[]}', '{"trigger":{}}', '{"trigger":{"event":1}}',
               '{"trigger":{"event":""}}', '{"trigger":{"event":null}}',
               '{"trigger":{"event":":system"}}', r'{"trigger":{"event":"a\nb"}}',
               r'{"trigger":{"event":"a\u0000"}}', r'{"trigger":{"event":"\ud800"}}',
               '{"trigger":{"event":"e","data":1}}', '{"trigger":{"event":"e","data":[]}}',
               '{"trigger":{"event":"e","data":"x"}}', '{"trigger":{"event":"e","data":true}}',
               '{"trigger":{"event":"e"}} x', "{'trigger':{}}", '{"trigger":{"event":"e",}}',
               '{"trigger":{"event":"e","data":{"n":01}}}', '{"trigger":{"event":"e","data":{"n":.5}}}',
               '{"trigger":{"event":"e","data":{"n":+1}}}', '{"trigger":{"event":"e","data":{"n":NaN}}}',
               '{"trigger":{"event":"e","data":{"s":"\t"}}}', '\ufeff{"trigger":{"event":"e"}}',
               '{"trigger":{"event":"e","data":' + '{"a":' * 70 + "1" + "}" * 70 + "}}"]
        for text in bad:
            response = self.fire_text(text.encode())
            self.assertEqual((response.status, response.json()["code"]), (400, 400), text[:80])
        for body in (b'{"trigger":{"event":"\xff"}}', b'{"trigger":{"event":"\xed\xa0\x80"}}',
                     b'{"trigger":{"event":"e"}}\x00', b"\x00"):
            self.assertEqual(self.fire_text(body).status, 400, body)
        self.vhost.fire("c", "good")
        self.assertEqual(self.listener.hear(), {"good": {"channel": "c"}})

    def test_extra_keys_and_escaped_keys(self):
        self.assertEqual(self.fire_text(r'{"x":1,"tri\u0067ger":{"event":"e","y":[]}}').status, 202)
        self.assertEqual(self.listener.hear(), {"e": {"channel": "c"}})

    def test_large_body(self):
        edge = 1 << 20
        wrapper = '{"trigger":{"event":"e","data":{"x":""}}}'
        self.assertEqual(self.fire_text(wrapper.replace('""', '"' + "y" * (edge - len(wrapper)) + '"')).status, 202)
        self.assertEqual(len(self.listener.hear()["e"]["x"]), edge - len(wrapper))
        response = self.fire_text("x" * (edge + 1))
        self.assertEqual(response.status, 413)
        self.assertEqual(response.json()["code"], 413)

    def test_chunked_body(self):
        with RawConnection(self.broker.addr) as raw:
            auth = self.vhost.headers()["Authorization"]
            raw.send(f"POST {self.vhost.path}/channels/c/events HTTP/1.1\r\nHost: x\r\n"
                     f"Authorization: {auth}\r\nTransfer-Encoding: chunked\r\n\r\n")
            for piece in ('{"trigger":', '{"event":"e"', "}}"):
                raw.send(f"{len(piece):x};ext=1\r\n{piece}\r\n")
            raw.send("0\r\nTrailer: x\r\n\r\n")
            self.assertEqual(raw.response()[0], 202)
        self.assertEqual(self.listener.hear(), {"e": {"channel": "c"}})

    def test_expect_continue(self):
        with RawConnection(self.broker.addr) as raw:
            auth = self.vhost.headers()["Authorization"]
            body = '{"trigger":{"event":"e"}}'
            raw.send(f"POST {self.vhost.path}/channels/c/events HTTP/1.1\r\nHost: x\r\n"
                     f"Authorization: {auth}\r\nExpect: 100-continue\r\n"
                     f"Content-Length: {len(body)}\r\n\r\n")
            self.assertEqual(raw.head()[0], 100)
            raw.send(body)
            self.assertEqual(raw.response()[0], 202)

    def test_order(self):
        for number in range(200):
            self.vhost.fire("c", "n", {"i": number})
        self.assertEqual([self.listener.hear()["n"]["i"] for _ in range(200)], list(range(200)))


class Batches(BrokerTest):
    """Many triggers in one request."""

    def setUp(self):
        super().setUp()
        self.vhost.open("c")
        self.vhost.open("d")
        self.listener = self.browser()
        self.listener.subscribe("c")

    def post(self, text):
        return self.vhost.request("POST", "/events", body=text)

    def results(self, *triggers):
        response = self.post('{"triggers":[' + ",".join(triggers) + "]}")
        self.assertEqual(response.status, 200)
        self.assertEqual(response.headers["Content-Type"], "application/json")
        return response.json()["results"]

    def test_each_is_triggered_in_order(self):
        triggers = ['{"channel":"c","event":"n","data":{"i":%d}}' % i for i in range(200)]
        self.assertEqual(self.results(*triggers), [{"status": 202}] * 200)
        self.assertEqual([self.listener.hear() for _ in range(200)],
                         [{"n": {"i": i, "channel": "c"}} for i in range(200)])

    def test_each_has_a_status_of_its_own(self):
        results = self.results('{"channel":"c","event":"first"}',
                               '{"channel":"nowhere","event":"e"}',
                               '{"channel":"c","event":":system"}',
                               '{"channel":"c","event":"e","data":[]}',
                               '{"channel":7,"event":"e"}', '{"event":"e"}', "17",
                               '{"channel":"d","event":"e"}',
                               '{"channel":"c","event":"last","data":null}')
        self.assertEqual([r["status"] for r in results],
                         [202, 404, 400, 400, 400, 400, 400, 202, 202])
        self.assertEqual(results[1], {"status": 404, "code": 454, "error": "channel nowhere doesn't exist"})
        self.assertTrue(all(r["code"] == 400 and r["error"] for r in results[2:7]))
        self.assertEqual([self.listener.hear(), self.listener.hear()],
                         [{"first": {"channel": "c"}}, {"last": {"channel": "c"}}])

    def test_none(self):
        self.assertEqual(self.results(), [])

    def test_bad_bodies(self):
        for body in ("", "[]", "{}", '{"triggers":{}}', '{"triggers":null}', '{"triggers":[1}',
                     '{"trigger":{"event":"e"}}', b'{"triggers":["\xff"]}'):
            response = self.post(body)
            self.assertEqual((response.status, response.json()["code"]), (400, 400), body)

    def test_large_body(self):
        self.assertEqual(self.post('{"triggers":[' + " " * (1 << 20) + "]}").status, 413)


class Connections(BrokerTest):
    def request_text(self, suffix, method="POST", extra=""):
        auth = self.vhost.headers()["Authorization"]
        return (f"{method} {self.vhost.path}{suffix} HTTP/1.1\r\nHost: x\r\n"
                f"Authorization: {auth}\r\n{extra}\r\n")

    def test_keep_alive_after_refusals(self):
        with RawConnection(self.broker.addr) as raw:
            for suffix, status in (("/channels/a", 202), ("/bogus", 404), ("/channels/b!", 400),
                                   ("/token", 405), ("/channels/a", 202)):
                raw.send(self.request_text(suffix, extra="Content-Length: 0\r\n"))
                self.assertEqual(raw.response()[0], status)

    def test_pipelining(self):
        with RawConnection(self.broker.addr) as raw:
            count = 2000
            raw.send(self.request_text("/channels/a") +
                     "".join(self.request_text(f"/token?uid={i}&channels=x", "GET")
                             for i in range(count)) + self.request_text("/channels/a", "DELETE"))
            self.assertEqual(raw.response()[0], 202)
            for _ in range(count):
                status, _, body = raw.response()
                self.assertEqual(status, 200)
                self.assertEqual(len(json.loads(body)["token"]), 128)
            self.assertEqual(raw.response()[0], 202)

    def test_one_byte_at_a_time(self):
        with RawConnection(self.broker.addr) as raw:
            body = '{"trigger":{"event":"e"}}'
            self.vhost.open("c")
            text = self.request_text("/channels/c/events", extra=f"Content-Length: {len(body)}\r\n")
            for byte in (text + body).encode():
                raw.send(bytes([byte]))
            self.assertEqual(raw.response()[0], 202)

    def test_connection_close(self):
        with RawConnection(self.broker.addr) as raw:
            raw.send(self.request_text("/channels/a", extra="Connection: close\r\n"))
            status, headers, _ = raw.response()
            self.assertEqual((status, headers["connection"]), (202, "close"))
            self.assertTrue(raw.is_closed())

    def test_http_1_0(self):
        with RawConnection(self.broker.addr) as raw:
            raw.send(self.request_text("/channels/a").replace("HTTP/1.1", "HTTP/1.0"))
            self.assertEqual(raw.response()[0], 202)
            self.assertTrue(raw.is_closed())

    def test_half_close(self):
        import socket
        with RawConnection(self.broker.addr) as raw:
            raw.send(self.request_text("/channels/a"))
            raw.socket.shutdown(socket.SHUT_WR)
            self.assertEqual(raw.response()[0], 202)
            self.assertTrue(raw.is_closed())

    def test_absolute_target(self):
        with RawConnection(self.broker.addr) as raw:
            raw.send(self.request_text("/channels/a").replace("POST /", "POST http://x/"))
            self.assertEqual(raw.response()[0], 202)


if __name__ == "__main__":
    main()
