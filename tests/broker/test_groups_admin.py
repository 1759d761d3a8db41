"""The operator's side of reliable groups: making them, their settings, how they are doing, who did what."""

import json
import re
import unittest

from admin import AdminTest
from group_worker import GroupWorker, put_group
from groups_admin import DEFAULTS, GroupsTest
from harness import Broker, main, wait_until

NAMES = ", ".join(DEFAULTS)
BAD_NAME = "the group's name is not 1 to 64 of the characters A-Z a-z 0-9 _ . -"


class Settings(GroupsTest):
    def test_one_is_made(self):
        response = self.put("g", filter="orders/.*", max_deliver=3)
        self.assertEqual(response.status, 200)
        self.is_kept_to_oneself(response)
        self.assertEqual(response.json()["group"], self.shown())
        path = self.groups + "/g"
        self.assertEqual(self.shown(), {
            "name": "g", "settings": {**DEFAULTS, "filter": "orders/.*", "max_deliver": 3}, "members": [],
            "lag": 0, "oldest_ms": None, "unacknowledged": 0, "redelivered": 0, "dead_letters": 0, "bytes": 0,
            "delayed": 0, "unmatched": 0, "kept": 0, "acknowledged": 0, "refused": 0, "lost": 0,
            "links": [{"rel": "self", "href": path}, {"rel": "vhost", "href": self.vhost.path},
                      {"rel": "dead-letters", "href": path + "/dead-letters"}]})

    def test_an_empty_body_makes_one_with_the_defaults(self):
        self.assertEqual(self.put("g", body="").json()["group"]["settings"], DEFAULTS)

    def test_absent_members_stay(self):
        put_group(self.broker, self.vhost, filter="a", lease_ms=5000, paused=True)
        self.put("g", max_events=50)
        self.put("g")
        self.assertEqual(self.settings(), {**DEFAULTS, "filter": "a", "lease_ms": 5000, "paused": True,
                                           "max_events": 50})
        self.put("g", filter=None, paused=False)
        self.assertEqual(self.settings(), {**DEFAULTS, "lease_ms": 5000, "max_events": 50})

    def test_all_of_them(self):
        wanted = {"filter": "ż\"\\n", "order": "channel", "lease_ms": 3600000, "ack_deadline_ms": 1000,
                  "max_deliver": 1, "max_events": 10, "max_bytes": 65536, "max_age_ms": 1000,
                  "overflow": "drop_oldest", "paused": True}
        self.assertEqual(self.put("g", **wanted).json()["group"]["settings"], wanted)

    def test_what_is_no_value_changes_nothing(self):
        self.put("g", max_deliver=3)
        for body, text in (({"lease": 1}, f'"lease" is none of {NAMES}'),
                           ({"max_deliver": 0}, "max_deliver is not a number from 1 to 100"),
                           ({"max_deliver": "5"}, "max_deliver is not a number from 1 to 100"),
                           ({"lease_ms": 10**30}, "lease_ms is not a number from 1000 to 3600000"),
                           ({"order": "key"}, "order is none of none, sid, uid, channel"),
                           ({"overflow": None}, "overflow is none of refuse, drop_oldest"),
                           ({"paused": 1}, "paused is neither true nor false"),
                           ({"filter": "("}, "filter is not a regular expression"),
                           ({"filter": 5}, "filter is neither a text nor null"),
                           ([], "the body is not a JSON object")):
            if isinstance(body, dict):
                body = {"max_events": 77, **body}
            self.fails(self.put("g", body=json.dumps(body)), 400, text)
        self.fails(self.put("new", order="key"), 400, "order is none of none, sid, uid, channel")
        self.fails(self.put("g", body="{"), 400, "the body is not a JSON object")
        self.assertEqual(self.settings(), {**DEFAULTS, "max_deliver": 3})
        self.assertEqual(self.names(), ["g"])

    def test_names(self):
        for name in ("a", "A-z_0.9", ".", "x" * 64, "channels", "token", "workers", "groups", "dead-letters"):
            self.assertEqual(self.put(name).status, 200, name)
            self.assertEqual(self.shown(name)["name"], name)
        for name in ("a%20b", "x" * 65, "%C5%BC", "a:b", "a%2Fb", "a%00", "%22"):
            self.fails(self.put(name), 400, BAD_NAME)
            self.no_group(self.admin("GET", f"{self.groups}/{name}"))

    def test_of_another_vhost_is_another_group(self):
        other = self.broker.vhost(self.vhost.path + "/b")
        put_group(self.broker, other, max_deliver=2)
        put_group(self.broker, self.vhost, max_deliver=3)
        self.assertEqual(self.get(other.path + "/groups/g")["group"]["settings"]["max_deliver"], 2)
        self.assertEqual(self.settings()["max_deliver"], 3)
        self.succeeds(self.admin("DELETE", other.path + "/groups/g"), 202)
        self.assertEqual(self.names(), ["g"])
        other.disconnect()

    def test_unknown(self):
        for method in ("GET", "DELETE"):
            self.no_group(self.admin(method, self.groups + "/nope"))
            self.no_vhost(self.admin(method, "/nope/groups/g"))
        self.no_vhost(self.admin("PUT", "/nope/groups/g"))
        self.no_vhost(self.admin("GET", "/nope/groups"))

    def test_methods(self):
        self.put("g")
        read = {"GET", "HEAD"}
        for path, allowed in (("", read), ("/g", read | {"PUT", "DELETE"}), ("/nope", read | {"PUT", "DELETE"}),
                              ("/g/dead-letters", read | {"DELETE"}), ("/g/dead-letters/e-1", read | {"DELETE"}),
                              ("/g/dead-letters/requeue", {"POST"}), ("/g/dead-letters/e-1/requeue", {"POST"})):
            for method in {"GET", "POST", "PUT", "DELETE", "PATCH", "BREW"} - allowed:
                self.wrong_method(self.admin(method, self.groups + path), allowed)
        for path in ("", "/g", "/g/dead-letters"):
            get, head = self.admin("GET", self.groups + path), self.admin("HEAD", self.groups + path)
            self.assertEqual((head.status, head.body), (200, b""))
            self.assertEqual(head.headers["Content-Length"], str(len(get.body)))

    def test_paths_that_are_none(self):
        self.put("g")
        for path in ("/", "/g/", "/g/members", "/g/dead-letters/", "/g/dead-letters/a/b", "/g/dead-letters/a/requeue/b",
                     "/g/requeue"):
            self.no_page(self.admin("GET", self.groups + path))
        self.no_vhost(self.admin("GET", "/groups"))

    def test_a_channel_may_be_called_so(self):
        for name in ("groups", "dead-letters"):
            self.vhost.open(name)
            self.assertEqual(self.get(f"{self.vhost.path}/channels/{name}")["channel"]["name"], name)
            self.assertEqual(self.get(f"{self.vhost.path}/channels/{name}/subscribers"), {"subscribers": []})

    def test_many_at_a_time(self):
        replies = [self.put("g", max_events=10 + number, max_deliver=number) for number in range(1, 20)]
        self.assertEqual({reply.status for reply in replies}, {200})
        self.assertEqual((self.settings()["max_events"], self.settings()["max_deliver"]), (29, 19))


