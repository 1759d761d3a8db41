#!/usr/bin/env python3
"""The programs on the pages: compiled as strictly as the library itself, and run beside a real broker.

Where a program has the URL http://wr:TOKEN@localhost:8080/moon it gets that of a vhost of its own, on
which the channel `greetings` is open and a browser subscribed to it. localhost:8443 leads there
through TLS, localhost:9443 through TLS that asks for a certificate, /run/webrocket.sock through a unix
socket; the directory has ca.pem, client.pem and client.key. A program is expected to end by itself,
with 0, and to leave the standard error alone. The programs that a reader begins with are run once more
when the vhost's token has been replaced, and then have to say so and to end with 1.

Words of a <!-- test: … --> comment above it say what else:

    events=N       once a worker is connected, the browser broadcasts `hello` N times: {"n":1} and so on
    trips          before them, `greetings` is closed and a browser triggers `hello` with no data; when the
                   program has said what `says` wants, the channel is opened again
    delivers=NAME  the browser is sent this event
    prints=REGEX   this is in what it prints; it may come again, and the order does not matter
    says=REGEX     likewise on the standard error
    ends=SIGNAL    sent once all that was printed; the program ends well nevertheless
    dies=SIGNAL    likewise, and it is how the program ends
    status=N       how it ends
    offline        nobody listens at the URL
    pkg-config=P   it needs another library, too
    answers='P R'  it prints its address, http://127.0.0.1:PORT/, where it answers GET P with R

It needs in the environment: CC, CXX, KOSMONAUT_FLAGS (to compile), KOSMONAUT_LIBRARY; and, to try
other languages instead of C, C++ and Python, KOSMONAUT_DOCS_LANGUAGES: js ruby lua.
"""

import concurrent.futures
import http.client
import os
import pathlib
import re
import selectors
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "broker"))

from fronts import Authority, Front  # noqa: E402
from harness import DEADLINE, Broker, wait_until  # noqa: E402
from pages import ROOT, blocks, pages  # noqa: E402

LIBRARY = pathlib.Path(os.environ["KOSMONAUT_LIBRARY"])
IS_SANITIZED = "-fsanitize" in os.environ["KOSMONAUT_FLAGS"]
STRICT = ["-Wall", "-Wextra", "-Werror", "-pedantic"]
COMPILERS = {
    "c": [os.environ["CC"], "-std=c99"],
    "cpp": [os.environ["CXX"], "-std=c++17"],
}
# Language to (suffix, command), for a program that is run as it is written.
INTERPRETERS = {
    "python": (".py", [sys.executable, "-B"]),
    "js": (".mjs", ["node"]),
    "ruby": (".rb", ["ruby", "-w"]),
    "lua": (".lua", ["luajit"]),
}
BINDINGS = {
    "PYTHONPATH": str(ROOT / "bindings" / "python"),
    "RUBYLIB": str(ROOT / "bindings" / "ruby" / "lib"),
    "LUA_PATH": f"{ROOT / 'examples' / 'ffi' / 'luajit'}/?.lua;;",
}
FIRST_PAGES = {"README.md", "docs/c.md", "docs/cpp.md", "docs/python.md"}
LANGUAGES = os.environ.get("KOSMONAUT_DOCS_LANGUAGES", "c cpp python").split()
# Nothing listens on port 1.
OFFLINE = "http://wr:0123456789abcdef0123456789abcdef01234567@127.0.0.1:1/moon"


def compiler(language):
    return [*COMPILERS[language], *STRICT, *shlex.split(os.environ["KOSMONAUT_FLAGS"])]


# ---- Fragments ----

def fragments_of(page, language):
    """All fragments of a page in one file, each in a function; complaints name the page's lines."""
    begin = "#include <kosmonaut/kosmonaut.h>\n" + page.fragment_declarations
    functions = [f"void {b.identifier}(void);\nvoid {b.identifier}(void) {{\n"
                 f'#line {b.line} "{page.relative}"\n{b.text}}}\n'
                 for b in page.blocks if b.is_fragment and b.language == language]
    return begin + "".join(functions) if functions else None


@unittest.skipUnless("c" in LANGUAGES, "fragments are in C")
class Fragments(unittest.TestCase):
    def test_they_compile(self):
        found = 0
        for page in pages():
            source = fragments_of(page, "c")
            if source is None:
                continue
            found += 1
            with self.subTest(page.relative):
                done = subprocess.run([*compiler("c"), "-x", "c", "-fsyntax-only", "-"],
                                      input=source, text=True, capture_output=True,
                                      timeout=DEADLINE * 3)
                self.assertEqual(done.returncode, 0, done.stderr)
        self.assertGreater(found, 0)


# ---- The stage of all programs ----

