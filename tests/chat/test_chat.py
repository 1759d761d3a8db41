"""The chat's backend: sessions, names, tokens, lines, and how it ends."""

import http.client
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import unittest

from harness import DEADLINE, Broker, Response, main, split, wait_until

CHAT = os.environ.get("CHAT_BACKEND", "chat-backend")
VISITORS = os.path.join(os.path.dirname(__file__), "../../examples/chat/visitors.py")
COOKIE = re.compile(r"chat-session=([0-9a-f]{64}); Path=/; HttpOnly; SameSite=Strict")


class Backend:
    def __init__(self, url, *flags):
        self.dir = tempfile.mkdtemp(prefix="chat-test-")
        self.ready_file = os.path.join(self.dir, "ready.json")
        self.log = open(os.path.join(self.dir, "log"), "wb")
        self.process = subprocess.Popen([CHAT, "--ready-file", self.ready_file, *flags],
                                        env={**os.environ, "VHOST_URL": url}, stdout=self.log, stderr=subprocess.STDOUT)

    def wait_until_ready(self):
        def is_ready():
            if self.process.poll() is not None:
                raise AssertionError("the backend did not start:\n" + self.text())
            return os.path.exists(self.ready_file)

        wait_until(is_ready, "the backend")
        with open(self.ready_file) as file:
            self.addr = split(json.load(file)["addr"])

    def text(self):
        with open(os.path.join(self.dir, "log"), "rb") as file:
            return file.read().decode(errors="replace")

    def stop(self, number=signal.SIGTERM):
        self.process.send_signal(number)
        return self.process.wait(DEADLINE)

    def close(self):
        if self.process.poll() is None:
            self.stop()
        text = self.text()
        self.log.close()
        shutil.rmtree(self.dir)
        assert self.process.returncode == 0, text
        assert "Sanitizer" not in text and "runtime error" not in text, text

    def ask(self, method, path, body=None, cookie=None, headers=None):
        connection = http.client.HTTPConnection(*self.addr, timeout=DEADLINE)
        sent = {"Content-Type": "application/json"} if headers is None else dict(headers)
        if cookie:
            sent["Cookie"] = cookie
        connection.request(method, path, body=body, headers=sent)
        response = Response(connection.getresponse())
        connection.close()
        return response

    def sign_in(self, name, cookie=None):
        return self.ask("POST", "/sign-in", json.dumps({"name": name}), cookie)


class ChatTest(unittest.TestCase):
    count = 0

    @classmethod
    def setUpClass(cls):
        cls.broker = Broker()
        cls.addClassCleanup(cls.broker.close)
        cls.vhost = cls.broker.vhost("/chat")
        cls.backend = Backend(cls.url())
        cls.addClassCleanup(cls.backend.close)
        cls.backend.wait_until_ready()

    @classmethod
    def url(cls):
        return f"http://wr:{cls.vhost.token}@{cls.broker.ready['addr']}/chat"

    def new_name(self):
        ChatTest.count += 1
        return f"Visitor {ChatTest.count}"

    def come_in(self, name=None):
        """A session of a new visitor: its cookie and who he is."""
        response = self.backend.sign_in(name or self.new_name())
        self.assertEqual(response.status, 200, response.body)
        match = COOKIE.fullmatch(response.headers["Set-Cookie"])
        self.assertTrue(match, response.headers["Set-Cookie"])
        return "chat-session=" + match[1], response.json()

    def join(self, cookie, **how):
        """A visitor's connection to the broker; unless it is said how, one that disturbs nobody."""
        auth = self.backend.ask("GET", "/webrocket/auth.json", cookie=cookie).json()
        browser = self.vhost.browser()
        self.addCleanup(browser.close)
        browser.say("auth", token=auth["token"])
        self.assertEqual(browser.hear(), {":authenticated": {}})
        browser.subscribed = browser.subscribe("presence-chat", **(how or {"hidden": True}))
        return browser

    def say(self, browser, **data):
        browser.say("trigger", event="chat/say", data=data)


