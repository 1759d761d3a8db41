#!/usr/bin/env python3
"""The commands and conversations on the pages, held with a real broker: is the answer what the page
shows?

Each page has a broker of its own, with the vhost /moon. The commands of a page are run in their
order. Ids and tokens may be others than those shown; a text with … in it stands for any; the header
Date, and that of the features, may be left out.

Words of a <!-- test: … --> comment above a block:

    empty            there is no vhost now
    open=CHANNEL     a channel is opened first
    close=CHANNEL    a channel is closed first
    member=CHANNEL   a browser subscribes first
    worker           a worker is connected meanwhile
    told=TOPIC DATA  the command does not end: a browser sends this before the first line `id:`, and
                     the command is stopped when it has printed what the page shows
"""

import json
import os
import re
import selectors
import subprocess
import sys
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "broker"))

from harness import ADMIN, DEADLINE, Broker, Browser, Vhost, wait_until  # noqa: E402
from pages import pages  # noqa: E402

ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")

LEFT_OUT = ("Date: ", "X-WebRocket-Features: ")


def commands_in(block):
    """(command, what it prints) of each."""
    commands = []
    for line in block.text.splitlines():
        if line.startswith("$ "):
            commands.append(([line[2:]], []))
        elif commands and commands[-1][0][-1].endswith("\\") and not commands[-1][1]:
            commands[-1][0].append(line)
        else:
            commands[-1][1].append(line)
    return [("\n".join(command), "\n".join(shown)) for command, shown in commands]


# ---- Comparing ----

def pattern_of(shown):
    """A regular expression for a text, in which ids and what is left out may be anything."""
    def of_part(part):
        if ID.fullmatch(part):
            return ID.pattern
        length = re.fullmatch(r"\w*…(\d+) hexadecimal digits…", part)
        if length:
            return rf"[0-9a-f]{{{length[1]}}}"
        return r"[\w-]+" if "…" in part else re.escape(part)
    parts = re.split(rf"({ID.pattern}|\w*…\d+ hexadecimal digits…|\w*…)", shown)
    return "".join(map(of_part, parts))


def agree(shown, actual):
    """Whether two values of JSON are the same, but for ids."""
    if isinstance(shown, dict) and isinstance(actual, dict):
        return shown.keys() == actual.keys() and all(agree(shown[k], actual[k]) for k in shown)
    if isinstance(shown, list) and isinstance(actual, list):
        return len(shown) == len(actual) and all(map(agree, shown, actual))
    if isinstance(shown, str) and isinstance(actual, str):
        return re.fullmatch(pattern_of(shown), actual) is not None
    return type(shown) is type(actual) and shown == actual


# Headers that all answers have.


def head_and_body(text):
    """The lines of an HTTP answer's head, none where it is not shown, and the rest."""
    if not text.startswith("HTTP/"):
        return [], text
    head, _, body = text.replace("\r\n", "\n").partition("\n\n")
    return [line for line in head.splitlines() if not line.startswith(LEFT_OUT)], body


class Comparison(unittest.TestCase):
    def assert_printed(self, shown, actual):
        shown_head, shown_body = head_and_body(shown)
        actual_head, actual_body = head_and_body(actual)
        self.assertEqual(len(shown_head), len(actual_head), actual)
        for line, actual_line in zip(shown_head, actual_head):
            self.assertRegex(actual_line, f"^{pattern_of(line)}$")
        self.assert_same_text(shown_body, actual_body)

    def assert_same_text(self, shown, actual):
        if shown.lstrip().startswith(("{", "[")):
            # The page may break a long line.
            value = json.loads("".join(line.strip() for line in shown.splitlines()))
            self.assertTrue(agree(value, json.loads(actual)), f"shown {shown}\nbut was {actual}")
            return
        self.assertRegex(actual.strip("\n"), f"^{pattern_of(shown.strip())}$")


# ---- Running ----

