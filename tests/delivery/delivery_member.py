#!/usr/bin/env python3
"""A worker of a group, as a process of its own that may be killed. Each event is written down before it is
acknowledged. It ends when it is told to; SIGUSR1 breaks its connection, and it resumes its stream.

    delivery_member.py HOST:PORT VHOST TOKEN GROUP NAME WINDOW JOURNAL
"""

import http.client
import json
import os
import random
import signal
import socket
import sys
import threading
import time
import types

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "broker"))

from delivery_journal import Journal  # noqa: E402
from group_worker import GroupWorker  # noqa: E402
from harness import DEADLINE, Vhost, split  # noqa: E402

BROKEN = (OSError, http.client.HTTPException)
OWED = 0.05    # seconds for which acknowledgements wait for others, where the group has no order
TAKES = 0.008  # seconds to handle an event, at most: a worker that is killed has some of them


class Member:
    def __init__(self, addr, path, token, group, name, window, journal):
        self.vhost = Vhost(types.SimpleNamespace(addr=split(addr)), path, token)
        self.group, self.name, self.window = group, name, int(window)
        self.journal = Journal(journal)
        self.stream = self.socket = None
        self.id, self.tag, self.owed = None, 0, False  # tag: of what was handled last
        self.lock = threading.Lock()  # of these, and of the connection that acknowledges

    def cut(self, *_):
        """Whoever reads from it sees its end."""
        try:
            if self.socket is not None:
                self.socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass  # it is broken already

    def run(self):
        threading.Thread(target=self.acknowledge_now_and_then, daemon=True).start()
        while True:
            self.connect()
            try:
                while self.handle(self.stream.next()):
                    pass
            except BROKEN:
                pass
            with self.lock:
                self.socket.close()
                self.socket = None
                self.stream.close()
                self.vhost.disconnect()

    def acknowledge_now_and_then(self):
        while True:
            time.sleep(OWED)
            with self.lock:
                self.acknowledge()

    def acknowledge(self):
        if not self.owed or self.socket is None:
            return
        try:
            self.stream.ack(upto=self.tag)
            self.owed = False
        except BROKEN:
            self.vhost.disconnect()
            self.cut()
        except AssertionError as refusal:
            print(f"worker {self.name} of group {self.group} may not acknowledge: {refusal}", file=sys.stderr)
            os._exit(1)  # it may be on another thread

    def connect(self):
        end = time.monotonic() + DEADLINE
        while True:
            try:
                with self.lock:
                    return self.join()
            except (*BROKEN, AssertionError) as error:  # the broker may be away
                if time.monotonic() > end:
                    sys.exit(f"worker {self.name} of group {self.group} was not let in: {error!r}")
                time.sleep(0.02)  # until the next try

    def join(self):
        resume = {"resume": self.id, "tag": self.tag} if self.id else {}
        self.stream = GroupWorker(self.vhost, self.group, self.name, window=self.window, **resume)
        self.socket = socket.socket(fileno=os.dup(self.stream.response.fileno()))
        resumed = self.stream.terms["resumed"] == "1"
        if not resumed:
            self.id, self.tag, self.owed = self.stream.id, 0, False
        self.journal.add("stream", group=self.group, member=self.name, resumed=resumed)

    def handle(self, record):
        """False at the end of the stream."""
        if record is None:
            return False
        if record["event"] == ":replaced":
            sys.exit(f"worker {self.name} of group {self.group} was replaced, by nobody")
        if record["event"] == ":gap":
            self.journal.add("gap", group=self.group, gap=json.loads(record["data"]))
        else:
            time.sleep(random.uniform(0, TAKES))  # the work
            self.journal.add("handled", group=self.group, member=self.name, id=record["id"],
                             attempt=int(record.get("attempt", 1)), ref=record.get("ref"),
                             **json.loads(record["data"])["sent"])
        with self.lock:
            self.tag, self.owed = int(record["tag"]), True
            if self.stream.terms["order"] != "none":
                self.acknowledge()
        return True


def main():
    member = Member(*sys.argv[1:])
    signal.signal(signal.SIGUSR1, member.cut)
    member.run()


if __name__ == "__main__":
    main()
