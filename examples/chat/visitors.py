#!/usr/bin/python3
"""Two visitors hold a short conversation, through the application and the broker as the page does.

Run: visitors.py http://127.0.0.1:8000
It prints what each visitor says and sees, and succeeds only if every line reached both in order.
"""

import argparse
import asyncio
import json
import secrets
import sys
import time
import urllib.error
import urllib.request

import websockets

CHANNEL = "presence-chat"

PRESENCE = {":memberJoined": "come in", ":memberLeft": "leave"}

CONVERSATION = [
    ("Ann", "Hello! Is anybody out there?"),
    ("Ben", "I am. Where are you calling from?"),
    ("Ann", "From a browser, or something very like one."),
    ("Ben", "Then this line went through the broker, the worker and the client…"),
    ("Ann", "…and came back to both of us: <b>ünïcödé</b> & all 🚀"),
    ("Ben", "Over and out."),
]


def log(what, text):
    """One line on the terminal, in the form of the backend's own. Others' text cannot steer it."""
    shown = "".join(character if character.isprintable() else " " for character in text)
    print(f"{time.strftime('%H:%M:%S')}  {what:16}  {shown}", flush=True)


def name_of(uid):
    """The application lets a uid end with the name; what somebody says of himself does not count."""
    return uid.partition("-")[2]


class Visitor:
    """A visitor: a session with the application, and a connection to the broker."""

    def __init__(self, application, name):
        self.application = application
        self.name = name
        self.shown = name
        self.uid = None
        self.cookie = None
        self.socket = None
        self.seen = []

    def _ask(self, path, body=None):
        request = urllib.request.Request(f"{self.application}/{path}")
        if self.cookie:
            request.add_header("Cookie", self.cookie)
        if body is not None:
            request.data = json.dumps(body).encode()
            request.add_header("Content-Type", "application/json")
        with urllib.request.urlopen(request, timeout=10) as response:
            cookie = response.headers.get("Set-Cookie")
            if cookie:
                self.cookie = cookie.split(";")[0]
            return json.load(response)

    async def ask(self, path, body=None):
        return await asyncio.get_running_loop().run_in_executor(None, self._ask, path, body)

    async def sign_in(self):
        try:
            who = await self.ask("sign-in", {"name": self.shown})
        except urllib.error.HTTPError as error:
            if error.code != 409:
                raise
            self.shown = f"{self.name} {secrets.token_hex(2)}"  # somebody else has the name
            who = await self.ask("sign-in", {"name": self.shown})
        self.uid = who["uid"]

    async def join(self):
        auth = await self.ask("webrocket/auth.json")
        self.socket = await websockets.connect(auth["url"], open_timeout=10)
        await self._expect(":connected")
        await self._tell("auth", {"token": auth["token"]})
        await self._expect(":authenticated")
        await self._tell("subscribe", {"channel": CHANNEL})
        await self._expect(":subscribed")

    async def say(self, text):
        log(f"{self.name} says", text)
        data = {"line": secrets.token_hex(4), "text": text}
        await self._tell("trigger", {"event": "chat/say", "data": data})

    async def see(self):
        """Waits for the next line, prints it, and notes it down."""
        line = await self._expect("said")
        if "sid" in line:
            raise RuntimeError(f"{self.name} was sent a line that no backend has seen: {line}")
        self.seen.append((line["uid"], line["text"]))
        log(f"{self.name} sees", f"{line['name']}: {line['text']}")

    async def leave(self):
        if self.socket:
            await self.socket.close()
        if self.cookie:
            await self.ask("sign-out", {})

    async def _tell(self, event, payload):
        await self.socket.send(json.dumps({event: payload}))

    async def _expect(self, wanted):
        while True:
            frame = json.loads(await self.socket.recv())
            event, payload = next(iter(frame.items()))
            if event == wanted:
                return payload
            # Who else comes and goes is not up to these two.
            if event not in (":memberJoined", ":memberLeft"):
                raise RuntimeError(f"{self.name} expected {wanted} and got {event}: {payload}")
            log(f"{self.name} sees", f"{name_of(payload['uid'])} {PRESENCE[event]}")


async def converse(application):
    visitors = {name: Visitor(application, name) for name in ("Ann", "Ben")}
    try:
        for visitor in visitors.values():
            await visitor.sign_in()
            await visitor.join()
            log(f"{visitor.name} joins", CHANNEL)
        for speaker, text in CONVERSATION:
            await visitors[speaker].say(text)
            for visitor in visitors.values():
                await visitor.see()
        expected = [(visitors[speaker].uid, text) for speaker, text in CONVERSATION]
        return all(visitor.seen == expected for visitor in visitors.values())
    finally:
        for visitor in visitors.values():
            await visitor.leave()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("application", help="the chat's address, such as http://127.0.0.1:8000")
    parser.add_argument("--timeout", type=float, default=30, help="seconds for all of it")
    arguments = parser.parse_args()
    try:
        whole = asyncio.run(
            asyncio.wait_for(converse(arguments.application.rstrip("/")), arguments.timeout)
        )
    except asyncio.TimeoutError:
        sys.exit("the conversation got stuck: a line did not arrive in time")
    except (OSError, RuntimeError, websockets.WebSocketException) as error:
        sys.exit(f"the conversation failed: {error}")
    if not whole:
        sys.exit("the conversation got mixed up: not every line reached both in order")
    log("visitors", f"all {len(CONVERSATION)} lines reached both, in order")


if __name__ == "__main__":
    main()
