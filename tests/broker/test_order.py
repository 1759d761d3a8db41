#!/usr/bin/env python3
"""Who hears what before what: the rules of docs/architecture.md, by their names.

Each rule is shown by what arrives in one piece and so in a known order, and then by plays: pages,
workers and backends that do at random what they may, all at once, of which a checker that knows the
rules looks at every record. WEBROCKET_TEST_ORDER_ROUNDS says how many plays, WEBROCKET_TEST_ORDER_STEPS how
long each is, WEBROCKET_TEST_ORDER_SEED which is the first. What is printed of a play that broke a rule is
the shortest story of it: who sent and heard what, at which moment.
"""

import json
import os
import random

from harness import TEXT, UNLIMITED, BrokerTest, RawConnection, frame, main
from order_history import EVERYTHING
from order_play import Play
from order_rules import violations_of

ROUNDS = int(os.environ.get("WEBROCKET_TEST_ORDER_ROUNDS", "4"))
STEPS = int(os.environ.get("WEBROCKET_TEST_ORDER_STEPS", "60"))
SEED = int(os.environ.get("WEBROCKET_TEST_ORDER_SEED", "0")) or random.randrange(1, 1 << 32)
ROOM = "presence-room"


def command(name, **payload):
    return frame(TEXT, json.dumps({name: payload}).encode())


class OrderTest(BrokerTest):
    FLAGS = UNLIMITED
    CROWD = 6   # some on every loop

    def setUp(self):
        super().setUp()
        for channel in ("c", "d", ROOM):
            self.vhost.open(channel)

    def crowd(self, *channels):
        """Browsers that are on these channels and have heard nothing yet."""
        browsers = [self.browser(f"u{number}") for number in range(self.CROWD)]
        for browser in browsers:
            for channel in channels:
                browser.subscribe(channel)
        for place, browser in enumerate(browsers):
            for channel in channels:
                if channel.startswith("presence-"):
                    for _ in browsers[place:]:
                        self.assertIn(":memberJoined", browser.hear())
        return browsers

    def hear(self, listeners, *expected):
        """(event, what `i` or `uid` it names) in that order, each of them, and nothing else."""
        for listener in listeners:
            heard = []
            for _ in expected:
                (event, payload), = listener.hear().items()
                heard.append((event, payload.get("i", payload.get("uid", payload.get("channel")))))
            self.assertEqual(heard, [*expected])
            self.assertTrue(listener.silent())

    def backend(self):
        backend = RawConnection(self.broker.addr)
        self.addCleanup(backend.close)
        return backend

    def request(self, method, suffix, body=None):
        text = "" if body is None else json.dumps(body)
        headers = "".join(f"{name}: {value}\r\n" for name, value in self.vhost.headers().items())
        return (f"{method} {self.vhost.path}{suffix} HTTP/1.1\r\nHost: test\r\n{headers}"
                f"Content-Length: {len(text)}\r\n\r\n{text}").encode()

    def fire(self, channel, number):
        return self.request("POST", f"/channels/{channel}/events", {"trigger": {"event": "n", "data": {"i": number}}})


