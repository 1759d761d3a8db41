"""The rules of who hears what before what (docs/architecture.md), each a function that takes a History
and yields every Violation of it that it finds."""

from order_history import Violation, is_presence


def text_of(key):
    return "{} {}".format(*key)


# --- One channel, one order ---

def one_channel_one_order(history):
    """All subscribers hear parts of one order, without gaps."""
    for channel in history.channels():
        subscriptions, events = history.members(channel), history.on(channel)
        for subscription in subscriptions:
            yield from told_twice(subscription)
            yield from gaps(history, subscription, events)
            yield from unheard(history, subscription, events)
        for step in (1, -1):
            yield from two_orders(channel, subscriptions, step)
        places = order_of(subscriptions)
        for subscription in subscriptions:
            yield from (Violation("one_channel_one_order", f"{text_of(heard.key)} comes before and after itself",
                                  subscription.lines(heard))
                        for heard in subscription.run if heard.key not in places)


def told_twice(subscription):
    first = {}
    for heard in subscription.run:
        if first.setdefault(heard.key, heard) is not heard:
            yield Violation("one_channel_one_order", f"{subscription} is told the same twice",
                            subscription.lines(first[heard.key], heard))


def two_orders(channel, subscriptions, step):
    """Whoever hears something hears the same next (or before it) as everybody else, until its end."""
    seen = {}
    for subscription in subscriptions:
        run = subscription.run[::step]
        for heard, neighbour in zip(run, run[1:]):
            other, theirs, others = seen.setdefault(heard.key, (subscription, heard, neighbour))
            if others.key != neighbour.key:
                yield Violation("one_channel_one_order", f"{channel} has two orders: {text_of(neighbour.key)} and "
                                f"{text_of(others.key)} are beside {text_of(heard.key)}",
                                subscription.lines(heard, neighbour) + other.lines(theirs, others))


def order_of(subscriptions):
    """The place of everything that was heard on a channel: (piece, number). Where nobody stayed from one
    event to the next the order is in pieces, of which nothing is known."""
    following, begun = {}, []
    for subscription in subscriptions:
        keys = [heard.key for heard in subscription.run]
        begun += keys[:1]
        following.update(zip(keys, keys[1:]))
    beginnings = [key for key in dict.fromkeys(begun) if key not in set(following.values())]
    place = {}
    for number, key in enumerate(beginnings):
        while key is not None and key not in place:
            place[key] = (number, len(place))
            key = following.get(key)
    return place


def gaps(history, subscription, events):
    """Between two that one sender published on the channel, all that it did publish there."""
    first, last, heard = {}, {}, {}
    for told in subscription.run:
        event = history.events[told.key]
        if event.key[0] == "said":
            first.setdefault(event.sender, event)
            last[event.sender] = event
            heard[event.key] = told
    for event in events:
        if event.key[0] == "said" and event.taken and event.sender in first and event.key not in heard and \
                first[event.sender].number < event.number < last[event.sender].number:
            yield Violation("one_channel_one_order", f"{subscription} misses {text_of(event.key)}",
                            [event.line(), *subscription.lines(heard[first[event.sender].key],
                                                               heard[last[event.sender].key])])


def unheard(history, subscription, events):
    """What was begun after the subscription stood, or by the page itself, and was over before anything was
    sent that could end it, has to be heard."""
    if subscription.end not in (None, "closed"):
        return
    end = history.closed_after(subscription.channel, subscription.command.at)
    heard = {told.key for told in subscription.run}
    for event in events:
        if event.key[0] != "said" or not event.taken or event.key in heard or event.done > end:
            continue
        is_own = event.sender == subscription.page.name and event.number > subscription.command.number
        if event.sent > subscription.at or is_own:
            yield Violation("one_channel_one_order", f"{subscription} never hears {text_of(event.key)}",
                            [event.line(), *subscription.lines(*subscription.run[-1:])])


# --- Subscribed first ---