class Lists(GroupsTest):
    def test_none(self):
        self.assertEqual(self.get(self.groups), {"groups": [], "next": None})

    def test_what_it_says(self):
        self.put("b", paused=True)
        self.put("a")
        self.member("a", "w")
        self.browser("alice").say("trigger", event="e")
        self.wait_for("unacknowledged", 1, "a")
        first, second = self.get(self.groups)["groups"]
        self.assertGreaterEqual(first.pop("oldest_ms"), 0)
        self.assertEqual(first, {
            "name": "a", "paused": False, "members": {"size": 1}, "lag": 1, "unacknowledged": 1, "redelivered": 0,
            "dead_letters": 0, "links": [{"rel": "self", "href": self.groups + "/a"},
                                         {"rel": "vhost", "href": self.vhost.path}]})
        self.assertEqual((second["name"], second["paused"], second["members"], second["lag"]),
                         ("b", True, {"size": 0}, 1))

    def test_a_page_at_a_time(self):
        for name in "dabec":
            self.put(name)
        page = self.get(self.groups + "?limit=2")
        self.assertEqual([group["name"] for group in page["groups"]], ["a", "b"])
        page = self.get(f"{self.groups}?limit=2&after={page['next']}")
        self.assertEqual([group["name"] for group in page["groups"]], ["c", "d"])
        page = self.get(f"{self.groups}?limit=2&after={page['next']}")
        self.assertEqual(([group["name"] for group in page["groups"]], page["next"]), (["e"], None))
        self.assertEqual(self.get(self.groups + "?limit=5")["next"], None)
        for limit in ("0", "1001", "x", "-1"):
            self.fails(self.admin("GET", f"{self.groups}?limit={limit}"), 400,
                       "limit is not a number from 1 to 1000")
        self.fails(self.admin("GET", self.groups + "?limit=%zz"), 400, "query is malformed")


