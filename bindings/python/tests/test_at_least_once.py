"""Delivery at least once: what returns, exceptions and closing say."""

import asyncio
import logging
import threading
import time
import unittest

from tests.group_server import GroupServer, record
from tests.support import DEADLINE, StrictTest, running, wait_until

import kosmonaut
from kosmonaut import AsyncWorker, Delivery, Options, Order, Status, Worker


def in_group(**more):
    return Options(delivery=Delivery.AT_LEAST_ONCE, group="g", reconnect_delay=(0.01, 0.05), **more)


class GroupTest(StrictTest):
    def server(self, records):
        server = GroupServer(records)
        self.addCleanup(server.close)
        return server

    def worker(self, records, **more):
        self.at = self.server(records)
        worker = Worker(self.at.url, in_group(**more))
        self.addCleanup(worker.close)
        return worker

    def dispatch_until(self, worker, is_done):
        def look():
            worker.dispatch()
            return is_done()
        wait_until(look, "what the handlers bring about")


class AnswersOfHandlers(GroupTest):
    def test_a_return_acknowledges(self):
        worker = self.worker(record(1) + record(2))
        worker.on("chat/said")(lambda event: None)
        self.dispatch_until(worker, lambda: self.at.has_acknowledged(2))
        self.assertEqual(self.at.of_kind("nack"), [])

    def test_an_exception_gives_back(self):
        worker = self.worker(record(1, fields="attempt: 3\n") + record(2))
        told = []

        @worker.on("chat/said")
        def handle(event):
            if event.id == "e-1":
                raise ValueError("no database")

        worker.on_exception(lambda failure, event: told.append((str(failure), event.id)))
        self.dispatch_until(worker, lambda: self.at.of_kind("nack") and self.at.has_acknowledged(2))
        nack, = self.at.of_kind("nack")
        self.assertEqual((nack.ids, nack.delay_ms, nack.is_unhandled), (["e-1"], 20_000, False))
        self.assertEqual(told, [("no database", "e-1")])

    def test_an_exception_that_comes_out_of_run_gives_back(self):
        worker = self.worker(record(1))

        @worker.on("chat/said")
        def handle(event):
            raise ValueError("no database")

        with self.assertRaises(ValueError):
            worker.run()
        self.assertTrue(worker.close())
        nack, = self.at.of_kind("nack")
        self.assertEqual((nack.ids, nack.delay_ms, nack.is_unhandled), (["e-1"], 1_000, False))

    def test_a_handler_may_answer_later(self):
        worker = self.worker(record(1) + record(2))
        kept = []

        @worker.on("chat/said")
        def handle(event):
            if event.id == "e-1":
                event.defer()
                kept.append(event)

        self.dispatch_until(worker, lambda: self.at.has_acknowledged(2))
        self.assertEqual(self.at.of_kind("ack")[0].ids, ["e-2"])
        kept[0].ack()
        with self.assertRaises(kosmonaut.StateError):
            kept[0].nack()
        self.dispatch_until(worker, lambda: self.at.has_acknowledged(1))

    def test_a_handler_may_give_back(self):
        worker = self.worker(record(1))
        worker.on("chat/said")(lambda event: event.nack(0.25))
        self.dispatch_until(worker, lambda: self.at.of_kind("nack"))
        self.assertEqual(self.at.of_kind("nack")[0].delay_ms, 250)

    def test_where_it_is_off_a_return_says_nothing(self):
        worker = self.worker(record(1), auto_ack=False)
        worker.on("chat/said")(lambda event: None)
        self.dispatch_until(worker, lambda: self.at.of_kind("nack"))
        self.assertFalse(self.at.has_acknowledged(1))

    def test_what_no_handler_is_for_goes_back(self):
        lines = []
        logger = logging.Logger("test")
        handler = logging.Handler()
        handler.emit = lambda entry: lines.append(entry.getMessage())
        logger.addHandler(handler)
        worker = self.worker(record(1, topic="chat/other") + record(2), filter="chat/.*", log=logger)
        worker.on("chat/said")(lambda event: None)
        self.dispatch_until(worker, lambda: self.at.of_kind("nack") and self.at.has_acknowledged(2))
        nack, = self.at.of_kind("nack")
        self.assertEqual((nack.ids, nack.delay_ms, nack.is_unhandled), (["e-1"], 1_000, True))
        self.assertIn("no handler for chat/other, which is given back", lines)

    def test_a_gap_needs_no_answer(self):
        worker = self.worker(record(1, topic=":gap", data='{"count":3}') + record(2))
        told = []
        worker.on("*/:gap")(lambda event: told.append((event.kind, event.data)))
        worker.on("chat/said")(lambda event: None)
        self.dispatch_until(worker, lambda: self.at.has_acknowledged(2))
        self.assertEqual(told, [(kosmonaut.EventKind.GAP, {"count": 3})])