class Stage:
    def __init__(self):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="kosmonaut-docs-"))
        self.broker = Broker()
        authority = Authority(self.directory)
        authority.issue("server", "localhost")
        authority.issue("client", "backend")
        self.fronts = {
            "localhost:8443": authority.server_context("server"),
            "localhost:9443": authority.server_context("server", asks_for_certificate=True),
        }
        self.fronts = {name: Front.with_tls(self.broker.addr, context)
                       for name, context in self.fronts.items()}
        (self.directory / "node_modules").mkdir()  # where Node looks for a package
        (self.directory / "node_modules" / "kosmonaut").symlink_to(ROOT / "bindings" / "node")
        self.socket = str(self.directory / "webrocket.sock")
        self.unix = Front.at_path(self.socket, self.broker.addr)

    def close(self):
        for front in (self.unix, *self.fronts.values()):
            front.close()
        self.broker.close()
        shutil.rmtree(self.directory)

    def localized(self, text, token, path):
        host, port = self.broker.addr
        text = text.replace("wr:TOKEN@localhost:8080/moon", f"wr:{token}@{host}:{port}{path}")
        for name, front in self.fronts.items():
            text = text.replace(f"wr:TOKEN@{name}/moon",
                                f"wr:{token}@localhost:{front.port}{path}")
        return text.replace("/run/webrocket.sock", self.socket)


STAGE = None
COMPILED = {}  # block's identifier to (command, what the compiler said)


class Program:
    """A block that is a program, with a vhost to itself."""

    def __init__(self, block):
        self.block = block
        self.vhost = STAGE.broker.vhost("/" + block.identifier)
        text = block.text
        if block.wishes.has("offline"):
            text = text.replace("http://wr:TOKEN@localhost:8080/moon", OFFLINE)
        text = STAGE.localized(text, self.vhost.token, self.vhost.path)
        if block.language in COMPILERS:  # so that a complaint names the page's line
            text = f'#line {block.line} "{block.page.relative}"\n{text}'
            suffix = "." + block.language
        else:
            suffix, self.interpreter = INTERPRETERS[block.language]
        self.source = STAGE.directory / (block.identifier + suffix)
        self.source.write_text(text)
        self.others = [shlex.split(subprocess.check_output(
            ["pkg-config", flag, name], text=True)) for name in block.wishes.all("pkg-config")
            for flag in ("--cflags", "--libs")]

    def compile(self):
        """(the command that runs it, why there is none)."""
        if self.block.language not in COMPILERS:
            return [*self.interpreter, str(self.source)], ""
        program = self.source.with_suffix("")
        done = subprocess.run(
            [*compiler(self.block.language), str(self.source), "-o", str(program), str(LIBRARY),
             *(flag for flags in self.others for flag in flags), "-pthread",
             f"-Wl,-rpath,{LIBRARY.parent}"],
            text=True, capture_output=True, timeout=DEADLINE * 6)
        return ([str(program)] if done.returncode == 0 else None), done.stderr


def setUpModule():
    global STAGE
    STAGE = Stage()
    unittest.addModuleCleanup(STAGE.close)
    programs = [Program(block) for block in PROGRAMS]
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for program, compiled in zip(programs, pool.map(Program.compile, programs)):
            COMPILED[program.block.identifier] = (program, *compiled)


# ---- Running ----

class Run:
    """A program with its output, which is a terminal, so that a line can be seen as soon as it is
    printed, as by whoever tries the page's program."""

    def __init__(self, command):
        self.terminal, its_end = os.openpty()
        environment = {**os.environ, **BINDINGS, "LD_LIBRARY_PATH": str(LIBRARY.parent)}
        self.process = subprocess.Popen(command, cwd=STAGE.directory, env=environment,
                                        stdin=subprocess.DEVNULL, stdout=its_end,
                                        stderr=subprocess.PIPE)
        os.close(its_end)
        self.texts = {self.terminal: b"", self.process.stderr.fileno(): b""}
        self.selector = selectors.DefaultSelector()
        for stream in self.texts:
            self.selector.register(stream, selectors.EVENT_READ)

    def close(self):
        self.process.kill()
        self.process.wait()
        self.process.stderr.close()
        os.close(self.terminal)

    def read(self, timeout):
        for key, _ in self.selector.select(timeout):
            try:
                more = os.read(key.fd, 65536)
            except OSError:  # how a terminal says that nobody has it open any more
                more = b""
            self.texts[key.fd] += more
            if not more:
                self.selector.unregister(key.fd)

    def await_until(self, condition):
        """Until it is true, the output ends, or time is up; whether it is true."""
        end = time.monotonic() + DEADLINE
        while not condition() and self.selector.get_map() and time.monotonic() < end:
            self.read(0.1)
        return condition()

    @property
    def printed(self):
        return self.texts[self.terminal].decode().replace("\r\n", "\n")

    @property
    def said(self):
        return self.texts[self.process.stderr.fileno()].decode()


