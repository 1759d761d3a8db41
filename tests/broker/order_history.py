"""What pages, backends and workers of one vhost sent and were told, and what follows from it: which
answer belongs to which command, when a page listened to what, and what was published by whom.

Moments are the numbers of one clock: whoever sends and whoever hears is in one process. What is
published has a number, its sender's and growing, by which it is found again where it is heard:

    ("said", N)      an event: of a page's command N, or of a backend
    ("joined", N)    that the subscription which command N asked for stands
    ("left", N)      that it has ended
"""

import math
import re
from collections import deque
from dataclasses import dataclass, field
from functools import cached_property

# The filter of the worker that is told of everything: one without a colon is not told who comes and goes.
EVERYTHING = ".*|:"

BAD_REQUEST, UNAUTHORIZED, FORBIDDEN, NOT_SUBSCRIBED, NO_CHANNEL = 400, 402, 403, 453, 454


def is_presence(channel):
    return channel.startswith("presence-")


def is_guarded(channel):
    return channel.startswith(("presence-", "private-"))


def key_of(event, payload):
    """What a page heard, or a worker: a topic ends with the event's name."""
    for name, kind in ((":memberJoined", "joined"), (":memberLeft", "left"),
                       ("/:joined", "joined"), ("/:left", "left")):
        if event.endswith(name):
            return kind, (payload["data"] if name[0] == "/" else payload)["m"]
    return "said", payload["m"]


class Violation(Exception):
    """A rule that was broken, and by what: lines of (moment, text)."""

    def __init__(self, rule, what, lines=()):
        self.rule = rule
        self.what = what
        self.lines = sorted(set(lines))
        super().__init__(rule, what)

    def __str__(self):
        return "\n".join([f"{self.rule}: {self.what}",
                          *(f"  {moment:7} {text}" for moment, text in self.lines)])


@dataclass
class Command:
    """What a page sent. A command that the broker is sure to refuse with 400 went behind it: what comes
    before the answer to that one is the answer to this one."""
    at: int
    number: int
    kind: str
    channel: str = None
    grant: tuple = None     # auth: the user and the channels of the token; None: it is no token
    hidden: bool = False
    answers: list = field(default_factory=list)   # the names, and the codes of errors
    answered: int = None    # the moment at which all of them had been heard

    def __str__(self):
        return f"{self.kind} {self.number}" + (f" on {self.channel}" if self.channel else "")


@dataclass
class Heard:
    at: int
    event: str
    payload: dict

    @cached_property
    def key(self):
        return key_of(self.event, self.payload)

    def __str__(self):
        if self.event.startswith(":") and "m" not in self.payload:
            told = self.payload.get("code", self.payload.get("channel", ""))
            return f"{self.event} {told}"
        return "{} {} on {}".format(*self.key, self.payload.get("channel"))


@dataclass
class Page:
    name: str
    sid: str
    commands: list = field(default_factory=list)
    heard: list = field(default_factory=list)
    cut_off: int = None     # the moment at which its connection was broken

    def heard_line(self, heard):
        return heard.at, f"{self.name} hears {heard}"

    def sent_line(self, command):
        return command.at, f"{self.name} sends {command}"


@dataclass
class Request:
    """Of a backend. A batch has many events, and a status for each."""
    at: int
    kind: str               # fire, open, close, list, token
    channel: str = None
    events: list = field(default_factory=list)    # (channel, number, because)
    answered: int = None
    statuses: list = None   # of each event, or one
    sids: set = None        # that were listed
    grant: tuple = None     # the user and the channels of a token


@dataclass
class Backend:
    name: str
    requests: list = field(default_factory=list)


@dataclass
class Stream:
    """Of a worker. One that is complete was there from before the first event, and read to its end."""
    name: str
    filter: str
    is_complete: bool
    records: list = field(default_factory=list)   # WorkerEvent

    def wants(self, topic):
        return ("/:" not in topic or ":" in self.filter) and re.fullmatch(self.filter or ".*", topic)


@dataclass
class WorkerEvent:
    at: int
    id: int
    topic: str
    payload: dict

    @cached_property
    def key(self):
        return key_of(self.topic, self.payload)


