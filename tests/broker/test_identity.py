#!/usr/bin/env python3
"""Nobody makes up who he is: `channel`, `sid` and `uid` of whatever pages and workers are told are the
broker's word, whatever pages send.

A stage of pages and workers plays commands, some of them random, and everything that anybody is told
is held against what the broker alone can know. WEBROCKET_TEST_IDENTITY_COMMANDS says how many random ones
(scripts/check-identity: 100 000), WEBROCKET_TEST_IDENTITY_SEED which.
"""

import json
import os
import random
import unittest

from harness import CLOSE, PING, PONG, TEXT, UNLIMITED, BrokerTest, Closed, frame, main

COMMANDS = int(os.environ.get("WEBROCKET_TEST_IDENTITY_COMMANDS", "1500"))
SEED = int(os.environ.get("WEBROCKET_TEST_IDENTITY_SEED", "0")) or random.randrange(1, 1 << 32)
RESERVED = ("channel", "sid", "uid")
CHAT, PRIVATE, ROOM, HALL = "chat", "private-room", "presence-room", "presence-hall"
CHANNELS = (CHAT, PRIVATE, ROOM, HALL)
PRESENCE = (ROOM, HALL)
MEMBER_DATA_BYTES_MAX = 4096


def members(text):
    """A JSON text, of which objects become lists of pairs: nothing that is there twice is hidden."""
    return json.loads(text, object_pairs_hook=lambda pairs: pairs)


class Told:
    """The top of a payload: its members by name, of which the reserved ones are there once."""

    def __init__(self, pairs):
        assert isinstance(pairs, list), pairs
        names = [name for name, _ in pairs]
        for name in RESERVED:
            assert names.count(name) <= 1, pairs
        self.members = dict(pairs)

    def reserved(self):
        return {name: self.members[name] for name in RESERVED if name in self.members}


class Page:
    def __init__(self, stage, uid, hidden):
        self.browser = stage.test.vhost.browser(uid)
        stage.test.addCleanup(self.browser.close)
        self.sid, self.uid, self.hidden = self.browser.sid, uid, hidden
        self.channels = set()

    def read_until_pong(self, number):
        """What it was told before the broker answered a ping, as texts."""
        texts = []
        while True:
            opcode, _, payload = self.browser.read_frame()
            if opcode == TEXT:
                texts.append(payload.decode())
            elif opcode == PONG and payload == number:
                return texts
            elif opcode == PING:
                self.browser.send(frame(PONG, payload))
            elif opcode == CLOSE:
                raise Closed(payload)

    def may_join(self, channel):
        return channel == CHAT or self.uid is not None


