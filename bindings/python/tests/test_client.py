"""The client that waits, on the main thread and on others."""

import asyncio
import concurrent.futures
import gc
import os
import signal
import threading
import unittest

from tests.support import NOBODY, BrokerTest, running, silent_server

import kosmonaut
from kosmonaut import Batch, Client, Options, Status


class Requests(BrokerTest):
    """The main thread polls; see OnAnotherThread for the others."""

    def setUp(self):
        super().setUp()
        self.client = Client(self.url)
        self.addCleanup(self.client.close)

    def test_channels(self):
        self.client.open_channel("new")
        self.client.open_channel("new")
        self.client.close_channel("new")
        with self.assertRaises(kosmonaut.NoChannelError) as raised:
            self.client.close_channel("new")
        error = raised.exception
        self.assertEqual((error.status, error.status_name, error.http_status, error.server_code),
                         (Status.ENOCHANNEL, "KN_ENOCHANNEL", 404, 454))
        self.assertEqual((error.retry_after, error.is_retriable), (None, False))
        self.assertIn("channel", error.message)
        self.assertIsInstance(error, kosmonaut.RefusedError)

    def test_trigger(self):
        browser = self.browser()
        for data, heard in ((None, {}), ({"n": 1, "text": "ä\0"}, {"n": 1, "text": "ä\0"}),
                            ('{"n": 2}', {"n": 2}), (b'{"n": 12345678901234567890}',
                                                     {"n": 12345678901234567890})):
            self.client.trigger("room", "hello", data)
            self.assertEqual(browser.hear(), {"hello": {**heard, "channel": "room"}})

    def test_trigger_refuses_what_is_no_object(self):
        for data in ("[]", b"{", "", {"n": float("nan")}, {"text": "\ud800"}):
            with self.subTest(data), self.assertRaises(kosmonaut.PayloadError):
                self.client.trigger("room", "hello", data)
        for data in (5, ["list"], {"object": object()}):
            with self.subTest(data), self.assertRaises(TypeError):
                self.client.trigger("room", "hello", data)

    def test_trigger_refuses_names_outside_the_grammar(self):
        for channel, event in (("", "e"), ("a/b", "e"), ("room\0x", "e"), ("room", ""),
                               ("room", ":e"), ("room", "a\0b"), ("room", "\ud800")):
            with self.subTest((channel, event)), self.assertRaises(kosmonaut.InvalidArgumentError):
                self.client.trigger(channel, event)
        with self.assertRaises(TypeError):
            self.client.trigger(b"room", "e")

    def test_token(self):
        browser = self.vhost.browser()
        self.addCleanup(browser.close)
        token = self.client.request_token("älice", "private-.*")
        self.assertEqual(browser.ask("auth", token=token), {":authenticated": {}})
        with self.assertRaises(kosmonaut.BadRequestError):
            self.client.request_token("alice", "(")

    def test_batch(self):
        browser = self.browser()
        first, second, third = self.client.trigger_batch(
            [("room", "a", {"n": 1}), ("nowhere", "b"), ("room", "c")])
        self.assertIsNone(first)
        self.assertIsInstance(second, kosmonaut.NoChannelError)
        self.assertEqual(second.http_status, 404)
        self.assertIsNone(third)
        self.assertEqual(browser.hear(), {"a": {"n": 1, "channel": "room"}})
        self.assertEqual(browser.hear(), {"c": {"channel": "room"}})

    def test_a_batch_can_be_sent_again(self):
        batch = Batch()
        batch.add("room", "a")
        with self.assertRaises(kosmonaut.PayloadError):
            batch.add("room", "b", "[]")
        self.assertEqual(len(batch), 1)
        for _ in range(2):
            self.assertEqual(self.client.trigger_batch(batch), [None])
        batch.clear()
        self.assertEqual(len(batch), 0)
        with self.assertRaises(kosmonaut.InvalidArgumentError):
            self.client.trigger_batch(batch)

    def test_subscribers(self):
        self.client.open_channel("presence-room")
        self.assertEqual(list(self.client.subscribers("presence-room")), [])
        browser = self.vhost.browser("älice")
        self.addCleanup(browser.close)
        data = {"name": "Älice", "n": 12345678901234567890, "nul": "\0"}
        browser.subscribe("presence-room", data=data, hidden=True)
        subscriber, = self.client.subscribers("presence-room")
        self.assertEqual((subscriber.sid, subscriber.uid, subscriber.is_hidden, subscriber.data),
                         (browser.sid, "älice", True, data))
        self.assertIsInstance(subscriber.raw, bytes)

    def test_subscribers_page_after_page(self):
        sids = sorted(self.browser().sid for _ in range(5))
        before = self.client.requests
        self.assertEqual([s.sid for s in self.client.subscribers("room", page_size=2)], sids)
        self.assertEqual(self.client.requests - before, 3)
        first = self.client.subscribers_page("room", limit=3)
        self.assertEqual([s.sid for s in first.subscribers], sids[:3])
        self.assertEqual(first.next, sids[2])
        last = self.client.subscribers_page("room", first.next)
        self.assertEqual([(s.sid, s.uid, s.is_hidden, s.raw) for s in last.subscribers],
                         [(sid, None, False, b"{}") for sid in sids[3:]])
        self.assertIsNone(last.next)

    def test_subscribers_refused(self):
        with self.assertRaises(kosmonaut.NoChannelError):
            next(self.client.subscribers("nowhere"))
        with self.assertRaises(kosmonaut.BadRequestError):
            self.client.subscribers_page("room", limit=1001)
        for arguments in (("a/b",), ("room", ""), ("room", "a\0b"), ("room", None, -1),
                          ("room", None, 1 << 31)):
            with self.subTest(arguments), self.assertRaises(kosmonaut.InvalidArgumentError):
                self.client.subscribers_page(*arguments)
        with self.assertRaises(TypeError):
            self.client.subscribers_page("room", limit="all")

    def test_which_channels_there_are(self):
        names = [f"listed-{n}" for n in range(5)]
        for name in [*reversed(names), "presence-listed"]:
            self.client.open_channel(name)
        for size in (0, 1, 2, 5):
            self.assertEqual([c.name for c in self.client.channels("listed-", size)], names)
        first = self.client.channels_page("listed-", limit=3)
        self.assertEqual([tuple(c) for c in first.channels],
                         [(name, "normal", 0, None) for name in names[:3]])
        last = self.client.channels_page("listed-", first.next, 3)
        self.assertEqual(([c.name for c in last.channels], last.next), (names[3:], None))
        for name, hidden in (("älice", True), ("bob", False)):
            browser = self.vhost.browser(name)
            self.addCleanup(browser.close)
            browser.subscribe("presence-listed", hidden=hidden)
        self.assertEqual([tuple(c) for c in self.client.channels("presence-")],
                         [("presence-listed", "presence", 2, 1)])
        self.assertLess({"listed-0", "presence-listed"}, {c.name for c in self.client.channels()})
        with self.assertRaises(kosmonaut.BadRequestError):
            self.client.channels_page(limit=1001)
        for arguments in (("a/b",), ("a\0b",), ("a", ""), ("a", None, -1)):
            with self.subTest(arguments), self.assertRaises(kosmonaut.InvalidArgumentError):
                self.client.channels_page(*arguments)

        async def names_by_tasks():
            async with kosmonaut.AsyncClient(self.url) as client:
                return [channel.name async for channel in client.channels("listed-", 2)]
        self.assertEqual(asyncio.run(names_by_tasks()), names)

    def test_a_wrong_token(self):
        with Client(self.url.replace(self.vhost.token, "0" * 40)) as client:
            for call in (lambda: client.open_channel("room"),
                         lambda: client.trigger_batch([("room", "a")])):
                with self.assertRaises(kosmonaut.UnauthorizedError) as raised:
                    call()
                self.assertEqual(raised.exception.http_status, 401)

    def test_no_vhost_and_nobody_there(self):
        with Client(self.url + "x") as client, self.assertRaises(kosmonaut.NoVhostError):
            client.open_channel("room")
        with Client(NOBODY) as client, self.assertRaises(ConnectionError) as raised:
            client.open_channel("room")
        self.assertIsInstance(raised.exception, kosmonaut.ConnectError)
        self.assertTrue(raised.exception.is_retriable)

    def test_a_malformed_url(self):
        for url in ("", "ftp://x", "http://localhost/moon", self.url + "\0"):
            with self.subTest(url), self.assertRaises(kosmonaut.InvalidArgumentError) as raised:
                Client(url)
            self.assertNotIn(self.vhost.token, str(raised.exception))

    def test_figures(self):
        with Client(self.url) as client:
            client.open_channel("room")
            with self.assertRaises(kosmonaut.NoChannelError):
                client.close_channel("nowhere")
            self.assertEqual((client.requests, client.pending), (2, 0))
            self.assertEqual(client.requests_with_status(Status.ENOCHANNEL), 1)
            self.assertGreaterEqual(client.connections, 1)
            self.assertEqual(client.stats()["by_status"], {"KN_OK": 1, "KN_ENOCHANNEL": 1})

    def test_after_close(self):
        self.client.close()
        self.client.close()
        self.assertTrue(self.client.is_closed)
        for call in (lambda: self.client.open_channel("room"), lambda: self.client.requests,
                     self.client.stats):
            with self.assertRaises(kosmonaut.Closed):
                call()


