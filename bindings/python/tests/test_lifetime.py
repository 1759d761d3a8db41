"""What is dropped leaves nothing behind, on whichever thread, in whichever order."""

import gc
import logging
import threading
import unittest
import weakref

from tests.support import (NOBODY, BrokerTest, StrictTest, descriptors, program,
                           resident_kilobytes, running)

import kosmonaut
from kosmonaut import Batch, Client, Options, Worker


class TenThousand(StrictTest):
    def leaves_nothing(self, make, count=10_000, count_before=200):
        for _ in range(count_before):  # what is made once
            make()
        gc.collect()
        before, memory = descriptors(), resident_kilobytes()
        for _ in range(count):
            make()
        gc.collect()
        self.assertEqual(descriptors(), before)
        self.assertLess(resident_kilobytes() - memory, 4096)

    def test_clients(self):
        self.leaves_nothing(lambda: Client(NOBODY))

    def test_clients_that_were_closed(self):
        self.leaves_nothing(lambda: Client(NOBODY).close())

    def test_workers(self):
        def make():
            worker = Worker(NOBODY)
            worker.on("room/say")(worker.close)  # a cycle
        self.leaves_nothing(make, 2000)
        self.leaves_nothing(lambda: Worker(NOBODY).close(), 8000)

    def test_workers_in_cycles(self):
        def make():
            for _ in range(100):
                worker = Worker(NOBODY)
                worker.on("room/say")(lambda event, worker=worker: worker.close())
                worker.on_error(lambda error, worker=worker: worker.close())
            del worker
            gc.collect()
        self.leaves_nothing(make, 100, 5)

    def test_options_and_batches(self):
        options = Options(log=logging.getLogger("kosmonaut.test"), headers={"X-A": "b"})
        self.leaves_nothing(lambda: Client(NOBODY, options))
        self.leaves_nothing(lambda: Batch([("room", "a", {"n": 1})]))

    def test_failures(self):
        def make():
            with self.assertRaises(kosmonaut.InvalidArgumentError):
                Client("nothing")
            with self.assertRaises(kosmonaut.InvalidArgumentError):
                Client(NOBODY, Options(max_pending=0))
        self.leaves_nothing(make, 2000)


class Used(BrokerTest):
    def test_clients_and_workers_that_were_used(self):
        def make():
            with Client(self.url) as client:
                client.open_channel("room")
                client.trigger_batch([("room", "a"), ("nowhere", "b")])
            with self.assertRaises(kosmonaut.NoChannelError):
                Client(self.url).trigger("nowhere", "a")
            worker = Worker(self.url)
            worker.next(0)
            worker.next(0.001)

        for _ in range(20):
            make()
        gc.collect()
        before, memory = descriptors(), resident_kilobytes()
        for _ in range(300):
            make()
        gc.collect()
        self.assertEqual(descriptors(), before)
        self.assertLess(resident_kilobytes() - memory, 4096)

    def test_ten_thousand_events(self):
        worker = Worker(self.url)
        self.await_worker(lambda: worker.next(0.01) is None)
        browser = self.browser()

        def fire(count):
            for n in range(count):
                browser.say("broadcast", channel="room", event="say", data={"n": n, "x": "y" * 99})

        with running(fire, 1000):
            self.take_in_cycles(worker, 1000)
        gc.collect()
        memory = resident_kilobytes()
        with running(fire, 10_000):
            self.take_in_cycles(worker, 10_000)
        gc.collect()
        self.assertLess(resident_kilobytes() - memory, 4096)
        worker.close()

    @staticmethod
    def take_in_cycles(worker, count):
        for _ in range(count):
            event = worker.next(10)
            cycle = [event, event.retain()]
            cycle.append(cycle)

    def test_a_raised_error_does_not_keep_the_client(self):
        client = Client(self.url)
        gone = weakref.ref(client._handle)
        gc.disable()
        self.addCleanup(gc.enable)
        for _ in range(2):
            with self.assertRaises(kosmonaut.NoChannelError):
                client.trigger("nowhere", "a")
        client.close()
        self.assertIsNone(gone(), "its descriptors go without the garbage collector")

    def test_close_gives_the_descriptors_back_at_once(self):
        with Client(self.url) as client:
            client.open_channel("room")
        before = descriptors()
        gc.disable()
        self.addCleanup(gc.enable)
        with Client(self.url) as client, Worker(self.url) as worker:
            client.open_channel("room")
            worker.next(0.05)
            self.assertGreater(descriptors(), before)
        self.assertEqual(descriptors(), before)


class Collecting(BrokerTest):
    def test_while_other_threads_work(self):
        stop = threading.Event()

        def collect():
            while not stop.is_set():
                gc.collect()

        def make_and_drop():
            for _ in range(150):
                worker = Worker(self.url)
                worker.on("room/say")(lambda event, worker=worker: None)
                worker.next(0)
                client = Client(self.url)
                client.itself = client
                client.open_channel("room")

        with running(collect):
            with running(make_and_drop), running(make_and_drop):
                pass
            stop.set()

    def test_a_worker_dropped_in_its_handler(self):
        def make():
            worker = Worker(self.url, Options(filter=""))
            gone = weakref.ref(worker)
            kept = [worker]
            worker.on("room/say")(lambda event: (kept.clear(), worker_of(gone).interrupt()))
            self.await_worker(lambda: worker.dispatch() is False)
            self.browser().say("broadcast", channel="room", event="say")
            worker.run()
            return gone

        def worker_of(reference):
            return reference()

        gone = make()
        gc.collect()
        self.assertIsNone(gone())


class Ending(BrokerTest):
    """A program that ends with handles open ends well."""

    def ends_well(self, text):
        process = program(text, self.url)
        out, err = process.communicate(timeout=30)
        self.assertEqual((out, err, process.returncode), ("", "", 0))

    def test_with_handles_open(self):
        self.ends_well("""
import kosmonaut, sys
client, worker = kosmonaut.Client(sys.argv[1]), kosmonaut.Worker(sys.argv[1])
client.open_channel("room")
worker.next(0.05)
client.itself = client
""")

    def test_with_a_thread_that_waits(self):
        self.ends_well("""
import kosmonaut, sys, threading, time
worker = kosmonaut.Worker(sys.argv[1])
threading.Thread(target=lambda: list(worker), daemon=True).start()
while worker.state != kosmonaut.WorkerState.CONNECTED:
    time.sleep(0.001)
""")

    def test_with_threads_that_log(self):
        """Python ends a thread that comes back to it now, in the middle of a call."""
        for _ in range(5):
            self.ends_well("""
import kosmonaut, logging, sys, threading
logger = logging.getLogger("of the test")
logger.addHandler(logging.NullHandler())
logger.propagate = False
client = kosmonaut.Client(sys.argv[1], kosmonaut.Options(log=logger))
refused = threading.Semaphore(0)
def work():
    while True:
        try:
            client.close_channel("closed")
        except kosmonaut.Error:
            refused.release()
for _ in range(4):
    threading.Thread(target=work, daemon=True).start()
for _ in range(20):
    refused.acquire()
""")

    def test_with_a_loop_that_was_cut_short(self):
        self.ends_well("""
import asyncio, kosmonaut, sys
async def main():
    global worker, client
    worker, client = kosmonaut.AsyncWorker(sys.argv[1]), kosmonaut.AsyncClient(sys.argv[1])
    task = asyncio.create_task(worker.next())
    other = asyncio.create_task(client.open_channel("room"))
    await asyncio.sleep(0)
asyncio.run(main())
""")


if __name__ == "__main__":
    unittest.main()
