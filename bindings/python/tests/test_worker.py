"""The worker that waits."""

import threading
import time
import traceback
import unittest

from tests.support import DEADLINE, NOBODY, QUICK, BrokerTest, restart, running, wait_until

import kosmonaut
from kosmonaut import Options, Status, Worker, WorkerState


class WorkerTest(BrokerTest):
    def worker(self, options=QUICK):
        worker = Worker(self.url, options)
        self.addCleanup(worker.close)
        return worker

    def connected(self, options=QUICK, worker=None):
        worker = worker or self.worker(options)
        self.await_worker(lambda: worker.next(0.01) is None)
        return worker

    def connect_with_handlers(self, worker):
        self.await_worker(lambda: worker.dispatch() is False)

    def fire(self, count=1, event="say", uid=None):
        browser = self.browser(uid)
        for n in range(count):
            browser.say("broadcast", channel="room", event=event, data={"n": n})
        return browser


class Next(WorkerTest):
    def test_an_event_and_all_it_says(self):
        worker = self.connected()
        browser = self.fire(1, uid="alice")
        event = worker.next(10)
        self.assertEqual((event.topic, event.channel, event.name), ("room/say", "room", "say"))
        self.assertEqual((event.uid, event.sid), ("alice", browser.sid))
        self.assertEqual(event.data, {"n": 0, "channel": "room", "uid": "alice",
                                      "sid": browser.sid})
        self.assertEqual((event.kind, event.attempt), (kosmonaut.EventKind.MESSAGE, 1))
        self.assertTrue(event.id.isdigit())
        self.assertTrue(event.raw.startswith(b"{"))
        self.assertIn("room/say", repr(event))

    def test_an_unknown_sender_has_no_uid(self):
        worker = self.connected()
        self.fire()
        self.assertIsNone(worker.next(10).uid)

    def test_events_outlive_their_worker(self):
        worker = self.connected()
        self.fire(2)
        first, second = worker.next(10), worker.next(10)
        worker.close()
        again = second.retain()
        del second
        self.assertEqual((first.data["n"], again.data["n"]), (0, 1))

    def test_answers_are_nothing_when_delivery_is_at_most_once(self):
        worker = self.connected()
        self.fire()
        event = worker.next(10)
        event.ack()
        with self.assertRaises(kosmonaut.StateError):
            event.nack(1.5)
        with self.assertRaises(kosmonaut.StateError):
            event.defer()
        with self.assertRaises(kosmonaut.InvalidArgumentError):
            event.nack(-1)

    def test_time_runs_out(self):
        worker = self.connected()
        for timeout in (0, 0.05):
            began = time.monotonic()
            self.assertIsNone(worker.next(timeout))
            self.assertGreaterEqual(time.monotonic() - began, timeout)
        with self.assertRaises(kosmonaut.InvalidArgumentError):
            worker.next(-1)

    def test_iterating_ends_with_close(self):
        worker = self.connected()
        self.fire(100)
        numbers = []
        for event in worker:
            numbers.append(event.data["n"])
            if len(numbers) == 100:
                self.assertTrue(worker.close())
        self.assertEqual(numbers, list(range(100)))
        with self.assertRaises(kosmonaut.Closed):
            worker.next()

    def test_interrupt(self):
        worker = self.connected()
        worker.interrupt()
        worker.interrupt()
        self.fire()
        with self.assertRaises(kosmonaut.Interrupted):
            worker.next()
        self.assertEqual(worker.next(10).name, "say")
        with running(lambda: list(worker)):
            worker.interrupt()

    def test_one_at_a_time(self):
        worker = self.worker()
        worker.on("room/say")(print)
        with running(lambda: list(worker)):
            wait_until(lambda: worker._seat, "the other thread to be inside")
            for call in (worker.next, worker.dispatch, worker.run):
                with self.assertRaises(kosmonaut.StateError):
                    call()
            worker.interrupt()

    def test_a_wrong_token_is_told_once(self):
        worker = Worker(self.url.replace(self.vhost.token, "0" * 40))
        with self.assertRaises(kosmonaut.UnauthorizedError) as raised:
            worker.next()
        self.assertEqual(raised.exception.http_status, 401)
        self.assertNotIn("0" * 40, str(raised.exception))
        with self.assertRaises(kosmonaut.Closed):
            worker.next()
        self.assertEqual(worker.state, WorkerState.CLOSED)

    def test_a_filter_that_is_none(self):
        with self.assertRaises(kosmonaut.BadRequestError):
            self.worker(Options(filter="(")).next()

    def test_figures(self):
        worker = self.worker()
        self.assertEqual((worker.state, worker.events, worker.last_error),
                         (WorkerState.IDLE, 0, None))
        self.connected(worker=worker)
        self.fire()
        worker.next(10)
        self.assertEqual((worker.state, worker.events, worker.reconnects),
                         (WorkerState.CONNECTED, 1, 0))
        self.assertGreater(worker.bytes, 0)
        self.assertEqual(worker.lag, 0)
        self.assertEqual(worker.stats()["state"], "connected")
        received = worker.bytes
        worker.close()
        self.assertEqual((worker.state, worker.events, worker.bytes),
                         (WorkerState.CLOSED, 1, received))
        with self.assertRaises(kosmonaut.Closed):
            worker.stats()