@dataclass
class Event:
    """Something that was published, or would have been."""
    key: tuple
    sender: str
    number: int             # among those of its sender; None where nobody knows
    channel: str            # None: for workers only
    sent: int
    done: int = None        # the moment at which the sender knew that it was done
    taken: bool = None      # None where nobody knows
    is_backends: bool = False
    because: tuple = None   # the key of what the backend had been told before

    def line(self):
        return self.sent, f"{self.sender} sends what is " + "{} {}".format(*self.key) + \
            (f" on {self.channel}" if self.channel else "") + \
            (f", because of {self.because[0]} {self.because[1]}" if self.because else "")


@dataclass
class Subscription:
    page: Page
    channel: str
    command: Command        # that asked for it
    at: int                 # the moment at which `:subscribed` was heard
    user: str = None        # on a presence channel
    roster: list = None     # numbers, on a presence channel
    run: list = field(default_factory=list)       # Heard
    # own: the page unsubscribed, or took leave. dropped: it lost it by authenticating. closed: the
    # channel was. overtaken: it was closed, but the page wanted to join the next one before it knew.
    # broken: the page's connection was. None: the vhost's end.
    end: str = None
    ended: int = None
    leaving: Command = None # of the page, that ended it

    def __str__(self):
        return f"{self.page.name}'s subscription {self.command.number} to {self.channel}"

    @property
    def is_announced(self):
        return is_presence(self.channel) and not self.command.hidden

    def lines(self, *heard):
        return [self.page.sent_line(self.command), (self.at, f"{self.page.name} hears :subscribed"),
                *map(self.page.heard_line, heard)]