class Channels(OrderTest):
    def test_one_channel_one_order_with_who_comes_and_goes(self):
        listeners = self.crowd(ROOM)
        visitor = self.browser("visitor")
        visitor.send(command("subscribe", channel=ROOM) +
                     command("broadcast", channel=ROOM, event="n", data={"i": 1}) +
                     command("unsubscribe", channel=ROOM))
        self.hear(listeners, (":memberJoined", "visitor"), ("n", 1), (":memberLeft", "visitor"))

    def test_one_channel_one_order_of_many(self):
        """Whoever speaks on whichever loop, everybody hears the same."""
        crowd = self.crowd("c")
        count = 20
        for number, browser in enumerate(crowd):
            browser.send(b"".join(command("broadcast", channel="c", event="n", data={"i": [number, i]})
                                  for i in range(count)))
        first, *others = [[browser.hear()["n"]["i"] for _ in range(count * self.CROWD)] for browser in crowd]
        self.assertCountEqual(first, [[number, i] for number in range(self.CROWD) for i in range(count)])
        for other in others:
            self.assertEqual(other, first)

    def test_subscribed_first_and_then_what_is_said(self):
        browser = self.browser("alice")
        browser.send(command("subscribe", channel=ROOM) +
                     command("broadcast", channel=ROOM, event="n", data={"i": 1}))
        self.hear([browser], (":subscribed", "alice"), (":memberJoined", "alice"), ("n", 1))

    def test_subscribed_first_and_nothing_from_before(self):
        """What was published a moment ago is on its way to the page's loop, and not to the page."""
        browser, listener = self.browser(), self.browser()
        for subscriber in (browser, listener):
            subscriber.subscribe("c")
        browser.send(command("broadcast", channel="c", event="n", data={"i": 1}) +
                     command("unsubscribe", channel="c") + command("subscribe", channel="c") +
                     command("broadcast", channel="c", event="n", data={"i": 2}))
        self.hear([listener], ("n", 1), ("n", 2))
        self.hear([browser], (":unsubscribed", "c"), (":subscribed", "c"), ("n", 2))

    def test_subscribed_first_with_the_roster_of_that_moment(self):
        listeners = self.crowd(ROOM)
        visitor = self.browser("visitor")
        visitor.send((command("subscribe", channel=ROOM) + command("unsubscribe", channel=ROOM)) * 2 +
                     command("subscribe", channel=ROOM))
        here = [f"u{number}" for number in range(self.CROWD)]
        answers = [visitor.hear() for _ in range(5)]
        for answer in answers[::2]:
            self.assertCountEqual([entry["uid"] for entry in answer[":subscribed"]["subscribers"]], here)
        comes_and_goes = [(":memberJoined", "visitor"), (":memberLeft", "visitor")] * 2
        self.hear(listeners, *comes_and_goes, (":memberJoined", "visitor"))
        next_one = self.browser("next")
        self.assertCountEqual([entry["uid"] for entry in next_one.subscribe(ROOM)["subscribers"]], [*here, "visitor"])

    def test_nothing_after_the_end_of_a_channel(self):
        listeners = self.crowd("c")
        backend = self.backend()
        backend.send(self.fire("c", 1) + self.fire("c", 2) + self.request("DELETE", "/channels/c") +
                     self.fire("c", 3) + self.request("POST", "/channels/c") + self.fire("c", 4))
        self.assertEqual([backend.response()[0] for _ in range(6)], [202, 202, 202, 404, 202, 202])
        self.hear(listeners, ("n", 1), ("n", 2), (":unsubscribed", "c"))
        for listener in listeners:
            listener.subscribe("c")
        backend.send(self.fire("c", 5))
        self.hear(listeners, ("n", 5))

    def test_nothing_after_the_end_of_a_subscription(self):
        """Though others go on."""
        leaver, *others = self.crowd("c")
        for other in others:
            other.send(b"".join(command("broadcast", channel="c", event="n") for _ in range(50)))
        leaver.send(command("unsubscribe", channel="c"))
        while ":unsubscribed" not in leaver.hear():
            pass
        for other in others:
            for _ in range(50 * len(others)):
                self.assertIn("n", other.hear())
        self.assertTrue(leaver.silent())

    def test_nothing_after_the_end_but_the_next_of_that_name(self):
        """Though one that is on the old one wants to be on that while the news of its end is on the way: its
        loop has much to do, all of it from one segment."""
        for filter in (EVERYTHING, ".*:(joined|left)", f"{ROOM}/:.*"):
            self.worker(filter)
        backend = self.backend()
        for _ in range(8):
            listener = self.vhost.browser("busy")
            listener.subscribe("c")
            listener.send((command("subscribe", channel=ROOM) + command("unsubscribe", channel=ROOM)) * 650 +
                          command("subscribe", channel="c") + command("auth"))
            backend.send(self.request("DELETE", "/channels/c") + self.request("POST", "/channels/c"))
            self.assertEqual([backend.response()[0] for _ in range(2)], [202, 202])
            heard = self.heard_of_c(listener)
            listener.send(command("subscribe", channel="c") + command("auth"))
            heard += self.heard_of_c(listener)
            self.assertEqual(heard, [":unsubscribed", ":subscribed"])
            backend.send(self.fire("c", 1))
            self.assertEqual(backend.response()[0], 202)
            self.hear([listener], ("n", 1))
            listener.close()

    @staticmethod
    def heard_of_c(listener):
        """Until it is refused."""
        heard = []
        while True:
            (event, payload), = listener.hear().items()
            if payload.get("code") == 400:
                return heard
            if payload.get("channel") == "c":
                heard.append(event)