def subscribed_first(history):
    """The reader of a page looks whether `:subscribed` comes first; here is what it has to be followed by."""
    beginnings = {}
    for subscription in history.subscriptions:
        if subscription.run:
            beginnings.setdefault(subscription.run[0].key, []).append(subscription)
        yield from told_of_the_past(history, subscription)
        if subscription.is_announced:
            yield from told_of_itself(subscription)
    for subscription in history.subscriptions:
        if is_presence(subscription.channel):
            yield from rosters(subscription, beginnings)
            yield from members_known_before(history, subscription)


def told_of_the_past(history, subscription):
    for heard in subscription.run:
        event = history.events[heard.key]
        own = event.sender == subscription.page.name and event.number is not None and \
            event.number < subscription.command.number
        if own or (event.is_backends and event.done is not None and event.done < subscription.command.at):
            yield Violation("subscribed_first", f"{subscription} is told {text_of(heard.key)}, which was before",
                            [event.line(), *subscription.lines(heard)])


def told_of_itself(subscription):
    first = subscription.run[0] if subscription.run else None
    if first is None and subscription.end not in (None, "closed"):
        return
    if first is None or first.key != ("joined", subscription.command.number):
        yield Violation("subscribed_first", f"{subscription} does not hear of itself first",
                        subscription.lines(*subscription.run[:1]))


def rosters(subscription, beginnings):
    """The roster and what is heard make the membership, which is the roster of everybody who joins."""
    members = set(subscription.roster)
    if len(members) != len(subscription.roster):
        yield Violation("subscribed_first", f"{subscription} has somebody twice on its roster {subscription.roster}",
                        subscription.lines())
    for heard in subscription.run:
        for other in beginnings.get(heard.key, ()):
            if set(other.roster) != members and other.channel == subscription.channel:
                yield Violation("subscribed_first", f"at {text_of(heard.key)} {subscription} knows of "
                                f"{sorted(members)}, and {other} has the roster {sorted(other.roster)}",
                                subscription.lines(heard) + other.lines(other.run[0]))
        kind, number = heard.key
        if (kind == "joined" and number in members) or (kind == "left" and number not in members):
            yield Violation("subscribed_first", f"{subscription} knows of {sorted(members)}, and is told that "
                            f"{number} has {kind}", subscription.lines(heard))
        if kind == "joined":
            members.add(number)
        elif kind == "left":
            members.discard(number)


def members_known_before(history, subscription):
    """Who was surely there, and who surely was not."""
    asked, told = subscription.command.at, subscription.at
    roster = set(subscription.roster)
    for other in history.members(subscription.channel):
        is_listed = other.command.number in roster
        if not is_listed and other.at >= asked:
            continue
        has_ended = other.end not in (None, "broken") and other.ended < asked
        if is_listed and (not other.is_announced or has_ended):
            problem = "is hidden or has ended, and is"
        elif not is_listed and other.is_announced and history.is_surely_on(other, asked, told):
            problem = "stands, and is not"
        else:
            continue
        yield Violation("subscribed_first", f"{other} {problem} on the roster of {subscription}",
                        subscription.lines() + other.lines() + ending_of(other))


def ending_of(subscription):
    return [(subscription.ended, f"{subscription} has ended")] if subscription.end else []


def the_list_is_of_its_time(history):
    """A backend that asks who is on a channel is told of those who are there all the while, and of nobody
    who is not there meanwhile."""
    for backend in history.backends:
        for request in backend.requests:
            if request.kind == "list" and request.sids is not None:
                yield from mislisted(history, backend, request)


def mislisted(history, backend, request):
    channel, since, until = request.channel, request.at, request.answered
    on = {subscription.page.sid for subscription in history.members(channel)
          if history.is_surely_on(subscription, since, until)}
    for page in history.pages:
        is_listed = page.sid in request.sids
        if (page.sid in on and not is_listed) or (is_listed and history.is_surely_off(page, channel, since, until)):
            lines = [(since, f"{backend.name} asks who is on {channel}"),
                     (until, f"{backend.name} is told of {len(request.sids)}")]
            for subscription in history.members(channel):
                if subscription.page is page:
                    lines += subscription.lines() + ending_of(subscription)
            yield Violation("the_list_is_of_its_time", f"{page.name} is {'' if is_listed else 'not '}listed", lines)


# --- One sender, one order ---

