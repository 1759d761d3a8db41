"""What the tests of bad requests share: sending one, and reading how it is refused."""

import json
import socket

from harness import BrokerTest, RawConnection

EVENT = '{"trigger":{"event":"e","data":{"k":["\\u00e9",1.5e3,true,null]}}}'
LIMIT = 1 << 20


class BadHttpTest(BrokerTest):
    def setUp(self):
        super().setUp()
        self.vhost.open("c")
        self.listener = self.browser()
        self.listener.subscribe("c")

    def tearDown(self):
        # Whatever was sent, backends and browsers are served as before, and nobody heard of it.
        self.vhost.disconnect()
        self.assertEqual(self.vhost.fire("c", "after").status, 202)
        self.assertEqual(self.listener.hear(), {"after": {"channel": "c"}})
        super().tearDown()

    def head(self, method, suffix, *headers, version="HTTP/1.1", host="Host: x"):
        lines = [f"{method} {self.vhost.path}{suffix} {version}", host,
                 "Authorization: " + self.vhost.headers()["Authorization"], *headers]
        return "".join(line + "\r\n" for line in lines if line) + "\r\n"

    def fire_head(self, *headers, **changes):
        return self.head("POST", "/channels/c/events", *headers, **changes)

    def answers(self, data, half_close=True):
        """Every response up to the end of the connection, as (status, code or body)."""
        with RawConnection(self.broker.addr) as raw:
            raw.send(data if isinstance(data, bytes) else data.encode("latin-1"))
            if half_close:
                raw.socket.shutdown(socket.SHUT_WR)
            answers = []
            while True:
                response = raw.response()
                if response is None:
                    return answers
                status, headers, body = response
                if headers.get("content-type") == "application/json":
                    body = json.loads(body)["code"] if status >= 400 else json.loads(body)
                answers.append((status, body))

    def refused(self, data, status=400, code=None):
        """The one answer, after which the server hangs up of its own accord."""
        self.assertEqual(self.answers(data, half_close=False), [(status, code or status)], data[:80])
