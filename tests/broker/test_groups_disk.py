"""What is said, and what goes on, while the disk takes no events: a library that is preloaded lets it fail."""

import os
import unittest

from group_worker import GroupWorker, accepted, group_of, put_group
from harness import Broker, main, wait_until

SIZE = 4096


class FailingBroker(Broker):
    def __init__(self, *flags):
        self.control = None
        super().__init__(*flags)

    def popen(self, **options):
        if self.control is None:
            self.control = os.path.join(self.dir, "disk")
            self.disk("")
        environment = {**os.environ, "LD_PRELOAD": os.environ["FAILING_DISK_LIBRARY"],
                       "FAILING_DISK": self.control,
                       "FAILING_DISK_UNDER": os.path.join(self.storage, "test-node.events")}
        return super().popen(env=environment, **options)

    def disk(self, words):
        """What it does from now on."""
        with open(self.control, "r+b" if os.path.exists(self.control) else "wb") as file:
            file.write(words.encode().ljust(SIZE, b"\0"))

    def readiness(self):
        response = self.admin("GET", "/readyz", cookie=False)
        return response.status, response.body.decode()


class DiskTest(unittest.TestCase):
    FLAGS = ()

    def setUp(self):
        self.broker = FailingBroker(*self.FLAGS)
        self.addCleanup(self.broker.close)
        self.vhost = self.broker.vhost("/v")
        self.page = self.vhost.browser("alice")
        self.addCleanup(self.page.close)

    def member(self, *args, **query):
        worker = GroupWorker(self.vhost, *args, **query)
        self.addCleanup(worker.close)
        return worker

    def say(self, topic, **more):
        self.page.say("trigger", event=topic, **more)

    def refused(self, ref):
        """Whether the event with that name is refused, and may come again."""
        self.say("t", ref=ref)
        told = {}
        while not {":accepted", ":error"} & told.keys():
            told = self.page.hear()
        if ":accepted" in told:
            return False
        error = told[":error"]
        self.assertEqual((error["code"], error["ref"]), (503, ref))
        self.assertGreater(error["retry_after_ms"], 0)
        return True


class Fails(DiskTest):
    def stop_working(self, words):
        self.broker.disk(words)
        wait_until(lambda: self.refused("x"), "a refusal")
        wait_until(lambda: "the disk takes no events for groups" in self.broker.log_text(), "a line")

    def works_again(self):
        self.broker.disk("")
        wait_until(lambda: not self.refused("y"), "an event to be taken")
        wait_until(lambda: self.broker.readiness() == (200, "ready\n"), "readiness")

    def test_a_full_disk(self):
        worker = self.member()
        self.stop_working("write=ENOSPC free=0")
        status, text = self.broker.readiness()
        self.assertEqual((status, text.startswith("the disk takes no events: ")), (503, True), text)
        figures = self.broker.admin("GET", "/metrics").body.decode()
        self.assertIn("\nwebrocket_event_log_failing 1\n", figures)
        self.works_again()
        self.assertIn("t", worker.next_topics(1))
        wait_until(lambda: "the disk takes events for groups again" in self.broker.log_text(), "a line")

    def test_the_rest_goes_on(self):
        plain = self.vhost.worker("plain/.*")
        self.addCleanup(plain.close)
        self.member(filter="t")
        self.vhost.open("c")
        self.page.subscribe("c")
        self.stop_working("write=EIO")
        self.say("plain/1")
        self.assertEqual(plain.event()[0], "plain/1")
        self.page.say("broadcast", channel="c", event="e")
        self.assertIn("e", self.page.hear())
        self.assertEqual(self.vhost.fire("c", "f").status, 202)
        self.works_again()

    def test_an_event_without_a_name_comes_from_memory(self):
        worker = self.member()
        self.stop_working("write=EIO")
        self.say("unnamed")
        record = worker.next()
        self.assertEqual((record["event"], "attempt" in record), ("unnamed", False))
        self.assertEqual(worker.ack(upto=record["tag"]), 0)
        self.works_again()
        self.assertEqual(worker.next()["event"], "t")

    def test_what_was_accepted_is_there(self):
        put_group(self.broker, self.vhost, filter=".*")
        self.say("before", ref="b")
        self.assertEqual(accepted(self.page, 1), ["b"])
        self.stop_working("write=ENOSPC free=0")
        self.works_again()
        self.page.close()
        self.vhost.disconnect()
        self.broker.kill()
        self.broker.start()
        worker = self.member()
        topics = worker.next_topics(2)
        self.assertEqual(topics[0], "before")
        self.assertEqual(set(topics[1:]), {"t"})

    def test_an_acknowledgement_is_taken_meanwhile(self):
        worker = self.member()
        self.say("a", ref="a")
        accepted(self.page, 1)
        record = worker.next()
        self.stop_working("write=EIO")
        self.assertEqual(worker.ack(upto=record["tag"]), 0)
        self.assertEqual(group_of(self.broker, self.vhost)["lag"], 0)
        self.works_again()


class FailsToSync(DiskTest):
    FLAGS = ("--durability", "full")

    def test_nothing_is_accepted_that_is_not_synced(self):
        self.member()
        self.broker.disk("sync=EIO")
        self.assertTrue(self.refused("a"))
        self.broker.disk("")
        wait_until(lambda: not self.refused("b"), "an event to be taken")


class Stalls(DiskTest):
    def test_others_are_served(self):
        """A disk that stands still: who sends to groups waits, and nothing is lost."""
        worker = self.member()
        self.broker.disk("stall_sync=1000")
        for number in range(20):
            self.say(f"t{number}", ref=str(number))
        self.assertEqual(accepted(self.page, 20), [str(number) for number in range(20)])
        self.assertEqual(worker.next_topics(20), [f"t{number}" for number in range(20)])
        self.broker.disk("")


if __name__ == "__main__":
    main()
