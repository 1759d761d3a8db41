#!/usr/bin/env python3
"""The checker of test_order, held against histories in which something is wrong."""

import itertools
import unittest

from order_history import EVERYTHING, Backend, Command, Heard, History, Page, Request, Stream, WorkerEvent
from order_rules import violations_of

ROOM = "presence-room"


class Story:
    """A history, written in the order in which things happen. Workers are told of whatever pages do, and
    pages of nothing that is not written."""

    def __init__(self):
        self.moment = itertools.count(1).__next__
        self.number = itertools.count(1).__next__
        self.pages, self.listening = {}, {}
        self.backends = [Backend("backend"), Backend("another")]
        self.streams = [Stream("witness", EVERYTHING, True)]
        self.id = itertools.count(1).__next__

    def page(self, name):
        return self.pages.setdefault(name, Page(name, "sid of " + name))

    def tell(self, topic, payload, stream=0):
        self.streams[stream].records.append(WorkerEvent(self.moment(), self.id(), topic, payload))

    def report(self, kind, number, channel, **more):
        self.tell(f"{channel}/:{kind}", {"channel": channel, "data": {"m": number}, **more})

    def sends(self, name, kind, channel=None, **known):
        self.page(name).commands.append(Command(self.moment(), self.number(), kind, channel, **known))
        return self.page(name).commands[-1].number

    def hears(self, name, event, **payload):
        self.page(name).heard.append(Heard(self.moment(), event, payload))

    def is_answered(self, name):
        self.hears(name, ":error", code=400)

    def joins(self, name, channel, roster=None, hears_of_itself=True):
        number = self.sends(name, "subscribe", channel)
        self.hears(name, ":subscribed", channel=channel, **({} if roster is None else {"subscribers": [
            {"m": member} for member in roster]}))
        self.is_answered(name)
        if roster is not None:
            self.report("joined", number, channel)
            if hears_of_itself:
                self.hears(name, ":memberJoined", m=number, channel=channel)
        self.listening[name, channel] = number
        return number

    def leaves(self, name, channel):
        self.sends(name, "unsubscribe", channel)
        self.hears(name, ":unsubscribed", channel=channel)
        self.is_answered(name)
        if channel == ROOM:
            self.report("left", self.listening[name, channel], channel, reason="left")

    def says(self, name, channel, *listeners):
        number = self.sends(name, "broadcast", channel)
        self.is_answered(name)
        self.tell(channel + "/e", {"m": number, "channel": channel})
        self.hear(listeners, number, channel)
        return number

    def hear(self, listeners, number, channel):
        for listener in listeners:
            self.hears(listener, "e", m=number, channel=channel)

    def fires(self, channel, *listeners, because=None, backend=0):
        number = self.number()
        request = Request(self.moment(), "fire", channel, [(channel, number, because)])
        self.backends[backend].requests.append(request)
        request.answered, request.statuses = self.moment(), [202]
        self.hear(listeners, number, channel)
        return number

    def asks(self, kind, channel, status=202, names=None):
        request = Request(self.moment(), kind, channel, answered=self.moment(), statuses=[status])
        if names is not None:
            request.sids = {self.page(name).sid for name in names}
        self.backends[0].requests.append(request)

    def broken_rules(self):
        history = History([*self.pages.values()], self.backends, self.streams)
        return {violation.rule for violation in violations_of(history)}


class RulesTest(unittest.TestCase):
    def setUp(self):
        self.story = Story()

    def breaks(self, *rules):
        self.assertEqual(self.story.broken_rules(), {*rules})


