"""What the attacks have in common: each is a program of its own, named after what it does.

    NAME.py HOST PORT PATH TOKEN

It prints a line when it is in full swing, and another one, a JSON object of what it has done, when its
standard input ends, upon which it lets go of everything.
"""

import base64
import json
import os
import resource
import select
import socket
import struct
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "broker"))

import machine  # noqa: E402
from harness import Browser  # noqa: E402

DEADLINE = 30.0


class Target:
    def __init__(self, host, port, path, token):
        self.addr = (host, int(port))
        self.path = path
        self.token = token
        self.from_ = 0

    def connect(self, timeout=DEADLINE):
        """From one loopback address after another: the ports of one would not do."""
        self.from_ = self.from_ % 200 + 1
        connection = socket.socket()
        connection.settimeout(timeout)
        connection.bind((f"127.0.0.{self.from_ + 1}", 0))
        connection.connect(self.addr)
        return connection

    def browser(self, **options):
        return Browser(self.addr, self.path, **options)

    def handshake(self):
        return (f"GET {self.path} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n").encode()

    def authorization(self):
        return "Authorization: Basic " + base64.b64encode(f"wr:{self.token}".encode()).decode()


def hang_up(connection):
    """With a reset: nothing stays behind on this side."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def in_turn(count, begin, stop, pause):
    """Has so many connections, made by begin(number), and lets the oldest go for another one, again and
    again. Where the target is too busy to be connected to there is one less."""
    begun = failed = 0

    def another():
        nonlocal begun, failed
        begun += 1
        try:
            return begin(begun - 1)
        except OSError:
            failed += 1
            return None

    connections = [another() for _ in range(count)]
    in_full_swing()
    while not stop.wait(pause):
        at = begun % count
        if connections[at] is not None:
            hang_up(connections[at])
        connections[at] = another()
    return {"begun": begun, "failed": failed}


class Stop:
    """True once the attack is to end."""

    def __bool__(self):
        return bool(select.select([sys.stdin], [], [], 0)[0])

    def wait(self, seconds):
        return bool(select.select([sys.stdin], [], [], max(seconds, 0))[0])


def in_full_swing():
    print("ready", flush=True)


def main(attack, place=machine.place_attacker):
    """attack(target, stop) -> what it has done."""
    place()
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    print(json.dumps(attack(Target(*sys.argv[1:]), Stop())), flush=True)
    # Whatever is still open ends with the program.
    os._exit(0)