class Handlers(WorkerTest):
    def test_decorators_and_the_order_of_patterns(self):
        worker = self.worker()
        seen = []

        @worker.on("*/say")
        def first(event):
            seen.append(("first", event.data["n"]))

        @worker.on("room/*")
        def second(event):
            seen.append(("second", event.data["n"]))
            if event.data["n"] == 1:
                worker.interrupt()

        self.assertEqual(first.__name__, "first")
        self.connect_with_handlers(worker)
        self.fire(2)
        self.assertEqual(worker.run(), Status.INTERRUPTED)
        self.assertEqual(seen, [("first", 0), ("second", 0), ("first", 1), ("second", 1)])

    def test_only_what_they_cover_is_asked_for(self):
        worker = self.worker()
        seen = []
        worker.on("room/b")(lambda event: (seen.append(event.name), worker.interrupt()))
        self.connect_with_handlers(worker)
        self.fire(5, "a")
        self.fire(1, "b")
        worker.run()
        self.assertEqual((seen, worker.events), (["b"], 1))

    def test_matching(self):
        from kosmonaut._routes import _covers
        for pattern, channel, name, covered in (
                ("room/say", "room", "say", True), ("room/say", "room", "sing", False),
                ("*/say", "", "say", True), ("*/*", "room", "", True), ("*/*", "room", ":x", False),
                ("*/:x", "room", ":x", True), ("room/a/b", "room", "a/b", True),
                ("/x", "", "x", True), ("room/*", "other", "say", False)):
            with self.subTest((pattern, channel, name)):
                self.assertEqual(_covers(pattern, channel, name), covered)

    def test_replacing_and_removing(self):
        worker = self.worker()
        seen = []
        worker.on("room/a")(lambda event: seen.append("old"))
        worker.on("room/*")(lambda event: seen.append("any"))
        worker.on("room/a")(lambda event: (seen.append("new"), worker.off("room/*")))
        self.connect_with_handlers(worker)
        self.fire(2, "a")
        wait_until(lambda: worker.dispatch() and len(seen) >= 3 or len(seen) >= 3, "the events")
        self.assertEqual(seen, ["new", "any", "new"])

    def test_bad_patterns_and_late_ones(self):
        worker = self.worker()
        for pattern in ("room", "room/", "ro*m/a", "room/a\0", "room/\n"):
            with self.subTest(pattern), self.assertRaises(kosmonaut.InvalidArgumentError):
                worker.on(pattern)(print)
        with self.assertRaises(kosmonaut.StateError):
            worker.run()
        worker.on("room/a")(print)
        self.connect_with_handlers(worker)
        with self.assertRaises(kosmonaut.StateError):
            worker.on("room/b")(print)

    def test_what_no_handler_matches_is_logged(self):
        import logging
        logger = logging.getLogger("kosmonaut.test.unmatched")
        worker = self.worker(Options(filter="", log=logger))
        worker.on("room/stop")(lambda event: worker.interrupt())
        self.connect_with_handlers(worker)
        self.fire(1, "a")
        self.fire(1, "stop")
        with self.assertLogs(logger, logging.DEBUG) as caught:
            worker.run()
        self.assertIn("no handler for room/a", "\n".join(caught.output))

    def test_an_exception_comes_out_and_the_next_event_is_next(self):
        worker = self.worker()
        seen = []

        @worker.on("room/say")
        def say(event):
            seen.append(event.data["n"])
            if event.data["n"] == 1:
                raise KeyError("mine")
            if event.data["n"] == 2:
                raise SystemExit(7)
            if event.data["n"] == 3:
                worker.interrupt()

        self.connect_with_handlers(worker)
        self.fire(4)
        try:
            worker.run()
        except KeyError as failure:
            frames = traceback.extract_tb(failure.__traceback__)
        self.assertEqual(frames[-1].name, "say", "where it was raised")
        with self.assertRaises(SystemExit):
            worker.run()
        self.assertEqual(worker.run(), Status.INTERRUPTED)
        self.assertEqual(seen, [0, 1, 2, 3])

    def test_a_client_that_was_closed_does_not_end_the_worker(self):
        client = kosmonaut.Client(self.url)
        client.close()
        worker = self.worker()

        @worker.on("room/say")
        def say(event):
            client.trigger("room", "answer")

        self.connect_with_handlers(worker)
        self.fire(2)
        with self.assertRaisesRegex(kosmonaut.Closed, "the client"):
            worker.run()
        worker.on_exception(lambda exception, event: worker.interrupt())
        self.assertEqual(worker.run(), Status.INTERRUPTED)

    def test_an_exception_goes_to_its_handler_and_the_worker_goes_on(self):
        worker = self.worker()
        told = []

        @worker.on("room/say")
        def say(event):
            if event.data["n"] == 3:
                worker.interrupt()
            event.data["missing"]

        @worker.on("*/*")
        def never(event):
            self.fail("the handlers behind the one that failed are left out")

        @worker.on_exception
        def failed(exception, event):
            told.append((type(exception), event.data["n"]))
            with self.assertRaises(kosmonaut.StateError):
                event.defer()  # no handler has it any more

        self.connect_with_handlers(worker)
        self.fire(4)
        self.assertEqual(worker.run(), Status.INTERRUPTED)
        self.fire()
        wait_until(worker.dispatch, "the event")
        self.assertEqual(told, [(KeyError, n) for n in (0, 1, 2, 3, 0)])

    def test_what_ends_a_program_ends_run_all_the_same(self):
        worker = self.worker()
        told = []
        worker.on_exception(lambda exception, event: told.append(exception))

        @worker.on("room/say")
        def say(event):
            raise SystemExit(7) if event.data["n"] == 0 else KeyError("mine")

        self.connect_with_handlers(worker)
        self.fire(2)
        with self.assertRaises(SystemExit):
            worker.run()

        @worker.on_exception
        def fails_too(exception, event):
            raise ValueError("of the hook") from exception

        with self.assertRaisesRegex(ValueError, "of the hook"):
            worker.run()
        self.assertEqual(told, [])

    def test_a_handler_cannot_take_events_out_but_close(self):
        worker = self.worker()
        answers = []

        @worker.on("room/say")
        def say(event):
            with self.assertRaises(kosmonaut.StateError):
                worker.next(0)
            event.defer()
            answers.append(worker.close())

        self.connect_with_handlers(worker)
        self.fire()
        self.assertEqual(worker.run(), Status.CLOSED)
        self.assertEqual(answers, [False])
        self.assertTrue(worker.close())

    def test_close_waits_for_the_handler(self):
        worker = self.worker()
        inside, go_on = threading.Event(), threading.Event()

        @worker.on("room/say")
        def say(event):
            inside.set()
            self.assertTrue(go_on.wait(10))

        self.connect_with_handlers(worker)
        with running(lambda: self.assertEqual(worker.run(), Status.CLOSED)):
            self.fire()
            self.assertTrue(inside.wait(10))
            self.assertFalse(worker.close(0.05))
            go_on.set()
            self.assertTrue(worker.close(10))

    def test_close_wakes_who_waits(self):
        for _ in range(20):
            worker = self.connected()
            with running(lambda: self.assertRaises(kosmonaut.Closed, worker.next)):
                wait_until(lambda: worker._seat, "the other thread to be inside")
                self.assertTrue(worker.close(DEADLINE))

    def test_poll(self):
        import select
        worker = self.worker()
        seen = []
        worker.on("room/say")(lambda event: seen.append(event.data["n"]))
        self.connect_with_handlers(worker)
        self.fire(1000)
        poll = select.poll()
        poll.register(worker, select.POLLIN)
        while len(seen) < 1000:
            self.assertTrue(poll.poll(10_000))
            worker.dispatch()
        self.assertEqual(seen, list(range(1000)))


