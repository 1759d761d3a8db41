"""A broker that gets no more memory: connections end, the broker does not."""

import resource
import unittest

from harness import Broker, RawConnection, main, wait_until

MIB = 1 << 20


class OutOfMemory(unittest.TestCase):
    def setUp(self):
        self.broker = Broker("--http-timeout-ms", "60000")
        self.addCleanup(self.broker.close)
        self.vhost = self.broker.vhost("/moon")
        self.vhost.open("c")
        self.vhost.open("presence-c")
        self.vhost.disconnect()

    def address_space(self):
        with open(f"/proc/{self.broker.process.pid}/status") as file:
            return next(int(line.split()[1]) << 10 for line in file if line.startswith("VmSize:"))

    def limit(self, size):
        resource.prlimit(self.broker.process.pid, resource.RLIMIT_AS, (size, resource.RLIM_INFINITY))

    def half_a_request(self):
        raw = RawConnection(self.broker.addr)
        self.addCleanup(raw.close)
        head = (f"POST /moon/channels/c/events HTTP/1.1\r\nHost: x\r\nContent-Length: {MIB}\r\n"
                f"Authorization: {self.vhost.headers()['Authorization']}\r\n\r\n")
        try:
            raw.send(head + "x" * (MIB - 1))
        except OSError:
            pass
        return raw

    @staticmethod
    def has_ended(raw):
        raw.socket.settimeout(0.05)
        try:
            return raw.socket.recv(1) == b""
        except TimeoutError:
            return False
        except OSError:
            return True

    def test_connections_end_and_the_broker_does_not(self):
        if self.address_space() > 1 << 40:
            self.skipTest("a sanitizer reserves more than can be limited")
        members = [self.vhost.browser(uid) for uid in ("ada", "bob")]
        for member in members:
            self.addCleanup(member.close)
            member.subscribe("presence-c")
        self.limit(self.address_space() + 8 * MIB)
        holders = [self.half_a_request() for _ in range(60)]
        wait_until(lambda: any(self.has_ended(raw) for raw in holders), "a connection to be given up")
        self.assertIsNone(self.broker.process.poll())
        self.limit(resource.RLIM_INFINITY)
        for raw in holders:
            raw.close()
        self.assertIn("dropped: ", self.broker.log_text())
        # Whoever comes now is served as ever.
        self.assertEqual(self.vhost.fire("c", "e").status, 202)
        late = self.vhost.browser("cem")
        self.addCleanup(late.close)
        self.assertIn("subscribers", late.subscribe("presence-c"))
        self.assertEqual(self.broker.admin("GET", "/metrics").status, 200)


if __name__ == "__main__":
    main()