class Channels(RulesTest):
    def test_nothing_is_wrong(self):
        story = self.story
        alice = story.joins("alice", ROOM, [])
        bob = story.joins("bob", ROOM, [alice])
        story.hears("alice", ":memberJoined", m=bob, channel=ROOM)
        story.says("bob", ROOM, "bob", "alice")
        story.fires(ROOM, "alice", "bob")
        story.asks("list", ROOM, 200, ["alice", "bob"])
        story.leaves("bob", ROOM)
        story.hears("alice", ":memberLeft", m=bob, channel=ROOM)
        story.asks("close", ROOM)
        story.report("left", alice, ROOM, reason="removed")
        story.hears("alice", ":unsubscribed", channel=ROOM)
        self.breaks()

    def test_one_channel_one_order(self):
        story = self.story
        for name in ("alice", "bob"):
            story.joins(name, "c")
        first, second = story.says("alice", "c", "alice"), story.says("bob", "c", "alice", "bob")
        self.assertLess(first, second)
        story.hear(["bob"], first, "c")
        self.breaks("one_channel_one_order", "nothing_after_the_end")

    def test_one_channel_one_order_twice(self):
        self.story.joins("alice", "c")
        self.story.says("alice", "c", "alice", "alice")
        self.breaks("one_channel_one_order", "nothing_after_the_end")

    def test_one_channel_one_order_with_a_gap(self):
        story = self.story
        story.joins("alice", "c")
        story.joins("bob", "c")
        for listeners in (["alice"], [], ["alice"]):
            story.says("bob", "c", "bob", *listeners)
        self.breaks("one_channel_one_order")

    def test_one_channel_one_order_but_for_the_last(self):
        self.story.joins("alice", "c")
        self.story.fires("c")
        self.breaks("one_channel_one_order")

    def test_one_channel_one_order_of_what_nobody_sent(self):
        self.story.joins("alice", "c")
        self.story.hear(["alice"], 99, "c")
        self.breaks("one_channel_one_order")

    def test_one_channel_one_order_without_what_was_refused(self):
        story = self.story
        story.joins("alice", "c")
        number = story.sends("bob", "broadcast", "c")
        story.hears("bob", ":error", code=453)
        story.is_answered("bob")
        story.hear(["alice"], number, "c")
        self.breaks("one_channel_one_order")

    def test_subscribed_first(self):
        story = self.story
        story.sends("alice", "subscribe", "c")
        story.fires("c", "alice")
        story.hears("alice", ":subscribed", channel="c")
        story.is_answered("alice")
        self.breaks("subscribed_first")

    def test_subscribed_first_and_nothing_from_before(self):
        number = self.story.fires("c")
        self.story.joins("alice", "c")
        self.story.hear(["alice"], number, "c")
        self.breaks("subscribed_first")

    def test_subscribed_first_then_itself(self):
        story = self.story
        alice = story.joins("alice", ROOM, [], hears_of_itself=False)
        story.fires(ROOM, "alice")
        story.hears("alice", ":memberJoined", m=alice, channel=ROOM)
        self.breaks("subscribed_first")

    def test_subscribed_first_with_a_roster_of_later(self):
        """It holds somebody who is announced afterwards."""
        story = self.story
        alice = story.joins("alice", ROOM, [])
        bob = story.joins("bob", ROOM, [alice, 3], hears_of_itself=False)
        self.assertEqual(bob, 2)
        for name in ("alice", "bob"):
            story.hears(name, ":memberJoined", m=bob, channel=ROOM)
        self.assertEqual(story.joins("carol", ROOM, [alice, bob]), 3)
        for name in ("alice", "bob"):
            story.hears(name, ":memberJoined", m=3, channel=ROOM)
        self.breaks("subscribed_first")

    def test_subscribed_first_with_somebody_missing(self):
        story = self.story
        story.joins("alice", ROOM, [])
        bob = story.joins("bob", ROOM, [])
        story.hears("alice", ":memberJoined", m=bob, channel=ROOM)
        self.breaks("subscribed_first")

    def test_subscribed_first_once(self):
        self.story.joins("alice", "c")
        self.story.joins("alice", "c")
        self.breaks("subscribed_first")

    def test_nothing_after_the_end(self):
        story = self.story
        story.joins("alice", "c")
        story.leaves("alice", "c")
        story.fires("c", "alice")
        self.breaks("nothing_after_the_end")

    def test_nothing_after_the_end_and_all_before_it(self):
        """Bob hears of the end before what was published before it."""
        story = self.story
        story.joins("alice", "c")
        story.joins("bob", "c")
        story.says("alice", "c", "alice", "bob")
        story.asks("close", "c")
        last = story.sends("alice", "broadcast", "c")
        story.tell("c/e", {"m": last, "channel": "c"})
        story.hears("bob", ":unsubscribed", channel="c")
        story.is_answered("alice")
        story.hear(["alice"], last, "c")
        story.hears("alice", ":unsubscribed", channel="c")
        self.breaks("nothing_after_the_end")

    def test_nothing_after_the_end_is_told_twice(self):
        story = self.story
        story.joins("alice", "c")
        story.asks("close", "c")
        for _ in range(2):
            story.hears("alice", ":unsubscribed", channel="c")
        self.breaks("nothing_after_the_end")


