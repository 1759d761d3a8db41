"""Many at once: order, fairness, races for a token, and peers that cannot keep up."""

import asyncio
import json
import select
import threading
from concurrent.futures import ThreadPoolExecutor

import websockets

from harness import DEADLINE, TEXT, Browser, BrokerTest, EventStream, frame, main, wait_until


def command(name, **payload):
    return json.dumps({name: payload})


class LoadTest(BrokerTest):
    async def connect(self, count, channel_of=None):
        """That many browsers, subscribed to what channel_of says about their number."""
        host, port = self.broker.addr
        uri = f"ws://{host}:{port}{self.vhost.path}"

        async def one(number):
            browser = await websockets.connect(uri, compression=None, ping_interval=None, max_size=None,
                                               open_timeout=DEADLINE, close_timeout=DEADLINE)
            browser.sid = json.loads(await browser.recv())[":connected"]["sid"]
            if channel_of:
                await browser.send(command("subscribe", channel=channel_of(number)))
                assert ":subscribed" in await browser.recv()
            return browser

        return await asyncio.gather(*(one(number) for number in range(count)))

    @staticmethod
    async def hear(browser, count):
        return [json.loads(await browser.recv()) for _ in range(count)]

    @staticmethod
    async def disconnect(browsers):
        await asyncio.gather(*(browser.close() for browser in browsers))

    def run_async(self, coroutine):
        asyncio.run(asyncio.wait_for(coroutine, 90))


class Order(LoadTest):
    BROWSERS, CHANNELS, EACH, FIRED = 200, 4, 4, 60

    def test_two_hundred_browsers(self):
        """On every channel all hear the same events in one order, which keeps every sender's own."""
        for channel in range(self.CHANNELS):
            self.vhost.open(f"c{channel}")
        self.run_async(self.talk())
        wait_until(lambda: all(self.vhost.subscribers(f"c{channel}") == 0
                               for channel in range(self.CHANNELS)), "the browsers to leave")

    async def talk(self):
        browsers = await self.connect(self.BROWSERS, lambda number: f"c{number % self.CHANNELS}")
        members = self.BROWSERS // self.CHANNELS
        expected = members * self.EACH + self.FIRED
        hearing = [asyncio.ensure_future(self.hear(browser, expected)) for browser in browsers]
        firing = asyncio.get_running_loop().run_in_executor(None, self.fire)

        async def say(number, browser):
            for i in range(self.EACH):
                await browser.send(command("broadcast", channel=f"c{number % self.CHANNELS}", event="said",
                                           data={"i": i}))

        await asyncio.gather(*(say(*entry) for entry in enumerate(browsers)))
        heard = await asyncio.gather(*hearing)
        await firing
        for channel in range(self.CHANNELS):
            first, *others = heard[channel::self.CHANNELS]
            for other in others:
                self.assertEqual(other, first)
            self.assertEqual([event["fired"]["i"] for event in first if "fired" in event],
                             list(range(self.FIRED)))
            said = {}
            for event in first:
                if "said" in event:
                    said.setdefault(event["said"]["sid"], []).append(event["said"]["i"])
            self.assertEqual(said, {browser.sid: list(range(self.EACH))
                                    for browser in browsers[channel::self.CHANNELS]})
        await self.disconnect(browsers)

    def fire(self):
        for i in range(self.FIRED):
            for channel in range(self.CHANNELS):
                self.assertEqual(self.vhost.fire(f"c{channel}", "fired", {"i": i}).status, 202)

    def test_coming_and_going(self):
        """Whoever stays hears everything, whoever else comes and goes meanwhile."""
        self.vhost.open("c")
        before = self.broker.descriptors()
        witness = self.browser()
        witness.subscribe("c")
        ended = threading.Event()

        def come_and_go(ways=iter(range(1 << 30))):
            while not ended.is_set():
                browser = Browser(self.broker.addr, self.vhost.path)
                browser.say("subscribe", channel="c")
                browser.say("broadcast", channel="c", event="hello")
                if next(ways) % 2:
                    browser.hear()
                browser.close()

        with ThreadPoolExecutor(4) as pool:
            visitors = [pool.submit(come_and_go) for _ in range(4)]
            try:
                for i in range(300):
                    self.assertEqual(self.vhost.fire("c", "n", {"i": i}).status, 202)
                heard = []
                while len(heard) < 300:
                    event = witness.hear()
                    if "n" in event:
                        heard.append(event["n"]["i"])
            finally:
                ended.set()
            for visitor in visitors:
                visitor.result()
        self.assertEqual(heard, list(range(300)))
        witness.close()
        self.vhost.disconnect()
        wait_until(lambda: self.broker.descriptors() <= before, "the connections to end")


