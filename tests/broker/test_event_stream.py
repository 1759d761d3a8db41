"""Workers: their streams, filters and how events are shared out among them."""

import fcntl
import json
import os
import re
import shutil
import socket
import struct
import subprocess
import sys
import unittest
import urllib.parse

from harness import (DEADLINE, UNLIMITED, Broker, BrokerTest, EventStream, RawConnection, main,
                     wait_until)


class Stream(BrokerTest):
    def test_head(self):
        worker = self.worker()
        headers = worker.response.headers
        self.assertEqual(headers["Content-Type"], "text/event-stream")
        self.assertEqual(headers["Cache-Control"], "no-cache, no-transform")
        self.assertEqual(headers["X-Accel-Buffering"], "no")
        self.assertEqual(headers["Connection"], "keep-alive")
        self.assertEqual(headers["Transfer-Encoding"], "chunked")
        self.assertEqual(len(worker.id), 36)
        listed = self.broker.admin("GET", self.vhost.path + "/workers").json()["workers"]
        self.assertEqual([entry["id"] for entry in listed], [worker.id])

    def test_there_is_no_replay(self):
        browser = self.browser("u")
        with self.vhost.worker() as worker:
            for number in range(3):
                browser.say("trigger", event=f"e{number}")
            self.assertEqual([worker.record()["id"] for _ in range(3)], ["1", "2", "3"])
        headers = {**self.vhost.headers(), "Last-Event-ID": "1"}
        with EventStream(self.vhost, headers=headers) as worker:
            browser.say("trigger", event="next")
            self.assertEqual(worker.event()[0], "next")

    def test_a_limit_of_filters_is_told_as_one(self):
        """Of a worker's filter and a token's pattern alike: neither is a mistake of syntax."""
        response = self.vhost.request("GET", "/events?filter=" + "x" * 4097)
        self.assertEqual(response.json()["error"], "filter is longer than 4096 bytes")
        for text, complaint in (("\\pL{700}", "takes more than 1024 KiB of memory"),
                                ("a{1001}", "repeats something more than 1000 times"),
                                ("(", "is not a regular expression")):
            quoted = urllib.parse.quote(text)
            for request, name in ((f"/events?filter={quoted}", "filter"),
                                  (f"/token?uid=a&channels={quoted}", "channels")):
                response = self.vhost.request("GET", request)
                self.assertEqual((response.status, response.json()),
                                 (400, {"error": f"{name} {complaint}", "code": 400}))
        self.worker("x" * 4096).close()

    def test_bad_filters(self):
        for filter in ("(", "[", "a)|(b", "%", "%zz", "x" * 4097, "((a{100}){100}){100}"):
            response = self.vhost.request("GET", "/events?filter=" + filter)
            self.assertEqual((response.status, response.json()["code"]), (400, 400), filter[:20])

    def test_http_1_0(self):
        with RawConnection(self.broker.addr) as raw:
            auth = self.vhost.headers()["Authorization"]
            raw.send(f"GET {self.vhost.path}/events HTTP/1.0\r\nAuthorization: {auth}\r\n\r\n")
            status, headers = raw.head()
            self.assertEqual(status, 200)
            self.assertNotIn("transfer-encoding", headers)
            self.assertEqual(raw.file.readline(), b"retry: 1000\n")

    def test_worker_leaves_the_list(self):
        worker = self.worker()
        worker.close()
        wait_until(lambda: self.broker.admin("GET", self.vhost.path + "/workers").json()
                   == {"workers": []}, "the worker to leave")

    def test_vhost_removed(self):
        worker = self.worker()
        self.broker.admin("DELETE", self.vhost.path)
        self.assertIsNone(worker.event())
        self.broker.vhost(self.vhost.path)

    def test_token_renewal_keeps_streams(self):
        self.vhost.open("c")
        worker = self.worker()
        browser = self.browser()
        browser.subscribe("c")
        old = self.vhost.headers()
        self.assertEqual(self.broker.admin("PUT", self.vhost.path + "/token").status, 302)
        self.assertEqual(self.vhost.request("GET", "/events", headers=old).status, 401)
        self.vhost.token = self.broker.token_of(self.vhost.path)
        browser.say("broadcast", channel="c", event="e")
        self.assertEqual(worker.event()[0], "c/e")


class Heartbeat(BrokerTest):
    FLAGS = ("--heartbeat-interval-ms", "50")

    def test_comments(self):
        worker = self.worker()
        self.assertEqual(worker.record(), {"": "hb"})
        self.assertEqual(worker.record(), {"": "hb"})


