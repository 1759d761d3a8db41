"""The operator's HTTP API: who may use it, vhosts and their tokens, every method, every refusal."""

import http.client
import os
import re
import resource
import unittest

from admin import AdminTest
from harness import DEADLINE, Broker, Closed, RawConnection, main

HEX_40 = re.compile(r"[0-9a-f]{40}")
# Of the answer to who has no cookie, whatever they ask for.
ADMIN_PORT = ("this is the broker's admin port, and its cookie is missing or wrong; pages and "
              "backends talk to the other port")


class Cookie(AdminTest):
    def test_without_it_nothing_is_told(self):
        wrong = [None, "bogus", "0" * 40, self.broker.cookie[:-1], self.broker.cookie + "0",
                 self.broker.cookie.upper() + "x", '"' + self.broker.cookie + '"']
        for cookie in wrong:
            for method, path in (("GET", "/"), ("DELETE", "/"), ("GET", self.vhost.path),
                                 ("POST", "/x"), ("GET", "/no/such/page"), ("PATCH", "/"),
                                 ("DELETE", self.vhost.path)):
                response = self.admin(method, path, cookie=cookie)
                self.assertEqual(response.status, 403, (cookie, path))
                self.assertEqual(response.json(), {"error": ADMIN_PORT}, (cookie, path))
                self.assertEqual(set(response.headers.keys()),
                                 {"Date", "Content-Length", "Content-Type"})
        self.assertEqual(self.get(self.vhost.path)["vhost"]["path"], self.vhost.path)
        self.no_vhost(self.admin("GET", "/x"))

    def test_name_of_the_header_in_any_case(self):
        for name in ("X-WebRocket-Cookie", "X-Webrocket-Cookie", "x-webrocket-cookie"):
            with RawConnection(self.broker.admin_addr) as connection:
                connection.send(f"GET / HTTP/1.1\r\nHost: x\r\n{name}: {self.broker.cookie}\r\n\r\n")
                self.assertEqual(connection.response()[0], 200)

    def test_vhost_token_is_no_cookie(self):
        self.assertEqual(self.admin("GET", "/", cookie=self.vhost.token).status, 403)

    def test_cookie_is_forty_digits(self):
        self.assertTrue(HEX_40.fullmatch(self.broker.cookie))


class Reader(AdminTest):
    """The secret of NODE.reader."""

    def setUp(self):
        super().setUp()
        with open(os.path.join(self.broker.storage, "test-node.reader")) as file:
            self.reader = file.read()

    def bearing(self, method, path):
        connection = http.client.HTTPConnection(*self.broker.admin_addr, timeout=DEADLINE)
        self.addCleanup(connection.close)
        connection.request(method, path, headers={"Authorization": "Bearer " + self.reader})
        response = connection.getresponse()
        return response.status, response.read()

    def test_its_form(self):
        self.assertTrue(HEX_40.fullmatch(self.reader))
        self.assertNotEqual(self.reader, self.broker.cookie)

    def test_it_reads(self):
        self.vhost.open("c")
        path = self.vhost.path
        for resource in ("/", path, path + "/channels", path + "/channels/c", path + "/channels/c/subscribers",
                         path + "/workers", "/metrics"):
            for method in ("GET", "HEAD"):
                response = self.admin(method, resource, cookie=self.reader)
                self.assertEqual(response.status, 200, (method, resource))
                self.is_kept_to_oneself(response)
                self.assertNotIn(b"accessToken", response.body)
                self.assertNotIn(self.vhost.token.encode(), response.body)
                shown = self.bearing(method, resource)
                self.assertEqual(shown[0], 200)
                if resource != "/metrics": # which count themselves
                    self.assertEqual(shown[1], response.body)
        self.assertEqual(self.admin("GET", path, cookie=self.reader).json()["vhost"]["path"], path)

    def test_it_changes_nothing(self):
        self.vhost.open("c")
        path = self.vhost.path
        before = self.get("/"), self.get(path + "/channels")
        for method, resource in (("DELETE", "/"), ("POST", "/x"), ("DELETE", path), ("PUT", path + "/token"),
                                 ("DELETE", path + "/channels"), ("POST", path + "/channels/d"),
                                 ("DELETE", path + "/channels/c"), ("PATCH", "/"), ("DELETE", "/no/such/page")):
            response = self.admin(method, resource, cookie=self.reader)
            self.assertEqual(response.status, 403, (method, resource))
            self.assertEqual(self.bearing(method, resource)[0], 403)
        self.assertEqual((self.get("/"), self.get(path + "/channels")), before)

    def test_it_is_nothing_elsewhere(self):
        self.assertEqual(self.vhost.request("GET", "/token?uid=a&channels=b", headers={
            "Authorization": "Bearer " + self.reader}).status, 401)


