"""The operator's HTTP API: the channels of a vhost, who is on them, and its workers."""

import http.client

from admin import UUID, AdminTest
from harness import DEADLINE, main, wait_until


class Channels(AdminTest):
    def channels(self):
        return self.get(self.vhost.path + "/channels")["channels"]

    def add(self, name):
        path = self.vhost.path + "/channels/" + name
        self.succeeds(self.admin("POST", path), 302, path)
        return path

    def test_none(self):
        response = self.admin("GET", self.vhost.path + "/channels")
        self.assertEqual(response.body, b'{"channels":[]}')

    def test_list(self):
        names = ["b", "private-x", "presence-x", "a", "ok.name-1_2", "B"]
        for name in names:
            self.add(name)
        self.browser().subscribe("a")
        self.assertEqual(self.channels(), [
            {"name": name, "subscribers": {"size": 1 if name == "a" else 0},
             "links": [{"rel": "self", "href": f"{self.vhost.path}/channels/{name}"},
                       {"rel": "vhost", "href": self.vhost.path}]} for name in sorted(names)])

    def test_add(self):
        path = self.add("asteroids")
        self.assertEqual(self.get(path), {"channel": {
            "name": "asteroids", "subscribers": {"size": 0},
            "links": [{"rel": "self", "href": path}, {"rel": "vhost", "href": self.vhost.path},
                      {"rel": "subscribers", "href": path + "/subscribers"}]}})
        self.assertEqual(self.get(self.vhost.path)["vhost"]["channels"], {"size": 1})
        self.browser().subscribe("asteroids")

    def test_add_again(self):
        path = self.add("c")
        browser = self.browser()
        browser.subscribe("c")
        self.fails(self.admin("POST", path), 400, "channel already exists")
        self.assertEqual(self.vhost.subscribers("c"), 1)

    def test_names(self):
        for name in ("a", "_", "9", "a-", "a.", "x" * 255, "channels", "token", "subscribers"):
            self.add(name)
        for name in ("-bad", ".bad", "bad%20name", "%C5%BC", "a%2Fb", "a%0A", "a%00", "a!", "a%22"):
            response = self.admin("POST", self.vhost.path + "/channels/" + name)
            self.fails(response, 400, "invalid channel name")

    def test_escaped_name(self):
        path = self.vhost.path + "/channels/"
        self.succeeds(self.admin("POST", path + "%61"), 302, path + "a")

    def test_misleading_name_is_logged(self):
        self.add("priv-room")
        self.assertIn("warning channel priv-room of " + self.vhost.path, self.broker.log_text())

    def test_unknown(self):
        for name in ("nope", "%C5%BC", "-bad"):
            path = self.vhost.path + "/channels/" + name
            for method in ("GET", "DELETE"):
                self.no_channel(self.admin(method, path))
            self.no_channel(self.admin("GET", path + "/subscribers"))

    def test_unknown_vhost(self):
        for method, path in (("GET", "/nope/channels"), ("DELETE", "/nope/channels"),
                             ("POST", "/nope/channels/x"), ("GET", "/nope/channels/x"),
                             ("POST", "/nope/channels/bad%20name"), ("DELETE", "/nope/channels/x"),
                             ("GET", "/nope/channels/x/subscribers"), ("GET", "/nope/workers")):
            self.no_vhost(self.admin(method, path))

    def test_delete(self):
        path = self.add("c")
        other = self.add("d")
        browser = self.browser()
        browser.subscribe("c")
        browser.subscribe("d")
        self.succeeds(self.admin("DELETE", path), 202)
        self.assertEqual(browser.hear(), {":unsubscribed": {"channel": "c"}})
        self.no_channel(self.admin("GET", path))
        self.no_channel(self.admin("DELETE", path))
        self.assertEqual(self.get(other)["channel"]["subscribers"], {"size": 1})

    def test_delete_all(self):
        for name in ("a", "b", "c"):
            self.add(name)
        browser = self.browser()
        for name in ("a", "b"):
            browser.subscribe(name)
        self.succeeds(self.admin("DELETE", self.vhost.path + "/channels"), 202)
        heard = [browser.hear() for _ in range(2)]
        self.assertEqual(sorted(event[":unsubscribed"]["channel"] for event in heard), ["a", "b"])
        self.assertEqual(self.channels(), [])
        self.succeeds(self.admin("DELETE", self.vhost.path + "/channels"), 202)