class Topics(BrokerTest):
    def setUp(self):
        super().setUp()
        self.vhost.open("c")
        self.vhost.open("private-p")
        self.everything = self.worker()

    def test_broadcast(self):
        browser = self.browser()
        browser.subscribe("c")
        browser.say("broadcast", channel="c", event="a/b", data={"x": 1.0, "sid": "s", "uid": "u",
                                                                 "channel": "d"})
        self.assertEqual(self.everything.event(), (
            "c/a/b", {"x": 1.0, "sid": browser.sid, "uid": None, "channel": "c"}))

    def test_uid(self):
        browser = self.browser('al"ice', "private-p")
        browser.subscribe("private-p")
        browser.say("broadcast", channel="private-p", event="e")
        self.assertEqual(self.everything.event(), (
            "private-p/e", {"sid": browser.sid, "uid": 'al"ice', "channel": "private-p"}))
        self.assertNotIn("uid", browser.hear()["e"])

    def test_explicit_topic_replaces_the_implicit_one(self):
        browser = self.browser("u")
        browser.subscribe("c")
        browser.say("broadcast", channel="c", event="e", trigger="chat/save", data={"k": 1})
        browser.say("broadcast", channel="c", event="f")
        self.assertEqual(self.everything.event(), (
            "chat/save", {"k": 1, "sid": browser.sid, "uid": "u", "channel": "c"}))
        self.assertEqual(self.everything.event()[0], "c/f")
        self.assertIn("e", browser.hear())

    def test_trigger_beside_the_broadcast(self):
        browser = self.browser("u")
        browser.subscribe("c")
        browser.say_text('{"broadcast":{"channel":"c","event":"e"},"trigger":"x"}')
        self.assertEqual(self.everything.event()[0], "x")

    def test_trigger(self):
        browser = self.browser("u")
        browser.say("trigger", event="chat/save", data={"channel": "c", "sid": "no", "uid": "no"})
        self.assertEqual(self.everything.event(), ("chat/save", {"sid": browser.sid, "uid": "u"}))
        browser.subscribe("c")
        for channel, named in (("c", {"channel": "c"}), ("d", {}), ("", {}), (7, {}), (None, {}),
                               ({"c": "c"}, {})):
            browser.say("trigger", event="chat/save", data={"a": channel, "channel": channel})
            self.assertEqual(self.everything.event(), (
                "chat/save", {"a": channel, **named, "sid": browser.sid, "uid": "u"}))
        browser.say("trigger", event="no slash")
        self.assertEqual(self.everything.event(), ("no slash", {"sid": browser.sid, "uid": "u"}))

    def test_one_line(self):
        browser = self.browser("u")
        browser.say_text('{"trigger":\r\n{"event":"e","data":{"a":\r\n[1,\n2],\r"b":"x"}}}')
        record = self.everything.record()
        self.assertEqual(record["event"], "e")
        self.assertTrue(record["data"].startswith('{"a":[1, 2],"b":"x","sid":'), record)

    def test_ids_count_up(self):
        browser = self.browser("u")
        for number in range(5):
            browser.say("trigger", event="e")
        self.assertEqual([self.everything.record()["id"] for _ in range(5)],
                         [str(i) for i in range(1, 6)])

    def test_backend_events_do_not_come_back(self):
        self.vhost.fire("c", "fired")
        browser = self.browser("u")
        browser.say("trigger", event="marker")
        self.assertEqual(self.everything.event()[0], "marker")

    def test_refused_commands_reach_nobody(self):
        browser = self.browser("u", "private-p")
        browser.subscribe("c")
        for command, payload in (("broadcast", {"channel": "private-p", "event": "e"}),
                                 ("trigger", {"event": "private-q/e"}),
                                 ("broadcast", {"channel": "c", "event": "e", "trigger": "presence-x/e"}),
                                 ("trigger", {"event": "a/:b"})):
            self.assertGreaterEqual(browser.error(command, **payload), 400)
        browser.say("trigger", event="marker")
        self.assertEqual(self.everything.event()[0], "marker")


class AuthRequired(BrokerTest):
    FLAGS = ("--worker-events-need-auth",)

    def test_anonymous_broadcasts_stay_among_browsers(self):
        self.vhost.open("c")
        worker = self.worker()
        browser = self.browser()
        browser.subscribe("c")
        self.assertIn("e", browser.ask("broadcast", channel="c", event="e"))
        known = self.browser("u")
        known.subscribe("c")
        known.say("broadcast", channel="c", event="f")
        self.assertEqual(worker.event()[0], "c/f")


