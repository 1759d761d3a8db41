"""Ctrl-C while something waits: at once, as KeyboardInterrupt, and without losing an event."""

import signal
import threading
import time
import unittest

from tests.support import DEADLINE, BrokerTest, program, running, silent_server

import kosmonaut
from kosmonaut import worker as worker_module

# What a program does first; it says when it is about to wait, and how the wait ended.
PROLOGUE = """
import asyncio, sys, time
import kosmonaut
url = sys.argv[1]
def say(*words):
    print(*words, flush=True)
def interrupted_in(wait):
    say("waiting")
    try:
        wait()
    except KeyboardInterrupt:
        say("interrupted")
"""


class CtrlC(BrokerTest):
    def interrupt(self, text, url=None, begins=None, ready=None):
        """Sends SIGINT to a program once it waits, and expects it to notice before its wait is over."""
        process = program(PROLOGUE + text, url or self.url)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.stderr.close)
        if begins is not None:
            self.assertEqual(process.stdout.readline(), begins + "\n")
            ready()
        self.assertEqual(process.stdout.readline(), "waiting\n", "it should begin")
        if begins is None and ready is not None:
            ready()
        self.await_sleep(process)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=DEADLINE)
        self.assertEqual((out, err, process.returncode), ("interrupted\n", "", 0))

    def await_sleep(self, process):
        """Until it is asleep in the kernel, in poll() or the like."""
        end = time.monotonic() + DEADLINE
        asleep = 0
        while asleep < 5:
            self.assertLess(time.monotonic(), end)
            with open(f"/proc/{process.pid}/stat") as file:
                state = file.read().rpartition(")")[2].split()[0]
            asleep = asleep + 1 if state == "S" else 0
            time.sleep(0.01)

    def test_in_next(self):
        self.interrupt("""
with kosmonaut.Worker(url) as worker:
    interrupted_in(worker.next)
""", ready=self.await_worker)

    def test_in_next_with_a_time_limit(self):
        self.interrupt("""
with kosmonaut.Worker(url) as worker:
    interrupted_in(lambda: worker.next(60))
""", ready=self.await_worker)

    def test_in_run(self):
        self.interrupt("""
with kosmonaut.Worker(url) as worker:
    worker.on("*/*")(print)
    interrupted_in(worker.run)
""", ready=self.await_worker)

    def test_in_a_worker_that_cannot_connect(self):
        self.interrupt("""
with kosmonaut.Worker(url) as worker:
    interrupted_in(worker.next)
""", url=silent_server(self))

    def test_in_a_call_of_the_client(self):
        self.interrupt("""
with kosmonaut.Client(url, kosmonaut.Options(request_timeout=60)) as client:
    interrupted_in(lambda: client.open_channel("room"))
""", url=silent_server(self))

    def test_in_close_beside_a_handler(self):
        self.interrupt("""
import threading
worker = kosmonaut.Worker(url)
inside, go_on = threading.Event(), threading.Event()
worker.on("room/say")(lambda event: (inside.set(), go_on.wait()))
thread = threading.Thread(target=worker.run)
thread.start()
say("connecting")
inside.wait()
interrupted_in(worker.close)
go_on.set()
thread.join()
""", begins="connecting", ready=self.fire_until_heard)

    def fire_until_heard(self):
        self.await_worker()
        self.browser().say("broadcast", channel="room", event="say")

    def test_in_asyncio(self):
        self.interrupt("""
async def main():
    async with kosmonaut.AsyncWorker(url) as worker:
        async for event in worker:
            say(event)
interrupted_in(lambda: asyncio.run(main()))
""", ready=self.await_worker)

    def test_in_a_main_thread_that_waits_for_one_that_runs(self):
        self.interrupt("""
import threading
worker = kosmonaut.Worker(url)
worker.on("*/*")(print)
thread = threading.Thread(target=worker.run)
thread.start()
interrupted_in(thread.join)
worker.close()
thread.join()
""", ready=self.await_worker)


class Storm(BrokerTest):
    """A signal whose handler raises, wherever in the worker the main thread just is."""

    class Raised(Exception):
        pass

    def setUp(self):
        super().setUp()
        before = signal.signal(signal.SIGUSR1, self.on_signal)
        self.addCleanup(signal.signal, signal.SIGUSR1, before)

    def on_signal(self, number, frame):
        """Not in the test itself, and not where nothing can come out."""
        names = set()
        while frame is not None:
            if frame.f_code.co_filename == worker_module.__file__:
                names.add(frame.f_code.co_name)
            elif frame.f_code.co_name == "__del__":
                return
            frame = frame.f_back
        if "next" in names:
            raise self.Raised

    def storm(self, stop):
        main = threading.main_thread().ident
        pause = 0.0005
        while not stop.wait(pause):
            signal.pthread_kill(main, signal.SIGUSR1)
            pause = pause * 1.07 % 0.003 + 0.0003

    def test_no_event_is_lost_and_the_worker_not_stuck(self):
        least = 5000  # and as many more as it takes for some signals to have come
        sent, numbers, raised = 0, [], 0
        end = time.monotonic() + 2 * DEADLINE
        worker = kosmonaut.Worker(self.url)
        self.await_worker(lambda: worker.next(0.01) is None)
        browser = self.browser()

        def fire():
            nonlocal sent
            while (sent < least or raised <= 20) and time.monotonic() < end:
                browser.say("broadcast", channel="room", event="say", data={"n": sent})
                browser.hear()
                sent += 1
            fired.set()

        stop, fired = threading.Event(), threading.Event()
        with running(self.storm, stop), running(fire):
            while not (fired.is_set() and len(numbers) == sent) and time.monotonic() < end:
                try:
                    event = worker.next(1)
                except self.Raised:
                    raised += 1
                    continue
                if event is not None:
                    numbers.append(event.data["n"])
            stop.set()
        self.assertEqual(numbers, list(range(sent)))
        self.assertGreater(raised, 20)
        self.assertIsNone(worker.next(0.01))
        self.assertTrue(worker.close(1))


if __name__ == "__main__":
    unittest.main()