class Stage:
    """Pages, workers, and what is known of them. Each command that carries data has a number in it,
    `m`, by which its sender is found again."""

    def __init__(self, test):
        self.test = test
        for channel in CHANNELS:
            test.vhost.open(channel)
        self.pages = []
        self.sids = {}    # every page that ever was, by sid
        self.sent = {}    # (page, channel or None, names it is vouched for) by number
        self.fired = {}   # what a backend said, by number
        self.rounds = 0
        self.number = 0
        self.counts = {}
        self.everything = test.worker()
        self.reports = test.worker("presence-.*/:(joined|left)|barrier")
        self.judge = test.browser("judge")
        for uid, hidden in ((None, False), ("alice", False), ("alice", True), ("bob", False),
                            ("bob", True), (None, False)):
            self.enter(uid, hidden)

    def enter(self, uid, hidden=False):
        page = Page(self, uid, hidden)
        self.pages.append(page)
        self.sids[page.sid] = page
        return page

    def next_number(self):
        self.number += 1
        return self.number

    def say(self, page, text):
        page.browser.say_text(text)

    def subscribe(self, page, channel, data, is_sound=True):
        hidden = ',"hidden":true' if page.hidden else ""
        self.say(page, f'{{"subscribe":{{"channel":"{channel}"{hidden},"data":{data}}}}}')
        is_short = channel not in PRESENCE or len(data.encode()) <= MEMBER_DATA_BYTES_MAX
        if is_sound and is_short and page.may_join(channel):
            page.channels.add(channel)

    def unsubscribe(self, page, channel, data, is_sound=True):
        self.say(page, f'{{"unsubscribe":{{"data":{data},"channel":"{channel}"}}}}')
        if is_sound and len(data.encode()) <= MEMBER_DATA_BYTES_MAX:
            page.channels.discard(channel)

    def broadcast(self, page, channel, data, number, extra=""):
        self.sent[number] = (page, channel)
        self.say(page, f'{{"broadcast":{{"channel":"{channel}","event":"say"{extra},"data":{data}}}}}')

    def trigger(self, page, data, number):
        self.sent[number] = (page, None)
        page_is_on = set(page.channels)
        self.sent[number] += (page_is_on,)
        self.say(page, f'{{"trigger":{{"data":{data},"event":"told"}}}}')

    def fire(self, channel, data, number, reserved):
        self.fired[number] = (channel, reserved)
        response = self.test.vhost.request(
            "POST", f"/channels/{channel}/events", f'{{"trigger":{{"event":"fired","data":{data}}}}}')
        assert response.status in (202, 400), response.body

    def leave(self, page, politely):
        if politely:
            self.say(page, '{"close":{"sid":"f","uid":"f","data":{"sid":"f"}}}')
            page.browser.close_code()
        page.browser.close()
        self.pages.remove(page)

    def settle(self):
        """Reads all that everybody was told, and judges it."""
        # The first ping is answered behind what a page said, the second behind what it is told of it.
        for _ in range(2):
            self.rounds += 1
            number = str(self.rounds).encode()
            for page in self.pages:
                page.browser.send(frame(PING, number))
            for page in self.pages:
                for text in page.read_until_pong(number):
                    self.judge_message(page, text)
        self.judge.say("trigger", event="barrier", data={"n": self.rounds})
        for worker in (self.everything, self.reports):
            while True:
                record = worker.record()
                if "data" not in record:
                    continue
                if record["event"] == "barrier":
                    break
                self.judge_event(record["event"], record["data"])

    def count(self, kind):
        self.counts[kind] = self.counts.get(kind, 0) + 1

    def judge_message(self, page, text):
        (event, pairs), = members(text)
        told = Told(pairs)
        self.count(event)
        kind = {":error": self.error, ":subscribed": self.subscribed,
                ":unsubscribed": self.unsubscribed, ":memberJoined": self.member,
                ":memberLeft": self.member, "say": self.said, "fired": self.was_fired}[event]
        try:
            kind(page, told)
        except (AssertionError, KeyError) as problem:
            raise AssertionError(f"{page.sid} is told {text}") from problem

    def error(self, _, told):
        assert set(told.members) == {"code", "status"}

    def subscribed(self, page, told):
        channel = told.members["channel"]
        assert channel in CHANNELS and "sid" not in told.members
        assert told.members.get("uid") == (None if channel == CHAT else page.uid)
        for entry in told.members.get("subscribers", []):
            self.member(page, Told(entry), channel)

    def unsubscribed(self, _, told):
        assert set(told.members) == {"channel"} and told.members["channel"] in CHANNELS

    def member(self, _, told, channel=None):
        reserved = told.reserved()
        uid = self.uid_of_number(told)
        assert reserved == {"uid": uid, "channel": channel or reserved["channel"]}, reserved
        assert reserved["channel"] in PRESENCE

    def uid_of_number(self, told):
        """Of the page that said the data; that of joining stands under j."""
        return self.sent[told.members["j"]][0].uid

    def said(self, _, told):
        page, channel = self.sent[told.members["m"]]
        assert told.reserved() == {"channel": channel, "sid": page.sid}, told.reserved()

    def was_fired(self, _, told):
        channel, reserved = self.fired[told.members["m"]]
        assert told.reserved() == {**reserved, "channel": channel}, (told.reserved(), reserved)

    def judge_event(self, topic, text):
        told = Told(members(text))
        self.count(topic.rpartition("/")[2] + " told to workers")
        try:
            if "/:" in topic:
                self.reported(topic, told)
            else:
                self.told(topic, told)
        except (AssertionError, KeyError) as problem:
            raise AssertionError(f"workers are told {topic} {text}") from problem

    def reported(self, topic, told):
        page = self.sids[told.members["sid"]]
        channel = topic.partition("/")[0]
        assert told.reserved() == {"channel": channel, "sid": page.sid, "uid": page.uid}
        assert told.members["hidden"] == page.hidden
        said = dict(told.members["data"])
        assert self.sent[said["j"]][0] is page

    def told(self, topic, told):
        page, channel, *vouched = self.sent[told.members["m"]]
        reserved = told.reserved()
        expected = {"sid": page.sid, "uid": page.uid}
        if channel is not None:
            assert topic in (f"{channel}/say", "other/topic")
            expected["channel"] = channel
        elif "channel" in reserved:
            assert reserved["channel"] in vouched[0], vouched
            expected["channel"] = reserved["channel"]
        assert reserved == expected, (reserved, expected)


