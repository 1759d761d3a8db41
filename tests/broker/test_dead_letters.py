"""What reliable groups have given up: looking at it, trying it again, deleting it."""

import json
import resource
import time

from group_worker import GroupWorker, put_group
from groups_admin import GroupsTest
from harness import UNLIMITED, main, wait_until


class DeadLetterTest(GroupsTest):
    """Of a group that gives up at the first failure."""

    def setUp(self):
        super().setUp()
        put_group(self.broker, self.vhost, max_deliver=1)
        self.page = self.browser("alice")
        self.letters = self.groups + "/g/dead-letters"

    def kill(self, count, **data):
        """Has so many events die; their ids, in order."""
        before = self.shown()["dead_letters"]
        ids = []
        with GroupWorker(self.vhost, worker="killer") as worker:
            for number in range(count):
                self.page.say("trigger", event="orders/new", data={"n": number, **data})
                ids.append(worker.next()["id"])
                worker.nack(ids[-1])
                self.wait_for("dead_letters", before + number + 1)
        return ids

    def ids(self, query=""):
        return [letter["id"] for letter in self.get(self.letters + query)["dead_letters"]]


class DeadLetters(DeadLetterTest):
    def test_none(self):
        self.assertEqual(self.get(self.letters), {"dead_letters": [], "next": None})

    def test_what_is_told(self):
        before = time.time() * 1000
        worker = self.member("g")
        self.page.say("trigger", event="orders/new", data={"text": "ż\"\n"}, ref="x.1")
        id = worker.next()["id"]
        worker.nack(id)
        wait_until(self.ids, "the dead letter")
        letter, = self.get(self.letters)["dead_letters"]
        for time_of in (letter.pop("time"), letter.pop("given_up")):
            self.assertGreaterEqual(time_of, int(before) - 1)
            self.assertLessEqual(time_of, time.time() * 1000 + 1)
        self.assertEqual(letter, {
            "id": id, "topic": "orders/new", "attempt": 1, "reason": letter["reason"], "ref": "x.1",
            "data": {"text": "ż\"\n", "sid": self.page.sid, "uid": "alice"}})
        self.assertIn("nack", letter["reason"])
        shown = self.get(f"{self.letters}/{id}")["dead_letter"]
        self.assertEqual((shown["id"], shown["data"], shown["ref"]), (id, letter["data"], "x.1"))
        self.assertEqual((self.shown()["lag"], self.shown()["dead_letters"]), (0, 1))

    def test_without_a_ref(self):
        id, = self.kill(1)
        self.assertNotIn("ref", self.get(f"{self.letters}/{id}")["dead_letter"])

    def test_a_page_at_a_time(self):
        ids = self.kill(5)
        page = self.get(self.letters + "?limit=2")
        self.assertEqual([letter["id"] for letter in page["dead_letters"]], ids[:2])
        page = self.get(f"{self.letters}?limit=2&after={page['next']}")
        self.assertEqual([letter["id"] for letter in page["dead_letters"]], ids[2:4])
        # The page is where it was, whatever went meanwhile.
        for id in ids[2:4]:
            self.succeeds(self.admin("DELETE", f"{self.letters}/{id}"), 202)
        page = self.get(f"{self.letters}?limit=2&after={page['next']}")
        self.assertEqual(([letter["id"] for letter in page["dead_letters"]], page["next"]), (ids[4:], None))
        self.assertIsNone(self.get(self.letters + "?limit=3")["next"])
        for limit in ("0", "1001", "x"):
            self.fails(self.admin("GET", f"{self.letters}?limit={limit}"), 400, "limit is not a number from 1 to 1000")
        for after in ("x", "-1", "99999999999999999999"):
            self.fails(self.admin("GET", f"{self.letters}?after={after}"), 400, "after is not the next of a page")

    def test_unknown(self):
        id, = self.kill(1)
        for unknown in (id + "0", "other-1", "x", "1", "-", "a-b", "%22-1"):
            for method, path in (("GET", ""), ("DELETE", ""), ("POST", "/requeue")):
                self.fails(self.admin(method, f"{self.letters}/{unknown}{path}"), 404, "dead letter doesn't exist")
        for method, path in (("GET", ""), ("DELETE", ""), ("POST", "/requeue"), ("GET", "/" + id), ("DELETE", "/" + id),
                             ("POST", f"/{id}/requeue")):
            self.no_group(self.admin(method, self.groups + "/nope/dead-letters" + path))
            self.no_vhost(self.admin(method, "/nope/groups/g/dead-letters" + path))
        # A group has its own.
        self.put("other")
        self.fails(self.admin("DELETE", f"{self.groups}/other/dead-letters/{id}"), 404, "dead letter doesn't exist")
        self.assertEqual(self.ids(), [id])

    def test_deleted(self):
        ids = self.kill(3)
        self.succeeds(self.admin("DELETE", f"{self.letters}/{ids[1]}"), 202)
        self.fails(self.admin("DELETE", f"{self.letters}/{ids[1]}"), 404, "dead letter doesn't exist")
        self.assertEqual((self.ids(), self.shown()["dead_letters"]), ([ids[0], ids[2]], 2))
        response = self.admin("DELETE", self.letters)
        self.assertEqual((response.status, response.json()), (202, {"deleted": 2}))
        self.assertEqual((self.ids(), self.shown()["dead_letters"]), ([], 0))
        self.assertEqual(self.admin("DELETE", self.letters).json(), {"deleted": 0})

    def test_one_is_tried_again(self):
        ids = self.kill(2)
        worker = self.member("g")
        response = self.admin("POST", f"{self.letters}/{ids[1]}/requeue")
        self.assertEqual((response.status, response.json()), (202, {"requeued": 1}))
        record = worker.next()
        self.assertEqual((record["id"], record["attempt"], record["event"]), (ids[1], "2", "orders/new"))
        self.assertEqual(json.loads(record["data"]), {"n": 1, "sid": self.page.sid, "uid": "alice"})
        self.assertEqual((self.ids(), self.shown()["dead_letters"]), (ids[:1], 1))
        self.assertEqual(worker.ack(upto=record["tag"]), 0)
        self.wait_for("lag", 0)
        self.fails(self.admin("POST", f"{self.letters}/{ids[1]}/requeue"), 404, "dead letter doesn't exist")

    def test_all_are_tried_again(self):
        ids = self.kill(4)
        worker = self.member("g")
        response = self.admin("POST", self.letters + "/requeue")
        self.assertEqual((response.status, response.json()), (202, {"requeued": 4}))
        self.assertEqual(sorted(worker.next()["id"] for _ in ids), sorted(ids))
        self.assertEqual((self.ids(), self.shown()["dead_letters"]), ([], 0))
        self.assertEqual(self.admin("POST", self.letters + "/requeue").json(), {"requeued": 0})

    def test_one_that_dies_again_is_a_dead_letter_again(self):
        id, = self.kill(1)
        worker = self.member("g")
        for attempt in (2, 3):
            self.assertEqual(self.admin("POST", self.letters + "/requeue").json(), {"requeued": 1})
            self.assertEqual(worker.next()["attempt"], str(attempt))
            self.assertEqual(self.ids(), [])
            worker.nack(id)
            wait_until(self.ids, "the dead letter")
            letter, = self.get(self.letters)["dead_letters"]
            self.assertEqual((letter["id"], letter["attempt"]), (id, attempt))
            self.wait_for("dead_letters", 1)

    def test_requeueing_ends_however_fast_they_die(self):
        self.kill(3)
        worker = self.member("g", window=1)
        self.assertEqual(self.admin("POST", self.letters + "/requeue").json(), {"requeued": 3})
        for _ in range(3):
            worker.nack(worker.next()["id"])
        self.wait_for("dead_letters", 3)
        self.assertEqual({letter["attempt"] for letter in self.get(self.letters)["dead_letters"]}, {2})

    def test_the_reader_sees_no_payload(self):
        id, = self.kill(1)
        with open(self.broker.database.replace(".db", ".reader")) as file:
            reader = file.read()
        letter, = self.admin("GET", self.letters, cookie=reader).json()["dead_letters"]
        self.assertEqual((letter["id"], letter["topic"], "data" in letter), (id, "orders/new", False))
        self.assertNotIn("data", self.admin("GET", f"{self.letters}/{id}", cookie=reader).json()["dead_letter"])
        self.assertEqual(self.admin("GET", self.groups + "/g", cookie=reader).json()["group"]["dead_letters"], 1)
        for method, path in (("PUT", "/g"), ("DELETE", "/g"), ("DELETE", "/g/dead-letters"),
                             ("POST", "/g/dead-letters/requeue")):
            self.assertEqual(self.admin(method, self.groups + path, cookie=reader).status, 403)