class Subscribers(AdminTest):
    def subscribers(self, channel):
        return self.get(f"{self.vhost.path}/channels/{channel}/subscribers")["subscribers"]

    def test_none(self):
        self.vhost.open("c")
        response = self.admin("GET", self.vhost.path + "/channels/c/subscribers")
        self.assertEqual(response.body, b'{"subscribers":[]}')

    def test_who(self):
        self.vhost.open("presence-c")
        uid = 'żó "quoted" \\ <b>\n'
        somebody, hidden = self.browser(uid), self.browser("spy")
        somebody.subscribe("presence-c")
        hidden.subscribe("presence-c", hidden=True)
        links = [{"rel": "channel", "href": self.vhost.path + "/channels/presence-c"},
                 {"rel": "vhost", "href": self.vhost.path}]
        expected = [{"sid": somebody.sid, "uid": uid, "hidden": False, "links": links},
                    {"sid": hidden.sid, "uid": "spy", "hidden": True, "links": links}]
        self.assertEqual(self.subscribers("presence-c"),
                         sorted(expected, key=lambda entry: entry["sid"]))

    def test_anonymous(self):
        self.vhost.open("c")
        browser = self.browser()
        browser.subscribe("c")
        [entry] = self.subscribers("c")
        self.assertEqual((entry["sid"], entry["uid"], entry["hidden"]), (browser.sid, None, False))

    def test_sorted_whoever_came_or_left(self):
        self.vhost.open("c")
        browsers = [self.browser() for _ in range(8)]
        for browser in browsers:
            browser.subscribe("c")
        for leaver in (browsers.pop(2), browsers.pop(0)):
            leaver.ask("unsubscribe", channel="c")
        self.assertEqual([entry["sid"] for entry in self.subscribers("c")],
                         sorted(browser.sid for browser in browsers))

    def test_size_follows(self):
        self.vhost.open("c")
        browser = self.browser()
        browser.subscribe("c")
        self.assertEqual(self.vhost.subscribers("c"), 1)
        browser.say("close")
        wait_until(lambda: self.subscribers("c") == [], "the subscriber to leave")


class Workers(AdminTest):
    def workers(self):
        return self.get(self.vhost.path + "/workers")["workers"]

    def test_none(self):
        self.assertEqual(self.admin("GET", self.vhost.path + "/workers").body, b'{"workers":[]}')

    def test_list(self):
        filters = (None, "a/.*", "a/.*", "b")
        workers = [self.worker(filter) for filter in filters]
        for worker in workers:
            self.assertTrue(UUID.fullmatch(worker.id))
        self.assertEqual(self.workers(), [
            {"id": id, "name": None, "filter": filter,
             "links": [{"rel": "self", "href": f"{self.vhost.path}/workers/{id}"},
                       {"rel": "vhost", "href": self.vhost.path}]}
            for id, filter in sorted(zip((worker.id for worker in workers), filters))])

    def test_name(self):
        connection = http.client.HTTPConnection(*self.broker.addr, timeout=DEADLINE)
        self.addCleanup(connection.close)
        connection.request("GET", self.vhost.path + "/events?worker=mailer%20%22one%22",
                           headers=self.vhost.headers())
        self.assertEqual(connection.getresponse().status, 200)
        self.assertEqual([worker["name"] for worker in self.workers()], ['mailer "one"'])

    def test_one_that_left_is_gone(self):
        stays, leaves = self.worker(), self.worker()
        leaves.close()
        wait_until(lambda: [worker["id"] for worker in self.workers()] == [stays.id],
                   "the worker to leave")

    def test_one_worker_is_no_resource(self):
        worker = self.worker()
        for method in ("GET", "DELETE"):
            self.no_page(self.admin(method, f"{self.vhost.path}/workers/{worker.id}"))


if __name__ == "__main__":
    main()