class PageReader:
    """Follows a page through what it was told."""

    def __init__(self, page):
        self.page = page
        self.waiting = deque(page.commands)
        self.user, self.channels = None, None
        self.on = {}
        self.had = set()
        self.left_by_command = None     # unless the command turns out to have been refused
        self.subscriptions = []

    def read(self):
        for heard in self.page.heard:
            handler = {":error": self.error, ":subscribed": self.subscribed,
                       ":unsubscribed": self.unsubscribed, ":authenticated": self.authenticated,
                       ":closed": self.closed}.get(heard.event, self.event)
            handler(heard)
        if self.page.cut_off is not None:
            self.leave("broken", self.page.cut_off)
            if self.left_by_command:
                self.left_by_command.end, self.left_by_command.leaving = "broken", None
        elif self.waiting:
            raise self.broken("one_sender_one_order", "a command was not answered",
                              self.page.sent_line(self.waiting[0]))
        return self.subscriptions

    def broken(self, rule, what, *lines):
        return Violation(rule, f"{self.page.name}: {what}", lines)

    def current(self, heard):
        """The command that is being answered."""
        command = self.waiting[0] if self.waiting else None
        return command if command is not None and command.at < heard.at else None

    def answer(self, heard, *kinds):
        command = self.current(heard)
        if command is None or command.kind not in kinds:
            raise self.broken("one_sender_one_order", f"hears {heard} where it is no answer",
                              self.page.heard_line(heard), *map(self.page.sent_line, [command] if command else []))
        command.answers.append(heard.payload.get("code", heard.event))
        return command

    def error(self, heard):
        if heard.payload["code"] == BAD_REQUEST:
            self.end_of_answers(heard)
            return
        command = self.answer(heard, "auth", "subscribe", "unsubscribe", "broadcast", "trigger")
        if heard.payload["code"] == UNAUTHORIZED and self.user is not None:
            self.leave("dropped", heard.at, command)
            self.user, self.channels = None, None

    def end_of_answers(self, heard):
        command = self.current(heard)
        if command is None:
            raise self.broken("one_sender_one_order", "hears an answer to nothing", self.page.heard_line(heard))
        self.waiting.popleft()
        command.answered = heard.at
        self.judge(command)

    def judge(self, command):
        answers = command.answers
        if command.kind == "auth":
            possible = answers == ([":authenticated"] if command.grant else [UNAUTHORIZED])
        elif command.kind == "subscribe":
            possible = answers in ([":subscribed"], [FORBIDDEN], [NO_CHANNEL]) or \
                (not answers and command.channel in self.on)
        elif command.kind == "unsubscribe":
            ended, self.left_by_command = self.left_by_command, None
            if answers and ended:
                ended.end, ended.leaving = "closed", None
            possible = answers in ([FORBIDDEN], [NO_CHANNEL], [NOT_SUBSCRIBED]) or (not answers and ended)
        else:
            possible = answers in ([], [FORBIDDEN], [NO_CHANNEL], [NOT_SUBSCRIBED])
        if not possible:
            raise self.broken("one_sender_one_order", f"{command} is answered with {answers}",
                              self.page.sent_line(command), (command.answered, "the next one is answered"))

    def subscribed(self, heard):
        command = self.answer(heard, "subscribe")
        channel = heard.payload["channel"]
        if command.channel != channel or channel in self.on:
            raise self.broken("subscribed_first", f"hears {heard}", self.page.heard_line(heard),
                              self.page.sent_line(command))
        roster = heard.payload.get("subscribers")
        subscription = Subscription(self.page, channel, command, heard.at, self.user,
                                    None if roster is None else [entry["m"] for entry in roster])
        self.on[channel] = subscription
        self.had.add(channel)
        self.subscriptions.append(subscription)

    def unsubscribed(self, heard):
        channel = heard.payload["channel"]
        subscription = self.on.pop(channel, None)
        if subscription is None:
            raise self.broken("nothing_after_the_end", f"hears {heard}, twice or for nothing",
                              self.page.heard_line(heard))
        subscription.ended = heard.at
        command = self.current(heard)
        is_meant = command is not None and command.channel == channel
        if is_meant and command.kind == "unsubscribe":
            subscription.end, subscription.leaving = "own", command
            self.left_by_command = subscription
        elif is_meant and command.kind == "subscribe":
            subscription.end, subscription.leaving = "overtaken", command
        else:
            subscription.end = "closed"

    def authenticated(self, heard):
        command = self.answer(heard, "auth")
        if command.grant is None:
            return
        self.user, self.channels = command.grant
        self.leave("dropped", heard.at, command, lambda subscription: not self.may_stay(subscription))

    def may_stay(self, subscription):
        channel = subscription.channel
        return not is_guarded(channel) or (re.fullmatch(self.channels, channel) and
                                           (not is_presence(channel) or subscription.user == self.user))

    def closed(self, heard):
        command = self.answer(heard, "close")
        command.answered = heard.at
        self.waiting.popleft()
        self.leave("own", heard.at, command)

    def leave(self, end, at, command=None, goes=lambda subscription: True):
        for subscription in [subscription for subscription in self.on.values() if goes(subscription)]:
            subscription.end, subscription.ended, subscription.leaving = end, at, command
            del self.on[subscription.channel]

    def event(self, heard):
        subscription = self.on.get(heard.payload.get("channel"))
        if subscription is None:
            had = heard.payload.get("channel") in self.had
            raise self.broken("nothing_after_the_end" if had else "subscribed_first",
                              f"hears {heard}, to which it is not subscribed", self.page.heard_line(heard))
        subscription.run.append(heard)


