"""The list of connections: what the operator is told of each."""

import datetime
import json
import subprocess
import time
import urllib.parse

from harness import ADMIN, DEADLINE, BrokerTest, Browser, main, wait_until


class Connections(BrokerTest):
    """Who is connected to a vhost, for its operator."""

    def page(self, **parameters):
        query = "&".join(f"{name}={urllib.parse.quote(str(value), safe='')}" for name, value in parameters.items())
        response = self.broker.admin("GET", f"{self.vhost.path}/connections?{query}")
        self.assertEqual(response.status, 200, response.body)
        self.assertEqual(response.headers["Content-Type"], "application/json")
        return response.json()

    def everybody(self, size, **parameters):
        """A page of `size` after the other."""
        found, after = [], {}
        while after is not None:
            page = self.page(limit=size, **parameters, **after)
            self.assertLessEqual(len(page["connections"]), size)
            found += page["connections"]
            after = None if page["next"] is None else {"after": page["next"]}
        return found

    def test_what_is_known_of_one(self):
        browser = self.browser("zoë: 1")
        self.assertEqual(browser.error("auth"), 400)
        before = time.time()
        listed, = self.page()["connections"]
        self.assertEqual(listed["links"], [{"rel": "vhost", "href": self.vhost.path}])
        since = datetime.datetime.fromisoformat(listed.pop("since").replace("Z", "+00:00")).timestamp()
        self.assertLess(abs(before - since), 600)
        self.assertGreater(listed.pop("bytes"), len('{"auth": {}}'))
        self.assertEqual({name: listed[name] for name in listed if name != "links"},
                         {"sid": browser.sid, "uid": "zoë: 1", "address": "127.0.0.1", "messages": 2, "refused": 1,
                          "queue": 0})

    def test_nobody(self):
        self.assertEqual(self.page(), {"connections": [], "next": None})

    def test_every_order_page_by_page(self):
        for number in range(7):
            browser = self.browser(None if number == 0 else f"u:{number % 3}")
            for _ in range(number % 4):
                self.assertEqual(browser.error("auth"), 400)
        everybody = self.page()["connections"]
        self.assertEqual(len(everybody), 7)
        for key, rank in (("sid", lambda c: ""), ("uid", lambda c: c["uid"] or ""), ("address", lambda c: ""),
                          ("messages", lambda c: -c["messages"]), ("bytes", lambda c: -c["bytes"]),
                          ("refused", lambda c: -c["refused"]), ("queue", lambda c: -c["queue"])):
            expected = [c["sid"] for c in sorted(everybody, key=lambda c: (rank(c), c["sid"]))]
            for size in (1, 2, 3, 7, 1000):
                self.assertEqual([c["sid"] for c in self.everybody(size, sort=key)], expected, (key, size))
        self.assertEqual([c["since"] for c in self.everybody(2, sort="since")], sorted(c["since"] for c in everybody))

    def test_one_that_does_not_read_has_a_queue(self):
        self.vhost.open("room")
        slow = Browser(self.broker.addr, self.vhost.path, receive_buffer=4096)
        self.addCleanup(slow.close)
        slow.subscribe("room")
        self.browser()

        def has_queue():
            self.vhost.fire("room", "e", {"text": "x" * 100000})
            first = self.page(sort="queue", limit=1)["connections"][0]
            return first["sid"] == slow.sid and first["queue"] > 0

        wait_until(has_queue, "a queue")

    def test_what_is_no_query(self):
        for query in ("sort=age", "limit=0", "limit=1001", "limit=x", "limit=-1", "limit=1e2", "sort=bytes&after=x",
                      "sort=bytes&after=x:y", "sort=address&after=zz:y", "sort=%zz"):
            response = self.broker.admin("GET", f"{self.vhost.path}/connections?{query}")
            self.assertEqual(response.status, 400, query)
            self.assertIn("error", response.json())

    def test_where(self):
        self.assertEqual(self.broker.admin("GET", "/nowhere/connections").status, 404)
        self.assertEqual(self.broker.admin("GET", f"{self.vhost.path}/connections", cookie="x").status, 403)
        response = self.broker.admin("DELETE", f"{self.vhost.path}/connections")
        self.assertEqual((response.status, response.headers["Allow"]), (405, "GET, HEAD"))
        self.assertEqual(self.broker.admin("HEAD", f"{self.vhost.path}/connections").status, 200)

    def tool(self, *arguments):
        return subprocess.run([ADMIN, "--admin-addr", "%s:%d" % self.broker.admin_addr, "--cookie", self.broker.cookie,
                               *arguments], capture_output=True, text=True, timeout=DEADLINE)

    def test_the_tool(self):
        quiet, noisy = self.browser(), self.browser("zo\né")
        for _ in range(3):
            self.assertEqual(noisy.error("auth"), 400)
        shown = self.tool("list_connections", self.vhost.path, "--sort", "refused")
        self.assertEqual((shown.returncode, shown.stderr), (0, ""))
        first, second = [line.split("\t") for line in shown.stdout.splitlines()]
        self.assertEqual((first[:3], first[4], first[6:]), ([noisy.sid, "zo\\x0aé", "127.0.0.1"], "4", ["3", "0"]))
        self.assertEqual((second[:3], second[4:]), ([quiet.sid, "-", "127.0.0.1"], ["0", "0", "0", "0"]))
        shown = self.tool("list_connections", self.vhost.path, "-limit", "1", "-sort=refused")
        self.assertEqual(shown.stdout.splitlines(), ["\t".join(first)])
        shown = self.tool("--json", "list_connections", self.vhost.path)
        self.assertEqual(len(json.loads(shown.stdout)["connections"]), 2)

    def test_the_tool_is_told_what_it_cannot_do(self):
        for arguments, complaint in ((["list_connections", self.vhost.path, "--sort", "age"], "sort is none of"),
                                     (["list_connections", self.vhost.path, "--limit", "none"], "--limit takes"),
                                     (["list_connections", self.vhost.path, "--limit", "0"], "--limit takes"),
                                     (["list_workers", self.vhost.path, "--limit", "1"], "takes no --sort"),
                                     (["list_connections", "/nowhere"], "vhost doesn't exist")):
            shown = self.tool(*arguments)
            self.assertEqual((shown.returncode, shown.stdout), (1, ""))
            self.assertIn(complaint, shown.stderr)


if __name__ == "__main__":
    main()
