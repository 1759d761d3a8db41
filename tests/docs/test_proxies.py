#!/usr/bin/env python3
"""The proxies of docs/proxies.md, run from the files in docs/proxies/ with Debian's own settings beside
them: a worker of the library and a page talk through each.

The files are taken as they are, but for the two addresses. PROXY_SECONDS says for how long they talk;
in between both are silent for longer than the proxies wait by default.

It needs in the environment: WEBROCKET_SERVER, WEBROCKET_ADMIN, KOSMONAUT_LIBRARY.
"""

import os
import pathlib
import queue
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "broker"))
sys.path.insert(0, str(ROOT / "bindings" / "python"))

import kosmonaut  # noqa: E402
from harness import DEADLINE, Broker, Browser, Closed, RawConnection, wait_until  # noqa: E402
from pages import Page  # noqa: E402

FILES = ROOT / "docs" / "proxies"
SECONDS = float(os.environ.get("PROXY_SECONDS", "0"))
# nginx gives up after 60 seconds, and Debian's HAProxy after 50.
SILENCE = 90.0
# Not the proxy's own, so that nobody can take the one for the other.
CLIENT_ADDRESS = "127.0.0.2"


class Proxy:
    """One process; `text` is its file from docs/proxies/."""

    name = listens = listens_here = ""

    def __init__(self, text, broker_addr):
        self.directory = tempfile.mkdtemp(prefix="kosmonaut-proxy-")
        os.chmod(self.directory, 0o755)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.addr = free.getsockname()
        self.process = None
        try:
            self.start(text, broker_addr)
        except BaseException:
            self.close()
            raise

    def start(self, text, broker_addr):
        for shown, here in ((self.listens, self.listens_here.format(port=self.addr[1])),
                            ("127.0.0.1:8080", "{}:{}".format(*broker_addr))):
            assert text.count(shown) == 1, text
            text = text.replace(shown, here)
        command = self.command(text)
        with open(self.path("log"), "wb") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL,
                                            env={**os.environ, "HOME": self.directory})
        wait_until(self.is_ready, self.name)

    def is_ready(self):
        assert self.process.poll() is None, f"{self.name} ended:\n{self.log}"
        with socket.socket() as probe:
            return probe.connect_ex(self.addr) == 0

    def path(self, name):
        return os.path.join(self.directory, name)

    def write(self, name, text):
        with open(self.path(name), "w") as file:
            file.write(text)
        return self.path(name)

    @property
    def log(self):
        with open(self.path("log"), errors="replace") as file:
            return file.read()

    def close(self):
        if self.process:
            self.process.terminate()
            self.process.wait(DEADLINE)
        shutil.rmtree(self.directory, ignore_errors=True)


