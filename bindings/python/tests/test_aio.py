"""Client and worker under asyncio."""

import asyncio
import gc
import threading
import unittest

from tests.support import DEADLINE, NOBODY, QUICK, BrokerTest, running, silent_server

import kosmonaut
from kosmonaut import AsyncClient, AsyncWorker, Options, Status


def in_loop(test):
    """The test is a coroutine, in a loop of its own, and has a time limit."""
    def run(self):
        async def limited():
            # With -X dev, asyncio complains of steps that take 0.1 s; on a busy machine any may.
            asyncio.get_running_loop().slow_callback_duration = 1
            return await asyncio.wait_for(test(self), DEADLINE)
        asyncio.run(limited())
    run.__name__ = test.__name__
    return run


class Requests(BrokerTest):
    @in_loop
    async def test_everything(self):
        browser = self.browser()
        async with AsyncClient(self.url) as client:
            await client.open_channel("new")
            await client.close_channel("new")
            with self.assertRaises(kosmonaut.NoChannelError) as raised:
                await client.close_channel("new")
            self.assertEqual(raised.exception.http_status, 404)
            await client.trigger("room", "hello", {"n": 1})
            self.assertEqual(browser.hear(), {"hello": {"n": 1, "channel": "room"}})
            self.assertEqual(len(await client.request_token("alice", ".*")), 128)
            good, bad = await client.trigger_batch([("room", "a"), ("nowhere", "b")])
            self.assertIsNone(good)
            self.assertIsInstance(bad, kosmonaut.NoChannelError)
            with self.assertRaises(kosmonaut.PayloadError):
                await client.trigger("room", "hello", "[]")
            sids = sorted([browser.sid, self.browser().sid, self.browser().sid])
            self.assertEqual([s.sid async for s in client.subscribers("room", 2)], sids)
            page = await client.subscribers_page("room", sids[0])
            self.assertEqual(([s.sid for s in page.subscribers], page.next), (sids[1:], None))
            with self.assertRaises(kosmonaut.NoChannelError):
                await client.subscribers_page("nowhere")
            self.assertEqual(client.pending, 0)
        with self.assertRaises(kosmonaut.Closed):
            await client.open_channel("new")

    @in_loop
    async def test_a_batch_that_fails_as_a_whole(self):
        async with AsyncClient(self.url.replace(self.vhost.token, "0" * 40)) as client:
            with self.assertRaises(kosmonaut.UnauthorizedError):
                await client.trigger_batch([("room", "a")])

    @in_loop
    async def test_many_at_once(self):
        async with AsyncClient(self.url, Options(max_connections=4)) as client:
            await asyncio.gather(*(client.trigger("room", "e", {"n": n}) for n in range(200)))
            self.assertEqual(client.requests_with_status(Status.OK), 200)

    @in_loop
    async def test_too_many_at_once(self):
        async with AsyncClient(self.url, Options(max_pending=2)) as client:
            outcomes = await asyncio.gather(
                *(client.trigger("room", "e") for _ in range(5)), return_exceptions=True)
            self.assertEqual([type(outcome) for outcome in outcomes],
                             [type(None)] * 2 + [kosmonaut.FullError] * 3)

    @in_loop
    async def test_cancelling_one_leaves_the_others(self):
        async with AsyncClient(self.url) as client:
            calls = [asyncio.create_task(client.trigger("room", "e")) for _ in range(10)]
            await asyncio.sleep(0)
            calls[3].cancel()
            outcomes = await asyncio.gather(*calls, return_exceptions=True)
            self.assertIsInstance(outcomes.pop(3), asyncio.CancelledError)
            self.assertEqual(outcomes, [None] * 9)

    @in_loop
    async def test_close_drops_what_does_not_end(self):
        client = AsyncClient(silent_server(self))
        call = asyncio.create_task(client.open_channel("room"))
        await asyncio.sleep(0)
        await client.close(0.05)
        with self.assertRaises(kosmonaut.Closed):
            await call

    @in_loop
    async def test_nobody_there(self):
        async with AsyncClient(NOBODY) as client:
            with self.assertRaises(kosmonaut.ConnectError):
                await client.open_channel("room")

    def test_one_loop_after_the_other(self):
        client = AsyncClient(self.url)

        async def cut_short():
            asyncio.create_task(client.trigger("room", "e"))
            await asyncio.sleep(0)

        asyncio.run(cut_short())
        for _ in range(2):
            asyncio.run(client.open_channel("room"))
        asyncio.run(client.close())

    def test_dropped_in_the_midst_and_collected_elsewhere(self):
        async def cut_short():
            client = AsyncClient(self.url)
            client.itself = client
            asyncio.create_task(client.trigger("room", "e"))
            await asyncio.sleep(0)

        for _ in range(10):
            asyncio.run(cut_short())
        with running(gc.collect):
            pass