class Vhosts(AdminTest):
    def test_list(self):
        below = self.broker.vhost(self.vhost.path + "/b")
        above = self.broker.vhost("/0" + self.vhost.path.strip("/"))
        vhosts = self.get("/")["vhosts"]
        paths = [vhost["path"] for vhost in vhosts]
        self.assertEqual(paths, sorted(paths))
        for vhost in (self.vhost, below, above):
            self.assertIn({"path": vhost.path, "accessToken": vhost.token,
                           "links": [{"rel": "self", "href": vhost.path}]}, vhosts)

    def test_add(self):
        path = self.vhost.path + "-new"
        self.succeeds(self.admin("POST", path), 302, path)
        vhost = self.get(path)["vhost"]
        self.assertTrue(HEX_40.fullmatch(vhost.pop("accessToken")))
        self.assertEqual(vhost, {"path": path, "channels": {"size": 0},
                                 "links": [{"rel": "channels", "href": path + "/channels"},
                                           {"rel": "self", "href": path}]})

    def test_added_vhost_can_be_used_at_once(self):
        vhost = self.broker.vhost(self.vhost.path + "-used")
        vhost.open("c")
        browser = vhost.browser()
        self.addCleanup(browser.close)
        browser.subscribe("c")
        self.assertEqual(self.get(vhost.path)["vhost"]["channels"], {"size": 1})
        vhost.connection.close()

    def test_add_again(self):
        self.fails(self.admin("POST", self.vhost.path), 400, "vhost already exists")
        self.assertEqual(self.broker.token_of(self.vhost.path), self.vhost.token)

    def test_every_vhost_has_a_token_of_its_own(self):
        other = self.broker.vhost(self.vhost.path + "-other")
        self.assertNotEqual(other.token, self.vhost.token)

    def test_paths_that_are_none(self):
        for path in ("/bad.name", "/bad%20name", "/%C5%BC", "/a%2F", "/%2Fa", "/a%2F%2Fb", "/a:b",
                     "/a%00", "/a%0A", "/a%0D%0ALocation:%20x", "/%22", "/a~", "/.", "/a+b"):
            response = self.admin("POST", path)
            self.fails(response, 400, "invalid path")
            self.assertIsNone(response.headers["Location"])
        self.assertEqual(len(self.get("/")["vhosts"]),
                         len({vhost["path"] for vhost in self.get("/")["vhosts"]}))

    def test_paths_that_would_hide_behind_a_resource(self):
        for name in ("channels", "users", "sessions", "groups", "keys", "prefixes", "events"):
            for path in (name, "a%2F" + name, name + "%2Fb", f"a%2F{name}%2Fb", f"a%2F{name}%2Fb%2Fc"):
                self.fails(self.admin("POST", "/" + path), 400, "invalid path")
        for name in ("token", "workers", "connections", "rules"):
            for path in (name, "a%2F" + name):
                self.fails(self.admin("POST", "/" + path), 400, "invalid path")
        self.fails(self.admin("POST", "/console"), 400, "invalid path")

    def test_resource_names_in_other_places(self):
        for name in ("subscribers", "channel", "Channels", "tokens", "token/x", "rules/x", "console"):
            path = self.vhost.path + "/" + name
            self.assertEqual(self.broker.vhost(path).path, path)
            self.assertEqual(self.get(path)["vhost"]["path"], path)

    def test_long_path(self):
        path = self.vhost.path + "x" * (255 - len(self.vhost.path))
        self.succeeds(self.admin("POST", path), 302, path)
        self.assertEqual(self.get(path)["vhost"]["path"], path)
        self.succeeds(self.admin("DELETE", path), 202)

    def test_segments_escaped_or_not(self):
        plain, escaped = self.vhost.path + "/b", self.vhost.path + "%2fb"
        self.succeeds(self.admin("POST", escaped), 302, plain)
        self.fails(self.admin("POST", plain), 400, "vhost already exists")
        for path in (plain, escaped):
            self.assertEqual(self.get(path)["vhost"]["path"], plain)
            self.assertEqual(self.get(path + "/channels"), {"channels": []})
            self.assertEqual(self.get(path + "/workers"), {"workers": []})
            self.succeeds(self.admin("PUT", path + "/token"), 302, plain)
        self.succeeds(self.admin("DELETE", plain), 202)
        self.succeeds(self.admin("POST", plain), 302, plain)
        self.succeeds(self.admin("DELETE", escaped), 202)

    def test_escapes_of_plain_letters(self):
        escaped = "/" + "".join(f"%{ord(c):02X}" for c in self.vhost.path[1:])
        self.assertEqual(self.get(escaped)["vhost"]["path"], self.vhost.path)

    def test_unknown(self):
        for method in ("GET", "DELETE"):
            self.no_vhost(self.admin(method, "/nope"))
            self.no_vhost(self.admin(method, "/bad%20name"))
        self.assertEqual(self.admin("HEAD", "/nope").status, 404)

    def test_delete(self):
        path = self.vhost.path + "-gone"
        vhost = self.broker.vhost(path)
        vhost.open("c")
        browser, worker = vhost.browser(), vhost.worker()
        self.addCleanup(browser.close)
        self.addCleanup(worker.close)
        browser.subscribe("c")
        self.succeeds(self.admin("DELETE", path), 202)
        self.assertEqual(browser.close_code(), 1000)
        self.assertIsNone(worker.record())
        self.no_vhost(self.admin("GET", path))
        self.no_vhost(self.admin("DELETE", path))
        self.assertEqual(vhost.request("POST", "/channels/c").status, 404)
        # A new one of that name has nothing of the old one.
        again = self.broker.vhost(path)
        self.assertNotEqual(again.token, vhost.token)
        self.assertEqual(self.get(path + "/channels"), {"channels": []})
        vhost.connection.close()

    def test_delete_leaves_the_others(self):
        nested = self.broker.vhost(self.vhost.path + "/b")
        self.vhost.open("c")
        self.succeeds(self.admin("DELETE", nested.path), 202)
        self.assertEqual(self.get(self.vhost.path)["vhost"]["channels"], {"size": 1})

    def test_spent_and_unspent_tokens_die_with_their_vhost(self):
        vhost = self.broker.vhost(self.vhost.path + "-sat")
        token = vhost.access_token()
        self.succeeds(self.admin("DELETE", vhost.path), 202)
        again = self.broker.vhost(vhost.path)
        browser = again.browser()
        self.addCleanup(browser.close)
        self.assertEqual(browser.error("auth", token=token), 402)
        vhost.connection.close()