class History:
    """All of it, ready to be held against the rules."""

    def __init__(self, pages, backends, streams):
        self.pages, self.backends, self.streams = pages, backends, streams
        self.witness = next(stream for stream in streams if stream.filter == EVERYTHING)
        self.broken = []        # what makes no sense: the rules cannot be asked then
        self.subscriptions = []
        for page in pages:
            reader = PageReader(page)
            try:
                self.subscriptions += reader.read()
            except Violation as violation:
                self.broken.append(violation)
        self.events = {}
        for page in pages:
            self.add_commands(page)
        for subscription in self.subscriptions:
            if is_presence(subscription.channel):
                self.add_member(subscription)
        for backend in backends:
            self.add_requests(backend)
        self.closings = {}      # channel to (when somebody asked for its end, when that was answered)
        for backend in backends:
            for request in backend.requests:
                if request.kind == "close":
                    self.closings.setdefault(request.channel, []).append((request.at, request.answered or math.inf))
        if not self.broken:
            self.broken = [*self.heard_of_nothing()]

    # What was published.

    def add(self, event):
        self.events[event.key] = event

    def add_commands(self, page):
        for command in page.commands:
            taken = None if command.answered is None else not command.answers
            if command.kind in ("broadcast", "trigger"):
                self.add(Event(("said", command.number), page.name, command.number,
                               command.channel if command.kind == "broadcast" else None,
                               command.at, command.answered, taken))
            elif command.kind == "subscribe" and taken is None and is_presence(command.channel):
                for kind, number in (("joined", command.number), ("left", None)):
                    self.add(Event((kind, command.number), page.name, number, command.channel, command.at))

    def add_member(self, subscription):
        command, leaving, page = subscription.command, subscription.leaving, subscription.page
        self.add(Event(("joined", command.number), page.name, command.number, subscription.channel,
                       command.at, subscription.at, True))
        by_itself = subscription.end in ("own", "dropped")
        # What is closed tells of nobody. With `close` and `auth` a page leaves also what was closed
        # without its knowing; one whose connection broke may have left before.
        taken = True if by_itself and leaving.kind == "unsubscribe" else \
            None if by_itself or subscription.end == "broken" else False
        self.add(Event(("left", command.number), page.name, leaving.number if by_itself else None,
                       subscription.channel, leaving.at if by_itself else command.at, subscription.ended, taken))

    def add_requests(self, backend):
        for request in backend.requests:
            for place, (channel, number, because) in enumerate(request.events):
                status = request.statuses[place] if request.statuses else None
                self.add(Event(("said", number), backend.name, number, channel, request.at, request.answered,
                               None if status is None else status == 202, True, because))

    def heard_of_nothing(self):
        for subscription in self.subscriptions:
            for heard in subscription.run:
                event = self.events.get(heard.key)
                if event is None or event.taken is False or event.channel != subscription.channel:
                    yield Violation("one_channel_one_order", f"{subscription} hears what " + (
                        "nobody sent" if event is None else "was refused, or is not its channel's"),
                        subscription.lines(heard) + ([event.line()] if event else []))
        for stream in self.streams:
            for record in stream.records:
                if record.key not in self.events:
                    yield Violation("workers_hear_it_once", f"{stream.name} is told what nobody sent: {record}")

    # What can be asked.

    def on(self, channel):
        return [event for event in self.events.values() if event.channel == channel]

    def members(self, channel):
        return [subscription for subscription in self.subscriptions if subscription.channel == channel]

    def channels(self):
        return list(dict.fromkeys(subscription.channel for subscription in self.subscriptions))

    def pool(self, stream):
        return [other for other in self.streams if other.filter == stream.filter]

    def for_workers(self):
        """(event, whether it is for them, None where nobody knows)"""
        for event in self.events.values():
            if event.key[0] == "said":
                yield event, event.taken and not event.is_backends
        for subscription in self.subscriptions:
            if is_presence(subscription.channel):
                number = subscription.command.number
                yield self.events["joined", number], True
                yield self.events["left", number], subscription.end is not None

    def closed_after(self, channel, moment):
        """From when on it may have been closed."""
        return min((max(asked, moment) for asked, answered in self.closings.get(channel, ()) if answered > moment),
                   default=math.inf)

    def is_surely_on(self, subscription, since, until):
        """Whether nothing that could end it had been sent."""
        page = subscription.page
        ends = [self.closed_after(subscription.channel, subscription.command.at)]
        if subscription.leaving is not None:
            ends.append(subscription.leaving.at)
        if page.cut_off is not None:
            ends += [page.cut_off, *(command.at for command in page.commands if command.answered is None)]
        return subscription.at < since and min(ends) > until

    def is_surely_off(self, page, channel, since, until):
        stood = {subscription.command.number: subscription for subscription in self.subscriptions
                 if subscription.page is page}
        for command in page.commands:
            if command.kind != "subscribe" or command.channel != channel or command.at > until:
                continue
            subscription = stood.get(command.number)
            if subscription is None and command.answered is not None:
                continue
            if subscription is None or subscription.end in (None, "broken") or subscription.ended > since:
                return False
        return True
