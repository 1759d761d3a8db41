"""Reliable groups: who gets an event, how often, in which order, and when nobody does."""

import json

from group_worker import GroupWorker, accepted, group_of, put_group, taken
from harness import BrokerTest, main, wait_past, wait_until


class GroupTest(BrokerTest):
    def setUp(self):
        super().setUp()
        self.page = self.browser("alice")

    def member(self, *args, **query):
        worker = GroupWorker(self.vhost, *args, **query)
        self.addCleanup(worker.close)
        return worker

    def fire(self, *topics, page=None, **data):
        for topic in topics:
            (page or self.page).say("trigger", event=topic, data=data)

    def figure(self, name, group="g"):
        return group_of(self.broker, self.vhost, group)[name]

    def wait_for(self, name, value, group="g"):
        wait_until(lambda: self.figure(name, group) == value,
                   f"{name} to be {value}: {group_of(self.broker, self.vhost, group)}")


class Stream(GroupTest):
    def test_records(self):
        worker = self.member()
        self.page.say("trigger", event="orders/new", data={"n": 1}, ref="a-1_x.Y")
        self.page.say("trigger", event="orders/old", data={"n": 2})
        self.assertEqual(accepted(self.page, 1), ["a-1_x.Y"])
        first, second = worker.next(), worker.next()
        self.assertRegex(first["id"], "^[A-Za-z0-9]{1,32}-[0-9]+$")
        self.assertEqual((first["tag"], second["tag"]), ("1", "2"))
        self.assertEqual((first["ref"], first["event"]), ("a-1_x.Y", "orders/new"))
        self.assertEqual(json.loads(first["data"]),
                         {"n": 1, "sid": self.page.sid, "uid": "alice"})
        self.assertRegex(first["time"], "^[0-9]{13}$")
        self.assertNotIn("attempt", first)
        self.assertNotIn("ref", second)
        epoch, one = first["id"].rsplit("-", 1)
        self.assertEqual(second["id"].rsplit("-", 1)[0], epoch)
        self.assertGreater(int(second["id"].rsplit("-", 1)[1]), int(one))
        self.assertEqual(worker.ack(upto=2), 0)
        self.wait_for("lag", 0)

    def test_terms(self):
        worker = self.member()
        self.assertEqual(worker.terms, {"resumed": "0", "deadline_ms": "60000",
                                        "lease_ms": "10000", "order": "none"})
        self.assertEqual(worker.response.headers["X-WebRocket-Features"], "idempotency groups order batch")

    def test_the_original_stream_is_as_it_was(self):
        plain = self.worker()
        grouped = self.member()
        self.assertNotIn("X-WebRocket-Delivery", plain.response.headers)
        self.fire("a")
        self.assertEqual(plain.record()["id"], "1")
        self.assertEqual(grouped.next()["event"], "a")

    def test_a_broadcast_reaches_groups(self):
        worker = self.member()
        self.vhost.open("c")
        self.page.subscribe("c")
        self.page.say("broadcast", channel="c", event="hi", data={"x": 1}, ref="r")
        said = [self.page.hear(), self.page.hear()]
        self.assertIn({":accepted": {"refs": ["r"]}}, said)
        record = worker.next()
        self.assertEqual((record["event"], json.loads(record["data"])),
                         ("c/hi", {"x": 1, "channel": "c", "sid": self.page.sid, "uid": "alice"}))

    def test_reports_reach_who_spells_the_colon(self):
        joins = self.member("joins", filter=".*/:(joined|left)")
        others = self.member("others")
        self.vhost.open("presence-p")
        self.page.subscribe("presence-p")
        self.page.ask("unsubscribe", channel="presence-p")
        self.fire("marker")
        self.assertEqual(joins.next_topics(2), ["presence-p/:joined", "presence-p/:left"])
        self.assertEqual(others.next_topics(1), ["marker"])