class Senders(RulesTest):
    def setUp(self):
        super().setUp()
        for channel in ("c", "d"):
            self.story.joins("alice", channel)

    def test_one_sender_one_order(self):
        first, second = self.story.fires("c"), self.story.fires("d", "alice")
        self.story.hear(["alice"], first, "c")
        self.assertLess(first, second)
        self.breaks("one_sender_one_order")

    def test_one_sender_one_order_after_an_answer(self):
        first, second = self.story.fires("c"), self.story.fires("d", "alice", backend=1)
        self.story.hear(["alice"], first, "c")
        self.assertLess(first, second)
        self.breaks("one_sender_one_order")

    def test_one_sender_one_order_is_not_of_others(self):
        """What a page says on another channel has nothing to do with it."""
        story = self.story
        story.joins("bob", "d")
        first = story.fires("c")
        story.says("bob", "d", "alice", "bob")
        story.hear(["alice"], first, "c")
        self.breaks()

    def test_one_sender_one_order_but_on_one_channel(self):
        story = self.story
        story.joins("bob", "c")
        first = story.fires("c")
        story.says("bob", "c", "alice", "bob")
        story.hear(["alice", "bob"], first, "c")
        self.breaks("one_sender_one_order")

    def test_one_sender_one_order_of_answers(self):
        self.story.sends("alice", "subscribe", "e")
        self.story.is_answered("alice")
        self.breaks("one_sender_one_order")

    def test_one_sender_one_order_to_workers(self):
        story = self.story
        numbers = [story.sends("alice", "trigger") for _ in range(2)]
        for number in reversed(numbers):
            story.tell("topic", {"m": number})
            story.is_answered("alice")
        self.breaks("one_sender_one_order")

    def test_workers_hear_it_once(self):
        for _ in range(2):
            self.story.streams.append(Stream("another", "c/.*", True))
        number = self.story.says("alice", "c", "alice")
        for stream in (1, 2):
            self.story.streams[stream].records.append(WorkerEvent(self.story.moment(), 1, "c/e",
                                                                  {"m": number, "channel": "c"}))
        self.breaks("workers_hear_it_once")

    def test_workers_hear_it(self):
        self.story.sends("alice", "trigger")
        self.story.is_answered("alice")
        self.breaks("workers_hear_it_once")

    def test_workers_hear_it_whatever_their_filter(self):
        self.story.streams.append(Stream("another", "c/.*", True))
        self.story.says("alice", "c", "alice")
        self.breaks("workers_hear_it_once")


class Workers(RulesTest):
    def test_event_ids_grow(self):
        story = self.story
        story.joins("alice", "c")
        story.id = iter((2, 1)).__next__
        for _ in range(2):
            story.says("alice", "c", "alice")
        self.breaks("event_ids_grow")

    def test_event_ids_grow_and_are_of_one_event(self):
        story = self.story
        story.streams.append(Stream("another", "c/.*", True))
        story.joins("alice", "c")
        number = story.says("alice", "c", "alice")
        story.tell("c/e", {"m": number, "channel": "c"}, stream=1)
        self.breaks("event_ids_grow")

    def test_reports_in_order(self):
        story = self.story
        alice = story.joins("alice", ROOM, [])
        joined = story.streams[0].records.pop()
        story.leaves("alice", ROOM)
        joined.id = story.id()
        story.streams[0].records.append(joined)
        self.assertEqual(joined.key, ("joined", alice))
        self.breaks("reports_in_order", "one_sender_one_order")

    def test_reports_in_order_of_those_who_are_removed(self):
        """The successor has a member before all of the old one's are gone."""
        story = self.story
        alice = story.joins("alice", ROOM, [])
        bob = story.joins("bob", ROOM, [alice])
        story.hears("alice", ":memberJoined", m=bob, channel=ROOM)
        story.asks("close", ROOM)
        story.asks("open", ROOM)
        for name in ("alice", "bob"):
            story.hears(name, ":unsubscribed", channel=ROOM)
        story.report("left", alice, ROOM, reason="removed")
        story.joins("alice", ROOM, [])
        story.report("left", bob, ROOM, reason="removed")
        self.breaks("reports_in_order")

    def test_reports_in_order_of_what_subscribers_hear(self):
        story = self.story
        alice = story.joins("alice", ROOM, [])
        bob = story.joins("bob", ROOM, [alice])
        carol = story.joins("carol", ROOM, [alice, bob])
        story.hears("alice", ":memberJoined", m=bob, channel=ROOM)
        for name in ("alice", "bob"):
            story.hears(name, ":memberJoined", m=carol, channel=ROOM)
        _, second, third = story.streams[0].records
        second.payload, third.payload = third.payload, second.payload
        self.breaks("reports_in_order")

    def test_answer_after_question(self):
        story = self.story
        for channel in ("c", "d"):
            story.joins("alice", channel)
        story.joins("bob", "c")
        question = story.says("bob", "c", "bob")
        story.fires("d", "alice", because=("said", question))
        story.hear(["alice"], question, "c")
        self.breaks("answer_after_question")

    def test_the_list_is_of_its_time(self):
        self.story.joins("alice", "c")
        self.story.asks("list", "c", 200, [])
        self.breaks("the_list_is_of_its_time")

    def test_the_list_is_of_its_time_and_of_nobody_else(self):
        self.story.joins("alice", "c")
        self.story.leaves("alice", "c")
        self.story.asks("list", "c", 200, ["alice"])
        self.breaks("the_list_is_of_its_time")


if __name__ == "__main__":
    unittest.main(verbosity=2)
