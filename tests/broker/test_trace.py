"""Who did what, and from where: addresses behind proxies, refusals, changes."""

import json
import os
import pwd
import re
import socket
import subprocess
import threading
import unittest

from harness import CLOSE, DEADLINE, SERVER, Broker, BrokerTest, EventStream, RawConnection, frame, main, wait_until

HANDSHAKE = ("Host: test\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
             "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n")


def log_lines(broker):
    return [json.loads(line) for line in broker.log_text().splitlines()]


class Proxies(BrokerTest):
    FLAGS = ("--trusted-proxy", "127.0.0.0/8", "--trusted-proxy", "fd00::/8", "--log-level", "debug",
             "--log-format", "json")

    def connected_from(self, *headers):
        """The address that the log has for a browser whose handshake has these headers."""
        with RawConnection(self.broker.addr) as browser:
            browser.send(f"GET {self.vhost.path} HTTP/1.1\r\n{HANDSHAKE}"
                         + "".join(header + "\r\n" for header in headers) + "\r\n")
            self.assertEqual(browser.head()[0], 101)

        def lines():
            return [line for line in log_lines(self.broker)
                    if line.get("vhost") == self.vhost.path and line["message"].endswith(" connected")]

        line = wait_until(lambda: lines()[self.seen:], "the line of the browser")[0]
        self.seen += 1
        self.assertIn(f"vhost={self.vhost.path} address={line['address']} ", line["message"])
        return line["address"]

    def setUp(self):
        super().setUp()
        self.seen = 0

    def test_a_browser_has_the_address_that_the_proxy_names(self):
        self.assertEqual(self.connected_from("X-Forwarded-For: 192.0.2.1"), "192.0.2.1")
        self.assertEqual(self.connected_from("X-Forwarded-For: 198.51.100.9, 2001:db8::1, fd00::7"), "2001:db8::1")
        self.assertEqual(self.connected_from('Forwarded: for="[2001:db8::2]:4711";proto=https'), "2001:db8::2")
        self.assertEqual(self.connected_from("X-Forwarded-For: 198.51.100.9", "X-Forwarded-For: 192.0.2.2"),
                         "192.0.2.2")

    def test_what_cannot_be_read_leaves_the_proxys(self):
        for headers in ([], ["X-Forwarded-For: unknown"], ["Forwarded: for=_hidden"], ['Forwarded: for="192.0.2.1'],
                        ["X-Forwarded-For: 192.0.2.1", "Forwarded: for=192.0.2.2"]):
            self.assertEqual(self.connected_from(*headers), "127.0.0.1", headers)

    def test_a_worker_has_it_too(self):
        headers = {**self.vhost.headers(), "X-Forwarded-For": "192.0.2.77"}
        with EventStream(self.vhost, headers=headers) as worker:
            wait_until(lambda: [line for line in log_lines(self.broker) if line.get("worker") == worker.id
                                and line["address"] == "192.0.2.77"], "the line of the worker")


class NoProxies(BrokerTest):
    FLAGS = ("--trusted-proxy", "10.0.0.0/8", "--log-level", "debug")

    def test_nobody_else_is_believed(self):
        with RawConnection(self.broker.addr) as browser:
            browser.send(f"GET {self.vhost.path} HTTP/1.1\r\n{HANDSHAKE}X-Forwarded-For: 192.0.2.1\r\n\r\n")
            self.assertEqual(browser.head()[0], 101)
            wait_until(lambda: "address=127.0.0.1 connected" in self.broker.log_text(), "the line")
        self.assertNotIn("192.0.2.1", self.broker.log_text())


class ProxyOption(unittest.TestCase):
    def test_what_is_no_range_ends_the_start(self):
        for value in ("10.0.0.0/33", "10.0.0/8", "::/129", "proxy.example.org", "10.0.0.0/", ""):
            ended = subprocess.run([SERVER, "--trusted-proxy", value], capture_output=True, text=True,
                                   timeout=DEADLINE)
            self.assertEqual((ended.returncode, ended.stdout), (2, ""), ended.stderr)
            self.assertRegex(ended.stderr, r"--trusted-proxy: .*" + value.replace("/", "."))