class Nginx(Proxy):
    name = "nginx"
    listens, listens_here = "listen 80;", "listen 127.0.0.1:{port};"

    def command(self, text):
        site = self.write("site.conf", text)
        debian = pathlib.Path("/etc/nginx/nginx.conf").read_text()
        main, found = re.subn(r"(?m)^(\s*)include /etc/nginx/conf\.d/\*\.conf;", rf"\1include {site};", debian)
        assert found == 1
        main = re.sub(r"(?m)^\s*include /etc/nginx/(sites|modules)-enabled/\*(\.conf)?;", "", main)
        main = re.sub(r"(?m)^user .*;", "" if os.getuid() else "user root;", main)
        main = re.sub(r"/run/nginx\.pid", self.path("pid"), main)
        main = re.sub(r"access_log \S+;", "access_log off;", main)
        main = re.sub(r"error_log \S+;", f"error_log {self.path('log')};", main)
        kept = "".join(f"    {kind}_temp_path {self.path(kind)};\n"
                       for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        main = main.replace("http {", "http {\n" + kept, 1)
        return ["nginx", "-e", self.path("log"), "-g", "daemon off;", "-c", self.write("nginx.conf", main)]


class HAProxy(Proxy):
    name = "haproxy"
    listens, listens_here = "bind :80\n", "bind 127.0.0.1:{port}\n"

    def command(self, text):
        debian = pathlib.Path("/etc/haproxy/haproxy.cfg").read_text()
        defaults = debian[debian.index("\ndefaults"):]
        return ["haproxy", "-db", "-f", self.write("haproxy.cfg", f"global\n{defaults}\n{text}")]


class Caddy(Proxy):
    name = "caddy"
    listens, listens_here = "\n:80 {\n", "\n:{port} {{\n\tbind 127.0.0.1\n"

    def command(self, text):
        text = self.write("Caddyfile", "{\n\tadmin off\n}\n" + text)
        return ["caddy", "run", "--adapter", "caddyfile", "--config", text]


class Visitor(Browser):
    """A page's connection through a proxy, from an address of its own, which reads all the time."""

    def __init__(self, addr, path):
        self.socket = socket.create_connection(addr, DEADLINE, source_address=(CLIENT_ADDRESS, 0))
        self.file = self.socket.makefile("rb")
        self.send(f"GET {path} HTTP/1.1\r\nHost: broker.example.org\r\nUpgrade: websocket\r\n"
                  "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nOrigin: http://broker.example.org\r\n"
                  # Not true, and not to be believed.
                  "Forwarded: for=192.0.2.1\r\nX-Forwarded-For: 192.0.2.1\r\n\r\n")
        status, _ = self.head()
        if status != 101:
            RawConnection.close(self)
            raise AssertionError(f"the handshake was answered {status}")
        self.socket.settimeout(None)
        self.heard = queue.Queue()
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()
        self.sid = self.hear()[":connected"]["sid"]

    def read(self):
        try:
            while True:
                self.heard.put(super().hear())
        except (Closed, OSError, ValueError, AssertionError, TypeError) as end:
            self.heard.put(end)

    def hear(self):
        heard = self.heard.get(timeout=DEADLINE)
        if isinstance(heard, BaseException):
            raise AssertionError(f"the page's connection ended: {heard!r}")
        return heard

    def close(self):
        self.socket.shutdown(socket.SHUT_RDWR)
        self.reader.join(DEADLINE)
        RawConnection.close(self)


class Backend:
    """A worker and a client of the library: the worker answers `hello`."""

    def __init__(self, url):
        self.complaints = []
        self.client = kosmonaut.Client(url)
        self.worker = kosmonaut.Worker(url)
        self.worker.on("greetings/hello")(self.welcome)
        self.worker.on_error(self.complaints.append)
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def welcome(self, event):
        self.client.trigger(event.channel, "welcome", {"n": event.data["n"]})

    def run(self):
        try:
            self.worker.run()
        except kosmonaut.Error as error:
            self.complaints.append(error)

    def close(self):
        self.worker.close()
        self.thread.join(DEADLINE)
        self.client.close()


class ThroughProxies(unittest.TestCase):
    def begin(self, kind, text):
        if shutil.which(kind.name, path=os.environ["PATH"] + ":/usr/sbin") is None:
            self.skipTest(f"{kind.name} is not installed")
        broker = Broker("--trusted-proxy", "127.0.0.1", "--log-level", "debug")
        self.addCleanup(broker.close)
        vhost = broker.vhost("/moon")
        vhost.open("greetings")
        proxy = kind(text, broker.addr)
        self.addCleanup(proxy.close)
        backend = Backend("http://wr:{}@{}:{}/moon".format(vhost.token, *proxy.addr))
        self.addCleanup(backend.close)
        wait_until(lambda: backend.complaints or backend.worker.state == kosmonaut.WorkerState.CONNECTED,
                   f"the worker behind {kind.name}")
        self.assertEqual(backend.complaints, [])
        return broker, vhost, proxy, backend

    def talk(self, kind, text):
        broker, vhost, proxy, backend = self.begin(kind, text)
        page = Visitor(proxy.addr, "/moon")
        self.addCleanup(page.close)
        page.subscribe("greetings")
        end = time.monotonic() + SECONDS
        said = 0
        while True:
            said += 1
            page.say("broadcast", channel="greetings", event="hello", data={"n": said})
            self.assertEqual(page.hear()["hello"]["n"], said)
            self.assertEqual(page.hear()["welcome"]["n"], said)
            left = end - time.monotonic()
            if left <= 0:
                break
            time.sleep(min(left, SILENCE))
        self.assertEqual(backend.complaints, [])
        self.assertEqual((backend.worker.events, backend.worker.reconnects), (said, 0))
        line = f"sid={page.sid} uid=- vhost=/moon address={CLIENT_ADDRESS} connected"
        wait_until(lambda: line in broker.log_text(), f"the line {line} in {broker.log_text()}")

    def test_nginx(self):
        self.talk(Nginx, (FILES / "nginx.conf").read_text())

    def test_haproxy(self):
        self.talk(HAProxy, (FILES / "haproxy.cfg").read_text())

    def test_caddy(self):
        self.talk(Caddy, (FILES / "Caddyfile").read_text())

    def test_a_worker_behind_nginx_takes_nothing_but_proxy_pass(self):
        text = re.sub(r"(?m)^\s*proxy_(?!pass )\w+ .*;\n", "", (FILES / "nginx.conf").read_text())
        self.assertEqual(re.findall(r"proxy_\w+", text), ["proxy_pass"])
        _, vhost, _, backend = self.begin(Nginx, text)
        page = vhost.browser()
        self.addCleanup(page.close)
        page.subscribe("greetings")
        page.say("broadcast", channel="greetings", event="hello", data={"n": 1})
        self.assertEqual([next(iter(page.hear())) for _ in range(2)], ["hello", "welcome"])
        self.assertEqual(backend.complaints, [])


class ThePage(unittest.TestCase):
    def test_it_shows_the_files(self):
        shown = [block.text for block in Page(ROOT / "docs" / "proxies.md").blocks]
        for path in sorted(FILES.iterdir()):
            with self.subTest(path.name):
                self.assertIn(path.read_text(), shown)


if __name__ == "__main__":
    unittest.main(verbosity=2)
