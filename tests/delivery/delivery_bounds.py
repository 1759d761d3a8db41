"""What others do takes nothing from those who do well: a worker that does not go on, and a stranger who sends
more than his share. Each function says what is wrong, a line each, and prints its figures."""

import json
import threading

from group_worker import GroupWorker, group_of, put_group, taken
from harness import DEADLINE, UNLIMITED, Broker, Vhost, wait_until

EVENTS = 8000         # for the group with a slow worker, before all others are gone and again after it
PADDING = "x" * 2048  # bytes of each
WINDOW = 50           # of the slow worker
AT_ONCE = 100         # events that are sent, or acknowledged, together
MEMORY = 24 << 20     # bytes that the broker may take more than before; it is sent 32 MiB
BOUND = 1000          # events of the group that is flooded: a tenth is for one sender


def resident(broker):
    with open(f"/proc/{broker.process.pid}/status") as file:
        return next(int(line.split()[1]) << 10 for line in file if line.startswith("VmRSS:"))


def is_sanitized(broker):
    """It keeps what was freed for a while."""
    with open(f"/proc/{broker.process.pid}/maps") as file:
        return any(name in line for line in file for name in ("libasan", "libtsan", "libclang_rt"))


class Reader(threading.Thread):
    """A worker that handles all it gets, until its stream ends."""

    def __init__(self, vhost, **query):
        super().__init__(daemon=True)
        self.vhost = Vhost(vhost.broker, vhost.path, vhost.token)
        self.worker = GroupWorker(self.vhost, **query)
        self.numbers, self.told, self.complaint = set(), [], None
        self.enough = threading.Event()

    def run(self):
        try:
            while not self.enough.is_set():
                self.handle(self.worker.next())
        except Exception as complaint:
            self.complaint = complaint

    def handle(self, record):
        data = json.loads(record["data"])
        if record["event"] == ":gap":
            self.told.append(data)
        elif "number" in data:
            self.numbers.add((record["event"], data["number"]))
        else:
            self.enough.set()
        if self.enough.is_set() or int(record["tag"]) % (WINDOW // 2) == 0 or record["event"] == ":gap":
            self.worker.ack(upto=record["tag"])

    def close(self):
        self.worker.close()
        self.vhost.disconnect()


def send(page, topic, numbers, padding="", with_ref=True):
    for number in numbers:
        ref = {"ref": f"{topic}.{number}"} if with_ref else {}
        page.say("trigger", event=topic, data={"number": number, "padding": padding}, **ref)


def send_many(page, topic, most):
    """Returns the most memory that the broker had meanwhile."""
    for first in range(0, EVENTS, AT_ONCE):
        send(page, topic, range(first, first + AT_ONCE), PADDING)
        taken(page, AT_ONCE)
        most()


def mib(count):
    return f"{count / (1 << 20):.1f} MiB"


def slow_worker(options):
    broker = Broker(*UNLIMITED, "--threads", str(options.threads), "--durability", options.durability)
    try:
        return list(beside_a_slow_worker(broker))
    finally:
        broker.close()


def beside_a_slow_worker(broker):
    vhost = broker.vhost("/v")
    put_group(broker, vhost, filter="t.*|end")
    slow, fast = GroupWorker(vhost, worker="slow", window=WINDOW), Reader(vhost, worker="fast")
    fast.start()
    before, sizes = resident(broker), []
    pages = [vhost.browser("u1"), vhost.browser("u2")]
    send_many(pages[0], "t1", lambda: sizes.append(resident(broker)))
    wait_until(lambda: group_of(broker, vhost)["lag"] <= WINDOW + WINDOW // 2, "the fast worker")
    held = next(member for member in group_of(broker, vhost)["members"] if member["name"] == "slow")
    print(f"slow worker: holds {held['unacknowledged']} events, its window; the other had {len(fast.numbers)}; "
          f"the broker took {mib(max(sizes) - before)} more")
    if held["unacknowledged"] != WINDOW:
        yield f"slow worker: it holds {held['unacknowledged']} events, with a window of {WINDOW}"
    if len(fast.numbers) < EVENTS - WINDOW:
        yield f"slow worker: the other one had {len(fast.numbers)} events of {EVENTS - WINDOW}"
    fast.enough.set()
    send(pages[0], "t1", [EVENTS])  # who waits for an event hears that it is enough
    fast.join(DEADLINE)
    fast.close()
    if fast.complaint:
        yield f"slow worker: the other one failed: {fast.complaint!r}"
    send_many(pages[1], "t2", lambda: sizes.append(resident(broker)))
    lag = group_of(broker, vhost)["lag"]
    print(f"slow worker, alone: {lag} events wait; the broker took {mib(max(sizes) - before)} more at most")
    if max(sizes) - before > MEMORY and not is_sanitized(broker):
        yield f"slow worker: the broker took {mib(max(sizes) - before)} more, of {mib(MEMORY)} that it may"
    if lag < EVENTS:
        yield f"slow worker: {lag} events wait, where {EVENTS} were accepted and nobody read"
    for connection in (*pages, slow):
        connection.close()


def flood(options):
    broker = Broker(*UNLIMITED, "--threads", str(options.threads), "--durability", options.durability)
    try:
        return list(beside_a_flood(broker))
    finally:
        broker.close()


def beside_a_flood(broker):
    vhost = broker.vhost("/v")
    put_group(broker, vhost, filter="good|flood|end", max_events=BOUND)
    good, stranger = vhost.browser("good"), vhost.browser("stranger")
    send(good, "good", range(50))
    taken(good, 50)
    send(stranger, "flood", range(BOUND))
    answers = {}
    while len(answers) < BOUND:
        told = stranger.hear()
        for ref in told.get(":accepted", {}).get("refs", ()):
            answers[ref] = 202
        if ":error" in told:
            answers[told[":error"]["ref"]] = told[":error"]["code"]
    send(stranger, "flood", range(BOUND, 2 * BOUND), with_ref=False)
    assert stranger.silent()  # the answer stands behind what was said before
    send(good, "good", range(50, BOUND // 10))
    try:
        taken(good, BOUND // 10 - 50)
    except AssertionError as refusal:
        yield f"flood: a page below its tenth was refused: {refusal}"
    accepted = {int(ref.rsplit(".", 1)[1]) for ref, code in answers.items() if code == 202}
    lag = group_of(broker, vhost)["lag"]
    print(f"flood: of {2 * BOUND} events {len(accepted)} accepted; {lag} of {BOUND} wait")
    if len(accepted) > BOUND // 10 or set(answers.values()) - {202, 429}:
        yield (f"flood: {len(accepted)} events of a stranger accepted, of {BOUND // 10}; "
               f"answers {sorted(set(answers.values()))}")
    yield from after_the_flood(vhost, accepted)
    good.close()
    stranger.close()


def after_the_flood(vhost, accepted):
    reader = Reader(vhost)
    page = vhost.browser("last")
    page.say("trigger", event="end")
    reader.start()
    reader.join(DEADLINE)
    reader.close()
    page.close()
    if reader.complaint or reader.is_alive():
        yield f"flood: the worker did not come to the end: {reader.complaint!r}"
    expected = {("good", number) for number in range(BOUND // 10)} | {("flood", number) for number in accepted}
    if expected - reader.numbers:
        yield f"flood: accepted, and displaced: {sorted(expected - reader.numbers)[:5]}"
    lost = sum(gap["count"] for gap in reader.told if gap["reason"] == "overflow")
    print(f"flood: {len(reader.numbers)} handled; {lost} told to be lost")
    if lost != BOUND:
        yield f"flood: gaps tell of {lost} events, of {BOUND} that had no ref and no room"


def try_all(options):
    return slow_worker(options) + flood(options)
