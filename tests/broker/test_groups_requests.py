"""What is said to who asks for a group in a wrong way."""

import json

from group_worker import GroupWorker, put_group, taken
from harness import BrokerTest, main


class Streams(BrokerTest):
    def refused(self, query):
        response = self.vhost.request("GET", "/events?" + query)
        return response.status, response.json()["code"], response.json()["error"]

    def test_names(self):
        names = " is not 1 to 64 of the characters A-Z a-z 0-9 _ . -"
        for query, text in (("worker=w", "group is missing"), ("group=g", "worker is missing"),
                            ("group=a%2Fb&worker=w", "group" + names),
                            ("group=g&worker=" + "w" * 65, "worker" + names)):
            self.assertEqual(self.refused("ack=explicit&" + query), (400, 400, text))

    def test_window(self):
        for window in ("0", "10001", "-1", "x", "1.5", "99999999999999999999999"):
            self.assertEqual(self.refused("ack=explicit&group=g&worker=w&window=" + window),
                             (400, 400, "window is not a number from 1 to 10000"))

    def test_order(self):
        self.assertEqual(self.refused("ack=explicit&group=g&worker=w&order=x"),
                         (400, 400, "order is none of none, sid, uid, channel"))
        with GroupWorker(self.vhost, order="sid"):
            status, _, text = self.refused("ack=explicit&group=g&worker=v&order=uid")
            self.assertEqual((status, text),
                             (409, "group g has members, and another order than this"))

    def test_an_order_changes_while_there_is_no_member(self):
        put_group(self.broker, self.vhost, order="sid")
        with GroupWorker(self.vhost, order="uid") as worker:
            self.assertEqual(worker.terms["order"], "uid")

    def test_filter_and_tag(self):
        self.assertEqual(self.refused("ack=explicit&group=g&worker=w&filter=(")[:2], (400, 400))
        self.assertEqual(self.refused("ack=explicit&group=g&worker=w&resume=s&tag=x")[:2],
                         (400, 400))

    def test_another_ack_is_the_original_stream(self):
        with self.vhost.worker() as plain:
            self.assertNotIn("X-WebRocket-Delivery", plain.response.headers)

    def test_features(self):
        response = self.vhost.request("GET", "/channels")
        self.assertEqual(response.headers["X-WebRocket-Features"], "idempotency groups order batch")


class TooManyGroups(BrokerTest):
    FLAGS = ("--max-groups", "2")

    def test_refused(self):
        with GroupWorker(self.vhost, "a"), GroupWorker(self.vhost, "b"):
            response = self.vhost.request("GET", "/events?ack=explicit&group=c&worker=w")
            self.assertEqual((response.status, response.json()["error"]),
                             (403, "too many groups: a vhost may have 2"))


class TooManyWorkers(BrokerTest):
    FLAGS = ("--max-workers", "2", "--max-filters", "2")

    def refused(self, query):
        response = self.vhost.request("GET", "/events" + query)
        return response.status, response.json()["error"], response.headers["Retry-After"]

    def test_members_count(self):
        with GroupWorker(self.vhost, worker="a"), self.vhost.worker():
            for query in ("", "?ack=explicit&group=h&worker=b"):
                self.assertEqual(self.refused(query), (503, "too many workers", "30"))
            with GroupWorker(self.vhost, worker="a"):
                pass


class TooManyFilters(BrokerTest):
    FLAGS = ("--max-filters", "2")

    def test_those_of_members_count(self):
        with GroupWorker(self.vhost, worker="a", filter="a"), self.vhost.worker("b"):
            for query in ("?filter=c", "?ack=explicit&group=g&worker=b&filter=c"):
                response = self.vhost.request("GET", "/events" + query)
                self.assertEqual((response.status, response.json()["error"]), (503, "too many filters"))
            for filter in ("a", "b"):
                with GroupWorker(self.vhost, worker="c", filter=filter), self.vhost.worker(filter):
                    pass


class Calls(BrokerTest):
    def call(self, what, body):
        response = self.vhost.request("POST", "/events/" + what,
                                      body if isinstance(body, str) else json.dumps(body))
        return response.status, response.json().get("error")

    def test_bodies(self):
        none = "body is not a JSON object, or has more than 1000 ids"
        for what in ("ack", "nack", "extend"):
            for body, text in (
                    ("", none), ("[]", none),
                    ({"stream": "s"}, "group is missing"), ({"group": "g"}, "stream is missing"),
                    ({"group": "g", "stream": "s", "ids": {}}, "ids is not an array"),
                    ({"group": "g", "stream": "s", "ids": ["x"]},
                     "ids has something in it that is not an id"),
                    ({"group": "g", "stream": "s", "upto": "1"}, "upto is not a whole number"),
                    ({"group": "g", "stream": "s", "upto": -1}, "upto is not a whole number"),
                    ({"group": "g", "stream": "s", "delay_ms": 86400001},
                     "delay_ms is more than 86400000"),
                    ({"group": "g", "stream": "s", "unhandled": 1},
                     "unhandled is not true or false"),
                    ({"group": "g", "stream": "s", "ids": ["e-1"] * 1001}, none)):
                self.assertEqual(self.call(what, body), (400, text), (what, body))

    def test_unknown_group(self):
        for what in ("ack", "nack", "extend"):
            response = self.vhost.request("POST", "/events/" + what,
                                          '{"group":"no","stream":"s","ids":[]}')
            self.assertEqual((response.status, response.json()),
                             (404, {"error": 'group "no" doesn\'t exist', "code": 456}))

    def test_unknown_stream(self):
        with GroupWorker(self.vhost) as worker:
            for what, body in (("ack", {"upto": 1}), ("ack", {"ids": ["e-1", "e-2"]}),
                               ("nack", {"ids": ["e-1"]}), ("extend", {"ids": ["e-1"]})):
                response = self.vhost.request("POST", "/events/" + what, json.dumps(
                    {"group": "g", "stream": "nobody", **body}))
                self.assertEqual((response.status, response.json()["ignored"]),
                                 (202, len(body.get("ids", [0]))))
            self.assertEqual(worker.ack(ids=["other-1"]), 1)

    def test_method(self):
        response = self.vhost.request("GET", "/events/ack")
        self.assertEqual((response.status, response.headers["Allow"]), (405, "POST"))


class Refs(BrokerTest):
    def setUp(self):
        super().setUp()
        self.page = self.browser("alice", "no.*")

    def test_errors_have_them(self):
        self.vhost.open("private-p")
        for command, payload, code in (("subscribe", {"channel": "none"}, 454),
                                       ("subscribe", {"channel": "private-p"}, 403),
                                       ("trigger", {"event": "a/:b"}, 400),
                                       ("broadcast", {"channel": "none", "event": "e"}, 454)):
            error = self.page.ask(command, ref="x.1", **payload)[":error"]
            self.assertEqual((error["code"], error["ref"]), (code, "x.1"))
            self.assertNotIn("retry_after_ms", error)

    def test_bad_ones(self):
        for ref in ("", "a b", "x" * 65, "ä"):
            error = self.page.ask("trigger", event="e", ref=ref)[":error"]
            self.assertEqual(error["code"], 400, ref)
            self.assertNotIn("ref", error)

    def test_without_groups(self):
        self.vhost.open("c")
        self.page.subscribe("c")
        self.page.say("broadcast", channel="c", event="e", ref="1")
        self.page.say("trigger", event="t", ref="2")
        self.assertEqual(taken(self.page, 2), (["1", "2"], ["2"]))


if __name__ == "__main__":
    main()
