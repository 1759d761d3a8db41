"""webrocket-admin: its commands for reliable groups and their dead letters."""

import json
import os
import pty
import re

from admin_tool import CliTest, run
from group_worker import GroupWorker, put_group
from harness import main, wait_until

TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"


class GroupCliTest(CliTest):
    def setUp(self):
        super().setUp()
        self.path = self.vhost.path

    def group(self, name="g"):
        return self.broker.admin("GET", f"{self.path}/groups/{name}").json()["group"]

    def member(self, *args, **query):
        worker = GroupWorker(self.vhost, *args, **query)
        self.addCleanup(worker.close)
        return worker

    def die(self, count=1):
        """Events that end as dead letters; their ids."""
        put_group(self.broker, self.vhost, max_deliver=1)
        page = self.browser("alice")
        ids = []
        with GroupWorker(self.vhost, worker="killer") as worker:
            for number in range(count):
                page.say("trigger", event="orders/new", data={"n": number}, ref=f"r{number}")
                ids.append(worker.next()["id"])
                worker.nack(ids[-1])
                wait_until(lambda: self.group()["dead_letters"] == len(ids), "the dead letter")
        return ids


class Settings(GroupCliTest):
    ALL = {"filter": "", "order": "none", "lease_ms": "10000", "ack_deadline_ms": "60000", "max_deliver": "5",
           "max_events": "100000", "max_bytes": "268435456", "max_age_ms": "86400000", "overflow": "refuse",
           "paused": "false"}

    def settings(self, **others):
        return [f"{name}={value}" for name, value in {**self.ALL, **others}.items()]

    def test_set(self):
        self.prints(self.cli("set_group", self.path, "g"), *self.settings())
        self.prints(self.cli("set_group", self.path, "g", "filter=a=b", "order=sid", "max_deliver=3", "paused=true"),
                    *self.settings(filter="a=b", order="sid", max_deliver=3, paused="true"))
        self.prints(self.cli("set_group", self.path, "g", "filter=", "overflow=drop_oldest"),
                    *self.settings(order="sid", max_deliver=3, paused="true", overflow="drop_oldest"))

    def test_what_is_no_setting(self):
        for words, text in ((["lease"], "not SETTING=VALUE: lease"),
                            (["lease=5"], "lease is none of filter, order, lease_ms, ack_deadline_ms, max_deliver, "
                                          "max_events, max_bytes, max_age_ms, overflow, paused"),
                            (["order=key"], "order is none of none, sid, uid, channel"),
                            (["paused=yes"], "paused is neither true nor false"),
                            (["max_deliver=x"], "max_deliver is not a number from 1 to 100"),
                            (["max_deliver=101"], "max_deliver is not a number from 1 to 100"),
                            (["max_deliver=2", "filter=("], "filter is not a regular expression")):
            self.fails(self.cli("set_group", self.path, "g", *words), text)
        self.fails(self.cli("show_group", self.path, "g"), "group doesn't exist")

    def test_names_that_are_none(self):
        for command in ("set_group", "show_group", "delete_group", "list_dead_letters"):
            self.fails(self.cli(command, self.path, ""), "invalid group name")
        self.fails(self.cli("set_group", self.path, "a b"),
                   "the group's name is not 1 to 64 of the characters A-Z a-z 0-9 _ . -")

    def test_pause(self):
        put_group(self.broker, self.vhost)
        self.prints(self.cli("pause_group", self.path, "g"))
        self.assertTrue(self.group()["settings"]["paused"])
        self.prints(self.cli("resume_group", self.path, "g"))
        self.assertFalse(self.group()["settings"]["paused"])
        for command in ("pause_group", "resume_group"):
            self.fails(self.cli(command, self.path, "nope"), "group doesn't exist")
        self.assertEqual(len(self.broker.admin("GET", self.path + "/groups").json()["groups"]), 1)

    def test_order_with_a_member(self):
        self.member()
        self.fails(self.cli("set_group", self.path, "g", "order=sid"),
                   "the order of g stays as long as it has members")


class Showing(GroupCliTest):
    def test_list(self):
        self.prints(self.cli("list_groups", self.path))
        put_group(self.broker, self.vhost, "b", paused=True)
        put_group(self.broker, self.vhost, "a")
        self.prints(self.cli("list_groups", self.path), "a\t0\t0\t-\t0\t0\t0\t-", "b\t0\t0\t-\t0\t0\t0\tpaused")
        self.browser("alice").say("trigger", event="e")
        wait_until(lambda: self.group("a")["lag"], "the event")
        line = self.cli("list_groups", self.path).stdout.split("\n")[0]
        self.assertRegex(line, r"\Aa\t0\t1\t\d+\t0\t0\t0\t-\Z")
        groups = json.loads(self.cli("--json", "list_groups", self.path).stdout)
        self.assertEqual([group["name"] for group in groups["groups"]], ["a", "b"])

    def test_show(self):
        self.member("g", "w-1", filter="a", window=7)
        page = self.browser("alice")
        page.say("trigger", event="a")
        wait_until(lambda: self.group()["unacknowledged"], "the event")
        ended = self.cli("show_group", self.path, "g")
        self.assertEqual((ended.returncode, ended.stderr), (0, ""))
        lines = ended.stdout.split("\n")
        for line in ("order=none", "paused=false", "lag 1", "unacknowledged 1", "dead_letters 0",
                     "member w-1: connected, 1 of 7 unacknowledged, filter a"):
            self.assertIn(line, lines)
        self.assertEqual(json.loads(self.cli("--json", "show_group", self.path, "g").stdout)["group"]["name"], "g")

    def test_a_filter_cannot_speak_to_the_terminal(self):
        self.member(filter="a\x1b\n")
        text = self.cli("show_group", self.path, "g").stdout
        self.assertIn("filter a\\x1b\\x0a\n", text)
        self.assertNotIn("\x1b", text)


