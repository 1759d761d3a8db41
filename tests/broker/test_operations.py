"""What an operator looks at: health, metrics, logs."""

import contextlib
import http.client
import json
import os
import re
import shutil
import socket
import subprocess
import tempfile
import time
import unittest

from figures import get
from harness import DEADLINE, SERVER, Broker, BrokerTest, Response, main, wait_until
from node import Node


class HealthChecks(BrokerTest):
    def test_both_ports_say_so_without_a_secret(self):
        for addr in (self.broker.addr, self.broker.admin_addr):
            for path, body in (("/healthz", b"ok\n"), ("/readyz", b"ready\n")):
                response = get(addr, path)
                self.assertEqual((response.status, response.body), (200, body))
                self.assertEqual(response.headers["Cache-Control"], "no-store")

    def test_other_methods(self):
        connection = http.client.HTTPConnection(*self.broker.addr, timeout=DEADLINE)
        self.addCleanup(connection.close)
        connection.request("POST", "/healthz")
        response = Response(connection.getresponse())
        self.assertEqual((response.status, response.headers["Allow"]), (405, "GET, HEAD"))

    def test_no_vhost_is_called_so(self):
        for name in ("healthz", "readyz", "metrics"):
            self.assertEqual(self.broker.admin("POST", "/" + name).status, 405)


class Metrics(BrokerTest):
    def metrics(self, **headers):
        response = get(self.broker.admin_addr, "/metrics", **headers)
        self.assertEqual(response.status, 200)
        self.assertEqual(response.headers["Content-Type"], "text/plain; version=0.0.4; charset=utf-8")
        text = response.body.decode()
        return {line.rsplit(" ", 1)[0]: float(line.rsplit(" ", 1)[1])
                for line in text.splitlines() if not line.startswith("#")}

    def cookie_metrics(self):
        return self.metrics(**{"X-WebRocket-Cookie": self.broker.cookie})

    def test_who_may_read_them(self):
        self.assertEqual(get(self.broker.admin_addr, "/metrics").status, 403)
        self.assertEqual(get(self.broker.admin_addr, "/metrics", Authorization="Bearer x").status, 403)
        self.metrics(Authorization="Bearer " + self.broker.cookie)

    def test_prometheus_as_it_is_documented(self):
        """By a user that is in the group, and may read nothing else there."""
        with open(os.path.join(os.path.dirname(__file__), "../../docs/operating.md")) as page:
            text = page.read()
        file, scheme = re.search(r"credentials_file: (\S+)", text)[1], "Bearer "
        self.assertIn("- targets: [localhost:8081]", text)
        storage, name = os.path.split(file)
        self.assertEqual((storage, name), ("/var/lib/webrocket", "webrocket.reader"))
        with open(os.path.join(os.path.dirname(__file__), "../../debian/webrocket.service")) as unit:
            mode = int(re.search(r"^StateDirectoryMode=(\d+)$", unit.read(), re.M)[1], 8)
        directory = tempfile.mkdtemp(prefix="webrocket-test-")
        self.addCleanup(shutil.rmtree, directory)
        os.chmod(directory, 0o755)
        storage = os.path.join(directory, "storage")
        os.mkdir(storage)
        os.chmod(storage, mode)
        group = {}
        if os.geteuid() == 0:
            os.chown(storage, 0, 65533)
            # As the unit runs the broker in that group.
            group = {"group": 65533, "extra_groups": []}

        class InItsGroup(Node):
            def popen(self, **options):
                return super().popen(**group, **options)

        broker = InItsGroup(storage_dir=storage, node_name=name.removesuffix(".reader"))
        self.addCleanup(broker.close)
        prometheus = {"user": 65534, "group": 65534, "extra_groups": [65533]} if group else {}
        read = subprocess.run(["cat", os.path.join(storage, name)], capture_output=True, text=True,
                              timeout=DEADLINE, **prometheus)
        self.assertEqual((read.returncode, read.stderr), (0, ""))
        response = get(broker.admin_addr, "/metrics", Authorization=scheme + read.stdout.strip())
        self.assertEqual(response.status, 200)
        self.assertIn(b"webrocket_connections ", response.body)
        if group:
            for other in (".cookie", ".db"):
                denied = subprocess.run(["cat", os.path.join(storage, "webrocket" + other)], capture_output=True,
                                        timeout=DEADLINE, **prometheus)
                self.assertNotEqual(denied.returncode, 0, other)

    def test_every_one_is_explained(self):
        text = get(self.broker.admin_addr, "/metrics", Authorization="Bearer " + self.broker.cookie).body
        names = {line.split()[2] for line in text.decode().splitlines() if line.startswith("# HELP")}
        self.assertEqual(names, {line.split()[2] for line in text.decode().splitlines()
                                 if line.startswith("# TYPE")})
        self.assertLessEqual({name.split("{")[0] for name in self.cookie_metrics()}, names)

    def test_the_process(self):
        figures = self.cookie_metrics()
        build, = [name for name in figures if name.startswith("webrocket_build_info{")]
        version = subprocess.run([SERVER, "--version"], capture_output=True, text=True, timeout=DEADLINE).stdout
        self.assertEqual((build, figures[build]),
                         ('webrocket_build_info{version="%s"}' % version.split()[1], 1))
        with open(f"/proc/{self.broker.process.pid}/limits") as file:
            limit = next(int(line.split()[3]) for line in file if line.startswith("Max open files"))
        self.assertEqual(figures["process_max_fds"], limit)
        # Of the tests before some may still be open.
        more, some = 30, 10
        before = figures["process_open_fds"]
        with contextlib.ExitStack() as stack:
            for _ in range(more):
                stack.enter_context(socket.create_connection(self.broker.addr, DEADLINE))
            wait_until(lambda: self.cookie_metrics()["process_open_fds"] > before + more - some,
                       "the descriptors to be counted")
        wait_until(lambda: self.cookie_metrics()["process_open_fds"] < before + some, "them to be closed")
        self.assertGreater(figures["process_resident_memory_bytes"], 1 << 20)
        self.assertGreater(figures["process_virtual_memory_bytes"], figures["process_resident_memory_bytes"])
        self.assertGreaterEqual(figures["process_cpu_seconds_total"], 0)
        self.assertLess(abs(time.time() - figures["process_start_time_seconds"]), 600)

    def test_they_count(self):
        self.vhost.open("room")
        before = self.cookie_metrics()
        browsers = [self.browser(), self.browser()]
        self.worker()
        for browser in browsers:
            browser.subscribe("room")
        for browser in browsers:
            browser.ask("broadcast", channel="room", event="e")
        browsers[0].hear()
        self.assertEqual(browsers[0].error("auth"), 400)
        after = self.cookie_metrics()
        label = '{vhost="%s"}' % self.vhost.path
        self.assertEqual(after["webrocket_browsers" + label], 2)
        self.assertEqual(after["webrocket_workers" + label], 1)
        self.assertEqual(after["webrocket_channels" + label], 1)

        def growth(name):
            return after[name] - before[name]

        self.assertEqual(growth("webrocket_messages_received_total"), 5)
        self.assertEqual(growth("webrocket_messages_refused_total"), 1)
        self.assertEqual(growth("webrocket_connections_accepted_total"), 4)
        self.assertEqual(growth("webrocket_connections"), 3)
        self.assertGreater(growth("webrocket_sent_bytes_total"), 300)
        self.assertGreater(growth("webrocket_received_bytes_total"), 300)


