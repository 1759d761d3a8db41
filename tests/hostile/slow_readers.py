"""Browsers that subscribe to a busy channel and read next to nothing."""

import http.client
import json
import time

import attack

READERS = 50
EVENTS_PER_SECOND = 200
FILLER = "x" * 32768
SIP = 100          # bytes a reader takes at a time,
SIPS_PER_EVENT = 2 # and how many of them sip with each event
LIFE = 8           # events after which another one is replaced: each sees 400, much more than is kept for it


def slow_readers(target, stop):
    backend = http.client.HTTPConnection(*target.addr, timeout=attack.DEADLINE)
    headers = dict([target.authorization().split(": ", 1)])

    def ask(method, suffix, body=None):
        backend.request(method, target.path + suffix, body, headers)
        response = backend.getresponse()
        response.read()
        assert response.status == 202, response.status

    def reader():
        browser = target.browser(receive_buffer=4096)
        browser.subscribe("busy")
        browser.socket.setblocking(False)
        return browser

    ask("POST", "/channels/busy")
    readers = [reader() for _ in range(READERS)]
    event = json.dumps({"trigger": {"event": "e", "data": {"filler": FILLER}}})
    events = 0
    begin = time.monotonic()
    while not stop.wait(begin + events / EVENTS_PER_SECOND - time.monotonic()):
        ask("POST", "/channels/busy/events", event)
        events += 1
        if events == 2 * EVENTS_PER_SECOND:
            attack.in_full_swing()
        for turn in range(SIPS_PER_EVENT):
            try:
                readers[(events * SIPS_PER_EVENT + turn) % READERS].socket.recv(SIP)
            except (BlockingIOError, ConnectionError):
                pass
        if events % LIFE == 0:
            at = events // LIFE % READERS
            readers[at].close()
            readers[at] = reader()
    ask("DELETE", "/channels/busy")
    return {"readers": READERS, "events": events}


if __name__ == "__main__":
    attack.main(slow_readers)