class Events(GroupTest):
    def test_what_the_broker_says(self):
        worker = self.worker(record(1, fields="attempt: 2\nref: p.1\ntime: 1764450000123\n") + record(2))
        event = worker.next(DEADLINE)
        self.assertEqual((event.attempt, event.ref, event.time), (2, "p.1", 1764450000.123))
        other = worker.next(DEADLINE)
        self.assertEqual((other.attempt, other.ref, other.time), (1, None, None))
        event.extend()
        event.decline(2)
        with self.assertRaises(kosmonaut.StateError):
            event.extend()
        self.assertTrue(worker.close())
        self.assertTrue(any(answer.delay_ms == 2_000 and answer.is_unhandled
                            for answer in self.at.of_kind("nack")))
        with self.assertRaises(kosmonaut.Closed):
            other.ack()

    def test_one_that_is_dropped_goes_back(self):
        worker = self.worker(record(1))
        worker.next(DEADLINE)
        wait_until(lambda: worker.next(0.01) is None and self.at.of_kind("nack"), "the giving back")
        self.assertEqual(self.at.of_kind("nack")[0].delay_ms, 1_000)


class Settings(GroupTest):
    def test_they_reach_the_broker(self):
        worker = self.worker(record(1), window=7, order=Order.UID, worker_name="w")
        worker.next(DEADLINE)
        target, = self.at.targets
        for part in ("group=g", "ack=explicit", "window=7", "order=uid", "worker=w"):
            self.assertIn(part, target)

    def test_a_group_is_needed(self):
        with self.assertRaises(kosmonaut.InvalidArgumentError):
            Worker("http://wr:0@127.0.0.1:1/moon", Options(delivery=Delivery.AT_LEAST_ONCE))

    def test_what_cannot_be_is_refused(self):
        for bad in ({"delivery": 2}, {"group": ""}, {"window": 0}, {"order": 4}):
            with self.assertRaises(kosmonaut.InvalidArgumentError):
                Options(**bad)


class Closing(GroupTest):
    def test_it_gives_back_what_was_not_handled(self):
        worker = self.worker(record(1) + record(2))
        event = worker.next(DEADLINE)
        event.ack()
        time.sleep(0.05)
        self.assertTrue(worker.close())
        self.assertTrue(self.at.has_acknowledged(1))
        nack, = self.at.of_kind("nack")
        self.assertEqual((nack.ids, nack.is_unhandled), (["e-2"], True))

    def test_it_waits_for_the_handler_that_runs(self):
        worker = self.worker(record(1) + record(2))
        is_in = threading.Event()

        @worker.on("chat/said")
        def handle(event):
            is_in.set()
            time.sleep(0.2)

        statuses = []
        with running(lambda: statuses.append(worker.run())):
            self.assertTrue(is_in.wait(DEADLINE))
            self.assertTrue(worker.close())
        self.assertEqual(statuses, [Status.CLOSED])
        self.assertTrue(self.at.has_acknowledged(1))
        self.assertFalse(self.at.has_acknowledged(2))

    def test_in_a_handler_its_event_is_acknowledged(self):
        worker = self.worker(record(1) + record(2))

        @worker.on("chat/said")
        def handle(event):
            self.assertFalse(worker.close())

        self.assertEqual(worker.run(), Status.CLOSED)
        self.assertTrue(self.at.has_acknowledged(1))
        nack, = self.at.of_kind("nack")
        self.assertEqual((nack.ids, nack.is_unhandled), (["e-2"], True))


class UnderAsyncio(GroupTest):
    def test_a_coroutine_acknowledges_when_it_has_returned(self):
        at = self.server(record(1) + record(2))
        during = []

        async def main():
            async with AsyncWorker(at.url, in_group()) as worker:
                @worker.on("chat/said")
                async def handle(event):
                    await asyncio.sleep(0.1)
                    during.append(at.has_acknowledged(int(event.id[2:])))
                    if event.id == "e-2":
                        worker.interrupt()
                await worker.run()

        asyncio.run(asyncio.wait_for(main(), DEADLINE))
        self.assertEqual(during, [False, False])
        self.assertTrue(at.has_acknowledged(2))
        self.assertEqual(at.of_kind("nack"), [])

    def test_an_exception_gives_back(self):
        at = self.server(record(1, fields="attempt: 2\n"))

        async def main():
            worker = AsyncWorker(at.url, in_group())

            @worker.on("chat/said")
            async def handle(event):
                await asyncio.sleep(0)
                raise ValueError("no database")

            with self.assertRaises(ValueError):
                await worker.run()
            self.assertTrue(await worker.close())

        asyncio.run(asyncio.wait_for(main(), DEADLINE))
        nack, = at.of_kind("nack")
        self.assertEqual((nack.ids, nack.delay_ms, nack.is_unhandled), (["e-1"], 5_000, False))

    def test_closing_in_a_handler_lets_it_end(self):
        at = self.server(record(1) + record(2))

        async def main():
            worker = AsyncWorker(at.url, in_group())

            @worker.on("chat/said")
            async def handle(event):
                self.assertFalse(await worker.close())

            return await worker.run()

        self.assertEqual(asyncio.run(asyncio.wait_for(main(), DEADLINE)), Status.CLOSED)
        self.assertTrue(at.has_acknowledged(1))
        self.assertEqual(at.of_kind("nack")[0].ids, ["e-2"])


if __name__ == "__main__":
    unittest.main()
