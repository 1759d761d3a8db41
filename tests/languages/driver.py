#!/usr/bin/env python3
"""One day of a backend, in ten steps, for whichever language it is written in.

    driver.py LANGUAGE COMMAND…     COMMAND is started with one argument more, the vhost's URL

The program makes a client and a worker, whose handler for `private-room/ask` triggers `answer` on the
event's channel: {"to": the sender's uid, "n": the event's n}. It says {"ready":true} on its standard
output, and then answers each line of its standard input with one line: {"ok":true,…}, or, where a call
of the library failed, {"error":"KN_…","http_status":N,"message":"…"}.

    {"do":"open","channel":C}               {"do":"close_channel","channel":C}
    {"do":"trigger","channel":C,"event":E,"data":{…}}
    {"do":"token","uid":U,"channels":REGEX}         with "token" in the answer
    {"do":"open_as","url":URL,"channel":C}          with a client of its own
    {"do":"state"}                                  with the worker's "state", "events" and "reconnects"
    {"do":"quit"}                                   closes everything, answers, and ends with 0
"""

import json
import os
import queue
import signal
import subprocess
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "broker"))

from harness import DEADLINE, Broker, wait_until  # noqa: E402

ROOM = "private-room"
CONNECTED, CLOSED = 2, 5


class Program:
    """The backend. Whatever it does not say within the deadline it says never."""

    def __init__(self, command, url):
        self.process = subprocess.Popen([*command, url], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        text=True)
        self.lines = queue.Queue()
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        for line in self.process.stdout:
            self.lines.put(line)
        self.lines.put(None)

    def said(self):
        line = self.lines.get(timeout=DEADLINE)
        assert line is not None, f"it ended with {self.process.wait(DEADLINE)}"
        return json.loads(line)

    def ask(self, what, **arguments):
        self.process.stdin.write(json.dumps({"do": what, **arguments}) + "\n")
        self.process.stdin.flush()
        return self.said()

    def do(self, what, **arguments):
        answer = self.ask(what, **arguments)
        assert answer.get("ok") is True, f"{what}: {answer}"
        return answer

    def fails(self, error, http_status, what, **arguments):
        answer = self.ask(what, **arguments)
        assert (answer.get("error"), answer.get("http_status")) == (error, http_status), answer
        assert answer["message"], answer

    def kill(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
        self.process.wait(DEADLINE)


class Day:
    def __init__(self, command):
        self.broker = Broker()
        self.vhost = self.broker.vhost("/languages")
        host, port = self.broker.addr
        self.address = f"{host}:{port}"
        self.program = Program(command, self.url(self.vhost.token))
        self.answered = 0

    def url(self, token):
        return f"http://wr:{token}@{self.address}/languages"

    # --- The steps, in their order ---

    def it_opens_a_channel(self):
        assert self.program.said() == {"ready": True}
        self.program.do("open", channel=ROOM)

    def it_asks_for_a_token(self):
        self.token = self.program.do("token", uid="alice", channels="private-.*")["token"]

    def a_browser_joins(self):
        wait_until(lambda: self.program.do("state")["state"] == CONNECTED, "the worker to connect")
        self.browser = self.vhost.browser()
        assert self.browser.ask("auth", token=self.token) == {":authenticated": {}}
        self.browser.subscribe(ROOM)

    def the_browser_fires(self):
        self.answered += 1
        self.browser.say("broadcast", channel=ROOM, event="ask", data={"n": self.answered})
        assert self.browser.hear()["ask"]["n"] == self.answered  # a sender hears itself

    def the_handler_answers(self):
        self.answer = self.browser.hear()

    def the_browser_sees_it(self):
        assert self.answer["answer"] == {"to": "alice", "n": self.answered, "channel": ROOM}, self.answer
        state = self.program.do("state")
        assert state["events"] >= 1, state
        deep = {"list": [1, "ä", None, 1.5]}
        self.program.do("trigger", channel=ROOM, event="e", data={"deep": deep})
        assert self.browser.hear()["e"]["deep"] == deep

    def a_wrong_token_is_refused(self):
        self.program.fails("KN_EUNAUTHORIZED", 401, "open_as", url=self.url("0" * 40), channel=ROOM)

    def a_missing_channel_is_told(self):
        self.program.fails("KN_ENOCHANNEL", 404, "trigger", channel="nobody", event="e", data={"n": 1})
        self.program.fails("KN_ENOCHANNEL", 404, "close_channel", channel="nobody")

    def the_broker_is_restarted(self):
        self.browser.close()
        self.vhost.disconnect()
        self.broker.restart_where_it_was()
        wait_until(lambda: self.program.do("state")["reconnects"] >= 1, "the worker to come back")
        self.it_asks_for_a_token()
        self.a_browser_joins()
        self.the_browser_fires()
        self.the_handler_answers()
        self.the_browser_sees_it()

    def it_closes(self):
        self.program.do("close_channel", channel=ROOM)
        assert ":unsubscribed" in self.browser.hear()
        self.program.do("quit")
        status = self.program.process.wait(DEADLINE)
        assert status == 0, f"it ended with {status}"
        workers = self.vhost.path + "/workers"
        wait_until(lambda: not self.broker.admin("GET", workers).json()["workers"], "the worker to go")

    STEPS = (it_opens_a_channel, it_asks_for_a_token, a_browser_joins, the_browser_fires,
             the_handler_answers, the_browser_sees_it, a_wrong_token_is_refused,
             a_missing_channel_is_told, the_broker_is_restarted, it_closes)

    def end(self):
        self.program.kill()
        if hasattr(self, "browser"):
            self.browser.close()
        self.broker.close()


def main(language, *command):
    day = Day(command)
    step = None
    try:
        for step in Day.STEPS:
            step(day)
        print(f"{language}: all {len(Day.STEPS)} steps")
    except Exception as failure:
        sys.exit(f"{language}: {step.__name__.replace('_', ' ')}: {type(failure).__name__}: {failure}")
    finally:
        day.end()


if __name__ == "__main__":
    main(*sys.argv[1:])
