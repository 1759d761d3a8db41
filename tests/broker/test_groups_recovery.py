"""What reliable groups have survives: kill -9 of the broker, a restart, members that come back."""

import json
import os
import unittest

from group_worker import GroupWorker, accepted, group_of, put_group
from harness import Broker, main, wait_until


class RestartTest(unittest.TestCase):
    FLAGS = ()

    def setUp(self):
        self.broker = Broker(*self.FLAGS)
        self.addCleanup(self.broker.close)
        self.vhost = self.broker.vhost("/v")

    def page(self, uid="alice"):
        page = self.vhost.browser(uid)
        self.addCleanup(page.close)
        return page

    def member(self, *args, **query):
        worker = GroupWorker(self.vhost, *args, **query)
        self.addCleanup(worker.close)
        return worker

    def again(self, kill=True):
        self.vhost.disconnect()
        if kill:
            self.broker.kill()
        else:
            self.broker.stop()
        self.broker.start()

    def send(self, page, *topics):
        refs = [topic.replace("/", ".") for topic in topics]
        for topic, ref in zip(topics, refs):
            page.say("trigger", event=topic, ref=ref)
        self.assertEqual(accepted(page, len(refs)), refs)

    def lag(self):
        return group_of(self.broker, self.vhost)["lag"]


class Killed(RestartTest):
    def test_what_was_accepted_is_there(self):
        put_group(self.broker, self.vhost, filter="t.*")
        topics = [f"t{i}" for i in range(50)]
        self.send(self.page(), *topics)
        self.again()
        self.assertEqual(self.lag(), 50)
        self.assertEqual(self.member().next_topics(50), topics)

    def test_what_was_acknowledged_is_gone(self):
        worker = self.member()
        self.send(self.page(), *[f"t{i}" for i in range(10)])
        records = [worker.next() for _ in range(10)]
        worker.ack(upto=4)
        wait_until(lambda: self.lag() == 6, "the acknowledgement")
        self.assertTrue(self.is_on_disk())
        self.again()
        after = self.member("g", "other")
        left = [after.next() for _ in range(6)]
        self.assertEqual([record["id"] for record in left],
                         [record["id"] for record in records[4:]])

    def is_on_disk(self):
        """What was written by now: the next event's record is behind it in the log."""
        page = self.page("bob")
        self.send(page, "marker")
        return True

    def test_numbers_are_not_used_twice(self):
        worker = self.member()
        self.send(self.page(), "a")
        before = worker.next()
        worker.ack(upto=1)
        self.again()
        worker = self.member("g", "w2")
        self.send(self.page(), "b")
        records = [worker.next()]
        while records[-1]["event"] != "b":
            records.append(worker.next())
        epoch, number = before["id"].rsplit("-", 1)
        self.assertEqual(records[-1]["id"].rsplit("-", 1)[0], epoch)
        self.assertGreater(int(records[-1]["id"].rsplit("-", 1)[1]), int(number))

    def test_filters_stay_without_a_member(self):
        worker = self.member(filter="a/.*")
        worker.close()
        wait_until(lambda: not group_of(self.broker, self.vhost)["members"][0]["connected"]
                   if group_of(self.broker, self.vhost)["members"] else True, "the end")
        self.again()
        self.send(self.page(), "a/1", "b/1")
        self.assertEqual(self.lag(), 1)

    def test_settings_stay(self):
        put_group(self.broker, self.vhost, filter="x", lease_ms=5000, order="uid", max_deliver=9)
        before = group_of(self.broker, self.vhost)["settings"]
        self.again()
        self.assertEqual(group_of(self.broker, self.vhost)["settings"], before)

    def test_presence_is_told_to_be_read_again(self):
        self.member(filter=".*/:(joined|left)|marker")
        self.again()
        worker = self.member("g", "w2", filter=".*/:(joined|left)|marker")
        gap = worker.next()
        told = json.loads(gap["data"])
        self.assertEqual((gap["event"], told["reason"], told["count"]), (":gap", "restart", 0))
        self.assertEqual((told["from"], told["to"]), (gap["id"], gap["id"]))

    def test_dead_letters_and_attempts_stay(self):
        put_group(self.broker, self.vhost, filter=".*", max_deliver=3)
        worker = self.member()
        self.send(self.page(), "poison")
        worker.nack(worker.next()["id"])
        worker.nack(worker.next()["id"])
        self.assertEqual(worker.next()["attempt"], "3")
        self.again()
        worker = self.member("g", "w2")
        record = worker.next()
        self.assertEqual(record["attempt"], "3")
        worker.nack(record["id"])
        wait_until(lambda: group_of(self.broker, self.vhost)["dead_letters"] == 1, "its end")
        self.again()
        self.assertEqual(group_of(self.broker, self.vhost)["dead_letters"], 1)
        self.assertEqual(self.lag(), 0)


class Stopped(RestartTest):
    def test_in_good_order(self):
        put_group(self.broker, self.vhost, filter=".*")
        self.send(self.page(), "a", "b")
        self.again(kill=False)
        worker = self.member()
        self.assertEqual(worker.next_topics(2), ["a", "b"])

    def test_a_resumed_stream_is_a_new_one(self):
        worker = self.member()
        self.send(self.page(), "a")
        worker.next()
        self.again(kill=False)
        worker = self.member("g", "w", resume=worker.id, tag=1)
        self.assertEqual(worker.terms["resumed"], "0")
        self.assertEqual(worker.next()["event"], "a")


class Full(RestartTest):
    FLAGS = ("--durability", "full")

    def test_what_was_accepted_is_there(self):
        put_group(self.broker, self.vhost, filter=".*")
        self.send(self.page(), "a", "b")
        self.again()
        self.assertEqual(self.member().next_topics(2), ["a", "b"])


class Backlog(RestartTest):
    """More than is kept in memory: it is read from the log."""

    FLAGS = ("--max-bytes-per-second", "0", "--max-messages-per-second", "0")

    def test_all_of_it_in_order(self):
        put_group(self.broker, self.vhost, filter=".*")
        page = self.page()
        text = "x" * 30000
        for number in range(300):
            page.say("trigger", event="t", data={"n": number, "x": text}, ref=str(number))
        self.assertEqual(accepted(page, 300), [str(number) for number in range(300)])
        worker = self.member(window=10000)
        numbers = [json.loads(worker.next()["data"])["n"] for _ in range(300)]
        self.assertEqual(numbers, list(range(300)))
        self.assertEqual(worker.ack(upto=300), 0)
        wait_until(lambda: self.lag() == 0, "all of it to be acknowledged")


class Members(RestartTest):
    def test_a_killed_broker_counts_no_try(self):
        worker = self.member()
        self.send(self.page(), "a")
        self.assertNotIn("attempt", worker.next())
        for _ in range(6):
            self.again()
            worker = self.member("g", "w")
            self.assertEqual(worker.next()["event"], "a")
        self.assertEqual(group_of(self.broker, self.vhost)["dead_letters"], 0)

    def test_its_files_are_its_own(self):
        self.member()
        events = os.path.join(self.broker.storage, "test-node.events")
        self.assertEqual(os.stat(events).st_mode & 0o777, 0o700)
        for name in os.listdir(events):
            self.assertEqual(os.stat(os.path.join(events, name)).st_mode & 0o077, 0, name)


if __name__ == "__main__":
    main()
