"""Browsers that go from channel to channel, a thousand times a second, on channels of every type."""

import http.client
import json
import time

import attack
from harness import TEXT, frame

PER_SECOND = 1000
BROWSERS = 50
NAMES = [kind + str(number) for number in range(40) for kind in ("c", "private-", "presence-")]
MEMBERS = 10  # of one of the presence channels, who are told of everyone who comes and goes


def command(name, channel):
    return frame(TEXT, json.dumps({name: {"channel": channel}}).encode())


def subscribes(target, stop):
    backend = http.client.HTTPConnection(*target.addr, timeout=attack.DEADLINE)
    headers = dict([target.authorization().split(": ", 1)])

    def ask(method, suffix):
        backend.request(method, target.path + suffix, None, headers)
        return backend.getresponse().read()

    def browser(number):
        browser = target.browser()
        token = json.loads(ask("GET", f"/token?uid=u{number}&channels=.*"))["token"]
        assert ":authenticated" in browser.ask("auth", token=token)
        return browser

    for name in NAMES:
        ask("POST", "/channels/" + name)
    members = [browser(number) for number in range(MEMBERS)]
    for member in members:
        member.subscribe("presence-0")
    browsers = [browser(MEMBERS + number) for number in range(BROWSERS)]
    for browser in (*members, *browsers):
        browser.socket.setblocking(False)
    comes = [command("subscribe", name) for name in NAMES]
    goes = [command("unsubscribe", name) for name in NAMES]
    where = list(range(BROWSERS))  # the channel of each, or where it may just as well be told that it is not
    done = 0
    begin = time.monotonic()
    while not stop.wait(begin + done / PER_SECOND - time.monotonic()):
        at = done % BROWSERS
        there = (where[at] + 7) % len(NAMES)
        browsers[at].socket.send(goes[where[at]] + comes[there])
        where[at] = there
        done += 1
        for reader in (browsers[at], members[done % MEMBERS]):
            try:
                reader.socket.recv(1 << 16)
            except BlockingIOError:
                pass
        if done == PER_SECOND:
            attack.in_full_swing()
    for name in NAMES:
        ask("DELETE", "/channels/" + name)
    return {"subscribes": done}


if __name__ == "__main__":
    attack.main(subscribes)