def one_sender_one_order(history):
    """The reader of a page looks at the answers to its commands; here are events."""
    for page in history.pages:
        told = [(heard, history.events[heard.key]) for heard in page.heard if "m" in heard.payload]
        yield from out_of_order(page.name, [(heard.at, event) for heard, event in told])
        yield from before_what_was_answered(page, told)
    for stream in history.streams:
        events = [(record.at, history.events[record.key]) for record in stream.records
                  if record.payload.get("reason") != "removed"]
        yield from out_of_order(stream.name, events)


def out_of_order(who, told):
    last = {}
    for at, event in told:
        if event.number is None:
            continue
        before_at, before = last.get(event.sender, (None, None))
        if before is not None and before.number > event.number:
            yield Violation("one_sender_one_order", f"{who} hears {text_of(event.key)} after {text_of(before.key)}, "
                            f"and {event.sender} sent it before",
                            [event.line(), before.line(), (before_at, f"{who} hears {text_of(before.key)}"),
                             (at, f"{who} hears {text_of(event.key)}")])
        last[event.sender] = (at, event)


def before_what_was_answered(page, told):
    """What a backend sends after an answer is heard after what that was the answer to; on one channel, what
    anybody sends."""
    earliest = {}   # channel, or None for all, to the one that was answered first of those heard later
    for heard, event in reversed(told):
        for channel in (event.channel, *([None] if event.is_backends else [])):
            other = earliest.get(channel)
            if other is not None and other.done < event.sent:
                yield Violation("one_sender_one_order", f"{page.name} hears {text_of(event.key)} before "
                                f"{text_of(other.key)}, after whose answer it was sent",
                                [event.line(), other.line(), page.heard_line(heard),
                                 (other.done, f"{text_of(other.key)} is answered")])
        if event.is_backends and event.taken:
            for channel in (event.channel, None):
                if channel not in earliest or event.done < earliest[channel].done:
                    earliest[channel] = event


# --- Nothing after the end ---

def nothing_after_the_end(history):
    """The reader of a page looks whether it hears of what it is not on; here is who has to hear the last."""
    for channel in history.channels():
        subscriptions = history.members(channel)
        following = {heard.key: (subscription, heard, later) for subscription in subscriptions
                     for heard, later in zip(subscription.run, subscription.run[1:])}
        for subscription in subscriptions:
            if subscription.end not in (None, "closed") or not subscription.run:
                continue
            last = subscription.run[-1]
            if last.key in following:
                other, heard, later = following[last.key]
                yield Violation("nothing_after_the_end", f"{subscription} ended with the channel, and never heard "
                                f"{text_of(later.key)}, which {other} did",
                                subscription.lines(last) + other.lines(heard, later))


# --- Workers ---

def event_ids_grow(history):
    """On every stream, and an event has one id on all of them."""
    ids = {}
    for stream in history.streams:
        before = None
        for record in stream.records:
            line = (record.at, f"{stream.name} is told {record.id}: {record.topic} {text_of(record.key)}")
            if before is not None and record.id <= before.id:
                yield Violation("event_ids_grow", f"{stream.name} is told {record.id} after {before.id}",
                                [(before.at, f"{stream.name} is told {before.id}"), line])
            before = record
            theirs = ids.setdefault(record.id, (record.key, line))
            number = ids.setdefault(record.key, (record.id, line))
            if theirs[0] != record.key or number[0] != record.id:
                yield Violation("event_ids_grow", f"{text_of(record.key)} and {record.id} are not of each other",
                                [line, theirs[1], number[1]])


def workers_hear_it_once(history):
    """What pages publish that is not refused goes to one of those with an equal filter, and nothing else."""
    published = {record.key: record for record in history.witness.records}
    for event, is_for_them in history.for_workers():
        if is_for_them is not None and is_for_them != (event.key in published):
            yield Violation("workers_hear_it_once", f"{history.witness.name} is " +
                            f"{'never told' if is_for_them else 'told'} {text_of(event.key)}", [event.line()])
    for stream in history.streams:
        if stream is history.pool(stream)[0]:
            yield from shared(history.pool(stream), published, history.witness)