class Data:
    """Random JSON objects, in which everything stands that a page might try."""

    def __init__(self, choice, stage):
        self.random = choice
        self.stage = stage

    def spelled(self, text):
        return '"' + "".join(
            f"\\u{ord(c):04{self.random.choice('xX')}}" if self.random.random() < 0.3 else c
            for c in text) + '"'

    def name(self):
        if self.random.random() < 0.5:
            return self.spelled(self.random.choice(RESERVED))
        return self.random.choice(('"a"', '""', '"UID"', '"uid "', '"si"', '"__proto__"', '"data"', '"ż"',
                                   r'"\"uid"', r'"\\u0075id"', r'"uid\u0001"', r'"\ud83d\ude00"'))

    def number(self):
        digits = "".join(self.random.choices("0123456789", k=self.random.choice((1, 5, 17, 40, 300))))
        return self.random.choice(("-", "")) + (digits.lstrip("0") or "0") + self.random.choice(
            ("", ".5", "." + "3" * 400, "e5", "E-7", "e+0"))

    def scalar(self):
        somebody = self.random.choice(self.stage.pages)
        return self.random.choice((
            self.number, lambda: "null", lambda: "true", lambda: '"forged"', lambda: '""',
            lambda: json.dumps(somebody.uid or "root"), lambda: f'"{somebody.sid}"',
            lambda: f'"{self.random.choice(CHANNELS)}"', lambda: r'"\u0000"', lambda: '"data: x\\n\\nid: 1"',
            lambda: '"' + "x" * self.random.choice((1, 100, 1000)) + '"'))()

    def value(self, depth):
        kind = self.random.random()
        if depth == 0 or kind < 0.6:
            return self.scalar()
        if kind < 0.85:
            return "{" + ",".join(self.member(depth - 1)
                                  for _ in range(self.random.randrange(4))) + "}"
        return "[" + ",".join(self.value(depth - 1) for _ in range(self.random.randrange(4))) + "]"

    def member(self, depth):
        space = self.random.choice(("", "", " ", "\r\n", "\t"))
        return f"{space}{self.name()}{space}:{space}{self.value(depth)}"

    def object(self, *own):
        """With members of the test's own among those that are made up."""
        some = [self.member(self.random.choice((0, 1, 3, 20))) for _ in range(self.random.randrange(6))]
        for member in own:
            some.insert(self.random.randrange(len(some) + 1), member)
        return "{" + ",".join(some) + "}"

    def flawed(self, *own):
        """What the broker is to refuse."""
        flaw = self.random.choice(('"n":1e400', '"n":-1E999', '"n":' + "9" * 400, '"n":' + "8" * 5000,
                                   '"n":1e-400', r'"\u0000":1', r'"a":[{"x\u0000":[]}]', r'"a":"\ud800"',
                                   r'"a":"\udc00\ud800"', '"a":01', '"a":+1', '"a":.5', '"a":NaN',
                                   '"a":"\t"', '"a":' + "[" * 70 + "]" * 70))
        return self.object(flaw, *own)


# Every spelling of a name that is not a page's to give; {0} is the name.
FORGERIES = ('"{0}":"forged"', '"{0}":"a","{0}":"b"', '"{0}":null', '"{0}":7', '"{0}":{{"{0}":"forged"}}',
             '"{0}":["forged"]', '\r\n"{0}"\t:\n"forged" ', '"{0}":""', '"{0}":true')