class RefusalTest(unittest.TestCase):
    FLAGS = ("--log-format", "json", "--allow-origin", "http://test")

    def setUp(self):
        self.broker = Broker(*self.FLAGS)
        self.addCleanup(self.broker.close)
        self.vhost = self.broker.vhost("/moon")
        self.addCleanup(self.vhost.disconnect)

    def total(self, reason, port="service"):
        text = self.broker.admin("GET", "/metrics").body.decode()
        name = f'webrocket_refusals_total{{port="{port}",reason="{reason}"}} '
        return next(int(line[len(name):]) for line in text.splitlines() if line.startswith(name))

    def answered(self, text, addr=None):
        with RawConnection(addr or self.broker.addr) as connection:
            connection.send(text)
            return connection.response()[0]

    def handshake(self, path="/moon", *headers):
        return self.answered(f"GET {path} HTTP/1.1\r\n{HANDSHAKE}"
                             + "".join(header + "\r\n" for header in headers) + "\r\n")

    def refused(self):
        return [line for line in log_lines(self.broker) if "refused" in line["message"]]


class Refusals(RefusalTest):
    """Each is counted by port and reason, and the log says who it was."""

    def test_http(self):
        for reason, status, act in (
                ("origin", 403, lambda: self.handshake("/moon", "Origin: http://evil")),
                ("unknown_vhost", 404, lambda: self.handshake("/sun")),
                ("unknown_vhost", 404, lambda: self.answered("GET /sun/token HTTP/1.1\r\nHost: x\r\n\r\n")),
                ("bad_handshake", 400, lambda: self.answered("GET /moon HTTP/1.1\r\nHost: x\r\n\r\n")),
                ("wrong_token", 401, lambda: self.answered("GET /moon/token HTTP/1.1\r\nHost: x\r\n\r\n")),
                ("bad_request", 400, lambda: self.answered("GET /moon HTTP/1.1\r\n\r\n")),
                ("header_too_large", 431, lambda: self.answered(f"GET /{'x' * 17000} HTTP/1.1\r\nHost: x\r\n\r\n")),
                ("body_too_large", 413, lambda: self.answered(
                    "POST /moon/events HTTP/1.1\r\nHost: x\r\nContent-Length: 9999999\r\n\r\n")),
                ("not_found", 404, lambda: self.vhost.request("GET", "/nothing/at/all").status),
                ("wrong_method", 405, lambda: self.vhost.request("PUT", "/token").status)):
            before = self.total(reason)
            self.assertEqual(act(), status, reason)
            self.assertEqual(self.total(reason), before + 1, reason)

    def test_the_admin_port(self):
        self.assertEqual(self.broker.admin("GET", "/", cookie="0" * 40).status, 403)
        self.assertEqual(self.total("wrong_cookie", "admin"), 1)
        self.assertEqual(self.total("wrong_cookie"), 0)
        line, = self.refused()
        self.assertEqual((line["level"], line["address"], line["reason"]), ("info", "127.0.0.1", "wrong_cookie"))
        self.assertEqual(line["message"], "HTTP client address=127.0.0.1 refused GET /: 403")

    def test_pages(self):
        self.vhost.open("private-room")
        self.vhost.open("room")
        with self.vhost.browser() as browser:
            for code, command, payload in ((400, "auth", {}), (402, "auth", {"token": "x"}),
                                           (403, "subscribe", {"channel": "private-room"}),
                                           (453, "unsubscribe", {"channel": "room"}),
                                           (454, "subscribe", {"channel": "nowhere"})):
                self.assertEqual(browser.error(command, **payload), code)
                self.assertEqual(self.total(f"page_{code}"), 1)
        line, = self.refused()
        self.assertEqual((line["level"], line["reason"], line["sid"]), ("info", "page_402", browser.sid))

    def test_what_is_no_websocket(self):
        with self.vhost.browser() as browser:
            browser.send(frame(3, b"x"))
            self.assertEqual(browser.close_code(), 1002)
        self.assertEqual(self.total("websocket_protocol"), 1)
        # An end in good order is none, nor is one without a word.
        with self.vhost.browser() as browser:
            browser.send(frame(CLOSE, b"\x03\xe8"))
            self.assertEqual(browser.close_code(), 1000)
        with self.vhost.browser() as browser:
            browser.ask("close")
            browser.close_code()
        self.assertEqual(self.total("websocket_protocol"), 1)

    def test_many_of_one_address_are_a_line_and_a_count(self):
        for _ in range(300):
            self.assertEqual(self.vhost.request("GET", "/token?uid=secret", headers={}).status, 401)
        self.assertEqual(self.total("wrong_token"), 300)
        self.assertEqual(self.broker.stop(), 0)
        first, rest = self.refused()
        self.assertEqual((first["level"], first["message"]),
                         ("info", "HTTP client address=127.0.0.1 refused GET /moon/token: 401"))
        self.assertEqual((rest["level"], rest["address"], rest["refusals"]), ("warning", "127.0.0.1", 299))
        self.assertEqual(rest["message"],
                         "address=127.0.0.1 refused 299 more times within a minute: wrong_token 299")

    def test_what_is_asked_for_cannot_forge_a_line(self):
        self.assertEqual(self.answered(b"GET /\"x\xff\xc3 HTTP/1.1\r\nHost: x\r\n\r\n"), 404)
        line, = self.refused()
        self.assertEqual(line["message"], "HTTP client address=127.0.0.1 refused GET /\"x%FF%C3: 404")

    def test_a_secret_in_the_wrong_place_is_not_logged(self):
        token = self.vhost.token
        escaped = "".join(f"%{ord(character):02x}" for character in token)
        with RawConnection(self.broker.addr) as connection:
            for secret in (token, escaped):
                connection.send(f"GET /x{secret}/y HTTP/1.1\r\nHost: x\r\n\r\n")
                self.assertEqual(connection.response()[0], 404)
        self.assertEqual([line["message"] for line in self.refused()],
                         ["HTTP client address=127.0.0.1 refused GET /x.../y: 404"])
        self.assertNotIn(token[:8], self.broker.log_text())

    def test_health_is_no_refusal(self):
        self.assertEqual(self.answered("GET /readyz HTTP/1.1\r\nHost: x\r\n\r\n"), 200)
        self.assertEqual(self.answered("POST /readyz HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n"), 405)
        self.assertEqual(self.total("wrong_method"), 0)