class WorkerTest(BrokerTest):
    async def connected(self, worker):
        """Until the broker knows of it; it connects only while somebody takes events out."""
        waiting = asyncio.create_task(asyncio.to_thread(self.await_worker))
        while not waiting.done():
            self.assertIsNone(await worker.next(0.01))
        await waiting

    def fire(self, count, event="say"):
        browser = self.browser()
        for n in range(count):
            browser.say("broadcast", channel="room", event=event, data={"n": n})
            browser.hear()  # the sender is told, too: so they come one by one


class Events(WorkerTest):
    @in_loop
    async def test_iterating(self):
        async with AsyncWorker(self.url) as worker:
            await self.connected(worker)
            self.fire(1000)
            numbers = []
            async for event in worker:
                numbers.append(event.data["n"])
                if len(numbers) == 1000:
                    break
            self.assertEqual(numbers, list(range(1000)))

    @in_loop
    async def test_cancelling_loses_no_event(self):
        async with AsyncWorker(self.url) as worker:
            await self.connected(worker)
            numbers, cancelled = [], 0
            total = 2000
            with running(self.fire, total):
                while len(numbers) < total:
                    async def take():
                        async for event in worker:
                            numbers.append(event.data["n"])
                    task = asyncio.create_task(take())
                    # A turn or two of the loop, so that it is met in all of its states.
                    for _ in range(cancelled % 4):
                        await asyncio.sleep(0)
                    task.cancel()
                    with self.assertRaises(asyncio.CancelledError):
                        await task
                    cancelled += 1
            self.assertEqual(numbers, list(range(total)))
            self.assertGreater(cancelled, 50)

    @in_loop
    async def test_running_out_of_time_loses_no_event(self):
        async with AsyncWorker(self.url) as worker:
            await self.connected(worker)
            numbers = []
            total = 500
            with running(self.fire, total):
                while len(numbers) < total:
                    try:
                        event = await asyncio.wait_for(worker.next(), 0.0005)
                    except asyncio.TimeoutError:
                        continue
                    numbers.append(event.data["n"])
            self.assertEqual(numbers, list(range(total)))

    @in_loop
    async def test_a_busy_worker_lets_other_tasks_have_their_turn(self):
        async with AsyncWorker(self.url) as worker:
            await self.connected(worker)
            turns = 0

            async def other():
                nonlocal turns
                while True:
                    turns += 1
                    await asyncio.sleep(0)

            await asyncio.to_thread(self.fire, 3000)
            task = asyncio.create_task(other())
            for _ in range(3000):
                await worker.next()
            task.cancel()
            self.assertGreater(turns, 0)

    @in_loop
    async def test_one_task_at_a_time(self):
        async with AsyncWorker(self.url) as worker:
            first = asyncio.create_task(worker.next())
            await asyncio.sleep(0)
            with self.assertRaises(kosmonaut.StateError):
                await worker.next()
            worker.interrupt()
            with self.assertRaises(kosmonaut.Interrupted):
                await first

    @in_loop
    async def test_interrupt_and_close_from_another_thread_and_task(self):
        worker = AsyncWorker(self.url)
        with running(worker.interrupt):
            async for event in worker:
                self.fail("there is none")
        waiting = asyncio.create_task(worker.next())
        await asyncio.sleep(0)
        self.assertTrue(await worker.close(10))
        with self.assertRaises(kosmonaut.Closed):
            await waiting
        self.assertTrue(worker.is_closed)

    @in_loop
    async def test_a_wrong_token(self):
        async with AsyncWorker(self.url.replace(self.vhost.token, "0" * 40)) as worker:
            with self.assertRaises(kosmonaut.UnauthorizedError):
                await worker.next()
            with self.assertRaises(kosmonaut.Closed):
                await worker.next()

    @in_loop
    async def test_failures_are_told(self):
        async with AsyncWorker(NOBODY, QUICK) as worker:
            told = []
            worker.on_error(lambda error: (told.append(error), worker.interrupt()))
            with self.assertRaises(kosmonaut.Interrupted):
                await worker.next(10)
            self.assertIsInstance(told[0], kosmonaut.ConnectError)

    @in_loop
    async def test_an_event_is_answered_in_no_time(self):
        """No wait is cut in slices, which would add to each."""
        async with AsyncWorker(self.url) as worker, AsyncClient(self.url) as client:
            await self.connected(worker)
            browser = self.browser()
            loop = asyncio.get_running_loop()
            loop.call_later = loop.call_at = lambda *_, **__: self.fail("a timer")
            for n in range(200):
                browser.say("broadcast", channel="room", event="say", data={"n": n})
                event = await worker.next()
                await client.trigger("room", "answer", {"n": event.data["n"]})
            del loop.call_later, loop.call_at


