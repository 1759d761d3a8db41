"""Requests that come in halves, or too slowly, or never."""

import random
import socket
import struct
import threading

from bad_http import EVENT, BadHttpTest
from harness import RawConnection, main, wait_until


class Halves(BadHttpTest):
    def test_every_beginning_of_a_request(self):
        request = (self.fire_head(f"Content-Length: {len(EVENT)}") + EVENT).encode()
        reset = struct.pack("ii", 1, 0)
        for length in range(len(request)):
            with RawConnection(self.broker.addr) as raw:
                raw.send(request[:length])
                if length % 2:
                    raw.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, reset)
                else:
                    raw.socket.shutdown(socket.SHUT_WR)
                    self.assertIsNone(raw.response(), length)
        wait_until(lambda: self.broker.descriptors() <= self.idle_descriptors(), "the connections to end")

    def idle_descriptors(self):
        # This test's own two connections and what a server without any has open.
        return self.descriptors_before + 2

    def setUp(self):
        self.descriptors_before = self.broker.descriptors()
        super().setUp()

    def test_noise(self):
        noise = random.Random(20120501)
        request = (self.head("POST", "/channels/d") + self.fire_head("Transfer-Encoding: chunked") +
                   "5\r\n{\"a\":\r\n3\r\n{}}\r\n0\r\n\r\n" + self.head("GET", "/token?uid=a&channels=b"))
        for _ in range(400):
            data = bytearray(request.encode())
            for _ in range(noise.randrange(1, 12)):
                position = noise.randrange(len(data))
                kind = noise.randrange(3)
                if kind == 0:
                    data[position] = noise.randrange(256)
                elif kind == 1:
                    del data[position:position + noise.randrange(1, 20)]
                else:
                    data[position:position] = noise.randbytes(noise.randrange(1, 20))
            for status, _ in self.answers(bytes(data)):
                self.assertIn(status, (101, 200, 202, 400, 401, 404, 405, 413, 426, 431), bytes(data))
        for _ in range(100):
            for status, _ in self.answers(noise.randbytes(noise.randrange(1, 40000))):
                self.assertIn(status, (400, 431))


class Slow(BadHttpTest):
    FLAGS = ("--http-timeout-ms", "300", "--handshake-timeout-ms", "300")

    def test_a_request_has_to_arrive_in_time(self):
        for part in ("G", "GET / HTTP/1.1\r\nHost: x\r\n", self.fire_head("Content-Length: 10"),
                     self.fire_head("Content-Length: 10") + "half", self.fire_head("Transfer-Encoding: chunked")
                     + "5\r\nab", self.head("GET", "/bogus") + "G"):
            answers = self.answers(part, half_close=False)
            self.assertEqual(answers[-1], (408, 408), part)

    def test_bytes_now_and_then_do_not_help(self):
        with RawConnection(self.broker.addr) as raw:
            raw.send("GET / HTTP/1.1\r\nHost: x\r\nA: ")
            ended = threading.Event()

            def trickle():
                while not ended.wait(0.02):
                    try:
                        raw.send("x")
                    except OSError:
                        return

            sender = threading.Thread(target=trickle)
            sender.start()
            try:
                self.assertEqual(raw.response()[0], 408)
            finally:
                ended.set()
                sender.join()

    def test_a_body_that_nobody_wants_has_to_end_in_time(self):
        with RawConnection(self.broker.addr) as raw:
            raw.send("POST /nobody/events HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n")
            self.assertEqual(raw.response()[0], 404)
            self.assertTrue(raw.is_closed())

    def test_silence_is_no_error(self):
        self.assertEqual(self.answers("", half_close=False), [])
        self.assertEqual(self.answers(self.head("GET", "/bogus"), half_close=False), [(404, 404)])

    def test_streams_and_browsers_are_not_timed(self):
        worker = self.worker()
        browser = self.browser("alice")
        # Longer than the limit: an idle connection is seen to end first.
        self.assertEqual(self.answers("", half_close=False), [])
        browser.say("trigger", event="here")
        self.assertEqual(worker.event()[0], "here")


class SlowHeads(BadHttpTest):
    FLAGS = ("--handshake-timeout-ms", "300")

    def test_a_head_has_to_arrive_in_time(self):
        for part in ("G", "GET / HTTP/1.1\r\nHost: x\r\n", self.head("GET", "/bogus") + "G"):
            self.assertEqual(self.answers(part, half_close=False)[-1], (408, 408), part)

    def test_what_is_not_begun_and_what_is_read_is_no_head(self):
        silent, sending, late = (RawConnection(self.broker.addr) for _ in range(3))
        for raw in (silent, sending, late):
            self.addCleanup(raw.close)
        sending.send(self.fire_head(f"Content-Length: {len(EVENT)}"))
        late.send("G")
        self.assertEqual(late.response()[0], 408)
        # Those who wait longer than that for other things go on.
        sending.send(EVENT)
        self.assertEqual(sending.response()[0], 202)
        self.assertIn("e", self.listener.hear())
        silent.send(self.head("GET", "/bogus"))
        self.assertEqual(silent.response()[0], 404)


if __name__ == "__main__":
    main()