class OnAnotherThread(Requests):
    """The same, where calls wait inside the library."""

    def run(self, result=None):
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            return pool.submit(super().run, result).result()


class Time(BrokerTest):
    def test_a_silent_server(self):
        with Client(silent_server(self), Options(request_timeout=0.1)) as client:
            with self.assertRaises(TimeoutError) as raised:
                client.open_channel("room")
            self.assertIsInstance(raised.exception, kosmonaut.TimeoutError)
            with running(self.assertRaises, kosmonaut.TimeoutError, client.open_channel, "room"):
                pass

    def test_a_handler_of_a_signal_may_call_the_client_that_waits(self):
        told = []
        with Client(self.url) as quick, Client(silent_server(self),
                                               Options(request_timeout=0.5)) as slow:
            def on_signal(number, frame):
                quick.open_channel("from-a-signal")
                self.assertRaises(kosmonaut.TimeoutError, slow.open_channel, "room")
                told.append(number)

            before = signal.signal(signal.SIGUSR1, on_signal)
            self.addCleanup(signal.signal, signal.SIGUSR1, before)
            main = threading.main_thread().ident
            timer = threading.Timer(0.1, signal.pthread_kill, (main, signal.SIGUSR1))
            timer.start()
            self.assertRaises(kosmonaut.TimeoutError, slow.open_channel, "room")
            timer.join()
        self.assertEqual(told, [signal.SIGUSR1])


class Threads(BrokerTest):
    def test_many_threads_share_a_client(self):
        with Client(self.url, Options(max_connections=4)) as client:
            with concurrent.futures.ThreadPoolExecutor(16) as pool:
                list(pool.map(lambda n: client.trigger("room", "hello", {"n": n}), range(500)))
                client.open_channel("room")
            self.assertEqual(client.requests_with_status(Status.OK), 501)

    def test_close_beside_calls(self):
        for _ in range(20):
            client = Client(self.url)
            seen = []

            def call_until_closed():
                try:
                    while True:
                        client.trigger("room", "hello")
                        seen.append(1)
                except kosmonaut.Closed:
                    pass

            with running(call_until_closed), running(call_until_closed):
                while len(seen) < 4:
                    os.sched_yield()
                client.close()

    def test_dropped_in_a_cycle_it_is_freed_by_whichever_thread_collects(self):
        for _ in range(100):
            client = Client(self.url)
            client.open_channel("room")
            client.itself = client
        del client
        with running(gc.collect):
            pass


if __name__ == "__main__":
    unittest.main()