def shared(streams, published, witness):
    told = {}
    for stream in streams:
        for record in stream.records:
            other = told.setdefault(record.key, stream)
            if other is not stream or record.key not in published:
                yield Violation("workers_hear_it_once", f"{text_of(record.key)} reaches {stream.name}, and " +
                                (other.name if other is not stream else f"not {witness.name}"),
                                [(record.at, f"{stream.name} is told {record.id}: {record.topic}")])
    if all(stream.is_complete for stream in streams):
        for key, record in published.items():
            if key not in told and streams[0].wants(record.topic):
                yield Violation("workers_hear_it_once",
                                f"none of {[stream.name for stream in streams]} is told {text_of(key)}",
                                [(record.at, f"{witness.name} is told {record.id}: {record.topic}")])


def reports_in_order(history):
    """Of each channel: nobody leaves who has not joined, and whoever is removed with a channel goes before
    its successor has a member. The order is that in which the channel's subscribers hear of it."""
    members, closing = {}, set()
    for record in history.witness.records:
        if record.key[0] == "said":
            continue
        channel = record.payload["channel"]
        there = members.setdefault(channel, set())
        yield from misreported(history.witness, record, there, channel in closing)
        if record.payload.get("reason") == "removed" and there:
            closing.add(channel)
        elif not there:
            closing.discard(channel)
    yield from as_subscribers_hear_it(history)


def misreported(stream, record, members, is_closing):
    kind, number = record.key
    reason = record.payload.get("reason", "")
    problem = None
    if kind == "joined":
        members.add(number)
        if is_closing:
            problem = f"joins what is being closed under {sorted(members)}"
    elif number not in members:
        problem = "leaves without having joined"
    else:
        members.discard(number)
        if is_closing and reason != "removed":
            problem = "leaves what is being closed by itself"
    if problem:
        yield Violation("reports_in_order", f"{stream.name} is told that {number} {problem}",
                        [(record.at, f"{stream.name} is told {record.id}: {record.topic} {number} {reason}")])


def as_subscribers_hear_it(history):
    places = {}
    for channel in history.channels():
        places |= {key: (channel, *place) for key, place in order_of(history.members(channel)).items()}
    latest = {}
    for record in history.witness.records:
        if record.key[0] == "said" or record.key not in places:
            continue
        channel, piece, place = places[record.key]
        before_place, before = latest.get((channel, piece), (-1, None))
        if before_place > place:
            yield Violation("reports_in_order", f"{history.witness.name} is told {text_of(record.key)} after "
                            f"{text_of(before.key)}, and subscribers before",
                            [(entry.at, f"{history.witness.name} is told {entry.id}: {text_of(entry.key)}")
                             for entry in (before, record)] +
                            heard_both(history.members(channel), record.key, before.key))
        latest[channel, piece] = (place, record)


def heard_both(subscriptions, *keys):
    """By one subscriber, if there is one."""
    for subscription in subscriptions:
        heard = [heard for heard in subscription.run if heard.key in keys]
        if len(heard) == len(keys):
            return subscription.lines(*heard)
    return []


def answer_after_question(history):
    """What a backend published because of what a worker was told is heard after that."""
    for page in history.pages:
        place = {}
        for number, heard in enumerate(page.heard):
            if "m" in heard.payload:
                place.setdefault(heard.key, number)
        for key, number in place.items():
            cause = history.events[key].because
            if cause is not None and place.get(cause, -1) > number:
                yield Violation("answer_after_question", f"{page.name} hears {text_of(key)} before {text_of(cause)}",
                                [history.events[cause].line(), history.events[key].line(),
                                 page.heard_line(page.heard[number]), page.heard_line(page.heard[place[cause]])])


RULES = (one_channel_one_order, subscribed_first, one_sender_one_order, nothing_after_the_end,
         event_ids_grow, reports_in_order, answer_after_question, workers_hear_it_once, the_list_is_of_its_time)


def violations_of(history):
    """The one with the shortest story first."""
    found = history.broken or [violation for rule in RULES for violation in rule(history)]
    return sorted(found, key=lambda violation: len(violation.lines))