class Senders(OrderTest):
    def test_one_sender_one_order_over_channels(self):
        listeners = self.crowd("c", "d")
        count = 20
        expected = [("n", i) for i in range(count)]
        listeners[0].send(b"".join(command("broadcast", channel="cd"[i % 2], event="n", data={"i": i})
                                   for i in range(count)))
        self.hear(listeners, *expected)
        backend = self.backend()
        backend.send(b"".join(self.fire("cd"[i % 2], i) for i in range(count)))
        self.hear(listeners, *expected)
        backend.send(self.request("POST", "/events", {"triggers": [
            {"channel": "cd"[i % 2], "event": "n", "data": {"i": i}} for i in range(count)]}))
        self.hear(listeners, *expected)

    def test_one_sender_one_order_after_an_answer(self):
        """Over whichever connection."""
        listeners = self.crowd("c", "d")
        backends = [self.backend() for _ in range(self.CROWD)]
        count = 60
        for i in range(count):
            backend = backends[i % self.CROWD]
            backend.send(self.fire("cd"[i % 2], i))
            self.assertEqual(backend.response()[0], 202)
        self.hear(listeners, *(("n", i) for i in range(count)))

    def test_one_sender_one_order_to_workers(self):
        """With what is reported of the page itself."""
        workers = [self.worker(EVERYTHING), self.worker(f"{ROOM}/(:joined|:left|said)|topic|bye")]
        browser = self.browser("alice")
        browser.send(command("trigger", event="topic") + command("subscribe", channel=ROOM) +
                     command("broadcast", channel=ROOM, event="said") + command("trigger", event="topic") +
                     command("broadcast", channel=ROOM, event="said", trigger="topic") +
                     command("unsubscribe", channel=ROOM) + command("trigger", event="bye"))
        for worker in workers:
            self.assertEqual([worker.event()[0] for _ in range(7)],
                             ["topic", f"{ROOM}/:joined", f"{ROOM}/said", "topic", "topic", f"{ROOM}/:left", "bye"])

    def test_one_sender_one_order_of_answers(self):
        browser = self.browser("alice", "none")
        browser.send(command("subscribe", channel="nowhere") + command("subscribe", channel=ROOM) +
                     command("broadcast", channel="c", event="n") + command("subscribe", channel="c") +
                     command("auth") + command("unsubscribe", channel="c") + command("auth", token="none") +
                     command("trigger", event="topic") + command("subscribe", channel="d"))
        answers = []
        for _ in range(9):
            (event, payload), = browser.hear().items()
            answers.append(payload.get("code", event))
        self.assertEqual(answers, [454, 403, 453, ":subscribed", 400, ":unsubscribed", 402, 403, ":subscribed"])


