"""Which channels there are, as backends are told: page after page."""

from harness import BrokerTest, main, wait_until


class Lists(BrokerTest):
    def page(self, query=""):
        response = self.vhost.request("GET", "/channels" + query)
        self.assertEqual(response.status, 200, response.body)
        self.assertEqual(response.headers["Content-Type"], "application/json")
        self.assertEqual(response.headers["Cache-Control"], "no-store")
        page = response.json()
        self.assertEqual(set(page), {"channels", "next"})
        return page

    def names(self, query=""):
        return [channel["name"] for channel in self.page(query)["channels"]]

    def open(self, *names):
        for name in names:
            self.vhost.open(name)

    def test_there_are_none(self):
        self.assertEqual(self.page(), {"channels": [], "next": None})

    def test_what_is_told_of_each(self):
        self.open("room", "private-room", "presence-room")
        self.browser().subscribe("room")
        self.browser("alice").subscribe("private-room")
        for uid, hidden in (("alice", False), ("alice", False), ("bob", True)):
            self.browser(uid).subscribe("presence-room", hidden=hidden)
        presence = {"name": "presence-room", "type": "presence", "subscribers": 3, "members": 2}
        private = {"name": "private-room", "type": "private", "subscribers": 1}
        normal = {"name": "room", "type": "normal", "subscribers": 1}
        self.assertEqual(self.page(), {"channels": [presence, private, normal], "next": None})
        for channel in (presence, private, normal):
            response = self.vhost.request("GET", "/channels/" + channel["name"])
            self.assertEqual((response.status, response.json()), (200, channel))
            self.assertEqual(response.headers["Cache-Control"], "no-store")

    def test_who_leaves_is_not_counted(self):
        self.open("presence-room")
        seen, hidden = self.browser("alice"), self.browser("bob")
        seen.subscribe("presence-room")
        hidden.subscribe("presence-room", hidden=True)

        def counted():
            channel, = self.page()["channels"]
            return channel["subscribers"], channel["members"]
        self.assertEqual(counted(), (2, 1))
        hidden.close()
        wait_until(lambda: counted() == (1, 1), "the hidden one to leave")
        seen.close()
        wait_until(lambda: counted() == (0, 0), "the other one to leave")

    def test_page_after_page(self):
        names = sorted([*(f"room-{n}" for n in range(7)), "Room", "_", "a.b", "zoo"])
        self.open(*reversed(names))
        for size in (1, 2, 3, 10, 11, 1000):
            found, query = [], f"?limit={size}"
            while True:
                page = self.page(query)
                self.assertLessEqual(len(page["channels"]), size)
                found += [channel["name"] for channel in page["channels"]]
                if page["next"] is None:
                    break
                self.assertEqual((page["next"], len(page["channels"])), (found[-1], size))
                query = f"?limit={size}&after={page['next']}"
            self.assertEqual(found, names)

    def test_a_page_has_a_hundred_unless_it_is_said(self):
        names = [f"c{n:03}" for n in range(101)]
        self.open(*names)
        page = self.page()
        self.assertEqual(([channel["name"] for channel in page["channels"]], page["next"]),
                         (names[:100], names[99]))
        self.assertEqual(self.names("?after=" + page["next"]), names[100:])

    def test_what_begins_so(self):
        self.open("a", "room", "room-1", "room-2", "roomy", "rop", "z")
        for query, names in (("?prefix=room", ["room", "room-1", "room-2", "roomy"]),
                             ("?prefix=room-", ["room-1", "room-2"]), ("?prefix=z", ["z"]),
                             ("?prefix=zz", []), ("?prefix=R", []),
                             ("?prefix=", ["a", "room", "room-1", "room-2", "roomy", "rop", "z"]),
                             ("?prefix=room&after=room-1", ["room-2", "roomy"]),
                             ("?prefix=room&after=a", ["room", "room-1", "room-2", "roomy"]),
                             ("?prefix=room&after=z", []), ("?after=room-11", ["room-2", "roomy", "rop", "z"]),
                             ("?prefix=r&limit=2", ["room", "room-1"]), ("?after=", ["a", "room", "room-1", "room-2",
                                                                                      "roomy", "rop", "z"]),
                             ("?after=%FF", []), ("?prefix=room%2d1", ["room-1"])):
            self.assertEqual(self.names(query), names, query)

    def test_a_page_ends_where_its_beginning_does(self):
        self.open("room-1", "room-2", "z")
        self.assertIsNone(self.page("?prefix=room-&limit=2")["next"])
        self.assertEqual(self.page("?prefix=room-&limit=1")["next"], "room-1")

    def test_what_is_closed_is_no_more(self):
        self.open("a", "b", "c")
        self.vhost.request("DELETE", "/channels/b")
        self.assertEqual(self.names("?after=a"), ["c"])
        response = self.vhost.request("GET", "/channels/b")
        self.assertEqual((response.status, response.json()), (404, {"error": "channel b doesn't exist", "code": 454}))

    def test_a_vhost_has_its_own(self):
        self.open("mine")
        other = self.broker.vhost(self.vhost.path + "/deeper")
        other.open("theirs")
        self.assertEqual(self.names(), ["mine"])
        self.assertEqual([channel["name"] for channel in other.request("GET", "/channels").json()["channels"]],
                         ["theirs"])

    def test_a_channel_may_be_called_after_it(self):
        self.open("channels")
        self.assertEqual(self.vhost.request("GET", "/channels/channels").json()["name"], "channels")

    def test_what_is_wrong_with_a_request(self):
        for query in ("?limit=0", "?limit=1001", "?limit=-1", "?limit=x", "?limit=1x", "?after=%", "?prefix=a/b",
                      "?prefix=-a", "?prefix=%C5%BC", "?prefix=a%00", "?prefix=" + 256 * "x"):
            response = self.vhost.request("GET", "/channels" + query)
            self.assertEqual((response.status, response.json()["code"]), (400, 400), query)
        self.assertEqual(self.vhost.request("GET", "/channels", headers={}).status, 401)
        page = {**self.vhost.headers(), "Origin": "http://elsewhere.example"}
        self.assertEqual(self.vhost.request("GET", "/channels", headers=page).status, 403)
        response = self.vhost.request("POST", "/channels")
        self.assertEqual((response.status, response.headers["Allow"]), (405, "GET, HEAD"))
        response = self.vhost.request("GET", "/channels/no%20name")
        self.assertEqual((response.status, response.json()), (404, {"error": "channel doesn't exist", "code": 454}))

    def test_head_tells_how_long_it_would_be(self):
        self.open("a")
        for path in ("/channels", "/channels/a"):
            head, whole = self.vhost.request("HEAD", path), self.vhost.request("GET", path)
            self.assertEqual((head.status, head.body, head.headers["Content-Length"]),
                             (200, b"", whole.headers["Content-Length"]))


if __name__ == "__main__":
    main()