class ClientsOfOneProxy(RefusalTest):
    FLAGS = (*RefusalTest.FLAGS, "--trusted-proxy", "127.0.0.1/32")

    def test_each_request_of_a_connection_has_its_own_address(self):
        for number in (1, 2, 1, 3):
            headers = {"X-Forwarded-For": f"192.0.2.{number}"}
            self.assertEqual(self.vhost.request("GET", "/token", headers=headers).status, 401)
        self.assertEqual([line["address"] for line in self.refused()], ["192.0.2.1", "192.0.2.2", "192.0.2.3"])


class StandingLog(unittest.TestCase):
    """Whoever reads standard error has stopped doing so."""

    def setUp(self):
        reader, writer = os.pipe()
        self.reader = reader
        self.addCleanup(os.close, reader)

        class PipeBroker(Broker):
            def popen(self, **options):
                try:
                    return super().popen(**{**options, "stderr": writer})
                finally:
                    os.close(writer)

        self.broker = PipeBroker("--log-level", "debug", "--max-messages-per-second", "0")
        self.addCleanup(self.broker.close)
        self.vhost = self.broker.vhost("/moon")
        self.addCleanup(self.vhost.disconnect)

    def dropped(self):
        text = self.broker.admin("GET", "/metrics").body.decode()
        return int(re.search(r"^webrocket_log_lines_dropped_total (\d+)$", text, re.M)[1])

    def fill(self):
        """More than a pipe and what the broker keeps: each message is a line."""
        self.vhost.open("room")
        with self.vhost.browser() as browser:
            for _ in range(40):
                for _ in range(200):
                    browser.say_text("nonsense")
                for _ in range(200):
                    self.assertEqual(browser.hear()[":error"]["code"], 400)
                if self.dropped() > 0:
                    return
        self.fail("nothing was dropped")

    def test_it_costs_lines_and_nothing_else(self):
        self.fill()
        # Changes are made and pages served, and a stop ends in good order.
        self.vhost.open("another")
        self.assertEqual(self.broker.admin("POST", "/sun").status, 302)
        with self.vhost.browser() as browser:
            browser.subscribe("another")
            self.vhost.fire("another", "e")
            self.assertIn("e", browser.hear())
        self.assertEqual(self.broker.stop(), 0)

    def test_it_is_told_when_somebody_reads_again(self):
        self.fill()
        pieces = []

        def read():
            while piece := os.read(self.reader, 65536):
                pieces.append(piece)

        thread = threading.Thread(target=read)
        thread.start()
        self.addCleanup(thread.join)
        wait_until(lambda: b"lines of the log were dropped" in b"".join(pieces), "the line that tells")
        self.assertEqual(self.broker.stop(), 0)
        thread.join()
        text = b"".join(pieces).decode()
        number = int(re.search(r"warning (\d+) lines of the log were dropped", text)[1])
        self.assertGreater(number, 0)
        self.assertTrue(text.endswith(" info stopped\n"), text[-200:])
        for line in text.splitlines():
            self.assertRegex(line, r"^\d{4}-\d\d-\d\dT[\d:.]+ (debug|info|warning) ")