class Workers(OrderTest):
    def test_event_ids_grow_and_are_of_one_event(self):
        workers = [self.worker(filter) for filter in (EVERYTHING, "", f"c/.*|{ROOM}/:joined", "c/.*|bye")]
        crowd = self.crowd("c", ROOM)
        for browser in crowd:
            browser.send(b"".join(command("broadcast", channel="c", event="n") + command("trigger", event="topic")
                                  for _ in range(10)))
        for browser in crowd:
            for _ in range(10 * self.CROWD):
                browser.hear()
        crowd[0].say("trigger", event="bye")
        crowd[0].say("broadcast", channel=ROOM, event="bye")
        events = {}
        said = 10 * self.CROWD
        for worker, count in zip(workers, (self.CROWD + 2 * said + 2, 2 * said + 2, self.CROWD + said, said + 1)):
            ids = [self.note(self.next_record(worker), events) for _ in range(count)]
            self.assertEqual(ids, sorted(set(ids)))
        self.assertEqual([*events], [*range(1, self.CROWD + 2 * said + 3)])

    @staticmethod
    def next_record(worker):
        while "id" not in (record := worker.record()):
            pass    # it is a sign of life
        return record

    def note(self, record, events):
        told = (record["event"], record["data"])
        self.assertEqual(events.setdefault(int(record["id"]), told), told)
        return int(record["id"])

    def test_reports_in_order_of_those_who_come_and_go(self):
        worker = self.worker(f"{ROOM}/:(joined|left)")
        browser = self.browser("alice")
        browser.send((command("subscribe", channel=ROOM) + command("unsubscribe", channel=ROOM)) * 10 +
                     command("subscribe", channel=ROOM) + command("close"))
        self.assertEqual([worker.event()[0].partition("/")[2] for _ in range(22)], [":joined", ":left"] * 11)

    def test_reports_in_order_of_channels_of_one_name(self):
        worker = self.worker(f"{ROOM}/:(joined|left)")
        backend = self.backend()
        crowd = self.crowd(ROOM)
        members = {browser.sid for browser in crowd}
        self.assertEqual({worker.event()[1]["sid"] for _ in crowd}, members)
        for _ in range(10):
            backend.send(self.request("DELETE", f"/channels/{ROOM}") + self.request("POST", f"/channels/{ROOM}"))
            self.assertEqual([backend.response()[0] for _ in range(2)], [202, 202])
            for browser in crowd:
                browser.send(command("subscribe", channel=ROOM))
            left = [worker.event() for _ in crowd]
            self.assertEqual({(topic, payload["reason"]) for topic, payload in left}, {(f"{ROOM}/:left", "removed")})
            self.assertEqual({payload["sid"] for _, payload in left}, members)
            joined = [worker.event() for _ in crowd]
            self.assertEqual({topic for topic, _ in joined}, {f"{ROOM}/:joined"})
            self.assertEqual({payload["sid"] for _, payload in joined}, members)

    def test_answer_after_question_on_another_channel(self):
        """However large the question is, and however quick the answer: it is on its way before all of the
        question has come."""
        listeners = self.crowd("c", "d")
        worker = self.worker("c/question")
        backend = self.backend()
        filler = "x" * 900000
        for number in range(12):
            listeners[number % self.CROWD].say("broadcast", channel="c", event="question",
                                               data={"i": number, "filler": filler})
            while not worker.response.readline().startswith(b"event:"):
                pass
            backend.send(self.fire("d", number))
            self.assertIn("data", worker.record())
            self.assertEqual(backend.response()[0], 202)
            self.hear(listeners, ("question", number), ("n", number))

    def test_answer_after_question_of_who_comes_and_goes(self):
        listeners = self.crowd("d", ROOM)
        worker = self.worker(f"{ROOM}/:(joined|left)")
        backend = self.backend()
        visitor = self.browser("visitor")
        for number in range(10):
            for name, event in (("subscribe", ":memberJoined"), ("unsubscribe", ":memberLeft")):
                visitor.say(name, channel=ROOM)
                worker.event()
                backend.send(self.fire("d", number))
                self.assertEqual(backend.response()[0], 202)
                self.hear(listeners, (event, "visitor"), ("n", number))


class Plays(OrderTest):
    def test_whatever_they_do(self):
        for seed in range(SEED, SEED + ROUNDS):
            play = Play(self.broker.vhost(f"/play{seed}"), seed)
            play.run(STEPS)
            violations = violations_of(play.end())
            if violations:
                self.fail(f"WEBROCKET_TEST_ORDER_SEED={seed}: {len(violations)} violations\n{violations[0]}")


if __name__ == "__main__":
    main()
