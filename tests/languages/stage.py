"""What the test programs of the compiled languages play on: a broker, a vhost, and a browser.

A test program is told where in its environment:

    KOSMONAUT_TEST_URL    the vhost's URL with its token; the channel `greetings` is open, and the
                          browser of the user `alice` is subscribed to it
    KOSMONAUT_TEST_STAGE  HOST:PORT, where it asks for what only a browser or the broker can do: a
                          line of words in, a line of JSON out

    fire NAME FIRST COUNT   the browser broadcasts NAME on `greetings`: {"n":FIRST} and so on
    hear NAME               what the browser hears under that name, once it does
    crowd COUNT             so many browsers come to the channel `presence-crowd` and stay, the first
                            of them hidden: {"sids":"… …"} in order, {"hidden":"…"}. Each says
                            {"n": its number}, and is the user `member` with that number behind
    workers COUNT           waits until the vhost has so many workers connected
    stop, start             the broker
"""

import json
import os
import pathlib
import queue
import re
import socket
import socketserver
import subprocess
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "broker"))

from harness import DEADLINE, Broker, Closed, wait_until  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parents[2]
PREFIX = pathlib.Path(os.environ.get("KOSMONAUT_PREFIX", "/usr/local"))
CHANNEL = "greetings"
CROWD = "presence-crowd"


def library_directory():
    """Of the installation that KOSMONAUT_PREFIX names."""
    found = sorted(PREFIX.glob("lib*/**/libkosmonaut.so.1"))
    assert found, f"no libkosmonaut.so.1 below {PREFIX}: set KOSMONAUT_PREFIX"
    return found[0].parent


def environment(**more):
    directory = library_directory()
    return {**os.environ, "LD_LIBRARY_PATH": str(directory),
            "PKG_CONFIG_PATH": str(directory / "pkgconfig"), **more}


class Requests(socketserver.StreamRequestHandler):
    def handle(self):
        for line in self.rfile:
            verb, *words = line.decode().split()
            try:
                answer = getattr(self.server.stage, "do_" + verb)(*words)
            except Exception as failure:  # which the test program reports
                answer = {"error": repr(failure)}
            self.wfile.write(json.dumps(answer, separators=(",", ":")).encode() + b"\n")


class Listener(threading.Thread):
    """Alice's browser, which hears everything at once: a compiler may take longer than the broker
    waits for an answer to its pings."""

    def __init__(self, browser):
        super().__init__(daemon=True)
        self.browser = browser
        self.browser.socket.settimeout(None)
        self.heard = queue.SimpleQueue()
        self.start()

    def run(self):
        try:
            while True:
                self.heard.put(self.browser.hear())
        except (Closed, OSError):
            pass

    def hear(self):
        return self.heard.get(timeout=DEADLINE)

    def close(self):
        try:
            self.browser.socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass  # the broker was first
        self.join()
        self.browser.close()


