"""Well-behaved browsers, in a process of their own. Each sends to its channel at an even pace, whether
its last message has come back or not, and measures how long each takes.

    witness.py HOST PORT PATH METRONOME CHANNEL…

METRONOME is the port of one, which is sent something with each message: while it is late, the machine
is, and what was measured does not count.

For each line on standard input, a number of seconds, it measures that long, and prints an object of the
round trips, in microseconds, and of how many did not count. It ends with its input, and fails if a
connection does.
"""

import bisect
import collections
import gc
import json
import os
import select
import socket
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "broker"))

import machine  # noqa: E402
from harness import PING, PONG, TEXT, Browser, frame  # noqa: E402

PER_SECOND = 200  # messages of each browser
PATIENCE = 10.0   # for those that are still on their way
LATE = 3_000_000  # ns: of the metronome


class Pace:
    """When what was sent came back: (when it was sent, when it came), in order."""

    def __init__(self):
        self.waiting = collections.deque()
        self.round_trips = []

    def sent(self):
        self.waiting.append(time.perf_counter_ns())

    def came_back(self, now):
        self.round_trips.append((self.waiting.popleft(), now))


class Metronome:
    BEAT = b"."

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.pace = Pace()

    def fileno(self):
        return self.socket.fileno()

    def speak(self):
        self.pace.sent()
        self.socket.send(self.BEAT)

    def listen(self, now):
        for _ in self.socket.recv(1 << 16):
            self.pace.came_back(now)


class Witness(Browser):
    def __init__(self, addr, path, channel):
        super().__init__(addr, path)
        self.subscribe(channel)
        self.message = frame(TEXT, json.dumps({"broadcast": {
            "channel": channel, "event": "e", "data": {"from": "afar"}}}).encode())
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.setblocking(False)
        self.buffer = b""
        self.pace = Pace()

    def fileno(self):
        return self.socket.fileno()

    def speak(self):
        self.pace.sent()
        self.socket.send(self.message)  # small, and it has read all there was

    def listen(self, now):
        data = self.socket.recv(1 << 16)
        if not data:
            raise SystemExit("a well-behaved browser was disconnected")
        self.buffer += data
        while len(self.buffer) >= 2 and len(self.buffer) >= 2 + self.buffer[1]:
            opcode, size = self.buffer[0] & 0x0F, self.buffer[1]
            payload, self.buffer = self.buffer[2:2 + size], self.buffer[2 + size:]
            if opcode == PING:
                self.socket.send(frame(PONG, payload))
            elif opcode == TEXT and payload.startswith(b'{"e":'):
                self.pace.came_back(now)
            else:
                raise SystemExit(f"a well-behaved browser was sent {opcode} {payload}")


def converse(witnesses, metronome, seconds):
    everyone = [metronome, *witnesses]
    begin = time.monotonic()
    step = 1 / PER_SECOND / len(witnesses)
    total = int(seconds / step)
    spoken = 0
    while spoken < total or any(one.pace.waiting for one in everyone):
        due = begin + spoken * step
        wait = due - time.monotonic() if spoken < total else PATIENCE
        if wait <= 0:
            metronome.speak()
            witnesses[spoken % len(witnesses)].speak()
            spoken += 1
            continue
        readable, _, _ = select.select(everyone, [], [], wait)
        now = time.perf_counter_ns()
        if not readable and spoken == total:
            raise SystemExit(f"a well-behaved browser has waited {PATIENCE} s for its own message")
        for one in readable:
            one.listen(now)


def measure(witnesses, metronome, seconds):
    for one in (metronome, *witnesses):
        one.pace = Pace()
    converse(witnesses, metronome, seconds)
    late = [(sent, came) for sent, came in metronome.pace.round_trips if came - sent > LATE]
    ends = [came for _, came in late]
    counted, disregarded = [], 0
    for witness in witnesses:
        for sent, came in witness.pace.round_trips:
            # The first time that the metronome was late and that ended after this was sent.
            at = bisect.bisect_left(ends, sent)
            if at < len(late) and late[at][0] <= came:
                disregarded += 1
            else:
                counted.append((came - sent) // 1000)
    return {"round_trips": counted, "disregarded": disregarded}


def main():
    host, port, path, metronome, *channels = sys.argv[1:]
    metronome = Metronome(int(metronome))
    witnesses = [Witness((host, int(port)), path, channel) for channel in channels]
    machine.place_witness()
    gc.disable()
    print("ready", flush=True)
    for line in sys.stdin:
        print(json.dumps(measure(witnesses, metronome, float(line))), flush=True)
        gc.collect()


if __name__ == "__main__":
    main()