class Page(ChatTest):
    def test_files(self):
        addr = self.broker.ready["addr"]
        for path, kind in (("/", "text/html"), ("/chat.js", "text/javascript"), ("/chat.css", "text/css"),
                           ("/room.css", "text/css"),
                           ("/people.js", "text/javascript"), ("/people.svg", "image/svg+xml")):
            response = self.backend.ask("GET", path)
            self.assertEqual(response.status, 200)
            self.assertTrue(response.headers["Content-Type"].startswith(kind))
            policy = response.headers["Content-Security-Policy"]
            self.assertIn(f"default-src 'none'; script-src 'self' http://{addr}/webrocket.mjs; "
                          "style-src 'self'", policy)
            self.assertIn(f"connect-src 'self' ws://{addr};", policy)
            self.assertIn("frame-ancestors 'none'", policy)
            self.assertNotIn("unsafe", policy)
            self.assertEqual(response.headers["X-Content-Type-Options"], "nosniff")

    def test_nothing_but_the_page(self):
        for path in ("/../room.cpp", "/%2e%2e/room.cpp", "/..%2froom.cpp", "//etc/passwd", "/nothing"):
            self.assertEqual(self.backend.ask("GET", path).status, 404, path)


class Sessions(ChatTest):
    def who(self, cookie):
        response = self.backend.ask("GET", "/session.json", cookie=cookie)
        self.assertEqual((response.status, response.headers["Cache-Control"]), (200, "no-store"))
        return response.json()

    def token(self, cookie):
        response = self.backend.ask("GET", "/webrocket/auth.json", cookie=cookie)
        self.assertEqual(response.headers["Cache-Control"], "no-store")
        return response

    def test_come_in_and_leave(self):
        cookie, who = self.come_in()
        self.assertEqual(self.who(cookie), who)
        self.assertEqual(set(who), {"uid", "name"})
        self.assertEqual(self.token(cookie).status, 200)
        response = self.backend.ask("POST", "/sign-out", "{}", cookie)
        self.assertIn("Max-Age=0", response.headers["Set-Cookie"])
        self.assertEqual(self.who(cookie), {})
        self.assertEqual((self.token(cookie).status, self.token(cookie).json()),
                         (401, {"error": "signed-out"}))

    def test_another_site_signs_nobody_in_or_out(self):
        cookie, who = self.come_in()
        own = "http://%s:%d" % self.backend.addr
        for foreign in ({"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"},
                        {"Origin": "https://elsewhere.example"}, {"Origin": "null"},
                        {"Origin": own + ".example"}):
            for path, kind in (("/sign-out", "application/x-www-form-urlencoded"),
                               ("/sign-out", "application/json"), ("/sign-in", "application/json")):
                response = self.backend.ask("POST", path, '{"name":"Mallory"}', cookie,
                                            {"Content-Type": kind, **foreign})
                self.assertEqual(response.status, 403, (path, foreign))
                self.assertNotIn("Set-Cookie", response.headers)
        self.assertEqual(self.who(cookie), who)
        for same in ({"Sec-Fetch-Site": "same-origin", "Origin": own}, {"Origin": own}):
            response = self.backend.ask("POST", "/sign-out", "{}", cookie, same)
            self.assertIn("Max-Age=0", response.headers["Set-Cookie"])
        self.assertEqual(self.who(cookie), {})

    def test_nobody(self):
        other, _ = self.come_in()
        for cookie in (None, "chat-session=", "chat-session=" + "0" * 64, "x" + other,
                       other.replace("chat-session", "Chat-Session"), other[:-1], other + "0", ";;;"):
            self.assertEqual(self.who(cookie), {}, cookie)
            self.assertEqual(self.token(cookie).status, 401)

    def test_among_other_cookies(self):
        cookie, who = self.come_in()
        for cookies in (f"a=b; {cookie}", f"{cookie}; a=b", f"a=b;{cookie};c", f" {cookie}"):
            self.assertEqual(self.who(cookies), who, cookies)

    def test_ids_are_secret_and_single(self):
        cookies = [self.come_in() for _ in range(5)]
        self.assertEqual(len({cookie for cookie, _ in cookies}), 5)
        self.assertEqual(len({who["uid"] for _, who in cookies}), 5)
        for cookie, who in cookies:
            self.assertNotIn(who["uid"], cookie)
            self.assertRegex(who["uid"], f"^[0-9a-f]{{16}}-{who['name']}$")
            self.assertNotIn(cookie.split("=")[1], self.backend.text())

    def test_back_under_another_name(self):
        cookie, _ = self.come_in()
        response = self.backend.sign_in(self.new_name(), cookie)
        self.assertEqual(response.status, 200)
        self.assertEqual(self.who(cookie), {})

    def test_token_is_for_the_session_whatever_the_request_says(self):
        cookie, who = self.come_in()
        response = self.backend.ask("GET", "/webrocket/auth.json?uid=root&channels=.*", cookie=cookie)
        auth = response.json()
        self.assertEqual({key: auth[key] for key in ("url", "uid", "name")},
                         {"url": f"ws://{self.broker.ready['addr']}/chat", **who})
        self.assertNotIn(self.vhost.token, response.body.decode())
        browser = self.vhost.browser()
        self.addCleanup(browser.close)
        browser.ask("auth", token=auth["token"])
        self.assertEqual(browser.subscribe("presence-chat")["uid"], who["uid"])
        self.assertEqual(browser.hear()[":memberJoined"]["uid"], who["uid"])
        self.vhost.open("private-other")
        self.assertEqual(browser.error("subscribe", channel="private-other"), 403)

    def test_names(self):
        for name in ("A", "x" * 24, "ż" * 24, "🚀" * 24, "<b>&\"'", "a b", "Юрий", "ｗｉｄｅ", "é"):
            response = self.backend.sign_in(name)
            self.assertEqual((response.status, response.json().get("name")), (200, name), name)
        for name in ("", " ", " a", "a ", "x" * 25, "🚀" * 25, "a\nb", "a\x1b[2J", "a\x7f", "a\u009b2J",
                     "a\u200bb", "a\u202eb", "a\u2066b", "\ufeffa", "a\u00adb", "a\u00a0b", "a\u3000",
                     "a  b", "a\u2028b", "\u3164", "a\U000e0041", "a\ufe0f", 5, None, ["a"]):
            response = self.backend.sign_in(name)
            self.assertEqual((response.status, response.json()), (400, {"error": "bad-name"}), repr(name))

    def test_name_of_somebody_else(self):
        name = self.new_name()
        cookie, _ = self.come_in(name)
        self.assertEqual(self.backend.sign_in(name).json(), {"error": "taken"})
        self.backend.ask("POST", "/sign-out", "{}", cookie)
        self.assertEqual(self.backend.sign_in(name).status, 200)

    def test_what_is_no_sign_in(self):
        for body in ("", "no json", "[]", '"x"', '{"name":"x"', '{"name":"a","name":"b"}', "[" * 4000,
                     '{"name":"a\\u0000b"}', b'{"name":"\xff\xfe"}'):
            self.assertEqual(self.backend.ask("POST", "/sign-in", body).status, 400, body)
        self.assertEqual(self.backend.ask("POST", "/sign-in", "x" * 5000).status, 413)
        self.assertEqual(self.backend.ask("GET", "/sign-in").status, 404)

    def test_form_of_another_site(self):
        body = json.dumps({"name": self.new_name()})
        for kind in (None, "text/plain", "application/x-www-form-urlencoded"):
            response = self.backend.ask("POST", "/sign-in", body,
                                        headers={"Content-Type": kind} if kind else {})
            self.assertEqual(response.status, 415)
            self.assertIsNone(response.headers["Set-Cookie"])
        response = self.backend.ask("POST", "/sign-in", body,
                                    headers={"Content-Type": "application/json; charset=utf-8"})
        self.assertEqual(response.status, 200)


