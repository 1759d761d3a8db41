"""What a vhost's pages say does not keep those of another one waiting for longer than its share of a loop."""

import multiprocessing
import re
import selectors
import time

from harness import DEADLINE, TEXT, UNLIMITED, BrokerTest, frame, main

PAGES = 100
ROUND_TRIPS = 40
# What an authenticated page tells workers, of whom there are none: nothing comes back.
MESSAGE = frame(TEXT, b'{"trigger":{"event":"e"}}')
MESSAGES = MESSAGE * (60000 // len(MESSAGE))
READ_AT_ONCE = 64 << 10  # of a page that has as much to say


def flood(pages):
    """Pages that say more than anybody could listen to, until the process is ended."""
    selector = selectors.DefaultSelector()
    rests = {}
    for page in pages:
        page.socket.setblocking(False)
        selector.register(page.socket, selectors.EVENT_WRITE)
        rests[page.socket] = memoryview(MESSAGES)
    while True:
        for key, _ in selector.select():
            try:
                sent = key.fileobj.send(rests[key.fileobj])
            except BlockingIOError:
                continue
            rests[key.fileobj] = rests[key.fileobj][sent:] or memoryview(MESSAGES)


class OneLoop(BrokerTest):
    FLAGS = ("--threads", "1", *UNLIMITED)

    def received(self):
        text = self.broker.admin("GET", "/metrics").body.decode()
        return int(re.search(r"^webrocket_messages_received_total (\d+)$", text, re.M)[1])

    def flood_from(self, vhost):
        pages = [vhost.browser("u") for _ in range(PAGES)]
        process = multiprocessing.get_context("fork").Process(target=flood, args=(pages,))
        process.start()
        self.addCleanup(process.join, DEADLINE)
        self.addCleanup(process.terminate)
        for page in pages:
            page.close()

    def test_a_flood_elsewhere_is_waited_for_but_once(self):
        """What is counted is how many messages of the others are heard in the time of one of its own: those
        of a turn, and not all that is there to be read of each page."""
        self.vhost.open("c")
        witness = self.browser()
        witness.subscribe("c")
        self.flood_from(self.broker.vhost(self.vhost.path + "-busy"))
        before = self.received()
        heard, deadline = 0, time.monotonic() + DEADLINE
        while heard <= 1:  # the flood may take its time to begin
            self.assertLess(time.monotonic(), deadline, "there was no flood")
            for number in range(ROUND_TRIPS):
                answer = witness.ask("broadcast", channel="c", event="e", data={"n": number})
                self.assertEqual(answer["e"]["n"], number)
            heard, before = (self.received() - before) // ROUND_TRIPS, self.received()
        self.assertLess(heard, PAGES * READ_AT_ONCE // len(MESSAGE) // 4)


if __name__ == "__main__":
    main()