class Stage:
    def __init__(self):
        # Its page is there to put the workers under load.
        self.broker = Broker("--max-messages-per-second", "0", "--max-bytes-per-second", "0",
                             "--max-message-bytes", "1048576")
        self.broker.port = self.broker.addr[1]  # whoever was connected comes back
        self.vhost = self.broker.vhost("/moon")
        self.vhost.open(CHANNEL)
        self.listener = self.listen()
        self.crowd = []
        self.server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Requests)
        self.server.daemon_threads = True
        self.server.stage = self
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()
        self.disperse()
        self.listener.close()
        self.broker.close()

    @property
    def url(self):
        host, port = self.broker.addr
        return f"http://wr:{self.vhost.token}@{host}:{port}{self.vhost.path}"

    def environment(self, **more):
        host, port = self.server.server_address
        return environment(KOSMONAUT_TEST_URL=self.url, KOSMONAUT_TEST_STAGE=f"{host}:{port}",
                           **more)

    def listen(self):
        browser = self.vhost.browser("alice")
        browser.subscribe(CHANNEL)
        return Listener(browser)

    def do_fire(self, name, first, count):
        for n in range(int(first), int(first) + int(count)):
            self.listener.browser.say("broadcast", channel=CHANNEL, event=name, data={"n": n})
        return {}

    def do_hear(self, name):
        while True:
            heard = self.listener.hear()
            if name in heard:
                return heard[name]

    def disperse(self):
        for member in self.crowd:
            member.close()
        self.crowd = []

    def do_crowd(self, count):
        self.disperse()
        self.vhost.disconnect()  # what waited for a compiler, the broker has given up
        # Closing it, too: those who have just gone may still be on it.
        self.vhost.request("DELETE", "/channels/" + CROWD)
        self.vhost.open(CROWD)
        for n in range(int(count)):
            member = self.vhost.browser(f"member{n}")
            self.crowd.append(member)
            member.subscribe(CROWD, data={"n": n}, hidden=n == 0)
        return {"sids": " ".join(sorted(member.sid for member in self.crowd)),
                "hidden": self.crowd[0].sid if self.crowd else ""}

    def do_workers(self, count):
        path = self.vhost.path + "/workers"
        wait_until(lambda: len(self.broker.admin("GET", path).json()["workers"]) == int(count),
                   f"{count} workers")
        return {}

    def do_stop(self):
        self.disperse()
        self.listener.close()
        self.vhost.disconnect()
        self.broker.stop()
        return {}

    def do_start(self):
        self.broker.start()
        self.vhost.open(CHANNEL)
        self.listener = self.listen()
        return {}


def run(command, directory, env, seconds):
    """Runs a command to its end; what it said is the message of its failure."""
    done = subprocess.run(command, cwd=directory, env=env, text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=seconds)
    assert done.returncode == 0, f"{' '.join(map(str, command))}: {done.returncode}\n{done.stdout}"
    return done.stdout


def page_programs(name):
    """The programs on docs/NAME.md, in their order; the last one is the example's backend."""
    text = (ROOT / "docs" / f"{name}.md").read_text()
    programs = re.findall(rf"^```{name}\n(.*?)^```$", text, re.M | re.S)
    assert len(programs) >= 2, f"docs/{name}.md has {len(programs)} programs"
    return programs


class Lines:
    """A program that is spoken to in lines."""

    def __init__(self, command, env, directory=None):
        self.process = subprocess.Popen(command, cwd=directory, env=env, text=True, bufsize=1,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.watchdog = threading.Timer(3 * DEADLINE, self.process.kill)
        self.watchdog.start()

    def close(self):
        self.watchdog.cancel()
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()

    def read(self):
        line = self.process.stdout.readline()
        assert line, "the program has ended"
        return line

    def ask(self, **command):
        self.process.stdin.write(json.dumps(command) + "\n")
        return json.loads(self.read())


def play_page(test, command, env, stage):
    """The page's smallest client, which greets everyone from earth. Other tests greet, too."""
    run(command, None, env, 3 * DEADLINE)
    while "from" not in (heard := stage.do_hear("hello")):
        pass
    test.assertEqual(heard["from"], "earth")


def play_backend(test, command, env, stage, number, status=0):
    """The example's backend: a token, a question with its answer, a signal that ends it well."""
    program = Lines(command, {**env, "VHOST_URL": stage.url})
    test.addCleanup(program.close)
    token = program.read().split()[-1]
    browser = stage.vhost.browser()
    test.addCleanup(browser.close)
    test.assertIn(":authenticated", browser.ask("auth", token=token))
    browser.subscribe("private-room")
    stage.do_workers(1)
    browser.say("broadcast", channel="private-room", event="ask", data={"n": 3})
    heard = {}
    while "answer" not in heard:
        heard = browser.hear()
    answer = heard["answer"]
    test.assertEqual(answer["to"], "alice")
    test.assertEqual(answer.get("n", answer.get("asked", {}).get("n")), 3)
    program.process.send_signal(number)
    test.assertEqual(program.process.wait(DEADLINE), status)
    return program