class Distribution(BrokerTest):
    def setUp(self):
        super().setUp()
        self.sender = self.browser("u")

    def trigger(self, *topics):
        for topic in topics:
            self.sender.say("trigger", event=topic)

    def drain(self, *workers):
        """The topics each worker got, up to a marker that all of them get."""
        heard = []
        for worker in workers:
            topics = []
            while True:
                topic = worker.event()[0]
                if topic == "marker":
                    break
                topics.append(topic)
            heard.append(topics)
        return heard

    def test_filters_match_whole_topics(self):
        worker = self.worker("greetings/(hello|bye)|marker")
        self.trigger("greetings/hello", "greetings/hello2", "xgreetings/bye", "greetings/bye",
                     "greetings", "marker")
        self.assertEqual(self.drain(worker), [["greetings/hello", "greetings/bye"]])

    def test_undecorated_query(self):
        with RawConnection(self.broker.addr) as raw:
            auth = self.vhost.headers()["Authorization"]
            raw.send(f"GET {self.vhost.path}/events?filter=a/(b|c)*.+ HTTP/1.1\r\nHost: x\r\n"
                     f"Authorization: {auth}\r\n\r\n")
            self.assertEqual(raw.head()[0], 200)

    def test_round_robin(self):
        workers = [self.worker("t.*") for _ in range(3)]
        self.trigger(*[f"t{i}" for i in range(9)])
        heard = [[worker.event()[0] for _ in range(3)] for worker in workers]
        self.assertEqual(heard, [["t0", "t3", "t6"], ["t1", "t4", "t7"], ["t2", "t5", "t8"]])

    def test_every_pool_gets_its_own(self):
        a1, a2 = self.worker("t.*"), self.worker("t.*")
        b = self.worker("t[0-9]|end")
        everything = self.worker()
        self.trigger("t0", "t1", "t2", "t3")
        self.assertEqual([a1.event()[0] for _ in range(2)], ["t0", "t2"])
        self.assertEqual([a2.event()[0] for _ in range(2)], ["t1", "t3"])
        self.assertEqual([b.event()[0] for _ in range(4)], ["t0", "t1", "t2", "t3"])
        self.assertEqual([everything.event()[0] for _ in range(4)], ["t0", "t1", "t2", "t3"])

    def test_empty_filter_is_no_filter(self):
        first, second = self.worker(), self.worker("")
        self.trigger("a", "b")
        self.assertEqual((first.event()[0], second.event()[0]), ("a", "b"))

    def test_leaving_member(self):
        first, second = self.worker("x.*"), self.worker("x.*")
        first.close()
        wait_until(lambda: len(self.broker.admin("GET", self.vhost.path + "/workers").json()
                               ["workers"]) == 1, "the worker to leave")
        self.trigger("x0", "x1")
        self.assertEqual([second.event()[0] for _ in range(2)], ["x0", "x1"])

    def test_nobody_to_hear(self):
        self.trigger("lost")
        self.assertTrue(self.sender.silent())
        worker = self.worker()
        self.trigger("kept")
        self.assertEqual(worker.record()["id"], "1")

    def test_vhosts_are_apart(self):
        other = self.broker.vhost(self.vhost.path + "-o")
        with EventStream(other) as worker:
            self.trigger("here")
            browser = other.browser("u")
            browser.say("trigger", event="there")
            self.assertEqual(worker.event()[0], "there")
            browser.close()


    def test_vhosts_count_for_themselves(self):
        other = self.broker.vhost(self.vhost.path + "-o")
        browser = other.browser("u")
        self.addCleanup(browser.close)
        with EventStream(other) as worker, EventStream(self.vhost) as own:
            self.trigger("a", "b")
            self.assertEqual([own.record()["id"] for _ in range(2)], ["1", "2"])
            browser.say("trigger", event="c")
            self.assertEqual(worker.record()["id"], "1")