class Members(GroupsTest):
    def test_who_is_there(self):
        worker = self.member("g", "w-1", filter="a", window=7)
        self.browser("alice").say("trigger", event="a")
        self.wait_for("unacknowledged", 1)
        self.assertEqual(self.shown()["members"], [
            {"name": "w-1", "stream": worker.id, "filter": "a", "window": 7, "unacknowledged": 1,
             "connected": True}])
        worker.close()
        wait_until(lambda: not self.shown()["members"][0]["connected"], "the member to be away")
        self.assertEqual(self.shown()["lag"], 1)

    def test_the_first_one_makes_it(self):
        self.member("g", order="uid")
        self.assertEqual(self.settings(), {**DEFAULTS, "order": "uid"})
        self.assertEqual(self.shown()["members"][0]["name"], "w")

    def test_with_a_member_the_order_stays(self):
        self.member("g", order="uid")
        self.fails(self.put("g", order="sid", max_deliver=2), 409, "the order of g stays as long as it has members")
        self.assertEqual(self.settings(), {**DEFAULTS, "order": "uid"})
        self.put("g", order="uid", max_deliver=2)
        self.assertEqual(self.settings(), {**DEFAULTS, "order": "uid", "max_deliver": 2})

    def test_its_filter_counts_until_the_first_member_comes(self):
        self.put("g", filter="a")
        page = self.browser("alice")
        for event in ("b", "a"):
            page.say("trigger", event=event)
        self.wait_for("lag", 1)
        self.member("g", filter="b")
        page.say("trigger", event="b")
        page.say("trigger", event="a")
        page.say("trigger", event="b")
        self.wait_for("lag", 3)
        self.assertEqual(self.shown()["unmatched"], 1)

    def test_paused(self):
        self.put("g", paused=True)
        worker = self.member("g")
        page = self.browser("alice")
        page.say("trigger", event="e", data={"n": 1})
        self.wait_for("lag", 1)
        self.assertEqual(self.shown()["unacknowledged"], 0)
        self.put("g", paused=False)
        self.assertEqual(json.loads(worker.next()["data"])["n"], 1)
        self.put("g", paused=True)
        page.say("trigger", event="e", data={"n": 2})
        self.wait_for("lag", 2)
        self.assertEqual(worker.ack(upto=1), 0)
        self.wait_for("lag", 1)
        self.assertEqual(self.shown()["unacknowledged"], 0)


class Removal(GroupsTest):
    def test_its_streams_end(self):
        worker = self.member("g")
        self.browser("alice").say("trigger", event="e")
        worker.next()
        self.succeeds(self.admin("DELETE", self.groups + "/g"), 202)
        self.assertIsNone(worker.next())
        self.no_group(self.admin("GET", self.groups + "/g"))
        self.no_group(self.admin("DELETE", self.groups + "/g"))
        self.assertEqual(self.names(), [])

    def test_a_new_one_has_nothing_of_the_old_one(self):
        self.put("g", max_deliver=3)
        self.browser("alice").say("trigger", event="e")
        self.wait_for("lag", 1)
        self.succeeds(self.admin("DELETE", self.groups + "/g"), 202)
        self.put("g")
        self.assertEqual((self.settings(), self.shown()["lag"]), (DEFAULTS, 0))

    def test_a_vhost_takes_its_groups_along(self):
        vhost = self.broker.vhost(self.vhost.path + "-gone")
        put_group(self.broker, vhost)
        with GroupWorker(vhost) as worker:
            self.succeeds(self.admin("DELETE", vhost.path), 202)
            self.assertIsNone(worker.next())
        vhost.disconnect()
        self.no_vhost(self.admin("GET", vhost.path + "/groups"))
        self.broker.vhost(vhost.path)
        self.assertEqual(self.get(vhost.path + "/groups"), {"groups": [], "next": None})