class Sharing(GroupTest):
    def test_one_member_gets_each_event(self):
        workers = [self.member(worker=name) for name in ("a", "b")]
        self.fire(*[f"t{i}" for i in range(20)])
        self.wait_for("unacknowledged", 20)
        for worker in workers:
            self.fire("end")
        self.wait_for("unacknowledged", 22)
        for worker in workers:
            worker.close()

    def test_each_group_gets_its_own(self):
        one, other = self.member("one"), self.member("other", filter="t[0-9]")
        self.fire("t1", "x", "t2")
        self.assertEqual(one.next_topics(3), ["t1", "x", "t2"])
        self.assertEqual(other.next_topics(2), ["t1", "t2"])

    def test_the_filter_of_a_member_counts_for_what_it_gets(self):
        old, new = self.member(worker="old", filter="a/.*"), self.member(worker="new",
                                                                         filter="b/.*")
        self.fire("a/1", "b/1", "c/1", "a/2", "b/2")
        self.assertEqual(old.next_topics(2), ["a/1", "a/2"])
        self.assertEqual(new.next_topics(2), ["b/1", "b/2"])
        self.assertEqual(self.figure("lag"), 4)

    def test_a_window_stops_the_broker(self):
        worker = self.member(window=2)
        self.fire("a", "b", "c", "d")
        self.assertEqual(worker.next_topics(2), ["a", "b"])
        self.wait_for("lag", 4)
        self.assertEqual(self.figure("unacknowledged"), 2)
        worker.ack(upto=1)
        self.assertEqual(worker.next()["event"], "c")
        worker.ack(upto=3)
        self.assertEqual(worker.next()["event"], "d")

    def test_a_slow_member_holds_up_nobody(self):
        slow, fast = self.member(worker="slow", window=1), self.member(worker="fast")
        self.fire(*[f"t{i}" for i in range(30)])
        heard = [slow.next()["event"]]
        heard += fast.next_topics(29)
        self.assertEqual(sorted(heard), sorted(f"t{i}" for i in range(30)))

    def test_events_wait_for_a_member(self):
        put_group(self.broker, self.vhost, filter="t.*")
        self.page.say("trigger", event="t1", ref="1")
        self.page.say("trigger", event="x", ref="2")
        self.assertEqual(taken(self.page, 2), (["1", "2"], ["2"]))
        self.assertEqual(self.member().next()["event"], "t1")


    def test_a_rolling_change_of_filters_loses_nothing(self):
        put_group(self.broker, self.vhost, lease_ms=2000)
        old = self.member(worker="old", filter="a")
        self.fire("a")
        old.ack(upto=old.next()["tag"])
        new = self.member(worker="new", filter="b")
        old.cut()
        self.fire("a", "b", "c")
        self.assertEqual(new.next()["event"], "b")
        self.assertEqual(self.figure("lag"), 2)
        self.assertEqual(self.member(worker="older", filter="a|b").next()["event"], "a")

    def test_nobody_is_there_for_what_no_filter_matches(self):
        self.member(filter="a").close()
        self.page.say("trigger", event="x", ref="1")
        self.assertEqual(taken(self.page, 1), (["1"], ["1"]))


class Figures(GroupTest):
    def test_metrics(self):
        worker = self.member()
        self.fire("a", "b")
        worker.next_topics(2)
        worker.ack(upto=1)
        self.wait_for("lag", 1)
        text = self.broker.admin("GET", "/metrics").body.decode()
        where = f'{{vhost="{self.vhost.path}",group="g"}}'
        for name, value in (("lag_events", 1), ("unacknowledged_events", 1), ("acknowledged_total", 1),
                            ("redelivered_total", 0), ("refusals_total", 0), ("dead_letters", 0)):
            self.assertIn(f"\nwebrocket_group_{name}{where} {value}\n", text)
        self.assertIn("\nwebrocket_event_log_failing 0\n", text)


class Heartbeat(GroupTest):
    FLAGS = ("--heartbeat-interval-ms", "50")

    def test_comments(self):
        worker = self.member()
        self.assertEqual([worker.record(), worker.record()], [{"": "hb"}, {"": "hb"}])


