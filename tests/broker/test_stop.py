"""A stop in good order, and what a service manager hears of it."""

import os
import signal
import socket
import tempfile
import time
import unittest

from figures import get
from harness import DEADLINE, Broker, Browser, RawConnection, main, wait_until


class ServiceManager(unittest.TestCase):
    def test_it_hears_of_the_start_and_the_stop(self):
        with tempfile.TemporaryDirectory(prefix="webrocket-test-") as directory, \
                socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
            manager.settimeout(DEADLINE)
            address = os.path.join(directory, "notify")
            manager.bind(address)
            os.environ["NOTIFY_SOCKET"] = address
            self.addCleanup(os.environ.pop, "NOTIFY_SOCKET")
            broker = Broker()
            self.assertEqual(manager.recv(100), b"READY=1")
            broker.process.send_signal(signal.SIGTERM)
            self.assertEqual(manager.recv(100), b"STOPPING=1")
            broker.close()


class Stop(unittest.TestCase):
    def test_idle_clients_do_not_hold_it_up(self):
        broker = Broker("--drain-ms", "3600000")
        self.addCleanup(broker.close)
        broker.vhost("/moon").open("room")  # keeps its connection
        self.assertEqual(broker.stop(), 0)

    def test_it_does_not_wait_longer_than_told(self):
        broker = Broker("--drain-ms", "300")
        self.addCleanup(broker.close)
        vhost = broker.vhost("/moon")
        browser = vhost.browser()
        self.addCleanup(browser.close)
        start = time.monotonic()
        self.assertEqual(broker.stop(), 0)  # the browser never answers the close frame
        self.assertGreater(time.monotonic() - start, 0.25)
        self.assertIn("stopped", broker.log_text())

    def test_what_is_queued_is_sent_to_whoever_takes_it(self):
        broker = Broker("--drain-ms", "60000")
        self.addCleanup(broker.close)
        vhost = broker.vhost("/moon")
        vhost.open("room")
        slow = Browser(broker.addr, vhost.path, receive_buffer=4096)
        self.addCleanup(slow.close)
        slow.subscribe("room")
        mute = vhost.browser()
        self.addCleanup(mute.close)
        for number in range(60):
            vhost.fire("room", "e", {"n": number, "text": "x" * 100000})
        vhost.disconnect()
        broker.process.send_signal(signal.SIGTERM)
        wait_until(lambda: "stopping" in broker.log_text(), "the stop to begin")
        # A peer that owes nothing but its farewell is given less time.
        self.assertEqual(mute.close_code(), 1001)
        wait_until(mute.is_forgotten, "the broker's patience to end")
        self.assertEqual([slow.hear()["e"]["n"] for _ in range(60)], list(range(60)))
        self.assertEqual(slow.close_code(), 1001)
        slow.close()
        self.assertEqual(broker.stop(), 0)

    def test_whoever_is_left_is_counted(self):
        broker = Broker("--drain-ms", "100")
        self.addCleanup(broker.close)
        browser = broker.vhost("/moon").browser()
        self.addCleanup(browser.close)
        self.assertEqual(broker.stop(), 0)
        self.assertIn("warning 1 connections did not end within --drain-ms", broker.log_text())

    def test_the_admin_port_says_so_while_the_others_leave(self):
        broker = Broker("--drain-ms", "60000")
        self.addCleanup(broker.close)
        browser = broker.vhost("/moon").browser()
        self.addCleanup(browser.close)
        self.assertEqual(get(broker.admin_addr, "/readyz").status, 200)
        broker.process.send_signal(signal.SIGTERM)
        self.assertEqual(browser.close_code(), 1001)
        for path, status, body in (("/readyz", 503, b"stopping\n"), ("/healthz", 200, b"ok\n")):
            response = get(broker.admin_addr, path)
            self.assertEqual((response.status, response.body), (status, body))
        self.assertIn("\nwebrocket_browsers", broker.admin("GET", "/metrics").body.decode())
        with self.assertRaises(ConnectionRefusedError):
            get(broker.addr, "/readyz")
        browser.close()
        self.assertEqual(broker.stop(), 0)

    def test_nothing_begins_once_it_stops(self):
        broker = Broker("--drain-ms", "60000")
        self.addCleanup(broker.close)
        vhost = broker.vhost("/moon")
        probe = "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
        handshake = ("GET /moon HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                     "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n")
        stream = f"GET /moon/events HTTP/1.1\r\nHost: x\r\nAuthorization: {vhost.headers()['Authorization']}\r\n"
        halves = [RawConnection(broker.addr) for _ in range(2)]
        for half, begin in zip(halves, (handshake, stream)):
            self.addCleanup(half.close)
            half.send(probe + begin)
            self.assertEqual(half.response()[0], 200)
        broker.process.send_signal(signal.SIGTERM)
        wait_until(lambda: "stopping" in broker.log_text(), "the stop to begin")
        for half in halves:
            half.send("\r\n")
            status, headers, _ = half.response()
            self.assertEqual((status, headers["connection"]), (503, "close"))
            half.close()
        self.assertEqual(broker.stop(), 0)

    def test_changes_that_wait_for_the_disk(self):
        """Nobody waits for their answers any more, but whoever makes them does not know."""
        broker = Broker()
        self.addCleanup(broker.close)
        vhost = broker.vhost("/moon")
        vhost.disconnect()
        connections = [RawConnection(broker.admin_addr) for _ in range(200)]
        for number, connection in enumerate(connections):
            self.addCleanup(connection.close)
            connection.send(f"POST /moon/channels/c{number} HTTP/1.1\r\nHost: x\r\n"
                            f"X-WebRocket-Cookie: {broker.cookie}\r\n\r\n")
        broker.process.send_signal(signal.SIGTERM)
        broker.process.send_signal(signal.SIGINT)
        self.assertEqual(broker.stop(), 0)

    def test_whoever_asks_twice_does_not_wait(self):
        broker = Broker("--drain-ms", "60000")
        self.addCleanup(broker.close)
        browser = broker.vhost("/moon").browser()
        self.addCleanup(browser.close)
        broker.process.send_signal(signal.SIGTERM)
        wait_until(lambda: "stopping" in broker.log_text(), "the stop to begin")
        self.assertEqual(broker.stop(), 0)

    def test_whoever_has_begun_to_ask_gets_an_answer(self):
        broker = Broker("--drain-ms", "60000")
        self.addCleanup(broker.close)
        with RawConnection(broker.addr) as probe:
            # What is read together is taken together: the answer to the first request shows that
            # the beginning of the second has arrived.
            probe.send("GET /readyz HTTP/1.1\r\nHost: x\r\n\r\nGET /readyz HTTP/1.1\r\nHost: x\r\n")
            self.assertEqual(probe.response()[0], 200)
            broker.process.send_signal(signal.SIGTERM)
            wait_until(lambda: "stopping" in broker.log_text(), "the stop to begin")
            probe.send("\r\n")
            status, headers, body = probe.response()
            self.assertEqual((status, body, headers["connection"]), (503, b"stopping\n", "close"))
        self.assertEqual(broker.stop(), 0)


if __name__ == "__main__":
    main()
