"""The scenario of all languages, in Python: JSON lines in, JSON lines out."""

import json
import os
import sys
import threading

from kosmonaut import Client, Error, Options, Worker


class Scenario:
    def __init__(self, url):
        self.client = Client(url)
        self.worker = Worker(url, Options(reconnect_delay=(0.1, 0.5)))
        self.worker.on("private-room/ask")(self.answer)
        self.worker.on("private-room/who")(self.name)
        self.thread = threading.Thread(target=self.work, daemon=True)
        self.thread.start()

    def answer(self, event):
        try:
            self.client.trigger(event.channel, "answer", {"to": event.uid, "n": event.data["n"]})
        except Error as failure:  # the broker may be away; the worker outlives that
            print(f"no answer: {failure}", file=sys.stderr, flush=True)

    def name(self, event):
        """Without a look at the rest of the data, which may be anything; but that harms nobody."""
        self.client.trigger(event.channel, "sender", {"uid": event.uid, "sid": event.sid})
        try:
            event.data
        except ValueError:
            pass

    def work(self):
        try:
            status = self.worker.run()
            if self.worker.is_closed:
                return
            reason = f"the worker ended: {status.name}"
        except Exception as failure:
            reason = f"the worker ended: {failure!r}"
        print(reason, file=sys.stderr, flush=True)
        os._exit(1)

    def do(self, do, **given):
        return getattr(self, "do_" + do)(**given) or {}

    def do_open(self, channel):
        self.client.open_channel(channel)

    def do_close_channel(self, channel):
        self.client.close_channel(channel)

    def do_trigger(self, channel, event, data):
        self.client.trigger(channel, event, data)

    def do_token(self, uid, channels):
        return {"token": self.client.request_token(uid, channels)}

    def do_open_as(self, url, channel):
        with Client(url) as other:
            other.open_channel(channel)

    def do_state(self):
        return {"state": self.worker.state, "events": self.worker.events,
                "reconnects": self.worker.reconnects}

    def do_quit(self):
        if not self.worker.close(5):
            raise SystemExit("the worker did not close in time")
        self.thread.join(5)
        self.client.close()


def say(answer):
    print(json.dumps(answer), flush=True)


def main():
    scenario = Scenario(sys.argv[1])
    say({"ready": True})
    for line in sys.stdin:
        request = json.loads(line)
        try:
            say({"ok": True, **scenario.do(**request)})
        except Error as failure:
            say({"error": failure.status_name, "http_status": failure.http_status,
                 "message": failure.message})
        if request["do"] == "quit":
            return 0
    return 1


if __name__ == "__main__":
    sys.exit(main())