class Redelivery(GroupTest):
    def test_a_member_that_dies(self):
        put_group(self.broker, self.vhost, lease_ms=2000)
        first = self.member(worker="first")
        self.fire("a", "b")
        self.assertEqual(first.next_topics(2), ["a", "b"])
        first.ack(upto=1)
        first.cut()
        second = self.member(worker="second")
        record = second.next()
        self.assertEqual((record["event"], record["attempt"], record["tag"]), ("b", "2", "1"))

    def test_a_deadline(self):
        put_group(self.broker, self.vhost, ack_deadline_ms=1000)
        worker = self.member()
        self.fire("a")
        first, second = worker.next(), worker.next()
        self.assertEqual((first["id"], second["attempt"]), (second["id"], "2"))
        self.assertEqual(worker.ack(upto=1), 0)
        self.assertEqual(self.figure("lag"), 1, "an old tag names what was sent again")
        self.assertEqual(worker.ack(upto=2), 0)
        self.wait_for("lag", 0)

    def test_extending_moves_the_deadline(self):
        put_group(self.broker, self.vhost, ack_deadline_ms=1000)
        worker = self.member()
        self.fire("a", "b")
        a, b = worker.next(), worker.next()
        for _ in range(4):
            self.assertEqual(worker.extend(a["id"], b["id"]), 0)
            wait_past(0.4)
        worker.ack(upto=2)
        self.wait_for("lag", 0)
        self.assertEqual(self.figure("redelivered"), 0)

    def test_given_back(self):
        worker = self.member()
        self.fire("a", "b")
        a, b = worker.next(), worker.next()
        self.assertEqual(worker.nack(a["id"]), 0)
        again = worker.next()
        self.assertEqual((again["id"], again["attempt"], again["tag"]), (a["id"], "2", "3"))
        self.assertEqual(worker.ack(ids=[a["id"], b["id"]]), 0)
        self.wait_for("lag", 0)
        self.assertEqual(worker.ack(ids=[a["id"]]), 1)

    def test_given_back_for_later(self):
        worker = self.member()
        self.fire("a")
        worker.nack(worker.next()["id"], delay_ms=300)
        self.assertEqual(self.figure("delayed"), 1)
        self.fire("b")
        self.assertEqual(worker.next_topics(2), ["b", "a"])

    def test_dead_letters(self):
        put_group(self.broker, self.vhost, max_deliver=2)
        worker = self.member()
        self.fire("before", "fine")
        sent = worker.next()
        self.assertEqual(worker.next()["event"], "fine")
        worker.ack(upto=2)
        self.fire("poison", n=2)
        sent = worker.next()
        worker.nack(sent["id"])
        worker.nack(worker.next()["id"])
        self.wait_for("dead_letters", 1)
        path = f"{self.vhost.path}/groups/g/dead-letters"
        letters = self.broker.admin("GET", path).json()["dead_letters"]
        self.assertEqual([(one["id"], one["topic"], one["attempt"], one["reason"])
                          for one in letters], [(sent["id"], "poison", 2, "nack")])
        self.assertEqual(letters[0]["data"]["n"], 2)
        response = self.broker.admin("POST", f"{path}/{sent['id']}/requeue")
        self.assertIn(response.status, (200, 202), response.body)
        again = worker.next()
        self.assertEqual((again["id"], again["attempt"]), (sent["id"], "3"))
        worker.ack(ids=[again["id"]])
        self.wait_for("lag", 0)
        self.wait_for("dead_letters", 0)


class Resuming(GroupTest):
    def test_a_stream_goes_on(self):
        first = self.member(worker="w")
        self.fire("a", "b", "c")
        self.assertEqual(first.next_topics(3), ["a", "b", "c"])
        first.cut()
        second = self.member(worker="w", resume=first.id, tag=1)
        self.assertEqual((second.id, second.terms["resumed"]), (first.id, "1"))
        records = [second.next(), second.next()]
        self.assertEqual([(r["event"], r["tag"]) for r in records], [("b", "4"), ("c", "5")])
        self.assertNotIn("attempt", records[0])
        self.assertEqual(second.ack(upto=5), 0)
        self.wait_for("lag", 0)

    def test_the_old_connection_of_a_resumed_stream_is_closed(self):
        first = self.member(worker="w")
        second = self.member(worker="w", resume=first.id, tag=0)
        self.assertIsNone(first.next())
        self.fire("a")
        self.assertEqual(second.next()["event"], "a")

    def test_a_second_stream_replaces_the_first(self):
        first = self.member(worker="w")
        self.fire("a")
        self.assertEqual(first.next()["event"], "a")
        second = self.member(worker="w")
        self.assertEqual(first.next(), {"event": ":replaced", "data": "{}"})
        self.assertIsNone(first.next())
        self.assertEqual(second.next()["event"], "a")
        self.assertEqual(first.ack(upto=1), 1)
        self.assertEqual(second.ack(upto=1), 0)
        self.wait_for("lag", 0)

    def test_acks_are_good_while_the_stream_is_broken(self):
        first = self.member(worker="w")
        self.fire("a")
        first.next()
        first.cut()
        self.assertEqual(first.ack(upto=1), 0)
        self.wait_for("lag", 0)

    def test_an_unknown_stream_is_not_resumed(self):
        worker = self.member(worker="w", resume="nobody", tag=7)
        self.assertEqual(worker.terms["resumed"], "0")


