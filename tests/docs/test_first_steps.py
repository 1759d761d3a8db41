#!/usr/bin/env python3
"""The README's first steps, done in their order as they stand there, up to the message in a browser.

It takes the programs that were built and ports of its own, and leaves the first step out, which
installs them. With FIRST_STEPS=installed it changes nothing: scripts/check-bare-debian has done that
step, and this does all others.

It needs in the environment: WEBROCKET_SERVER, WEBROCKET_ADMIN, CHROMIUM, KOSMONAUT_LIBRARY,
KOSMONAUT_FLAGS.
"""

import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "broker"))

from chromium import Page as BrowserPage  # noqa: E402
from harness import DEADLINE, wait_until  # noqa: E402
from pages import ROOT, Page  # noqa: E402

IS_INSTALLED = os.environ.get("FIRST_STEPS") == "installed"
README = Page(ROOT / "README.md")
HEADING = "## A message in a browser"
BEGIN = README.text.index(f"\n{HEADING}\n")
SECTION = README.text[BEGIN:README.text.index("\n## ", BEGIN + 1)]


def blocks_of_section():
    """(block, the text between it and the block before)."""
    first = README.text.count("\n", 0, BEGIN) + 1
    lines = README.text.splitlines()
    last = first
    for block in README.blocks:
        if first < block.line <= first + SECTION.count("\n"):
            yield block, "\n".join(lines[last:block.line - 1])
            last = block.line + block.text.count("\n")


class Terminal:
    """A shell that goes on: what one command sets is there for the next."""

    def __init__(self, directory, environment):
        self.process = subprocess.Popen(["bash", "-s"], cwd=directory, env=environment, text=True,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT, start_new_session=True)

    def run(self, command):
        """(status, what it prints)."""
        self.process.stdin.write(f"{command.rstrip()}\necho \"<$?>\"\n")
        self.process.stdin.flush()
        printed = ""
        while not (end := re.search(r"<(\d+)>\n$", printed)):
            line = self.process.stdout.readline()
            if not line:
                raise AssertionError(f"the shell ended: {printed}")
            printed += line
        return int(end[1]), printed[:end.start()]

    def close(self):
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()


class FirstSteps(unittest.TestCase):
    def setUp(self):
        self.home = pathlib.Path(tempfile.mkdtemp(prefix="kosmonaut-first-"))
        self.addCleanup(shutil.rmtree, self.home)
        # Where the reader is: in the clone, but for the files that are saved there.
        (self.home / "bindings").symlink_to(ROOT / "bindings")
        self.environment = {**os.environ, "HOME": str(self.home), "PYTHONDONTWRITEBYTECODE": "1"}
        self.for_broker = {"WEBROCKET_READY_FILE": str(self.home / "ready.json")}
        if not IS_INSTALLED:
            self.put_built_programs_in_reach()
        self.address = "localhost:8080"
        self.page = None

    def put_built_programs_in_reach(self):
        programs = self.home / "bin"
        programs.mkdir()
        for name in ("server", "admin"):
            (programs / f"webrocket-{name}").symlink_to(os.environ[f"WEBROCKET_{name.upper()}"])
        library = pathlib.Path(os.environ["KOSMONAUT_LIBRARY"])
        (self.home / "kosmonaut.pc").write_text(
            f"Name: kosmonaut\nDescription: built\nVersion: 1\nCflags: {os.environ['KOSMONAUT_FLAGS']}\n"
            f"Libs: -L{library.parent} -lkosmonaut -Wl,-rpath,{library.parent}\n")
        self.environment.update(
            PATH=f"{programs}:/usr/bin:/bin", PKG_CONFIG_PATH=str(self.home),
            KOSMONAUT_LIBRARY=str(library))
        self.for_broker["WEBROCKET_ADMIN_ADDR"] = "127.0.0.1:0"

    def start_broker(self, command):
        if not IS_INSTALLED:
            command = command.replace("127.0.0.1:8080", "127.0.0.1:0")
        ready = self.home / "ready.json"
        with open(self.home / "broker.log", "wb") as log:
            process = subprocess.Popen(["bash", "-c", f"exec {command}"], cwd=self.home, stderr=log,
                                       env={**self.environment, **self.for_broker})

        def stop():
            process.terminate()
            self.assertEqual(process.wait(DEADLINE), 0)

        self.addCleanup(stop)

        def is_ready():
            log = (self.home / "broker.log").read_text()
            self.assertIsNone(process.poll(), f"the broker ended:\n{log}")
            return ready.exists()

        wait_until(is_ready, "the broker")
        addresses = dict(re.findall(r'"(\w+)": ?"([^"]*)"', ready.read_text()))
        if not IS_INSTALLED:
            self.address = addresses["addr"]

    def run_commands(self, terminal, text):
        status, printed = terminal.run(text.replace("localhost:8080", self.address))
        self.assertEqual(status, 0, f"{text}{printed}")

    def save(self, terminal, block, before):
        name = re.findall(r"[Ss]ave this as `([\w.]+)`", before)[-1]
        token = terminal.run("echo $TOKEN")[1].strip()
        self.assertRegex(token, "^[0-9a-f]{40}$")
        text = block.text.replace("TOKEN", token).replace("localhost:8080", self.address)
        (self.home / name).write_text(text)
        return self.home / name

    def open_page(self, terminal, path):
        self.page = BrowserPage(path.as_uri())
        self.addCleanup(self.page.close)
        self.assert_headline("Nothing yet")
        command = "webrocket-admin --storage-dir ~/webrocket list_channels /moon"
        wait_until(lambda: "(1 subscriber" in terminal.run(command)[1], "the page on its channel")

    def assert_headline(self, text):
        expression = "document.querySelector('h1')?.textContent"
        wait_until(lambda: self.page.value_of(expression) == text, f"the headline {text}")

    def test_they_lead_to_a_message_in_a_browser(self):
        terminal = Terminal(self.home, self.environment)
        self.addCleanup(terminal.close)
        senders = []
        for block, before in blocks_of_section():
            if block.text == "scripts/install\n":
                continue
            elif block.text.startswith("webrocket-server "):
                self.start_broker(block.text.strip())
            elif block.language == "html":
                self.open_page(terminal, self.save(terminal, block, before))
            elif block.language:
                self.save(terminal, block, before)
            else:
                self.run_commands(terminal, block.text)
                if self.page:
                    senders.append(("curl", "Python", "C")[len(senders)])
                    self.assert_headline("Hello from " + senders[-1])
        self.assertEqual(senders, ["curl", "Python", "C"])

    def test_there_are_five_at_most(self):
        steps = [int(number) for number in re.findall(r"^\*\*(\d)\. ", SECTION, re.M)]
        self.assertEqual(steps, list(range(1, len(steps) + 1)))
        self.assertLessEqual(len(steps), 5)
        self.assertEqual(next(blocks_of_section())[0].text, "scripts/install\n")


if __name__ == "__main__":
    unittest.main(verbosity=2)
