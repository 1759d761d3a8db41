"""A play: pages, workers and backends of one vhost that do at random what they may do, all at once, and
take down what they are told. One thread plays them all, so that there is one clock; the broker's loops
are as many as it likes."""

import itertools
import json
import random
import re
import select

from harness import DEADLINE, PING, PONG, TEXT, Browser, RawConnection, frame, wait_until
from order_history import (EVERYTHING, Backend, Command, Heard, History, Page, Request, Stream, WorkerEvent,
                           is_presence)

# The first two stay; the others are closed and opened again.
CHANNELS = ("news", "presence-hall", "talk", "private-desk", "presence-room")
LASTING = CHANNELS[:2]
ALL, SOME = ".*", "presence-hall|private-.*"
USERS = [f"u{number}" for number in range(40)]   # at most 20 members of a channel are one user's
FENCE = frame(TEXT, b'{"auth":{}}')              # is answered 400, behind what was answered before
UNANSWERED_MAX = 12


class Party:
    """A socket, read by whoever has time."""

    def __init__(self, play, connection):
        self.play = play
        self.connection = connection
        self.buffer = b""
        self.has_ended = False

    def fileno(self):
        return self.connection.socket.fileno()

    def send(self, data):
        self.connection.send(data)

    def read(self):
        try:
            data = self.connection.socket.recv(1 << 18)
        except ConnectionError:
            data = b""
        if not data:
            self.has_ended = True
        self.buffer += data
        self.take()

    def close(self):
        self.connection.close()
        self.has_ended = True


class PageParty(Party):
    def __init__(self, play, name):
        browser = Browser(play.vhost.broker.addr, play.vhost.path)
        super().__init__(play, browser)
        self.record = Page(name, browser.sid)
        self.answered = 0
        self.on = set()
        self.is_known = False      # authenticated, as far as it knows
        self.is_leaving = False

    def unanswered(self):
        return len(self.record.commands) - self.answered

    def take(self):
        at = 0
        while len(self.buffer) - at >= 2:
            size, begin = self.buffer[at + 1], at + 2
            if size == 126:
                if len(self.buffer) < at + 4:
                    break
                size, begin = int.from_bytes(self.buffer[at + 2:at + 4], "big"), begin + 2
            if len(self.buffer) < begin + size:
                break
            self.take_frame(self.buffer[at] & 0x0F, self.buffer[begin:begin + size])
            at = begin + size
        self.buffer = self.buffer[at:]

    def take_frame(self, opcode, payload):
        if opcode == PING:
            self.send(frame(PONG, payload))
        elif opcode == TEXT:
            (event, data), = json.loads(payload).items()
            self.record.heard.append(Heard(self.play.moment(), event, data))
            self.understand(event, data)

    def understand(self, event, data):
        """Roughly: what it believes decides what it does next, and nothing else."""
        if event == ":subscribed":
            self.on.add(data["channel"])
        elif event == ":unsubscribed":
            self.on.discard(data["channel"])
        elif event == ":authenticated":
            self.is_known = True
        elif event == ":closed" or (event == ":error" and data["code"] == 400):
            self.answered += 1
        elif event == ":error" and data["code"] == 402:
            self.on.clear()
            self.is_known = False

    def command(self, kind, payload, **known):
        number = self.play.number()
        command = Command(self.play.moment(), number, kind, payload.get("channel"), **known)
        if kind == "trigger" or "channel" in payload:
            payload["data"] = {"m": number}
        self.record.commands.append(command)
        return frame(TEXT, json.dumps({kind: payload}).encode()) + (b"" if kind == "close" else FENCE)

    def subscribe(self, channel):
        hidden = self.play.random.random() < 0.15
        return self.command("subscribe", {"channel": channel, "hidden": hidden}, hidden=hidden)

    def unsubscribe(self, channel):
        # Its data would be laid over that of the member, who is known by it.
        number, moment = self.play.number(), self.play.moment()
        self.record.commands.append(Command(moment, number, "unsubscribe", channel))
        return frame(TEXT, json.dumps({"unsubscribe": {"channel": channel}}).encode()) + FENCE

    def broadcast(self, channel):
        topic = {"trigger": "topic"} if self.play.random.random() < 0.2 else {}
        return self.command("broadcast", {"channel": channel, "event": "e", **topic})

    def trigger(self):
        return self.command("trigger", {"event": "topic"})

    def authenticate(self, token, grant):
        return self.command("auth", {"token": token}, grant=grant)

    def take_leave(self):
        self.is_leaving = True
        return self.command("close", {})

    def hang_up(self):
        self.record.cut_off = self.play.moment()
        self.close()


