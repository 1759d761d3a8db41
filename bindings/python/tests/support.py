"""What the tests share: a broker of their own, and programs that run beside them."""

import contextlib
import gc
import os
import pathlib
import socket
import subprocess
import sys
import threading
import unittest

PACKAGE = pathlib.Path(__file__).resolve().parents[1]
ROOT = PACKAGE.parents[1]
for directory in (ROOT / "tests" / "broker", PACKAGE):
    if str(directory) not in sys.path:
        sys.path.insert(0, str(directory))

from harness import DEADLINE, UNLIMITED, Broker, wait_until  # noqa: E402

import kosmonaut  # noqa: E402

NOBODY = "http://wr:0123456789abcdef0123456789abcdef01234567@127.0.0.1:1/moon"  # port 1
QUICK = kosmonaut.Options(reconnect_delay=(0.01, 0.05))


def url_of(vhost):
    host, port = vhost.broker.addr
    return f"http://wr:{vhost.token}@{host}:{port}{vhost.path}"


class StrictTest(unittest.TestCase):
    """Fails too when something is reported where no exception can come out, such as a warning in
    a `__del__`."""

    def setUp(self):
        self.unraisable = []
        before = sys.unraisablehook
        sys.unraisablehook = lambda what: self.unraisable.append(repr(what.exc_value))
        self.addCleanup(self._require_silence, before)

    def _require_silence(self, hook):
        gc.collect()
        sys.unraisablehook = hook
        self.assertEqual(self.unraisable, [])


def silent_server(test):
    """The address of a vhost on a server that takes connections and never answers."""
    listener = socket.create_server(("127.0.0.1", 0))
    test.addCleanup(listener.close)
    host, port = listener.getsockname()
    return f"http://wr:{'0' * 40}@{host}:{port}/moon"


class BrokerTest(StrictTest):
    """One broker for the tests of a class, a vhost for each; `self.url` leads there."""

    FLAGS = ()
    count = 0

    @classmethod
    def setUpClass(cls):
        cls.broker = Broker(*UNLIMITED, *cls.FLAGS)  # its pages put workers under load
        cls.addClassCleanup(cls.broker.close)

    def setUp(self):
        super().setUp()
        BrokerTest.count += 1
        self.vhost = self.broker.vhost(f"/python{BrokerTest.count}")
        self.addCleanup(self.vhost.disconnect)
        self.vhost.open("room")
        self.url = url_of(self.vhost)

    def browser(self, uid=None, channel="room"):
        browser = self.vhost.browser(uid)
        self.addCleanup(browser.close)
        browser.subscribe(channel)
        return browser

    def await_worker(self, condition=lambda: True):
        """Until the broker has one: what browsers send before that is gone."""
        path = f"{self.vhost.path}/workers"
        wait_until(lambda: condition() and self.broker.admin("GET", path).json()["workers"],
                   "the worker's connection")


@contextlib.contextmanager
def running(function, *arguments):
    """A thread beside a test, which fails if the thread does."""
    failures = []

    def run():
        try:
            function(*arguments)
        except BaseException as failure:
            failures.append(failure)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    yield thread
    thread.join(DEADLINE)
    if thread.is_alive():
        raise AssertionError("the thread did not end")
    if failures:
        raise failures[0]


def restart(broker):
    """Starts a broker that was stopped on the address that it had, where its clients look for
    it."""
    command = broker.command
    address = "{}:{}".format(*broker.addr)
    flags = command()
    flags[flags.index("--addr") + 1] = address
    broker.command = lambda: flags
    try:
        broker.start()
    finally:
        broker.command = command


def program(text, *arguments, **options):
    """Another Python that runs `text`, as strict as the tests."""
    environment = {**os.environ, "PYTHONPATH": str(PACKAGE)}
    return subprocess.Popen(
        [sys.executable, "-B", "-X", "dev", "-W", "error", "-c", text, *arguments],
        env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        text=True, **options)


def descriptors():
    return len(os.listdir("/proc/self/fd"))


def resident_kilobytes():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") // 1024