class Handlers(WorkerTest):
    @in_loop
    async def test_coroutines_and_functions(self):
        worker = AsyncWorker(self.url, Options(filter=""))
        seen = []
        async with worker, AsyncClient(self.url) as client:
            @worker.on("room/say")
            async def first(event):
                await client.trigger(event.channel, "answer")
                seen.append(("first", event.data["n"]))

            @worker.on("*/*")
            def second(event):
                seen.append(("second", event.data["n"]))
                if event.data["n"] == 2:
                    worker.interrupt()

            await self.connected(worker)
            self.fire(3)
            self.assertEqual(await worker.run(), Status.INTERRUPTED)
            self.assertEqual(seen, [(which, n) for n in range(3) for which in ("first", "second")])

    @in_loop
    async def test_an_exception_comes_out(self):
        async with AsyncWorker(self.url, Options(filter="")) as worker:
            seen = []

            @worker.on("room/say")
            async def say(event):
                seen.append(event.data["n"])
                if event.data["n"] == 0:
                    raise KeyError("mine")
                self.assertFalse(await worker.close(), "this is a handler")

            await self.connected(worker)
            self.fire(2)
            with self.assertRaisesRegex(KeyError, "mine"):
                await worker.run()
            self.assertEqual(await worker.run(), Status.CLOSED)
            self.assertEqual(seen, [0, 1])

    @in_loop
    async def test_a_client_that_was_closed_does_not_end_the_worker(self):
        client = AsyncClient(self.url)
        await client.close()
        async with AsyncWorker(self.url, Options(filter="")) as worker:

            @worker.on("room/say")
            async def say(event):
                await client.trigger("room", "answer")

            await self.connected(worker)
            self.fire(1)
            with self.assertRaisesRegex(kosmonaut.Closed, "the client"):
                await worker.run()

    @in_loop
    async def test_an_exception_goes_to_its_handler_and_the_worker_goes_on(self):
        async with AsyncWorker(self.url, Options(filter="")) as worker:
            told = []

            @worker.on("room/say")
            async def say(event):
                await asyncio.sleep(0)
                event.data["missing"]

            @worker.on_exception
            async def failed(exception, event):
                await asyncio.sleep(0)
                told.append((type(exception), event.data["n"]))
                if len(told) == 3:
                    worker.interrupt()

            await self.connected(worker)
            self.fire(3)
            self.assertEqual(await worker.run(), Status.INTERRUPTED)
            self.assertEqual(told, [(KeyError, n) for n in range(3)])

    @in_loop
    async def test_cancelling_is_no_exception_of_a_handler(self):
        async with AsyncWorker(self.url, Options(filter="")) as worker:
            told, inside = [], asyncio.Event()
            worker.on_exception(lambda exception, event: told.append(exception))

            @worker.on("room/say")
            async def say(event):
                inside.set()
                await asyncio.Event().wait()

            await self.connected(worker)
            self.fire(1)
            running = asyncio.ensure_future(worker.run())
            await inside.wait()
            running.cancel()
            with self.assertRaises(asyncio.CancelledError):
                await running
            self.assertEqual(told, [])

    @in_loop
    async def test_close_waits_for_the_handler(self):
        worker = AsyncWorker(self.url, Options(filter=""))
        inside, go_on = asyncio.Event(), asyncio.Event()

        @worker.on("room/say")
        async def say(event):
            inside.set()
            await go_on.wait()

        await self.connected(worker)
        running_task = asyncio.create_task(worker.run())
        self.fire(1)
        await inside.wait()
        self.assertFalse(await worker.close(0.01))
        go_on.set()
        self.assertTrue(await worker.close())
        self.assertEqual(await running_task, Status.CLOSED)

    @in_loop
    async def test_cancelling_a_handler(self):
        async with AsyncWorker(self.url, Options(filter="")) as worker:
            inside = asyncio.Event()

            @worker.on("room/say")
            async def say(event):
                inside.set()
                await asyncio.sleep(DEADLINE)

            await self.connected(worker)
            task = asyncio.create_task(worker.run())
            self.fire(2)
            await inside.wait()
            task.cancel()
            with self.assertRaises(asyncio.CancelledError):
                await task
            self.assertEqual((await worker.next(10)).data["n"], 1)


class BesideAThread(WorkerTest):
    def test_a_loop_in_a_thread_that_is_not_the_main_one(self):
        seen = []

        async def work():
            async with AsyncWorker(self.url) as worker:
                await self.connected(worker)
                self.fire(10)
                async for event in worker:
                    seen.append((event.data["n"], threading.current_thread().name))
                    if len(seen) == 10:
                        return

        with running(asyncio.run, work()) as thread:
            pass
        self.assertEqual(seen, [(n, thread.name) for n in range(10)])


if __name__ == "__main__":
    unittest.main()