class BackendParty(Party):
    """Asks over one connection, without waiting for answers."""

    def __init__(self, play, name):
        super().__init__(play, RawConnection(play.vhost.broker.addr))
        self.record = Backend(name)
        self.waiting = []
        self.headers = "".join(f"{name}: {value}\r\n" for name, value in play.vhost.headers().items())

    def ask(self, request, method, suffix, body=""):
        request.at = self.play.moment()
        self.record.requests.append(request)
        self.waiting.append(request)
        return (f"{method} {self.play.vhost.path}{suffix} HTTP/1.1\r\nHost: test\r\n{self.headers}"
                f"Content-Length: {len(body)}\r\n\r\n{body}").encode()

    def event(self):
        number = self.play.number()
        return number, {"event": "e", "data": {"m": number}}

    def fire(self, channel, because=None):
        number, trigger = self.event()
        return self.ask(Request(0, "fire", channel, [(channel, number, because)]), "POST",
                        f"/channels/{channel}/events", json.dumps({"trigger": trigger}))

    def fire_many(self, channels):
        events, triggers = [], []
        for channel in channels:
            number, trigger = self.event()
            events.append((channel, number, None))
            triggers.append({"channel": channel, **trigger})
        return self.ask(Request(0, "fire", None, events), "POST", "/events", json.dumps({"triggers": triggers}))

    def open(self, channel):
        return self.ask(Request(0, "open", channel), "POST", "/channels/" + channel)

    def close_channel(self, channel):
        return self.ask(Request(0, "close", channel), "DELETE", "/channels/" + channel)

    def list(self, channel):
        return self.ask(Request(0, "list", channel), "GET", f"/channels/{channel}/subscribers?limit=1000")

    def issue_token(self):
        user, channels = self.play.random.choice(USERS), self.play.random.choice((ALL, ALL, ALL, SOME))
        query = f"uid={user}&channels=" + "".join(f"%{byte:02X}" for byte in channels.encode())
        return self.ask(Request(0, "token", grant=(user, channels)), "GET", "/token?" + query)

    def take(self):
        while (end := self.buffer.find(b"\r\n\r\n")) >= 0:
            head = self.buffer[:end].decode()
            length = int(re.search(r"(?i)\r\ncontent-length: *(\d+)", head)[1])
            if len(self.buffer) < end + 4 + length:
                return
            body = self.buffer[end + 4:end + 4 + length]
            self.buffer = self.buffer[end + 4 + length:]
            self.answer(self.waiting.pop(0), int(head.split()[1]), body)

    def answer(self, request, status, body):
        request.answered = self.play.moment()
        request.statuses = [status]
        if request.kind == "list" and status == 200:
            request.sids = {subscriber["sid"] for subscriber in json.loads(body)["subscribers"]}
        elif request.kind == "token":
            self.play.tokens.append((json.loads(body)["token"], request.grant))
        elif status == 200:
            request.statuses = [result["status"] for result in json.loads(body)["results"]]