class Tokens(LoadTest):
    def test_one_winner(self):
        """However many try a token at once, one of them gets in."""
        self.run_async(self.race())

    async def race(self):
        browsers = await self.connect(50)
        for _ in range(30):
            token = await asyncio.get_running_loop().run_in_executor(None, self.vhost.access_token)
            attempt = command("auth", token=token)
            await asyncio.gather(*(browser.send(attempt) for browser in browsers))
            answers = await asyncio.gather(*(self.hear(browser, 1) for browser in browsers))
            codes = [answer[":error"]["code"] for (answer,) in answers if ":error" in answer]
            self.assertEqual(codes, [402] * (len(browsers) - 1))
        await self.disconnect(browsers)

    def test_backends_at_once(self):
        def issue(_):
            backend = type(self.vhost)(self.broker, self.vhost.path, self.vhost.token)
            tokens = [backend.access_token(f"u{i}") for i in range(100)]
            backend.disconnect()
            return tokens

        with ThreadPoolExecutor(8) as pool:
            tokens = [token for some in pool.map(issue, range(8)) for token in some]
        self.assertEqual(len(set(tokens)), 800)


class Workers(LoadTest):
    SENDERS, EACH = 40, 25

    def setUp(self):
        super().setUp()
        self.events = self.SENDERS * self.EACH
        self.senders = [self.browser(f"u{number}") for number in range(self.SENDERS)]

    def send_all(self):
        def send(entry):
            number, sender = entry
            sender.send(b"".join(frame(TEXT, command("trigger", event=f"t/{number}/{i}").encode())
                                 for i in range(self.EACH)))
            assert sender.silent()

        with ThreadPoolExecutor(8) as pool:
            list(pool.map(send, enumerate(self.senders)))
        return {f"t/{number}/{i}" for number in range(self.SENDERS) for i in range(self.EACH)}

    def test_equal_filters_share_every_event_once(self):
        shares = [self.worker("t/.*") for _ in range(4)]
        pair = [self.worker("t/.*|x") for _ in range(2)]
        single = self.worker()
        with ThreadPoolExecutor(7) as pool:
            reading = [pool.submit(self.topics, worker, self.events // size)
                       for size, workers in ((4, shares), (2, pair), (1, [single])) for worker in workers]
            sent = self.send_all()
            heard = [reader.result() for reader in reading]
        for group in (heard[:4], heard[4:6], heard[6:]):
            topics = [topic for topics in group for topic in topics]
            self.assertEqual(len(topics), self.events)
            self.assertEqual(set(topics), sent)
        # Nothing else was waiting: the next event of each is the next one sent.
        for sender, _ in zip(self.senders, shares):
            sender.say("trigger", event="t/last")
        for worker in shares:
            self.assertEqual(worker.event()[0], "t/last")

    @staticmethod
    def topics(worker, count):
        return [worker.event()[0] for _ in range(count)]

    def test_order_of_a_sender(self):
        worker = self.worker()
        with ThreadPoolExecutor(1) as pool:
            reading = pool.submit(self.topics, worker, self.events)
            self.send_all()
            topics = reading.result()
        for number in range(self.SENDERS):
            own = [topic for topic in topics if topic.startswith(f"t/{number}/")]
            self.assertEqual(own, [f"t/{number}/{i}" for i in range(self.EACH)])

    def test_workers_that_come_and_go(self):
        """An event goes to one member at most, and other pools do not notice."""
        everything = self.worker()
        steady = self.worker("t/.*")
        ended = threading.Event()

        def come_and_go():
            topics = []
            while not ended.is_set():
                with EventStream(self.vhost, "t/.*") as worker:
                    topics.append(worker.event()[0])
            return topics

        with ThreadPoolExecutor(4) as pool:
            all_topics = pool.submit(self.topics, everything, self.events)
            visitors = [pool.submit(come_and_go) for _ in range(2)]
            sent = self.send_all()
            ended.set()
            self.assertEqual(set(all_topics.result()), sent)
            # Those who wait for one more event get it: in turn, everyone is reached.
            while not all(visitor.done() for visitor in visitors):
                self.senders[0].say("trigger", event="t/last")
                assert self.senders[0].silent()
            self.senders[0].say("trigger", event="t/end")
            self.senders[0].say("trigger", event="t/end")
            shared = [topic for visitor in visitors for topic in visitor.result()]
            while (topic := steady.event()[0]) != "t/end":
                shared.append(topic)
        shared = [topic for topic in shared if topic != "t/last"]
        self.assertEqual(len(set(shared)), len(shared))
        self.assertLessEqual(set(shared), sent)


class SlowReaders(LoadTest):
    FLAGS = ("--client-queue-bytes", "600000")
    SLOW, QUICK = 5, 20

    def slow_browser(self):
        browser = Browser(self.broker.addr, self.vhost.path, receive_buffer=4096)
        self.addCleanup(browser.close)
        browser.subscribe("c")
        return browser

    def test_they_are_dropped_and_nobody_else_is_hurt(self):
        self.vhost.open("c")
        slow = [self.slow_browser() for _ in range(self.SLOW)]
        self.run_async(self.serve_the_quick())
        for browser in slow:
            self.assertEqual(browser.close_code(), 1006)

    async def serve_the_quick(self):
        quick = await self.connect(self.QUICK, lambda _: "c")

        async def hear(browser):
            numbers = []
            while "end" not in (event := json.loads(await browser.recv())):
                numbers.append(event["n"]["i"])
            return numbers

        hearing = [asyncio.ensure_future(hear(browser)) for browser in quick]
        fired = await asyncio.get_running_loop().run_in_executor(None, self.fire_until_the_slow_are_gone)
        for numbers in await asyncio.gather(*hearing):
            self.assertEqual(numbers, list(range(fired)))
        self.assertEqual(self.vhost.subscribers("c"), self.QUICK)
        await self.disconnect(quick)

    def fire_until_the_slow_are_gone(self):
        fired = 0
        filler = "x" * 20000
        while self.vhost.subscribers("c") > self.QUICK:
            # The kernel's buffers hold some; none of them holds that much.
            self.assertLess(fired, 4000, "the slow ones are still there")
            self.assertEqual(self.vhost.fire("c", "n", {"i": fired, "filler": filler}).status, 202)
            fired += 1
        self.assertEqual(self.broker.log_text().count("slow consumer"), self.SLOW)
        self.vhost.fire("c", "end")
        return fired

    def test_messages_larger_than_the_limit_reach_those_who_read(self):
        self.vhost.open("c")
        browser = self.browser()
        browser.subscribe("c")
        for i in range(5):
            self.assertEqual(self.vhost.fire("c", "n", {"i": i, "filler": "x" * 900000}).status, 202)
            self.assertEqual(browser.hear()["n"]["i"], i)


class Bursts(LoadTest):
    FLAGS = ("--client-queue-bytes", "20000", "--max-messages-per-second", "0")

    def test_much_in_one_turn_is_no_fault_of_the_reader(self):
        self.vhost.open("c")
        browser = self.browser()
        browser.subscribe("c")
        count = 1000
        browser.send(frame(TEXT, command("broadcast", channel="c", event="n").encode()) * count)
        for _ in range(count):
            self.assertIn("n", browser.hear())


class Echoes(LoadTest):
    FLAGS = ("--ping-interval-ms", "1000", "--max-bytes-per-second", "0")

    def test_whoever_reads_slowly_is_waited_for(self):
        """Neither its messages nor its pongs are heard meanwhile; that is no reason to drop it."""
        self.vhost.open("c")
        count = 240
        broadcasts = b"".join(frame(TEXT, command("broadcast", channel="c", event="n",
                                                  data={"i": i, "filler": "x" * 60000}).encode())
                              for i in range(count))
        flood = Browser(self.broker.addr, self.vhost.path, receive_buffer=262144)
        self.addCleanup(flood.close)
        flood.subscribe("c")
        sender = threading.Thread(target=lambda: flood.send(broadcasts))
        sender.start()
        heard = []
        pace = threading.Event()
        while sender.is_alive():
            heard.append(flood.hear(answer_pings=False))
            pace.wait(0.04)  # for some four pings in all
        sender.join()
        while len(heard) < count:
            heard.append(flood.hear(answer_pings=False))
        self.assertEqual([event["n"]["i"] for event in heard], list(range(count)))

    def test_a_flood_without_a_reader_comes_to_a_halt(self):
        self.vhost.open("c")
        flood = self.browser()
        flood.subscribe("c")
        flood.socket.setblocking(False)
        broadcast = frame(TEXT, command("broadcast", channel="c", event="n",
                                        data={"filler": "x" * 60000}).encode())
        sent = 0
        # Dropped for not answering a ping, which it would have had to read.
        with self.assertRaises(ConnectionError):
            while True:
                select.select([], [flood.socket], [], DEADLINE)
                sent += flood.socket.send(broadcast)
                self.assertLess(sent, 256 << 20, "the server reads and reads")
        wait_until(lambda: self.vhost.subscribers("c") == 0, "the flood to end")
        self.assertNotIn("slow consumer", self.broker.log_text())


if __name__ == "__main__":
    main()