class DeadLetters(GroupCliTest):
    def test_list(self):
        ids = self.die(3)
        ended = self.cli("list_dead_letters", self.path, "g")
        self.assertEqual((ended.returncode, ended.stderr), (0, ""))
        lines = ended.stdout.splitlines()
        for number, (id, line) in enumerate(zip(ids, lines, strict=True)):
            self.assertRegex(line, rf"\A{id}\t{TIME}\torders/new\t1\t[^\t]+\tr{number}\Z")
        limited = self.cli("list_dead_letters", self.path, "g", "--limit", "2")
        self.assertEqual(limited.stdout.splitlines(), lines[:2])
        self.fails(self.cli("list_dead_letters", self.path, "g", "--limit", "0"), "--limit takes a number: 0")
        self.shows_usage(self.cli("list_dead_letters", self.path, "g", "--sort", "sid"),
                         "list_dead_letters takes no --sort")
        self.shows_usage(self.cli("list_groups", self.path, "--limit", "2"),
                         "list_groups takes no --sort and no --limit")

    def test_show(self):
        id, = self.die()
        ended = self.cli("show_dead_letter", self.path, "g", id)
        self.assertEqual((ended.returncode, ended.stderr), (0, ""))
        self.assertRegex(ended.stdout, rf"\Aid {id}\ntopic orders/new\nattempt 1\nreason [^\n]+\nref r0\n"
                                       rf"time {TIME}\ngiven_up {TIME}\n\{{\"n\":0,[^\n]*\}}\n\Z")
        shown = json.loads(self.cli("--json", "show_dead_letter", self.path, "g", id).stdout)
        self.assertEqual(shown["dead_letter"]["data"]["n"], 0)
        self.fails(self.cli("show_dead_letter", self.path, "g", id + "0"), "dead letter doesn't exist")
        self.fails(self.cli("show_dead_letter", self.path, "g", ""), "invalid id of a dead letter")

    def test_requeue(self):
        ids = self.die(3)
        self.prints(self.cli("requeue_dead_letter", self.path, "g", ids[1]))
        worker = self.member()
        self.assertEqual(worker.next()["id"], ids[1])
        self.fails(self.cli("requeue_dead_letter", self.path, "g", ids[1]), "dead letter doesn't exist")
        self.prints(self.cli("requeue_dead_letters", self.path, "g"), "2")
        self.assertEqual({worker.next()["id"] for _ in range(2)}, {ids[0], ids[2]})

    def test_delete(self):
        ids = self.die(3)
        self.prints(self.cli("delete_dead_letter", self.path, "g", ids[1]))
        self.fails(self.cli("delete_dead_letter", self.path, "g", ids[1]), "dead letter doesn't exist")
        self.prints(self.cli("delete_dead_letters", self.path, "g"), "2")
        self.prints(self.cli("list_dead_letters", self.path, "g"))

    def test_delete_group(self):
        self.die()
        self.prints(self.cli("delete_group", self.path, "g"))
        self.fails(self.cli("delete_group", self.path, "g"), "group doesn't exist")


class Confirmation(GroupCliTest):
    def at_a_terminal(self, words, typed):
        ours, theirs = pty.openpty()
        self.addCleanup(os.close, ours)
        os.write(ours, typed.encode() + b"\n")
        ended = run("--storage-dir", self.broker.storage, *words, stdin=theirs)
        os.close(theirs)
        return ended

    def test_what_is_lost_has_to_be_typed(self):
        id, = self.die()
        for words, named in ((("delete_dead_letter", self.path, "g", id), f"{id} of g of {self.path}"),
                             (("delete_dead_letters", self.path, "g"), f"g of {self.path}"),
                             (("delete_group", self.path, "g"), f"g of {self.path}")):
            ended = run("--storage-dir", self.broker.storage, *words)
            self.assertEqual((ended.returncode, ended.stdout), (2, ""), words)
            self.assertRegex(ended.stderr, rf"\AERR: {words[0]} [^\n]*{re.escape(named)}, which cannot be undone[^\n]*--yes\n\Z")
            for typed in ("", "y", self.path, words[-1] + "x"):
                ended = self.at_a_terminal(words, typed)
                self.assertEqual((ended.returncode, ended.stdout), (1, ""), (words, typed))
                self.assertIn(f'Type "{words[-1]}" to go on: ', ended.stderr)
        self.assertEqual(self.group()["dead_letters"], 1)
        self.assertEqual(self.at_a_terminal(("delete_dead_letter", self.path, "g", id), id).returncode, 0)
        self.assertEqual(self.group()["dead_letters"], 0)
        self.assertEqual(self.at_a_terminal(("delete_group", self.path, "g"), "g").returncode, 0)
        self.assertEqual(self.broker.admin("GET", self.path + "/groups").json()["groups"], [])


class Bounds(CliTest):
    FLAGS = ("--max-groups", "1")

    def test_too_many_is_not_about_the_cookie(self):
        self.assertEqual(self.cli("set_group", self.vhost.path, "a").returncode, 0)
        self.fails(self.cli("set_group", self.vhost.path, "b"), f"too many groups: {self.vhost.path} may have 1")


if __name__ == "__main__":
    main()