class EventsWithoutWorker(unittest.TestCase):
    """A backend that is not there is no error of the page's, but somebody has to know."""

    def setUp(self):
        self.broker = Broker("--log-format", "json")
        self.addCleanup(self.broker.close)
        self.vhost = self.make_vhost("/moon")
        self.browser = self.vhost.browser("alice")
        self.addCleanup(self.browser.close)
        self.browser.subscribe("room")

    def make_vhost(self, path):
        vhost = self.broker.vhost(path)
        self.addCleanup(vhost.disconnect)
        vhost.open("room")
        return vhost

    def total(self, path="/moon"):
        text = self.broker.admin("GET", "/metrics").body.decode()
        return int(re.search(rf'^webrocket_events_without_worker_total{{vhost="{path}"}} (\d+)$', text, re.M)[1])

    def broadcast(self, **more):
        self.assertIn("e", self.browser.ask("broadcast", channel="room", event="e", **more))

    def trigger(self, event="t"):
        self.browser.say("trigger", event=event)
        self.assertTrue(self.browser.silent())

    def workers(self):
        return len(self.broker.admin("GET", "/moon/workers").json()["workers"])

    def test_triggers_are_counted_always(self):
        self.trigger()
        self.broadcast(trigger="t")
        self.assertEqual(self.total(), 2)

    def test_broadcasts_are_where_there_usually_is_a_worker(self):
        self.broadcast()
        self.assertEqual(self.total(), 0)  # a vhost without a backend
        with self.vhost.worker() as worker:
            self.broadcast()
            self.assertEqual(worker.event()[0], "room/e")
        wait_until(lambda: self.workers() == 0, "the worker to be gone")
        self.broadcast()
        self.assertEqual(self.total(), 1)

    def test_a_filter_that_wants_none(self):
        with self.vhost.worker("^wanted$") as worker:
            self.trigger("unwanted")
            self.assertEqual(self.total(), 1)
            self.broadcast()  # workers choose among those
            self.trigger("wanted")
            self.assertEqual(worker.event()[0], "wanted")
            self.assertEqual(self.total(), 1)

    def test_they_are_told_by_vhost(self):
        other = self.make_vhost("/sun")
        with other.browser("bob") as browser:
            browser.say("trigger", event="t")
            self.assertTrue(browser.silent())
        for _ in range(3):
            self.trigger()
        self.browser.close()
        self.assertEqual(self.broker.stop(), 0)
        line, = [line for line in log_lines(self.broker) if "no worker" in line["message"]]
        self.assertEqual(line["message"],
                         "no worker was there for events within the last minute: /moon 3, /sun 1")
        self.assertEqual((line["level"], line["events"], line["vhosts"]), ("warning", 4, {"/moon": 3, "/sun": 1}))


