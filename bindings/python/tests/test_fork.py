"""After fork() a child is told clearly, and its parent notices nothing."""

import gc
import os
import signal
import traceback
import unittest
import warnings

from tests.support import DEADLINE, BrokerTest, wait_until

import kosmonaut
from kosmonaut import Client, Options, Worker


def in_child(function):
    """Runs it in a forked child, and fails with what it printed if it failed."""
    reading, writing = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of fork() beside threads
        child = os.fork()
    if child == 0:
        status = 1
        try:
            os.close(reading)
            signal.alarm(int(DEADLINE))
            function()
            gc.collect()
            status = 0
        except BaseException:
            os.write(writing, traceback.format_exc().encode())
        finally:
            os._exit(status)
    os.close(writing)
    with os.fdopen(reading) as file:
        said = file.read()
    _, status = os.waitpid(child, 0)
    if status != 0:
        raise AssertionError(f"the child ended with {status}:\n{said}")


class Fork(BrokerTest):
    def test_calls_in_the_child_are_refused(self):
        client = Client(self.url)
        client.open_channel("room")
        worker = Worker(self.url, Options(filter=""))
        worker.on("*/*")(print)
        self.await_worker(lambda: worker.dispatch() is False)

        def child():
            for call in (lambda: client.open_channel("room"), lambda: client.requests,
                         client.stats, worker.next, worker.run, worker.dispatch,
                         worker.interrupt, worker.fileno, lambda: worker.state,
                         lambda: worker.events, lambda: worker.on("a/b")(print)):
                try:
                    call()
                except kosmonaut.ForkError as error:
                    assert error.status_name == "KN_EFORK" and "fork" in error.message
                else:
                    raise AssertionError("it should be refused")
            client.close()
            assert worker.close()
            assert worker.is_closed

        in_child(child)
        browser = self.browser()
        browser.say("broadcast", channel="room", event="say")
        self.assertEqual(worker.next(10).name, "say")
        client.trigger("room", "hello")
        worker.close()
        client.close()

    def test_dropping_them_in_the_child_is_harmless(self):
        client, worker = Client(self.url), Worker(self.url)
        client.open_channel("room")
        self.await_worker(lambda: worker.next(0.01) is None)

        def child():
            nonlocal client, worker
            del client, worker
            gc.collect()

        in_child(child)
        client.open_channel("room")
        worker.close()
        client.close()

    def test_a_child_makes_its_own(self):
        client = Client(self.url)
        client.open_channel("room")
        browser = self.browser()

        def child():
            with Client(self.url) as own, Worker(self.url) as worker:
                own.trigger("room", "from-the-child")
                assert worker.next(0.01) is None

        in_child(child)
        self.assertEqual(list(browser.hear()), ["from-the-child"])
        client.close()

    def test_events_can_be_read_but_not_answered(self):
        worker = Worker(self.url)
        self.await_worker(lambda: worker.next(0.01) is None)
        browser = self.browser()
        browser.say("broadcast", channel="room", event="say", data={"n": 1})
        event = worker.next(10)

        def child():
            assert event.data["n"] == 1
            try:
                event.ack()
            except kosmonaut.ForkError:
                return
            raise AssertionError("it should be refused")

        in_child(child)
        worker.close()

    def test_while_a_thread_waits(self):
        from tests.support import running
        worker = Worker(self.url)
        with running(lambda: list(worker)):
            wait_until(lambda: worker._seat, "the thread to be inside")
            in_child(lambda: worker.close() or self.fail("nobody is inside here"))
            worker.close()


if __name__ == "__main__":
    unittest.main()