class Lines(ChatTest):
    def test_everybody_hears(self):
        (ann, who), (ben, _) = self.come_in(), self.come_in()
        ann, ben = self.join(ann), self.join(ben)
        text = '<img src=x onerror=alert(1)> "ż" \\ 🚀'
        self.say(ann, line="1", text=text)
        for browser in (ann, ben):
            self.assertEqual(browser.hear(), {"said": {"uid": who["uid"], "name": who["name"],
                                                       "line": "1", "text": text,
                                                       "channel": "presence-chat"}})

    def test_nobody_speaks_in_another_name(self):
        (ann, who), (_, other) = self.come_in(), self.come_in()
        ann = self.join(ann)
        self.say(ann, line="1", text="hi", uid=other["uid"], name=other["name"])
        said = ann.hear()["said"]
        self.assertEqual((said["uid"], said["name"]), (who["uid"], who["name"]))

    def test_forged_lines_carry_their_sender(self):
        ann = self.join(self.come_in()[0])
        ann.say("broadcast", channel="presence-chat", event="said",
                data={"uid": "x", "name": "Root", "text": "hi"})
        self.assertEqual(ann.hear()["said"]["sid"], ann.sid)  # the page shows none that has one

    def test_lines_that_are_none(self):
        cookie, who = self.come_in()
        ann = self.join(cookie)
        for data in ({"text": ""}, {}, {"text": 5}, {"text": "x" * 4001}, {"text": None},
                     {"text": "a\0b"}):
            self.say(ann, line="7", **data)
            heard = ann.hear()["unsaid"]
            self.assertEqual((heard["uid"], heard["reason"]), (who["uid"], "length"), data)
        self.say(ann, line="8", text="x" * 4000)
        self.assertEqual(ann.hear()["said"]["line"], "8")

    def test_long_line_number(self):
        ann = self.join(self.come_in()[0])
        self.say(ann, line="ż" * 33, text="never shown")
        self.say(ann, line="2", text="shown")
        self.assertEqual(ann.hear()["said"]["line"], "2")

    def test_signed_out(self):
        cookie, who = self.come_in()
        ann = self.join(cookie)
        self.backend.ask("POST", "/sign-out", "{}", cookie)
        self.say(ann, line="1", text="hi")
        self.assertEqual(ann.hear(), {"unsaid": {"uid": who["uid"], "line": "1", "reason": "signed-out",
                                                 "channel": "presence-chat"}})

    def test_channel_closed_meanwhile(self):
        ann = self.join(self.come_in()[0])
        self.assertEqual(self.vhost.request("DELETE", "/channels/presence-chat").status, 202)
        self.assertEqual(ann.hear(), {":unsubscribed": {"channel": "presence-chat"}})
        self.say(ann, line="1", text="into an empty room")
        wait_until(lambda: self.broker.admin("GET", "/chat/channels/presence-chat").status == 200,
                   "the backend to open the channel again")
        self.assertEqual(self.vhost.request("DELETE", "/channels/presence-chat").status, 202)
        self.join(self.come_in()[0])  # whoever comes next is let in

    def test_the_terminal_is_safe(self):
        ann = self.join(self.come_in()[0])
        self.say(ann, line="1", text="\x1b[2J\x07\x9b31m\x85\r\n\tfin ż")
        self.say(ann, line="\x1b[2J", text="x" * 3999)
        self.assertIn("said", ann.hear())
        self.assertIn("said", ann.hear())
        text = self.backend.text()
        self.assertIn("fin ż", text)
        self.assertIsNone(re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f]", text))
        self.assertLess(max(len(line) for line in text.splitlines()), 1000)