class Log(GroupsTest):
    def has_line(self, text):
        end = re.escape(text) + r"\n"
        wait_until(lambda: re.search(r" info " + end, self.broker.log_text()), "the line " + text)

    def test_who_did_what(self):
        by, where = "by administrator address=127.0.0.1", f"group g of {self.vhost.path}"
        self.put("g", max_deliver=1, filter='a"b')
        self.has_line(f'{where} added {by}: filter="a\\"b" max_deliver=1')
        self.put("g", paused=True, filter=None)
        self.has_line(f"{where} changed {by}: filter=null paused=true")
        worker = self.member("g")
        self.put("g", order="sid")
        self.has_line(f"{where} not changed {by}: the order of a group that has members stays")
        self.put("g", paused=False)
        ids = []
        page = self.browser("alice")
        for _ in range(3):
            page.say("trigger", event="e")
            ids.append(worker.next()["id"])
            worker.nack(ids[-1])
        self.wait_for("dead_letters", 3)
        letters = self.groups + "/g/dead-letters"
        self.admin("POST", f"{letters}/{ids[0]}/requeue")
        self.has_line(f"dead letter {ids[0]} of {where} requeued {by}")
        self.admin("DELETE", f"{letters}/{ids[1]}")
        self.has_line(f"dead letter {ids[1]} of {where} deleted {by}")
        self.admin("DELETE", f"{letters}/{ids[1]}")
        self.has_line(f"DELETE {letters}/{ids[1]} {by} answered 404")
        self.admin("DELETE", letters)
        self.has_line(f"1 dead letters of {where} deleted {by}")
        self.admin("DELETE", self.groups + "/g")
        self.has_line(f"{where} removed {by}")
        self.put("g", order="x")
        self.has_line(f"PUT {self.groups}/g {by} answered 400")


class Bounds(AdminTest):
    FLAGS = ("--max-groups", "2")

    def test_too_many(self):
        groups = self.vhost.path + "/groups/"
        for name in ("a", "b"):
            self.assertEqual(self.admin("PUT", groups + name).status, 200)
        self.fails(self.admin("PUT", groups + "c"), 403, f"too many groups: {self.vhost.path} may have 2")
        self.assertEqual(self.admin("PUT", groups + "b", body='{"paused":true}').status, 200)
        self.succeeds(self.admin("DELETE", groups + "a"), 202)
        self.assertEqual(self.admin("PUT", groups + "c").status, 200)


class Restart(unittest.TestCase):
    def setUp(self):
        self.broker = Broker()
        self.addCleanup(self.broker.close)
        self.vhost = self.broker.vhost("/moon")

    def shown(self, path=""):
        response = self.broker.admin("GET", "/moon/groups/g" + path)
        self.assertEqual(response.status, 200, response.body)
        return response.json()

    def again(self, kill):
        self.vhost.disconnect()
        self.broker.kill() if kill else self.broker.stop()
        self.broker.start()

    def test_it_is_all_there(self):
        wanted = {"filter": "e.*", "order": "uid", "lease_ms": 5000, "max_deliver": 1, "paused": False}
        put_group(self.broker, self.vhost, **wanted)
        put_group(self.broker, self.vhost, "other")
        page = self.vhost.browser("alice")
        self.addCleanup(page.close)
        with GroupWorker(self.vhost, filter="e.*") as worker:
            ids = []
            for number in range(2):
                page.say("trigger", event="e1", data={"n": number}, ref=f"r{number}")
                ids.append(worker.next()["id"])
                worker.nack(ids[-1])
            wait_until(lambda: self.shown()["group"]["dead_letters"] == 2, "both dead letters")
        settings = self.shown()["group"]["settings"]
        letters = self.shown("/dead-letters")
        self.assertEqual(settings, {**DEFAULTS, **wanted})
        for kill in (False, True):
            self.again(kill)
            self.assertEqual(self.shown()["group"]["settings"], settings)
            self.assertEqual(self.shown()["group"]["dead_letters"], 2)
            self.assertEqual(self.shown("/dead-letters"), letters)
            names = [group["name"] for group in self.broker.admin("GET", "/moon/groups").json()["groups"]]
            self.assertEqual(names, ["g", "other"])
        self.assertEqual(self.broker.admin("POST", "/moon/groups/g/dead-letters/requeue").json(), {"requeued": 2})
        with GroupWorker(self.vhost, filter="e.*") as worker:
            for _ in ids:
                record = worker.next()
                while record["event"] == ":gap":
                    worker.ack(ids=[record["id"]])
                    record = worker.next()
                number = ids.index(record["id"])
                self.assertEqual((record["ref"], json.loads(record["data"])["n"], record["attempt"]),
                                 (f"r{number}", number, "2"))
                worker.ack(ids=[record["id"]])
        self.again(kill=True)
        self.assertEqual(self.shown("/dead-letters"), {"dead_letters": [], "next": None})
        self.assertEqual(self.shown()["group"]["dead_letters"], 0)

    def test_what_is_gone_stays_away(self):
        put_group(self.broker, self.vhost)
        self.assertEqual(self.broker.admin("DELETE", "/moon/groups/g").status, 202)
        self.again(kill=True)
        self.assertEqual(self.broker.admin("GET", "/moon/groups").json(), {"groups": [], "next": None})


if __name__ == "__main__":
    main()