class Changes(unittest.TestCase):
    """Each leaves a line: who, from where, what."""

    def setUp(self):
        self.broker = Broker("--log-format", "json")
        self.addCleanup(self.broker.close)
        self.vhost = self.broker.vhost("/moon")
        self.addCleanup(self.vhost.disconnect)

    def lines_of(self, act):
        before = len(log_lines(self.broker))
        act()
        return [line for line in log_lines(self.broker)[before:] if "by" in line]

    def line_of(self, act):
        line, = self.lines_of(act)
        self.assertEqual((line["level"], line["address"]), ("info", "127.0.0.1"))
        self.assertIn(f"by {line['by']} address=127.0.0.1", line["message"])
        return line["by"], line.get("vhost"), line.get("channel"), line["message"].split(" by ")[0]

    def test_an_administrators(self):
        for method, path, vhost, channel, deed in (
                ("POST", "/sun", "/sun", None, "vhost /sun added"),
                ("PUT", "/sun/token", "/sun", None, "access token of /sun renewed"),
                ("POST", "/sun/channels/room", "/sun", "room", "channel room of /sun opened"),
                ("DELETE", "/sun/channels/room", "/sun", "room", "channel room of /sun closed"),
                ("DELETE", "/sun/channels", "/sun", None, "all channels of /sun closed"),
                ("DELETE", "/sun", "/sun", None, "vhost /sun removed"),
                ("DELETE", "/", None, None, "all vhosts removed")):
            self.assertEqual(self.line_of(lambda: self.broker.admin(method, path)),
                             ("administrator", vhost, channel, deed))

    def test_a_backends(self):
        self.assertEqual(self.line_of(lambda: self.vhost.open("room")),
                         ("backend", "/moon", "room", "channel room of /moon opened"))
        self.assertEqual(self.line_of(lambda: self.vhost.request("DELETE", "/channels/room")),
                         ("backend", "/moon", "room", "channel room of /moon closed"))

    def test_those_that_fail(self):
        for act, who, deed in (
                (lambda: self.broker.admin("POST", "/moon"), "administrator", "POST /moon"),
                (lambda: self.broker.admin("DELETE", "/sun"), "administrator", "DELETE /sun"),
                (lambda: self.broker.admin("PUT", "/sun/token"), "administrator", "PUT /sun/token"),
                (lambda: self.vhost.request("POST", "/channels/.x"), "backend", "POST /moon/channels/.x"),
                (lambda: self.vhost.request("DELETE", "/channels/x"), "backend", "DELETE /moon/channels/x")):
            self.assertEqual(self.line_of(act), (who, None, None, deed))

    def test_on_the_admin_socket(self):
        """Where there is no address, but a user."""
        with socket.socket(socket.AF_UNIX) as administrator:
            administrator.settimeout(DEADLINE)
            administrator.connect(self.broker.ready["admin_socket"])

            def ask(method, path):
                administrator.sendall(f"{method} {path} HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n".encode())
                return administrator.recv(65536).split()[1]

            made, = self.lines_of(lambda: self.assertEqual(ask("POST", "/sun"), b"302"))
            failed, = self.lines_of(lambda: self.assertEqual(ask("POST", "/sun"), b"400"))
        user = pwd.getpwuid(os.geteuid()).pw_name
        for line, text in ((made, f"vhost /sun added by administrator user={user} address=-"),
                           (failed, f"POST /sun by administrator user={user} address=- answered 400")):
            self.assertEqual((line["message"], line["by"], line["user"], line["address"]),
                             (text, "administrator", user, "-"))

    def test_nothing_changes_by_reading(self):
        self.assertEqual(self.lines_of(lambda: (self.broker.admin("GET", "/"), self.broker.admin("GET", "/sun"),
                                                self.vhost.access_token(), self.vhost.fire("room", "e"))), [])


class FailedChanges(unittest.TestCase):
    def test_a_limit(self):
        broker = Broker("--max-channels", "1")
        self.addCleanup(broker.close)
        vhost = broker.vhost("/moon")
        self.addCleanup(vhost.disconnect)
        vhost.open("a")
        self.assertEqual(vhost.request("POST", "/channels/b").status, 403)
        self.assertIn("channel b of /moon not opened by backend address=127.0.0.1: there are too many channels",
                      broker.log_text())


if __name__ == "__main__":
    main()