class AllVhosts(AdminTest):
    def test_delete_all(self):
        other = self.broker.vhost(self.vhost.path + "/b")
        browsers = [self.browser(), other.browser()]
        self.addCleanup(browsers[1].close)
        worker = self.worker()
        self.succeeds(self.admin("DELETE", "/"), 202)
        self.assertEqual(self.admin("GET", "/").body, b'{"vhosts":[]}')
        for browser in browsers:
            self.assertEqual(browser.close_code(), 1000)
        self.assertIsNone(worker.record())
        self.succeeds(self.admin("DELETE", "/"), 202)


class Tokens(AdminTest):
    def test_renew(self):
        self.succeeds(self.admin("PUT", self.vhost.path + "/token"), 302, self.vhost.path)
        token = self.broker.token_of(self.vhost.path)
        self.assertTrue(HEX_40.fullmatch(token))
        self.assertNotEqual(token, self.vhost.token)

    def test_new_one_holds_at_once_and_what_is_open_stays(self):
        self.vhost.open("c")
        pass_for_later = self.vhost.access_token("alice")
        browser, worker = self.browser(), self.worker()
        browser.subscribe("c")
        self.succeeds(self.admin("PUT", self.vhost.path + "/token"), 302, self.vhost.path)
        self.assertEqual(self.vhost.request("POST", "/channels/d").status, 401)
        self.vhost.token = self.broker.token_of(self.vhost.path)
        self.assertEqual(self.vhost.request("POST", "/channels/d").status, 202)
        browser.say("auth", token=pass_for_later)
        self.assertEqual(browser.hear(), {":authenticated": {}})
        browser.say("trigger", event="still/here")
        self.assertEqual(worker.event()[0], "still/here")

    def test_another_vhost_keeps_its_own(self):
        other = self.broker.vhost(self.vhost.path + "-other")
        self.succeeds(self.admin("PUT", self.vhost.path + "/token"), 302, self.vhost.path)
        self.assertEqual(self.broker.token_of(other.path), other.token)

    def test_unknown_vhost(self):
        self.no_vhost(self.admin("PUT", "/nope/token"))