class SlowMember(BrokerTest):
    FLAGS = ("--worker-queue-bytes", "400000", *UNLIMITED)

    def test_the_others_take_over(self):
        slow = self.worker("t.*")
        quick = self.worker("t.*")
        browser = self.browser("u")
        sent, heard = [], []
        while slow.id not in self.broker.log_text():
            self.assertLess(len(sent), 1000, "the slow one is still there")
            for _ in range(2):
                sent.append(f"t{len(sent)}")
                browser.say("trigger", event=sent[-1], data={"x": "y" * 300000})
            heard.append(quick.event()[0])
        sent.append("tend")
        browser.say("trigger", event="tend")
        while heard[-1] != "tend":
            heard.append(quick.event()[0])
        # What is missing went to the slow one, in turn, until it was dropped.
        missing = [topic for topic in sent if topic not in heard]
        self.assertEqual(missing, sent[:2 * len(missing):2])
        self.assertEqual(heard, [topic for topic in sent if topic not in missing])


class VanishedHost(unittest.TestCase):
    """A network of its own, which is switched off."""

    INSIDE = "WEBROCKET_TEST_NETWORK"

    def test_in_a_network_of_its_own(self):
        if self.INSIDE in os.environ:
            self.skipTest("this is that network")
        apart = ["unshare", "--net"] if os.geteuid() == 0 else ["unshare", "--net", "--map-root-user"]
        if shutil.which("unshare") is None or subprocess.run([*apart, "true"], capture_output=True).returncode:
            self.skipTest("no network of its own to be had")
        ended = subprocess.run([*apart, sys.executable, "-B", __file__, "VanishedHost.inside"],
                               env={**os.environ, self.INSIDE: "1"}, capture_output=True, text=True,
                               timeout=2 * DEADLINE)
        self.assertEqual(ended.returncode, 0, ended.stderr)

    def switch(self, on):
        get_flags, set_flags, up = 0x8913, 0x8914, 1
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any:
            request = struct.pack("16sh14x", b"lo", 0)
            flags = struct.unpack("16sh14x", fcntl.ioctl(any, get_flags, request))[1]
            fcntl.ioctl(any, set_flags, struct.pack("16sh14x", b"lo", flags | up if on else flags & ~up))

    def inside(self):
        self.switch(on=True)
        broker = Broker("--heartbeat-interval-ms", "300")
        self.addCleanup(broker.close)
        vhost = broker.vhost("/moon")
        worker = vhost.worker()
        self.addCleanup(worker.close)
        self.assertEqual(worker.record(), {"": "hb"})
        self.switch(on=False)
        wait_until(lambda: re.search(rf"warning worker {worker.id} of /moon address=\S+ has vanished",
                                      broker.log_text()), "the log line")
        self.switch(on=True)
        self.assertIn('\nwebrocket_workers{vhost="/moon"} 0\n', broker.admin("GET", "/metrics").body.decode())


class BusyWorker(BrokerTest):
    FLAGS = ("--heartbeat-interval-ms", "50", *UNLIMITED)

    def test_it_may_take_its_time(self):
        """Longer than some heartbeats, while its buffers are full: its host is still there."""
        self.vhost.open("c")
        with RawConnection(self.broker.addr, receive_buffer=4096) as busy:
            busy.send(f"GET {self.vhost.path}/events HTTP/1.0\r\n"
                      f"Authorization: {self.vhost.headers()['Authorization']}\r\n\r\n")
            self.assertEqual(busy.head()[0], 200)
            browser = self.browser("alice")
            for number in range(100):
                browser.say("trigger", event="e", data={"n": number, "text": "x" * 100000})
            self.assertTrue(browser.silent())
            with self.worker("nothing") as idle:  # is told how time goes by
                for _ in range(20):
                    self.assertEqual(idle.record(), {"": "hb"})
            numbers = []
            while len(numbers) < 100:
                line = busy.file.readline()
                self.assertNotEqual(line, b"", f"after {len(numbers)}")
                if line.startswith(b"data: "):
                    numbers.append(json.loads(line[6:])["n"])
            self.assertEqual(numbers, list(range(100)))


class SlowWorker(BrokerTest):
    FLAGS = ("--worker-queue-bytes", "100000", *UNLIMITED)

    def test_overflow_ends_the_stream(self):
        slow = self.worker("slow")
        quick = self.worker("quick")
        browser = self.browser("u")
        for _ in range(40):
            browser.say("trigger", event="slow", data={"x": "y" * 500000})
        wait_until(lambda: "slow consumer: worker" in self.broker.log_text(), "the log line")
        self.assertIn(slow.id, self.broker.log_text())
        browser.say("trigger", event="quick")
        self.assertEqual(quick.event()[0], "quick")


if __name__ == "__main__":
    main()