class Stage:
    """A page's broker, and what its commands have set so far."""

    def __init__(self):
        self.broker = Broker("--heartbeat-interval-ms", "50")
        self.vhost = self.broker.vhost("/moon")
        self.assignments = []
        self.open_ends = []

    def close(self):
        for each in self.open_ends:
            each.close()
        if self.vhost:
            self.vhost.disconnect()
        self.broker.close()

    def clear(self):
        self.vhost.disconnect()
        self.vhost = None
        self.broker.admin("DELETE", "/")

    def current_vhost(self):
        """A page may make the vhost itself."""
        if self.vhost is None:
            self.vhost = Vhost(self.broker, "/moon", self.broker.token_of("/moon"))
        return self.vhost

    def prepare(self, wishes):
        if wishes.has("empty"):
            self.clear()
        for channel in wishes.all("open"):
            self.current_vhost().open(channel)
        for channel in wishes.all("close"):
            self.current_vhost().request("DELETE", "/channels/" + channel)
        for channel in wishes.all("member"):
            browser = self.current_vhost().browser()
            self.open_ends.append(browser)
            browser.subscribe(channel)
        if wishes.has("worker"):
            self.open_ends.append(self.current_vhost().worker())

    def script(self, command):
        host, port = self.broker.addr
        admin = ":".join(map(str, self.broker.admin_addr))
        token = self.vhost.token if self.vhost else ""
        text = "\n".join([
            "set -e",
            'curl() { command curl --silent --show-error "$@"; }',
            f'webrocket-admin() {{ "{ADMIN}" --admin-addr {admin} --cookie {self.broker.cookie} "$@"; }}',
            *self.assignments,
            command])
        for shown, real in (("localhost:8080", f"{host}:{port}"), ("localhost:8081", admin),
                            ("/var/lib/webrocket/webrocket.sock", self.broker.ready["admin_socket"]),
                            ("moon.curl", self.curl_file("moon", f'user = "wr:{token}"')),
                            ("admin.curl", self.curl_file("admin", f'header = "X-WebRocket-Cookie: {self.broker.cookie}"'))):
            text = text.replace(shown, real)
        return text

    def curl_file(self, name, line):
        """What a user keeps beside a page's commands, so that no secret is in them."""
        path = os.path.join(self.broker.dir, name + ".options")
        with open(path, "w") as file:
            file.write(line + "\n")
        return path

    def start(self, command):
        if re.match(r"\w+=", command):
            self.assignments.append(command)
        return subprocess.Popen(["bash", "-c", self.script(command)],
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    def tell(self, what):
        """A browser sends an event to the workers."""
        topic, _, data = what.partition(" ")
        channel, event = topic.split("/", 1)
        vhost = self.current_vhost()
        vhost.open(channel)
        browser = vhost.browser()
        self.open_ends.append(browser)
        browser.subscribe(channel)
        wait_until(lambda: self.broker.admin("GET", "/moon/workers").json()["workers"], "the worker")
        browser.say("broadcast", channel=channel, event=event, data=json.loads(data))


class Lines:
    """What a process prints, line by line, with a deadline."""

    def __init__(self, process):
        self.process = process
        self.rest = b""
        self.end = time.monotonic() + DEADLINE
        self.ready = selectors.DefaultSelector()
        os.set_blocking(process.stdout.fileno(), False)
        self.ready.register(process.stdout, selectors.EVENT_READ)

    def next(self):
        while b"\n" not in self.rest:
            left = self.end - time.monotonic()
            if left <= 0 or not self.ready.select(left):
                raise AssertionError("nothing more came in time")
            more = os.read(self.process.stdout.fileno(), 65536)
            if not more:
                raise AssertionError("it ended")
            self.rest += more
        line, _, self.rest = self.rest.partition(b"\n")
        return line.decode().rstrip("\r")


class Commands(Comparison):
    def run_page(self, page):
        transcripts = [b for b in page.blocks if b.is_transcript]
        if not transcripts:
            return 0
        stage = Stage()
        self.addCleanup(stage.close)
        for block in transcripts:
            stage.prepare(block.wishes)
            told = block.wishes.one("told")
            block.wishes.require_all_known()
            for command, shown in commands_in(block):
                with self.subTest(f"{block}: {command}"):
                    self.run_command(stage, command, shown, told)
        return len(transcripts)

    def run_command(self, stage, command, shown, told):
        process = stage.start(command)
        try:
            if told:
                self.assert_printed_so_far(shown, Lines(process), lambda: stage.tell(told))
            else:
                self.assert_printed(shown, process.communicate(timeout=DEADLINE)[0].decode())
        finally:
            process.kill()
            process.wait()
            process.stdout.close()

    def assert_printed_so_far(self, shown, lines, tell):
        """A stream goes on: other comments of its may stand between what the page shows."""
        for line in shown.strip().splitlines():
            if line.startswith("id: "):
                tell()
            expected = re.sub(r"^id: \d+$", r"id: …", line)
            actual = lines.next()
            while actual in (": hb", "") and actual != line:
                actual = lines.next()
            while actual.startswith(LEFT_OUT):
                actual = lines.next()
            if line.startswith("data: "):
                self.assert_same_text(line[6:], actual.removeprefix("data: "))
            else:
                self.assertRegex(actual, f"^{pattern_of(expected)}$")

    def test_they_print_what_the_page_shows(self):
        found = 0
        for page in pages():
            with self.subTest(page.relative):
                found += self.run_page(page)
        self.assertGreater(found, 0)


class Conversations(Comparison):
    """Lines that begin with → are what a page sends, those with ← what the broker does."""

    def hold(self, block, vhost):
        for channel in block.wishes.all("open"):
            vhost.open(channel)
        user = block.wishes.one("user")
        block.wishes.require_all_known()
        browser = Browser(vhost.broker.addr, vhost.path, greet=False)
        self.addCleanup(browser.close)
        for line in block.text.splitlines():
            arrow, text = line.split(" ", 1)
            if arrow == "→":
                browser.say_text(re.sub(r"\w+…", lambda _: vhost.access_token(user), text))
            else:
                said = browser.hear()
                self.assertTrue(agree(json.loads(text), said), f"shown {text}\nbut was {said}")

    def test_they_go_as_the_page_shows(self):
        broker = Broker()
        self.addCleanup(broker.close)
        vhost = broker.vhost("/moon")
        self.addCleanup(vhost.disconnect)
        conversations = [b for p in pages() for b in p.blocks if b.text.startswith("← ")]
        self.assertTrue(conversations)
        for block in conversations:
            with self.subTest(block):
                self.hold(block, vhost)


if __name__ == "__main__":
    unittest.main(verbosity=2)