class Order(GroupTest):
    def test_by_sid(self):
        a, b = self.member(worker="a", order="sid"), self.member(worker="b")
        self.assertEqual(b.terms["order"], "sid")
        other = self.browser("bob")
        self.fire("1", "2", "3")
        self.wait_for("lag", 3)
        self.assertEqual(self.figure("unacknowledged"), 1)
        self.fire("x", page=other)
        self.wait_for("unacknowledged", 2)

    def drain(self, worker, count):
        topics = []
        for _ in range(count):
            record = worker.next()
            topics.append(record["event"])
            worker.ack(upto=record["tag"])
        return topics

    def test_by_uid(self):
        worker = self.member(order="uid")
        same = self.browser("alice")
        self.fire("1")
        self.wait_for("lag", 1)
        self.fire("2", page=same)
        self.wait_for("lag", 2)
        self.assertEqual(self.figure("unacknowledged"), 1)
        self.assertEqual(self.drain(worker, 2), ["1", "2"])

    def test_by_channel(self):
        worker = self.member(order="channel")
        self.vhost.open("c")
        self.page.subscribe("c")
        for event in ("1", "2"):
            self.page.say("broadcast", channel="c", event=event)
        self.wait_for("lag", 2)
        self.assertEqual(self.figure("unacknowledged"), 1)
        self.assertEqual(self.drain(worker, 2), ["c/1", "c/2"])

    def test_what_is_given_back_holds_its_key(self):
        worker = self.member(order="sid")
        self.fire("1", "2")
        worker.nack(worker.next()["id"], delay_ms=200)
        self.assertEqual(self.drain(worker, 2), ["1", "2"])


class Gaps(GroupTest):
    def test_a_full_group_refuses_who_can_be_told(self):
        put_group(self.broker, self.vhost, filter=".*", max_events=10)
        pages = [self.browser(f"u{i}") for i in range(11)]
        for page in pages[:10]:
            page.say("trigger", event="t", ref="r")
            self.assertEqual(accepted(page, 1), ["r"])
        pages[10].say("trigger", event="t", ref="r")
        error = pages[10].hear()[":error"]
        self.assertEqual((error["code"], error["ref"]), (503, "r"))
        self.assertGreater(error["retry_after_ms"], 0)
        self.assertEqual(self.figure("lag"), 10)

    def test_a_sender_has_a_tenth(self):
        put_group(self.broker, self.vhost, filter=".*", max_events=10)
        self.page.say("trigger", event="t", ref="1")
        self.assertEqual(accepted(self.page, 1), ["1"])
        self.page.say("trigger", event="t", ref="2")
        error = self.page.hear()[":error"]
        self.assertEqual((error["code"], error["ref"]), (429, "2"))

    def test_what_nobody_can_be_told_of_is_told_by_a_gap(self):
        put_group(self.broker, self.vhost, filter=".*", max_events=10)
        self.fire("t", "lost", "lost")
        worker = self.member()
        self.assertEqual(sorted(worker.next_topics(2)), [":gap", "t"])

    def test_a_gap_comes_until_it_is_acknowledged(self):
        put_group(self.broker, self.vhost, filter=".*", max_events=10, lease_ms=2000)
        self.fire("t", "lost", "lost")
        worker = self.member()
        records = [worker.next(), worker.next()]
        gap = next(record for record in records if record["event"] == ":gap")
        told = json.loads(gap["data"])
        self.assertEqual((told["count"], told["reason"]), (2, "overflow"))
        self.assertTrue(gap["id"] and gap["tag"] and told["from"] and told["to"])
        worker.cut()
        again = self.member(worker="other")
        records = [again.next(), again.next()]
        self.assertIn(gap["id"], [record["id"] for record in records])
        again.ack(upto=2)
        self.wait_for("lag", 0)


class Administration(GroupTest):
    def test_a_deleted_group_ends_its_streams(self):
        worker = self.member()
        self.assertEqual(
            self.broker.admin("DELETE", f"{self.vhost.path}/groups/g").status, 202)
        self.assertIsNone(worker.next())

    def test_a_vhost_takes_its_groups_along(self):
        worker = self.member()
        self.broker.admin("DELETE", self.vhost.path)
        self.assertIsNone(worker.next())
        self.broker.vhost(self.vhost.path)

    def test_paused(self):
        put_group(self.broker, self.vhost, filter=".*", paused=True)
        worker = self.member()
        self.fire("a")
        self.wait_for("lag", 1)
        self.assertEqual(self.figure("unacknowledged"), 0)
        put_group(self.broker, self.vhost, paused=False)
        self.assertEqual(worker.next()["event"], "a")


if __name__ == "__main__":
    main()
