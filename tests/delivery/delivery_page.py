"""A page that says something all the time, and knows what of it was taken.

Most events have a `ref`, and wait until they were answered: after a loss they are sent again, first and in
order, as webrocket.js does it. The others are sent once. What such an event's connection carried behind it,
and was taken, shows that it was read and kept as well; without that, nothing is known of it.
"""

import http.client
import random
import secrets
import socket
import struct
import threading
import time

from harness import DEADLINE, Closed, Vhost

# The last ones are what comes of a message that ends in the middle.
BROKEN = (OSError, http.client.HTTPException, Closed, AssertionError, TypeError, ValueError, struct.error)
BURST = 8         # events that are sent before an answer is read
PAUSE = 0.1       # seconds between bursts, at most
WITHOUT_REF = 0.2  # of all events


class Page(threading.Thread):
    def __init__(self, broker, vhost, uid, seed):
        super().__init__(daemon=True)
        self.vhost = Vhost(broker, vhost.path, vhost.token)
        self.uid, self.secret = uid, secrets.token_urlsafe(18)
        self.random = random.Random(f"{seed} {uid}")
        self.ending = threading.Event()
        self.number = 0      # of the last event
        self.waiting = {}    # {number: whether it has a ref}, in order: sent, or to be sent again
        self.accepted, self.kept = set(), set()  # numbers: with a ref, without one
        self.refused = []    # what it was told instead
        self.connection = self.complaint = None

    def run(self):
        end = None
        while not (self.ending.is_set() and not self.waiting):
            try:
                self.connect()
                end = None
                self.talk()
            except BROKEN as error:  # the broker may be away
                end = end or time.monotonic() + DEADLINE
                if time.monotonic() > end:
                    self.complaint = f"the page of {self.uid} found no way back: {error!r}"
                    return
                time.sleep(0.02)  # until the next try
            finally:
                self.vhost.disconnect()
                if self.connection is not None:
                    self.connection.close()
                    self.connection = None

    def connect(self):
        self.connection = self.vhost.browser(self.uid)
        # What was sent without a ref is not sent again, nor known to be there.
        self.waiting = {number: True for number, has_ref in self.waiting.items() if has_ref}
        for number in self.waiting:
            self.send(number, True)
        self.hear_all()

    def talk(self):
        while not self.ending.is_set():
            for _ in range(self.random.randint(1, BURST)):
                self.say_next(self.random.random() >= WITHOUT_REF)
            self.say_next(True)  # shows that those before it were read
            self.hear_all()
            time.sleep(self.random.uniform(0, PAUSE))  # the pace of the load

    def say_next(self, has_ref):
        self.number += 1
        self.waiting[self.number] = has_ref
        self.send(self.number, has_ref)

    def send(self, number, has_ref):
        ref = {"ref": f"{self.secret}.{number}"} if has_ref else {}
        self.connection.say("trigger", event="t." + self.uid,
                            data={"sent": {"key": self.uid, "number": number}}, **ref)

    def hear_all(self):
        while self.waiting:
            told = self.connection.hear()
            if ":accepted" in told:
                for ref in told[":accepted"]["refs"]:
                    self.take(int(ref.rsplit(".", 1)[1]))
                for ref in told[":accepted"].get("unkept", ()):
                    self.refused.append({"unkept": ref})
            elif ":error" in told:
                self.refused.append(told[":error"])
                if "ref" in told[":error"]:
                    self.waiting.pop(int(told[":error"]["ref"].rsplit(".", 1)[1]), None)

    def take(self, number):
        for before in [n for n in self.waiting if n < number and not self.waiting[n]]:
            del self.waiting[before]
            self.kept.add(before)
        self.waiting.pop(number, None)
        self.accepted.add(number)

    def cut(self):
        connection = self.connection
        try:
            if connection is not None:
                connection.socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass  # it is broken already