class StreamParty(Party):
    """A worker; without chunks, so that the stream is nothing but its records."""

    def __init__(self, play, name, filter, is_complete=False):
        super().__init__(play, RawConnection(play.vhost.broker.addr))
        self.record = Stream(name, filter, is_complete)
        query = "".join(f"%{byte:02X}" for byte in filter.encode())
        headers = "".join(f"{name}: {value}\r\n" for name, value in play.vhost.headers().items())
        self.send(f"GET {play.vhost.path}/events?filter={query} HTTP/1.0\r\n{headers}\r\n")
        while b"retry: 1000\n\n" not in self.buffer:
            data = self.connection.socket.recv(1 << 16)
            assert data, self.buffer
            self.buffer += data
        self.buffer = self.buffer.partition(b"retry: 1000\n\n")[2]
        self.take()

    def take(self):
        *records, self.buffer = self.buffer.split(b"\n\n")
        for record in records:
            if not record.startswith(b":"):
                fields = dict(line.split(": ", 1) for line in record.decode().split("\n"))
                event = WorkerEvent(self.play.moment(), int(fields["id"]), fields["event"],
                                    json.loads(fields["data"]))
                self.record.records.append(event)
                self.play.react(event)


class Play:
    """One vhost. After end() its history is complete."""

    PAGES, BACKENDS = 20, 3

    def __init__(self, vhost, seed):
        self.vhost = vhost
        self.random = random.Random(seed)
        moments, numbers, names = itertools.count(1), itertools.count(1), itertools.count(1)
        self.moment, self.number, self.name = moments.__next__, numbers.__next__, names.__next__
        self.tokens = []
        self.pages = []
        self.left = []           # parties that have left
        for channel in CHANNELS:
            vhost.open(channel)
        self.poll = select.poll()
        self.by_descriptor = {}
        self.backends = [self.enter(BackendParty(self, f"backend {number}")) for number in range(self.BACKENDS)]
        self.answerer = self.enter(BackendParty(self, "the one who answers"))
        self.workers = [self.enter(StreamParty(self, "the witness", EVERYTHING, True))]
        for filter, is_complete, count in (("(?:news|talk)/.*", True, 2), ("presence-.*/:(joined|left)", True, 2),
                                           ("", False, 2)):
            for _ in range(count):
                self.workers.append(self.new_worker(filter, is_complete))
        for _ in range(80):
            self.backends[0].send(self.backends[0].issue_token())
        self.settle()
        self.pages = [self.new_page() for _ in range(self.PAGES)]

    def enter(self, party):
        self.by_descriptor[party.fileno()] = party
        self.poll.register(party, select.POLLIN)
        return party

    def forget(self, party):
        """Before its socket is closed."""
        if self.by_descriptor.pop(party.fileno(), None):
            self.poll.unregister(party)

    def new_page(self):
        return self.enter(PageParty(self, f"page {self.name()}"))

    def new_worker(self, filter, is_complete=False):
        return self.enter(StreamParty(self, f"worker {self.name()}", filter, is_complete))

    # What happens.

    def run(self, steps):
        for step in range(steps):
            bursts = [*self.page_bursts(), *self.backend_bursts()] if self.random.random() < 0.85 else [*self.rush()]
            self.random.shuffle(bursts)
            for party, data in bursts:
                party.send(data)
            if step % 12 == 11:
                self.settle()
                self.replace_a_worker()
            else:
                self.read(0)
            self.replace_pages()

    def page_bursts(self):
        for page in self.random.sample(self.pages, self.random.randint(1, self.PAGES // 2)):
            if page.unanswered() < UNANSWERED_MAX and not page.is_leaving:
                yield page, b"".join(self.page_commands(page))

    def page_commands(self, page):
        for _ in range(self.random.randint(1, 5)):
            yield self.page_command(page)
            if page.is_leaving:
                return

    def page_command(self, page):
        chance = self.random.random()
        channel = self.random.choice(CHANNELS)
        if not page.is_known and chance < 0.3:
            return self.authenticate(page)
        if chance < (0.25 if page.on else 0.7):
            return page.subscribe(channel)
        if chance < 0.33:
            return page.unsubscribe(self.random.choice([*page.on, channel]))
        if chance < 0.87:
            return page.broadcast(self.random.choice([*page.on, *page.on, channel]))
        if chance < 0.95:
            return page.trigger()
        if chance < 0.985:
            return self.authenticate(page)
        return page.take_leave()

    def authenticate(self, page):
        is_token = self.tokens and self.random.random() < 0.9
        return page.authenticate(*(self.tokens.pop() if is_token else ("none", None)))

    def rush(self):
        """Many come and go at once, where it counts who was there when."""
        channel = self.random.choice([channel for channel in CHANNELS if is_presence(channel)])
        most = self.random.choice((4, 12, 40))
        for page in self.pages:
            if page.is_known and not page.is_leaving and page.unanswered() < UNANSWERED_MAX:
                yield page, b"".join(self.random.choice((page.subscribe, page.unsubscribe))(channel)
                                     for _ in range(self.random.randint(1, most)))

    def backend_bursts(self):
        for backend in self.backends:
            if len(backend.waiting) < UNANSWERED_MAX:
                yield backend, b"".join(self.backend_request(backend) for _ in range(self.random.randint(1, 3)))

    def backend_request(self, backend):
        chance = self.random.random()
        if chance < 0.6:
            return backend.fire(self.random.choice(CHANNELS))
        if chance < 0.7:
            return backend.fire_many(self.random.choices(CHANNELS, k=self.random.randint(2, 6)))
        if chance < 0.8:
            return backend.list(self.random.choice(CHANNELS))
        if chance < 0.94 or backend is not self.backends[0]:
            return backend.issue_token()
        # Only one closes channels, so that what it is told of them is sure.
        channel = self.random.choice(CHANNELS[len(LASTING):])
        return backend.close_channel(channel) + backend.fire(channel) + backend.open(channel) + backend.fire(channel)

    def react(self, event):
        """A backend publishes something because of what a worker is told."""
        is_heard = "channel" in event.payload and event.payload.get("reason") != "removed"
        if is_heard and self.random.random() < 0.1 and len(self.answerer.waiting) < UNANSWERED_MAX:
            self.answerer.send(self.answerer.fire(self.random.choice(CHANNELS), event.key))

    def replace_pages(self):
        for page in self.pages[:]:
            assert page.is_leaving or not page.has_ended, f"{page.record.name} was sent away"
            is_cut_off = not page.is_leaving and self.random.random() < 0.004
            if is_cut_off:
                self.forget(page)
                page.hang_up()
            if is_cut_off or page.has_ended:
                page.close()
                self.pages.remove(page)
                self.left.append(page)
                self.pages.append(self.new_page())

    def replace_a_worker(self):
        worker = self.random.choice([worker for worker in self.workers if not worker.record.is_complete])
        self.forget(worker)
        worker.close()
        self.workers.remove(worker)
        self.left.append(worker)
        self.workers.append(self.new_worker(worker.record.filter))

    # Reading.

    def read(self, timeout):
        """Once, whatever is there."""
        ready = self.poll.poll(timeout * 1000)
        for descriptor, _ in ready:
            party = self.by_descriptor.get(descriptor)
            if party is not None:
                party.read()
                if party.has_ended:
                    self.forget(party)
        return ready

    def read_until(self, condition, what):
        while not condition():
            assert self.read(DEADLINE), "timed out waiting for " + what

    def settle(self):
        self.read_until(lambda: not any(page.unanswered() for page in self.pages) and
                        not any(backend.waiting for backend in (*self.backends, self.answerer)), "answers")

    def end(self):
        """Everybody hears the last there is to hear."""
        self.settle()
        gone = {page.record.sid for page in self.left if isinstance(page, PageParty)}
        for channel in CHANNELS:
            wait_until(lambda: gone.isdisjoint(self.listed(channel)), "those who hung up to be gone")
        assert self.vhost.broker.admin("DELETE", self.vhost.path).status == 202
        listeners = (*self.pages, *self.workers)
        self.read_until(lambda: all(party.has_ended for party in listeners), "the vhost's end")
        everybody = [*self.left, *listeners, *self.backends, self.answerer]
        for party in everybody:
            party.close()
        return History(*([party.record for party in everybody if isinstance(party, kind)]
                         for kind in (PageParty, BackendParty, StreamParty)))

    def listed(self, channel):
        response = self.vhost.request("GET", f"/channels/{channel}/subscribers?limit=1000")
        return {subscriber["sid"] for subscriber in response.json()["subscribers"]}