class Programs(unittest.TestCase):
    def run_block(self, block):
        program, command, complaint = COMPILED[block.identifier]
        self.assertIsNotNone(command, complaint)
        if block.language == "python" and IS_SANITIZED:
            self.skipTest("a sanitized library cannot be loaded into this Python")
        vhost = program.vhost
        self.addCleanup(vhost.disconnect)
        vhost.open("greetings")
        browser = vhost.browser()
        self.addCleanup(browser.close)
        browser.subscribe("greetings")

        run = Run(command)
        self.addCleanup(run.close)
        self.play(block.wishes, vhost, browser, run)
        block.wishes.require_all_known()
        if block.page.relative in FIRST_PAGES:
            self.fail_well(vhost, command)

    def fail_well(self, vhost, command):
        vhost.broker.admin("PUT", vhost.path + "/token")
        run = Run(command)
        self.addCleanup(run.close)
        run.await_until(lambda: False)
        self.assertEqual(run.process.wait(DEADLINE), 1, f"it printed {run.printed}\nand said {run.said}")
        self.assertIn("token", run.said)

    def let_handler_fail(self, vhost, browser, run, patterns):
        self.assertEqual(vhost.request("DELETE", "/channels/greetings").status, 202)
        self.heard(browser, ":unsubscribed")
        stranger = vhost.browser("alice")
        self.addCleanup(stranger.close)
        stranger.say("trigger", event="greetings/hello")
        self.assertTrue(run.await_until(lambda: self.shows_all(([], patterns), run)),
                        f"wanted {patterns}\nbut it said {run.said}")
        vhost.open("greetings")
        browser.subscribe("greetings")

    def play(self, wishes, vhost, browser, run):
        events = int(wishes.one("events", "0"))
        patterns = wishes.all("prints"), wishes.all("says")
        if events:
            # What it prints is not read meanwhile, and need not be: nothing has happened yet.
            wait_until(lambda: run.process.poll() is not None or self.has_worker(vhost), "a worker")
        if wishes.has("trips"):
            self.let_handler_fail(vhost, browser, run, patterns[1])
        for n in range(1, events + 1):
            browser.say("broadcast", channel="greetings", event="hello", data={"n": n})
        for name in wishes.all("delivers"):
            self.assertIn(name, self.heard(browser, name))
        self.assertTrue(
            run.await_until(lambda: self.shows_all(patterns, run)),
            f"wanted {patterns}\nbut it printed {run.printed}\nand said {run.said}")
        for wish in wishes.all("answers"):
            path, pattern = wish.split(" ", 1)
            self.assertRegex(self.answer(run, path), pattern)
        ends, dies = wishes.one("ends"), wishes.one("dies")
        if ends or dies:
            run.process.send_signal(getattr(signal, ends or dies))
        run.await_until(lambda: False)  # the end of its output
        status = run.process.wait(DEADLINE)
        expected = -getattr(signal, dies) if dies else int(wishes.one("status", "0"))
        self.assertEqual(status, expected, f"it printed {run.printed}\nand said {run.said}")
        if not patterns[1]:
            self.assertEqual(run.said, "")

    def answer(self, run, path):
        """What a program's own web server says, whose address it prints."""
        address = r"^http://(127\.0\.0\.1:\d+)/$"
        self.assertTrue(run.await_until(lambda: re.search(address, run.printed, re.M)),
                        f"no address: it printed {run.printed}\nand said {run.said}")
        connection = http.client.HTTPConnection(re.search(address, run.printed, re.M)[1], timeout=DEADLINE)
        self.addCleanup(connection.close)
        connection.request("GET", path)
        response = connection.getresponse()
        text = response.read().decode()
        self.assertEqual(response.status, 200, text)
        return text

    @staticmethod
    def has_worker(vhost):
        return vhost.broker.admin("GET", vhost.path + "/workers").json()["workers"]

    @staticmethod
    def heard(browser, name):
        """What the browser hears until this, which has to come before the socket's deadline."""
        heard = []
        while name not in heard:
            heard.extend(browser.hear())
        return heard

    @staticmethod
    def shows_all(patterns, run):
        texts = run.printed, run.said
        return all(re.search(pattern, text, re.M)
                   for wanted, text in zip(patterns, texts) for pattern in wanted)


def add_tests():
    found = [b for b in blocks(*LANGUAGES) if not b.is_fragment]
    for block in found:
        setattr(Programs, "test_" + block.identifier, lambda self, b=block: self.run_block(b))
    return found


PROGRAMS = add_tests()


class AllKinds(unittest.TestCase):
    def test_there_are_some(self):
        languages = {block.language for block in PROGRAMS}
        self.assertEqual(languages, set(LANGUAGES))

    @unittest.skipUnless("c" in LANGUAGES, "the README has none")
    def test_the_readme_has_one(self):
        self.assertTrue(any(b.page.path == ROOT / "README.md" for b in PROGRAMS))


if __name__ == "__main__":
    unittest.main(verbosity=2)