class People(ChatTest):
    def test_a_name_is_the_brokers_word(self):
        (ann, who), (ben, other) = self.come_in(), self.come_in("Ben ż🚀")
        ann = self.join(ann, data={"name": "Root", "uid": other["uid"]})
        self.assertEqual(ann.hear()[":memberJoined"]["uid"], who["uid"])
        ben = self.join(ben, data={})
        self.assertIn(who["uid"], [member["uid"] for member in ben.subscribed["subscribers"]])
        joined = ann.hear()[":memberJoined"]
        self.assertEqual(joined, {"uid": other["uid"], "channel": "presence-chat"})
        self.assertTrue(joined["uid"].endswith("-Ben ż🚀"))
        ben.close()
        self.assertEqual(ann.hear()[":memberLeft"]["uid"], other["uid"])

    def test_where_the_broker_and_its_library_are(self):
        response = self.backend.ask("GET", "/broker.json")
        addr = self.broker.ready["addr"]
        self.assertEqual(response.json(), {"url": f"ws://{addr}/chat",
                                           "library": f"http://{addr}/webrocket.mjs"})


class Demo(ChatTest):
    def test_scripted_conversation(self):
        page = "http://%s:%d" % self.backend.addr
        ended = subprocess.run([sys.executable, "-B", VISITORS, page], capture_output=True, text=True,
                               timeout=3 * DEADLINE)
        self.assertEqual((ended.returncode, ended.stderr), (0, ""), ended.stdout)
        self.assertIn("all 6 lines reached both, in order", ended.stdout)