class Routes(AdminTest):
    def test_unknown_pages(self):
        self.vhost.open("c")
        base = self.vhost.path
        for path in (base + "/", base + "/bogus", base + "/channels/", base + "/channels/c/",
                     base + "/channels/c/bogus", base + "/token/", base + "/events", "//", base + "//",
                     "/" + base, "/%zz", "/%", base + "/channels/%z", base + "/channels//subscribers"):
            self.no_page(self.admin("GET", path))
        for path in (base + "/", base + "/channels/c/", "/%zz"):
            for method in ("POST", "PUT", "DELETE", "PATCH"):
                self.no_page(self.admin(method, path))

    def test_wrong_methods(self):
        self.vhost.open("c")
        base = self.vhost.path
        read = {"GET", "HEAD"}
        for path, allowed in (("/", read | {"DELETE"}), (base, read | {"POST", "DELETE"}),
                              ("/nope", read | {"POST", "DELETE"}), (base + "/token", {"PUT"}),
                              ("/nope/token", {"PUT"}), (base + "/channels", read | {"DELETE"}),
                              (base + "/channels/c", read | {"POST", "DELETE"}),
                              (base + "/channels/nope", read | {"POST", "DELETE"}),
                              (base + "/channels/c/subscribers", read), (base + "/workers", read)):
            for method in {"GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "BREW"} - allowed:
                self.wrong_method(self.admin(method, path), allowed)

    def test_head(self):
        self.vhost.open("c")
        for path in ("/", self.vhost.path, self.vhost.path + "/channels",
                     self.vhost.path + "/channels/c", self.vhost.path + "/channels/c/subscribers",
                     self.vhost.path + "/workers"):
            get, head = self.admin("GET", path), self.admin("HEAD", path)
            self.assertEqual((head.status, head.body), (200, b""))
            self.assertEqual(head.headers["Content-Length"], str(len(get.body)))
            self.assertEqual(head.headers["Content-Type"], "application/json")

    def test_body_and_query_are_ignored(self):
        path = self.vhost.path + "-q"
        self.succeeds(self.admin("POST", path + "?path=/x", body="not {json"), 302, path)
        self.assertEqual(self.get(path + "?a=/b/c")["vhost"]["path"], path)
        self.succeeds(self.admin("DELETE", path + "?"), 202)

    def test_what_is_no_request(self):
        with RawConnection(self.broker.admin_addr) as connection:
            connection.send("NONSENSE\r\n\r\n")
            status, headers, body = connection.response()
            self.assertEqual((status, body), (400, b"Bad Request\n"))
            self.assertNotIn("x-webrocket-cookie", headers)
            self.assertTrue(connection.is_closed())

    def test_one_connection_many_requests(self):
        with RawConnection(self.broker.admin_addr) as connection:
            request = f"Host: x\r\nX-WebRocket-Cookie: {self.broker.cookie}\r\n\r\n"
            connection.send(f"GET / HTTP/1.1\r\n{request}" * 3 + f"GET /nope HTTP/1.1\r\n{request}")
            self.assertEqual([connection.response()[0] for _ in range(4)], [200, 200, 200, 404])

    def test_backends_are_not_served_here_nor_operators_there(self):
        self.assertEqual(self.admin("GET", self.vhost.path + "/events").status, 404)
        connection = http.client.HTTPConnection(*self.broker.addr, timeout=DEADLINE)
        self.addCleanup(connection.close)
        for path, status in (("/", 404), ("/metrics", 404), (self.vhost.path + "/workers", 401)):
            connection.request("GET", path, headers={"X-WebRocket-Cookie": self.broker.cookie})
            response = connection.getresponse()
            self.assertNotIn(b"accessToken", response.read())
            self.assertEqual(response.status, status, path)


class FullDisk(unittest.TestCase):
    """A change that cannot be stored has not happened, and the operator learns why."""

    def setUp(self):
        self.broker = Broker()
        self.addCleanup(self.broker.close)
        self.vhost = self.broker.vhost("/moon")
        self.vhost.open("old")

    def limit_files(self, size):
        hard = resource.prlimit(self.broker.process.pid, resource.RLIMIT_FSIZE)[1]
        resource.prlimit(self.broker.process.pid, resource.RLIMIT_FSIZE,
                         (hard if size is None else size, hard))

    def state(self):
        return [self.broker.admin("GET", path).body
                for path in ("/", "/moon", "/moon/channels", "/moon/groups", "/sun")]

    def test_nothing_changes(self):
        before = self.state()
        # No file may grow past the log of what has been written so far.
        self.limit_files(os.path.getsize(self.broker.database + "-wal"))
        for method, path in (("POST", "/sun"), ("POST", "/moon/channels/new"), ("DELETE", "/moon"),
                             ("DELETE", "/"), ("DELETE", "/moon/channels"), ("PUT", "/moon/token"),
                             ("PUT", "/moon/groups/new"),
                             ("DELETE", "/moon/channels/old")):
            response = self.broker.admin(method, path)
            self.assertEqual((response.status, response.json()), (500, {"error": "internal error"}),
                             (method, path))
            self.assertEqual(self.state(), before, (method, path))
        self.assertEqual(self.vhost.request("POST", "/channels/new").json()["code"], 597)
        browser = self.vhost.browser()
        self.addCleanup(browser.close)
        browser.subscribe("old")
        self.limit_files(None)
        log = self.broker.log_text()
        self.assertIn("cannot store", log)
        self.assertIn(self.broker.database, log)

        self.assertEqual(self.broker.admin("PUT", "/moon/token").status, 302)
        self.assertEqual(self.broker.admin("POST", "/moon/channels/new").status, 302)
        after = self.state()
        self.vhost.connection.close()
        browser.close()
        self.broker.stop()
        self.broker.start()
        self.assertEqual([body.replace(b'"size":1', b'"size":0') for body in self.state()],
                         [body.replace(b'"size":1', b'"size":0') for body in after])


class Secrets(unittest.TestCase):
    def test_none_is_logged(self):
        broker = Broker("--log-level", "trace")
        self.addCleanup(broker.close)
        vhost = broker.vhost("/moon")
        with open(os.path.join(broker.storage, "test-node.reader")) as file:
            reader = file.read()
        secrets = [broker.cookie, vhost.token, vhost.access_token(), reader]
        broker.admin("GET", "/", cookie=reader)
        broker.admin("DELETE", "/", cookie=reader)
        vhost.request("POST", "/channels/%zz")
        with self.assertRaises(Closed):
            browser = vhost.browser("alice")
            self.addCleanup(browser.close)
            browser.ask("auth", token=secrets[2])
            browser.error("auth", token=secrets[2])
            browser.say("close")
            while True:
                browser.hear()
        broker.admin("PUT", "/moon/token")
        secrets.append(broker.token_of("/moon"))
        vhost.request("POST", "/channels/x")
        broker.admin("GET", "/", cookie=broker.cookie + "x")
        broker.admin("GET", "/" + secrets[1] + "/bogus")
        broker.admin("DELETE", "/")
        vhost.connection.close()
        log = broker.log_text()
        self.assertIn("/moon", log)
        for secret in secrets:
            self.assertNotIn(secret, log)


if __name__ == "__main__":
    main()