class Failures(WorkerTest):
    def test_those_that_are_retried_are_told(self):
        worker = Worker(NOBODY, QUICK)
        told = []

        @worker.on_error
        def on_error(error):
            told.append(error)
            if len(told) == 3:
                worker.interrupt()

        with self.assertRaises(kosmonaut.Interrupted):
            worker.next(10)
        for error in told:
            self.assertIsInstance(error, kosmonaut.ConnectError)
        self.assertIsInstance(worker.last_error, kosmonaut.ConnectError)
        worker.close()
        self.assertIsInstance(worker.last_error, kosmonaut.ConnectError)

    def test_what_their_handler_raises_comes_out(self):
        worker = Worker(NOBODY, QUICK)
        self.addCleanup(worker.close)

        @worker.on_error
        def on_error(error):
            raise KeyError("mine") from error

        for _ in range(2):
            with self.assertRaisesRegex(KeyError, "mine"):
                worker.next(10)

    def test_a_broker_that_goes_and_comes_back(self):
        worker = self.connected()
        told = []
        worker.on_error(told.append)
        self.broker.stop()
        wait_until(lambda: worker.next(0.01) is None and told, "the failure")
        self.vhost.disconnect()
        restart(self.broker)
        wait_until(lambda: worker.next(0.01) is None and worker.reconnects == 1, "reconnecting")
        self.fire()
        self.assertEqual(worker.next(10).name, "say")


if __name__ == "__main__":
    unittest.main()