class Large(DeadLetterTest):
    FLAGS = UNLIMITED

    def test_a_page_has_a_few_megabytes(self):
        ids = self.kill(6, text="x" * 900000)
        page = self.get(self.letters + "?limit=1000")
        self.assertEqual([letter["id"] for letter in page["dead_letters"]], ids[:5])
        page = self.get(f"{self.letters}?limit=1000&after={page['next']}")
        self.assertEqual(([letter["id"] for letter in page["dead_letters"]], page["next"]), (ids[5:], None))


class FailingDisk(DeadLetterTest):
    def limit_files(self, size):
        pid = self.broker.process.pid
        hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)[1]
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (hard if size is None else size, hard))

    def test_they_stay_where_they_are(self):
        ids = self.kill(3)
        self.addCleanup(self.limit_files, None)
        self.limit_files(0)
        for path in ("", "/" + ids[1]):
            self.fails(self.admin("POST", f"{self.letters}{path}/requeue"), 503,
                       "group g takes no more events now: 0 were requeued, the others stay dead letters")
        for path in ("", "/" + ids[1]):
            self.fails(self.admin("DELETE", self.letters + path), 500, "internal error")
        self.assertEqual((self.ids(), self.shown()["dead_letters"], self.shown()["lag"]), (ids, 3, 0))
        self.limit_files(None)
        wait_until(lambda: self.admin("POST", self.letters + "/requeue").status == 202, "the disk to be used again")
        worker = self.member("g")
        self.assertEqual({worker.next()["id"] for _ in ids}, set(ids))


if __name__ == "__main__":
    main()