class CommandLine(ChatTest):
    def refused(self, *words, status, says, url=None):
        environment = {**os.environ, "VHOST_URL": self.url() if url is None else url}
        ended = subprocess.run([CHAT, *words], env=environment, capture_output=True, text=True,
                               timeout=DEADLINE)
        self.assertEqual(ended.returncode, status, ended.stderr)
        self.assertIn(says, ended.stderr)
        self.assertNotIn(self.vhost.token, ended.stderr)

    def test_what_is_not_understood(self):
        for words in (("--page",), ("--bogus", "x"), ("--addr",), ("--help",), ("--url", self.url()),
                      ("--broker-url", "http://127.0.0.1/chat")):
            self.refused(*words, status=2, says="usage: chat-backend")
        self.refused(status=2, says="usage: chat-backend", url="")

    def test_what_cannot_be(self):
        for addr in ("nowhere", "127.0.0.1:x", "127.0.0.1:65536", "127.0.0.1:-1", ":1", "127.0.0.1:"):
            self.refused("--addr", addr, status=1,
                         says="the address is not HOST:PORT: " + addr)
        with socket.create_server(("127.0.0.1", 0)) as taken:
            addr = "127.0.0.1:%d" % taken.getsockname()[1]
            self.refused("--addr", addr, status=1, says="cannot listen on " + addr)
        self.refused("--page", "/no/such", status=1, says="no such directory")
        self.refused("--ready-file", "/no/such", status=1, says="cannot write /no/such")
        self.refused(status=1, says="malformed URL", url="http://nobody/")
        self.refused(status=1, says="chat-backend", url=self.url().replace(self.vhost.token, "0" * 40))

    def test_where_browsers_find_the_broker(self):
        address = f"{self.vhost.token}@{self.broker.ready['addr']}/chat"
        for url, flags, told in ((f"HTTP://wr:{address}", (), f"ws://{self.broker.ready['addr']}/chat"),
                                 (f"wr://{address}", (), f"ws://{self.broker.ready['addr']}/chat"),
                                 (f"wr://{address}", ("--broker-url", "wss://chat.example/x"),
                                  "wss://chat.example/x")):
            backend = Backend(url, *flags)
            self.addCleanup(backend.close)
            backend.wait_until_ready()
            cookie = backend.sign_in("Ann").headers["Set-Cookie"].split(";")[0]
            auth = backend.ask("GET", "/webrocket/auth.json", cookie=cookie).json()
            self.assertEqual(auth["url"], told)
            library = re.sub(r"^ws(s?://[^/]+)/.*", r"http\1/webrocket.mjs", told)
            self.assertEqual(backend.ask("GET", "/broker.json").json(), {"url": told, "library": library})


class Stop(ChatTest):
    def test_signals(self):
        for number in (signal.SIGINT, signal.SIGTERM):
            backend = Backend(self.url())
            self.addCleanup(backend.close)
            backend.wait_until_ready()
            idle = socket.create_connection(backend.addr, timeout=DEADLINE)
            self.addCleanup(idle.close)
            self.assertEqual(backend.stop(number), 0)

    def test_while_it_waits_for_a_broker(self):
        with socket.socket() as holder:
            holder.bind(("127.0.0.1", 0))
            backend = Backend("http://wr:%s@127.0.0.1:%d/chat" % ("0" * 40, holder.getsockname()[1]))
            self.addCleanup(backend.close)
            wait_until(lambda: "broker" in backend.text(), "a first attempt")
            self.assertEqual(backend.stop(), 0)
            self.assertFalse(os.path.exists(backend.ready_file))

    def test_broker_away_meanwhile(self):
        broker = Broker()
        vhost = broker.vhost("/chat")
        backend = Backend(f"http://wr:{vhost.token}@{broker.ready['addr']}/chat")
        self.addCleanup(backend.close)
        backend.wait_until_ready()
        cookie = backend.sign_in("Ann").headers["Set-Cookie"].split(";")[0]
        broker.close()
        response = backend.ask("GET", "/webrocket/auth.json", cookie=cookie)
        self.assertEqual((response.status, response.json()), (503, {"error": "broker"}))
        self.assertEqual(backend.stop(), 0)


if __name__ == "__main__":
    main()
