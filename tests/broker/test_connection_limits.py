"""How many connections are let in, and the answer to one too many."""

import http.client
import resource
import select
import socket
import unittest

from figures import figure
from harness import DEADLINE, Broker, BrokerTest, RawConnection, main, wait_until

HANDSHAKE = ("GET {} HTTP/1.1\r\nHost: test\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
             "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")


class Connections(BrokerTest):
    FLAGS = ("--max-connections", "2")

    def handshake(self):
        connection = RawConnection(self.broker.addr)
        self.addCleanup(connection.close)
        connection.send(HANDSHAKE.format(self.vhost.path))
        return connection.response()

    def test_one_too_many(self):
        first, _ = self.browser(), self.browser()
        status, headers, body = self.handshake()
        self.assertEqual((status, body), (503, b"too many connections\n"))
        self.assertGreater(int(headers["retry-after"]), 0)
        first.close()
        wait_until(lambda: self.handshake_succeeds(), "a place to become free")

    def handshake_succeeds(self):
        connection = RawConnection(self.broker.addr)
        connection.send(HANDSHAKE.format(self.vhost.path))
        status, _ = connection.head()
        connection.close()
        return status == 101

    def test_every_vhost_has_its_own(self):
        self.browser(), self.browser()
        self.broker.vhost("/elsewhere").browser().close()

    def test_refused_handshakes_take_no_place(self):
        for _ in range(5):
            connection = RawConnection(self.broker.addr)
            connection.send(HANDSHAKE.format(self.vhost.path).replace("13", "12"))
            self.assertEqual(connection.response()[0], 426)
            connection.close()
        self.browser(), self.browser()


class Comer:
    """Somebody at the door, with an address of their own if need be."""

    def __init__(self, addr, source="127.0.0.1"):
        self.socket = socket.create_connection(addr, DEADLINE, source_address=(source, 0))

    def is_let_in(self):
        """Those who are turned away are not read from."""
        try:
            self.socket.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
            return self.socket.recv(4096).startswith(b"HTTP/1.1 200")
        except OSError:
            return False

    def close(self):
        self.socket.close()


class AtTheDoor(BrokerTest):
    def come(self, count=1, source="127.0.0.1"):
        comers = [Comer(self.broker.addr, source) for _ in range(count)]
        for comer in comers:
            self.addCleanup(comer.close)
        return comers


class Addresses(AtTheDoor):
    FLAGS = ("--max-connections-per-address", "3")

    def test_one_too_many(self):
        first = self.come(3)
        self.assertTrue(all(comer.is_let_in() for comer in first))
        self.assertFalse(self.come()[0].is_let_in())
        self.assertEqual(figure(self.broker, "too_many_of_address"), 1)
        self.assertIn("address=127.0.0.1 refused a connection: it has 3 already", self.broker.log_text())
        # Others are none the worse for it.
        self.assertTrue(all(comer.is_let_in() for comer in self.come(3, "127.0.0.2")))
        first[0].close()
        wait_until(lambda: self.come()[0].is_let_in(), "a place to become free")

    def test_the_operator_is_not_counted(self):
        self.come(3)
        admins = [Comer(self.broker.admin_addr) for _ in range(5)]
        for admin in admins:
            self.addCleanup(admin.close)
            self.assertTrue(admin.is_let_in())


class BehindAProxy(AtTheDoor):
    FLAGS = ("--max-connections-per-address", "2", "--trusted-proxy", "127.0.0.1")

    def handshake(self, client):
        raw = RawConnection(self.broker.addr)
        self.addCleanup(raw.close)
        raw.send(HANDSHAKE.format(self.vhost.path).replace("\r\n\r\n", f"\r\nX-Forwarded-For: {client}\r\n\r\n"))
        return raw, raw.head()[0]

    def test_each_client_counts_for_itself(self):
        first, second = self.handshake("192.0.2.1"), self.handshake("192.0.2.1")
        self.assertEqual((first[1], second[1]), (101, 101))
        self.assertEqual(self.handshake("192.0.2.1")[1], 503)
        self.assertEqual(self.handshake("192.0.2.2")[1], 101)
        first[0].close()
        wait_until(lambda: self.handshake("192.0.2.1")[1] == 101, "a place to become free")


