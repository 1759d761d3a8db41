#!/usr/bin/env python3
"""Two workers at once in one process, one under asyncio and one in a thread, while the garbage
collector runs at nearly every allocation.

    python3 -X dev -W error stress.py [EVENTS [SECONDS]]

Browsers, each a process of its own, trigger numbered events; each worker is sent half of them. It
ends with 0 if every event came, once, in its order, within the time, and nothing was complained of
or left behind. By default these are 600000 events in 60 seconds.
"""

import asyncio
import gc
import logging
import subprocess
import sys
import threading
import time

from support import UNLIMITED, Broker, descriptors, resident_kilobytes, url_of

import kosmonaut

PIECE = 500  # events that are sent in one write
AHEAD = 40  # pieces that may be under way: less than what the broker keeps for a slow worker


# ---- The sender ----

def frame(payload):
    """A text frame with the mask 0, under which the payload stays as it is."""
    assert len(payload) < 126
    return bytes((0x81, 0x80 | len(payload), 0, 0, 0, 0)) + payload


def send(host, port, path, token, topic, total):
    """Sends one piece for each byte that comes in, until there is nothing left to send."""
    from harness import Browser
    browser = Browser((host, int(port)), path)
    browser.say("auth", token=token)
    assert browser.hear() == {":authenticated": {}}
    for first in range(0, int(total), PIECE):
        piece = b"".join(frame(b'{"trigger":{"event":"%s","data":{"n":%d}}}' % (topic.encode(), n))
                         for n in range(first, min(first + PIECE, int(total))))
        if not sys.stdin.buffer.read(1):
            break
        browser.socket.sendall(piece)
    browser.silent()  # its answer comes after all that
    browser.close()


class Sender:
    def __init__(self, vhost, topic, total):
        host, port = vhost.broker.addr
        self.process = subprocess.Popen(
            [sys.executable, __file__, "--send", host, str(port), vhost.path,
             vhost.access_token("stress"), topic, str(total)],
            stdin=subprocess.PIPE, bufsize=0)

    def allow(self, pieces):
        try:
            self.process.stdin.write(b"+" * pieces)
        except BrokenPipeError:
            pass  # it has sent everything

    def close(self):
        self.process.stdin.close()
        self.process.kill()
        self.process.wait()


# ---- The receivers ----

class Receiver:
    """Counts events and compares each with its number."""

    def __init__(self, topic, total, sender):
        self.topic = topic
        self.total = total
        self.sender = sender
        self.count = 0
        self.began = self.ended = None

    def begin(self):
        self.began = time.monotonic()
        self.sender.allow(AHEAD)

    def receive(self, event):
        """Whether this was the last one."""
        data = event.data
        if event.topic != self.topic or event.uid != "stress" or data["n"] != self.count:
            raise AssertionError(f"{event} {data} instead of number {self.count}")
        self.count += 1
        if self.count % PIECE == 0:
            self.sender.allow(1)
        if self.count == self.total:
            self.ended = time.monotonic()
            return True
        return False


def receive_in_thread(worker, receiver, failures):
    try:
        for event in worker:
            if receiver.receive(event):
                return
    except BaseException as failure:
        failures.append(failure)


async def receive_in_loop(worker, receiver):
    async for event in worker:
        if receiver.receive(event):
            return


def await_workers(vhost, count):
    end = time.monotonic() + 20
    while len(vhost.broker.admin("GET", vhost.path + "/workers").json()["workers"]) < count:
        assert time.monotonic() < end, "the workers did not connect"
        time.sleep(0.01)


async def main_in_loop(vhost, url, receivers, seconds, failures):
    in_loop, in_thread = receivers
    # With -X dev, asyncio complains of steps that take 0.1 s; on a busy machine any step may.
    asyncio.get_running_loop().slow_callback_duration = 1
    async_worker = kosmonaut.AsyncWorker(url, kosmonaut.Options(filter=in_loop.topic))
    worker = kosmonaut.Worker(url, kosmonaut.Options(filter=in_thread.topic))
    async with async_worker:
        with worker:
            thread = threading.Thread(target=receive_in_thread,
                                      args=(worker, in_thread, failures), daemon=True)
            task = asyncio.create_task(receive_in_loop(async_worker, in_loop))
            thread.start()
            await asyncio.to_thread(await_workers, vhost, 2)
            for receiver in receivers:
                receiver.begin()
            try:
                await asyncio.wait_for(task, seconds + 60)
                await asyncio.to_thread(thread.join, seconds + 60)
            except asyncio.TimeoutError:
                failures.append("not all events came")
            lost = async_worker.reconnects + worker.reconnects
            if lost:
                failures.append(f"{lost} reconnects")


class Complaints(logging.Handler):
    """Whatever is logged is a failure."""

    def __init__(self, failures):
        super().__init__(logging.WARNING)
        self.failures = failures

    def emit(self, record):
        self.failures.append(f"logged: {record.getMessage()}")


def run(total, seconds):
    failures = []
    logging.getLogger().addHandler(Complaints(failures))
    sys.unraisablehook = lambda what: failures.append(f"unraisable: {what.exc_value!r}")
    threading.excepthook = lambda what: failures.append(f"in a thread: {what.exc_value!r}")
    broker = Broker(*UNLIMITED)
    vhost = broker.vhost("/stress")
    topics = ("stress/loop", "stress/thread")
    receivers = [Receiver(topic, total // 2, Sender(vhost, topic, total // 2)) for topic in topics]
    before = descriptors()
    gc.set_threshold(1)
    try:
        asyncio.run(main_in_loop(vhost, url_of(vhost), receivers, seconds, failures))
    finally:
        gc.set_threshold(700)
        for receiver in receivers:
            receiver.sender.close()
        vhost.disconnect()
        broker.close()
    gc.collect()
    for receiver in receivers:
        took = (receiver.ended or time.monotonic()) - receiver.began
        print(f"{receiver.topic}: {receiver.count} of {receiver.total} events "
              f"in {took:.1f} s, {receiver.count / took:.0f} a second")
        if receiver.count < receiver.total:
            failures.append(f"{receiver.topic}: {receiver.total - receiver.count} did not come")
        elif took > seconds:
            failures.append(f"{receiver.topic}: more than {seconds} s")
    if descriptors() > before:
        failures.append(f"{descriptors() - before} descriptors are left")
    print(f"memory: {resident_kilobytes() // 1024} MiB")
    for failure in failures:
        print("FAILED:", failure)
    return 1 if failures else 0


if __name__ == "__main__":
    if sys.argv[1:2] == ["--send"]:
        send(*sys.argv[2:])
    else:
        sys.exit(run(int(sys.argv[1]) if len(sys.argv) > 1 else 600_000,
                     float(sys.argv[2]) if len(sys.argv) > 2 else 60))