class Forgeries(BrokerTest):
    FLAGS = UNLIMITED

    def test_every_command_to_every_receiver(self):
        stage = Stage(self)
        anon, alice, hidden, bob, *_ = stage.pages
        for name in RESERVED:
            escaped = "".join(f"\\u{ord(c):04x}" for c in name)
            for forgery in (spelling.format(spelled) for spelling in FORGERIES
                            for spelled in (name, escaped, f"\\u{ord(name[0]):04X}{name[1:]}")):
                self.play(stage, (anon, alice, hidden, bob), forgery)
        for kind in (":subscribed", ":unsubscribed", ":memberJoined", ":memberLeft", "say", "fired",
                     "say told to workers", "topic told to workers", "told told to workers",
                     ":joined told to workers", ":left told to workers"):
            self.assertGreaterEqual(stage.counts.get(kind, 0), 27, (kind, stage.counts))
        self.assertNotIn(":error", stage.counts)

    def play(self, stage, pages, forgery):
        def data(key="m", page=None, channel=None):
            number = stage.next_number()
            if page is not None:
                stage.sent[number] = (page, channel)
            return number, f'{{{forgery},"{key}":{number},{forgery},"deep":{{{forgery}}}}}'

        for page in pages:
            for channel in CHANNELS if page.uid else (CHAT,):
                stage.subscribe(page, channel, data("j", page)[1])
            stage.settle()
        for page in pages:
            for channel in CHANNELS if page.uid else (CHAT,):
                number, text = data()
                stage.broadcast(page, channel, text, number)
                if page.uid:
                    number, text = data()
                    stage.broadcast(page, channel, text, number, ',"trigger":"other/topic"')
            if page.uid:
                number, text = data()
                stage.trigger(page, text, number)
        number = stage.next_number()
        stage.fire(CHAT, f'{{"channel":"forged","m":{number},"uid":7,"sid":"x"}}', number,
                   {"uid": 7, "sid": "x"})
        stage.settle()
        for page in pages:
            for channel in CHANNELS if page.uid else (CHAT,):
                stage.unsubscribe(page, channel, data()[1])
            stage.settle()

    def test_random_commands(self):
        stage = Stage(self)
        choice = random.Random(SEED)
        data = Data(choice, stage)
        try:
            for done in range(COMMANDS):
                self.random_command(stage, choice, data)
                if done % 25 == 24:
                    stage.settle()
            stage.settle()
        except Exception as problem:
            raise AssertionError(f"WEBROCKET_TEST_IDENTITY_SEED={SEED}") from problem
        for kind in (":subscribed", ":memberJoined", ":memberLeft", "say", "fired", ":error",
                     "say told to workers", "told told to workers", ":joined told to workers"):
            self.assertGreater(stage.counts.get(kind, 0), 0, (kind, stage.counts, SEED))

    def random_command(self, stage, choice, data):
        page = choice.choice(stage.pages)
        channel = choice.choice(CHANNELS)
        number = stage.next_number()
        is_sound = choice.random() < 0.9
        make = data.object if is_sound else data.flawed
        what = choice.random()
        if what < 0.2:
            stage.sent[number] = (page, channel)
            if channel not in page.channels:
                stage.subscribe(page, channel, make(f'"j":{number}'), is_sound)
        elif what < 0.3:
            stage.unsubscribe(page, channel, make(f'"m":{number}'), is_sound)
        elif what < 0.6:
            extra = choice.choice(("", ',"sid":"f","uid":"f"', ',"trigger":"other/topic"', ',"trigger":7'))
            stage.broadcast(page, channel, make(f'"m":{number}'), number, extra)
        elif what < 0.85:
            stage.trigger(page, make(f'"m":{number}'), number)
        elif what < 0.93:
            forged = {"sid": "s", "uid": choice.choice(("u", 7, None))} if choice.random() < 0.5 else {}
            text = json.dumps({"channel": "f", **forged, "a": 1, "m": number, "channel ": "f"})
            stage.fire(channel, text, number, forged)
        elif what < 0.98:
            stage.say(page, choice.choice((
                "{}", "[]", '{"uid":{}}', '{"sid":"f","broadcast":7}', data.flawed(), data.object(),
                '{"auth":{"uid":"root"}}', '{":memberJoined":{"uid":"f","channel":"presence-room"}}',
                '{"broadcast":{"channel":"chat","event":":memberLeft","data":{"uid":"f"}}}')))
        else:
            stage.leave(page, choice.random() < 0.5)
            stage.enter(page.uid, page.hidden)


if __name__ == "__main__":
    main()