class InAll(AtTheDoor):
    FLAGS = ("--max-connections-in-all", "4", "--max-connections-per-address", "4")

    def test_one_too_many(self):
        let_in = [self.come(1, f"127.0.0.{number}")[0] for number in range(2, 6)]
        self.assertTrue(all(comer.is_let_in() for comer in let_in))
        self.assertFalse(self.come()[0].is_let_in())
        self.assertEqual(figure(self.broker, "too_many_connections"), 1)
        self.assertEqual(self.broker.admin("GET", "/healthz").status, 200)
        let_in[0].close()
        wait_until(lambda: self.come()[0].is_let_in(), "a place to become free")


class Handshakes(AtTheDoor):
    FLAGS = ("--max-handshakes-per-second-per-address", "2")

    def test_one_too_many(self):
        def handshake():
            with RawConnection(self.broker.addr) as raw:
                raw.send(HANDSHAKE.format(self.vhost.path))
                line = raw.file.readline().decode().rstrip()
                return line, http.client.parse_headers(raw.file).get("Retry-After")

        welcome = "HTTP/1.1 101 Switching Protocols"
        answers = [handshake() for _ in range(50)]
        self.assertEqual(answers[0], (welcome, None))
        self.assertIn(("HTTP/1.1 429 Too Many Requests", "1"), answers)
        self.assertGreater(figure(self.broker, "too_many_handshakes"), 0)
        wait_until(lambda: handshake()[0] == welcome, "it to be let in again")


class FewDescriptors(unittest.TestCase):
    """Whoever takes all that there is for others leaves the operator what an operator needs."""

    LIMIT = 256

    def setUp(self):
        before = resource.getrlimit(resource.RLIMIT_NOFILE)
        popen = Broker.popen

        def limited(broker, **options):
            return popen(broker, preexec_fn=lambda: resource.setrlimit(
                resource.RLIMIT_NOFILE, (self.LIMIT, self.LIMIT)), **options)

        Broker.popen = limited
        try:
            self.broker = Broker("--max-connections-per-address", "1000")
        finally:
            Broker.popen = popen
        self.addCleanup(self.broker.close)
        self.assertEqual(resource.getrlimit(resource.RLIMIT_NOFILE), before)

    def test_the_admin_port_answers(self):
        vhost = self.broker.vhost("/moon")
        comers = [Comer(self.broker.addr) for _ in range(self.LIMIT + 50)]
        for comer in comers:
            self.addCleanup(comer.close)
        wait_until(lambda: figure(self.broker, "too_many_connections") > 50, "the last to be turned away")
        self.assertLess(self.broker.descriptors(), self.LIMIT - 20)
        admins = [Comer(self.broker.admin_addr) for _ in range(20)]
        for admin in admins:
            self.addCleanup(admin.close)
            self.assertTrue(admin.is_let_in())
        for path in ("/healthz", "/readyz", "/metrics"):
            self.assertEqual(self.broker.admin("GET", path).status, 200)
        for comer in comers:
            comer.close()
        wait_until(self.lets_in, "room to come back")
        vhost.disconnect()

    def test_the_admin_port_takes_no_more_than_its_own(self):
        comers = [Comer(self.broker.admin_addr) for _ in range(self.LIMIT + 50)]
        for comer in comers:
            self.addCleanup(comer.close)
        wait_until(lambda: len(select.select([comer.socket for comer in comers], [], [], 0)[0]) ==
                   len(comers) - 64, "those that are too many to be turned away")
        self.assertTrue(self.lets_in())
        for comer in comers:
            comer.close()
        wait_until(lambda: self.lets_in(self.broker.admin_addr), "room to come back")
        self.assertGreaterEqual(figure(self.broker, "too_many_connections", "admin"), len(comers) - 64)

    def lets_in(self, addr=None):
        comer = Comer(addr or self.broker.addr)
        self.addCleanup(comer.close)
        return comer.is_let_in()

    def test_the_start_says_that_it_is_less_than_promised(self):
        self.assertIn("warning a limit of 256 file descriptors (RLIMIT_NOFILE) carries 156 connections, "
                      "which is less than the 100000 that the options promise", self.broker.log_text())


if __name__ == "__main__":
    main()