class Logs(unittest.TestCase):
    def test_json_lines(self):
        broker = Broker("--log-format", "json", "--max-connections", "100", "--allow-origin", "http://test")
        broker.vhost("/moon")
        broker.stop()
        lines = [json.loads(line) for line in broker.log_text().splitlines()]
        broker.close()
        self.assertEqual([line["level"] for line in lines], ["info"] * len(lines))
        self.assertIn("vhost /moon added by administrator address=127.0.0.1", [line["message"] for line in lines])
        self.assertIn("/moon", [line.get("vhost") for line in lines])
        for line in lines:
            self.assertRegex(line["time"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}[+-]\d\d:\d\d$")

    def test_what_browsers_do(self):
        """At the level of debug, with what a machine may look for beside the text."""
        broker = Broker("--log-format", "json", "--log-level", "debug")
        self.addCleanup(broker.close)
        vhost = broker.vhost("/moon")
        vhost.open("private-room")
        browser = vhost.browser()
        self.addCleanup(browser.close)
        self.assertEqual(browser.error("subscribe", channel="private-room"), 403)
        browser.say_text("nonsense")
        self.assertIn(":error", browser.hear())
        self.assertEqual(browser.error("auth", token="secret"), 402)
        token = vhost.access_token("zoë")
        browser.ask("auth", token=token)
        browser.subscribe("private-room")
        browser.ask("broadcast", channel="private-room", event="e", data={"said": "in confidence"})
        browser.say("trigger", event="t", data={"said": "in confidence"})
        browser.ask("unsubscribe", channel="private-room")
        browser.ask("close")
        self.assertEqual(browser.close_code(), 1000)
        vhost.disconnect()
        broker.stop()
        lines = [json.loads(line) for line in broker.log_text().splitlines()]
        mine = [line for line in lines if line.get("sid") == browser.sid]
        self.assertEqual({line["vhost"] for line in mine}, {"/moon"})
        self.assertEqual({line["level"] for line in mine if line.get("reason") != "page_402"}, {"debug"})
        nobody = f"browser sid={browser.sid} uid=- vhost=/moon address=127.0.0.1 "
        zoe = f'browser sid={browser.sid} uid="zoë" vhost=/moon address=127.0.0.1 '
        self.assertEqual([line["message"] for line in mine], [
            nobody + "connected",
            nobody + "refused subscribe: 403 Forbidden",
            nobody + "refused a message that is no command: 400 Bad request",
            nobody + "refused auth: 402 Unauthorized",
            zoe + "authenticated",
            zoe + "subscribed to private-room",
            zoe + 'broadcast "e" on private-room',
            zoe + 'triggered "t"',
            zoe + "unsubscribed from private-room",
            zoe + "disconnected: closed"])
        self.assertEqual([line.get("uid") for line in mine], [None] * 4 + ["zoë"] * 6)
        for secret in (token, "secret", "confidence"):
            self.assertNotIn(secret, broker.log_text())


if __name__ == "__main__":
    main()
