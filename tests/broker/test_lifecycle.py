"""The server from its command line to its end: what it needs, what it leaves, what survives."""

import errno
import http.client
import json
import os
import re
import resource
import signal
import socket
import subprocess
import threading

from harness import DEADLINE, SERVER, RawConnection, main, split, wait_until
from node import LifecycleTest, Node

MEMBERS = {"addr", "admin_addr", "admin_socket", "cookie_file"}


class CommandLine(LifecycleTest):
    def test_help(self):
        ended = self.run_server("--help")
        self.assertEqual((ended.returncode, ended.stderr), (0, ""))
        self.assertIn("--addr HOST:PORT=:8080 ", ended.stdout)
        for flag in ("--admin-addr", "--storage-dir", "--node-name", "--ready-file",
                     "--log-level", "--allow-origin", "--worker-events-need-auth", "--version",
                     "localhost:8081", "/var/lib/webrocket"):
            self.assertIn(flag, ended.stdout)

    def test_defaults(self):
        shown = self.run_server("--help").stdout
        for flag, value in (("--addr", ":8080"), ("--admin-addr", "localhost:8081"),
                            ("--storage-dir", "/var/lib/webrocket"),
                            ("--token-lifetime-ms", "3600000"), ("--max-tokens", "100000"),
                            ("--max-subscriptions", "1000"), ("--ping-interval-ms", "30000"),
                            ("--heartbeat-interval-ms", "15000"), ("--http-timeout-ms", "60000")):
            self.assertRegex(shown, rf"\n  {flag} [^\n]*={re.escape(value)}\s")

    def test_version(self):
        ended = self.run_server("--version")
        self.assertEqual((ended.returncode, ended.stderr), (0, ""))
        self.assertRegex(ended.stdout, r"\Awebrocket-server \d+\.\d+\.\d+\n\Z")

    def test_what_is_not_understood(self):
        for arguments, says in ((["--bogus"], "--bogus"), (["stray"], "stray"), (["--addr"], "--addr"),
                                (["--addr", "nowhere"], "nowhere"),
                                (["--addr", "127.0.0.1"], "127.0.0.1"),
                                (["--addr", "127.0.0.1:65536"], "65536"),
                                (["--addr", "127.0.0.1:x"], "127.0.0.1:x"),
                                (["--addr", "::1:0"], "::1:0"), (["--addr", "[::1:0"], "[::1:0"),
                                (["--admin-addr", "example.com:80"], "example.com:80"),
                                (["--log-level", "loud"], "loud"),
                                (["--max-subscriptions", "0"], "0"),
                                (["--max-subscriptions", "-1"], "-1"),
                                (["--max-tokens", "many"], "many"),
                                (["--allow-origin", "https://a.example", "stray"], "stray"),
                                (["--allow-origin", "https://a.example/"], "https://a.example/"),
                                (["--allow-origin", "a.example"], "a.example"),
                                (["--allow-origin", "*"], "*"),
                                (["--ping-interval-ms", "0"], "--ping-interval-ms"),
                                (["--ping-interval-ms", "1e99"], "--ping-interval-ms"),
                                (["--addr", "127.0.0.1:0", "--addr", "127.0.0.1:1"], "--addr")):
            ended = self.run_server(*arguments)
            self.assertEqual((ended.returncode, ended.stdout), (2, ""), arguments)
            self.assertIn(says, ended.stderr)
            self.assertIn("--help", ended.stderr)

    def test_names_that_no_node_has(self):
        for name in ("", "a", "a/b", "/ab", "../x", " x", "\u00e9t\u00e9", "a\nb", "x" * 201, "%x"):
            ended = self.run_server("--node-name=" + name)
            self.assertEqual(ended.returncode, 2, name)
            self.assertIn("--node-name", ended.stderr)

    def test_names_of_nodes(self):
        for name in ("ab", "a b", "node-1.example.com", "..", "-x", "x" * 200, 'q"\\', "n\u00f3"):
            with self.subTest(name):
                node = self.node("--node-name=" + name, node_name=None)
                self.assertEqual(node.ready["cookie_file"],
                                 os.path.join(node.storage, name + ".cookie"))
                self.assertTrue(os.path.exists(os.path.join(node.storage, name + ".db")))

    def test_origins(self):
        node = self.node("--allow-origin", "https://a.example", "--allow-origin", "http://test")
        browser = node.vhost().browser()  # says that it comes from http://test
        browser.close()


class CoreDumps(LifecycleTest):
    def limit(self, node):
        with open(f"/proc/{node.process.pid}/limits") as limits:
            return next(line for line in limits if line.startswith("Max core file size")).split()[4]

    def test_none(self):
        """1 is too little for a file, and keeps the kernel from handing the memory to a program."""
        class Willing(Node):
            def popen(self, **options):
                return super().popen(preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_CORE, (hard, hard)), **options)

        _, hard = resource.getrlimit(resource.RLIMIT_CORE)
        for flags, limit in (((), "0" if hard == 0 else "1"),
                             (("--core-dumps",), "unlimited" if hard == resource.RLIM_INFINITY else str(hard))):
            node = Willing(*flags)
            self.addCleanup(node.close)
            self.assertEqual(self.limit(node), limit)


class ReadyFile(LifecycleTest):
    def path(self, node):
        return os.path.join(node.dir, "ready.json")

    def test_says_where_the_server_is(self):
        node = self.node()
        self.assertEqual(set(node.ready), MEMBERS)
        self.assertEqual(node.ready["cookie_file"], os.path.join(node.storage, "test-node.cookie"))
        for address in (node.ready["addr"], node.ready["admin_addr"]):
            socket.create_connection(split(address), timeout=DEADLINE).close()
        with open(self.path(node)) as file:
            self.assertTrue(file.read().endswith("}\n"))
        self.assertEqual(sorted(os.listdir(node.dir)), ["log", "ready.json", "storage"])

    def test_never_half_written(self):
        node = self.node()
        node.stop()
        seen, stop = [], threading.Event()

        def look():
            while not stop.is_set():
                try:
                    with open(self.path(node)) as file:
                        seen.append(file.read())
                except FileNotFoundError:
                    pass

        watcher = threading.Thread(target=look)
        watcher.start()
        try:
            for _ in range(10):
                node.start()
                node.stop()
        finally:
            stop.set()
            watcher.join()
        self.assertTrue(seen)
        for text in set(seen):
            self.assertEqual(set(json.loads(text)), MEMBERS)

    def test_gone_when_the_server_stops(self):
        node = self.node()
        node.stop()
        self.assertFalse(os.path.exists(self.path(node)))

    def test_of_a_server_that_was_killed(self):
        node = self.node()
        node.kill()
        with open(self.path(node)) as file:
            self.assertEqual(json.load(file), node.ready)
        with socket.create_server(("127.0.0.1", 0)) as taken:
            # Nobody may take the old one for a sign of life of a server that did not come up.
            self.does_not_start("--storage-dir", node.storage, "--node-name", "test-node",
                                "--ready-file", self.path(node),
                                "--addr", "127.0.0.1:%d" % taken.getsockname()[1], says="cannot listen")
        self.assertFalse(os.path.exists(self.path(node)))

    def test_draft_left_behind(self):
        node = self.node()
        node.stop()
        with open(self.path(node) + ".new", "w") as file:
            file.write("half")
        node.start()
        self.assertEqual(sorted(os.listdir(node.dir)), ["log", "ready.json", "storage"])

    def test_cannot_be_written(self):
        directory = self.directory()
        for file, error in ((directory + "/no/ready", errno.ENOENT), (directory, errno.EISDIR)):
            self.does_not_start("--ready-file", file, says=(file, os.strerror(error)))

    def test_not_wanted(self):
        node = self.node()
        node.stop()
        node.process = subprocess.Popen(
            [SERVER, "--addr", "127.0.0.1:0", "--admin-addr", "127.0.0.1:0", "--storage-dir",
             node.storage, "--node-name", "test-node"], stderr=subprocess.PIPE, text=True)
        node.log = node.process.stderr
        wait_until(lambda: "listening on" in node.process.stderr.readline(), "the server")
        self.assertEqual(sorted(os.listdir(node.dir)), ["log", "storage"])


class Stop(LifecycleTest):
    def test_everybody_is_told(self):
        for number in (signal.SIGINT, signal.SIGTERM):
            node = self.node()
            vhost = node.vhost()
            vhost.open("c")
            browsers = [vhost.browser() for _ in range(3)]
            for browser in browsers:
                self.addCleanup(browser.close)
                browser.subscribe("c")
            worker = vhost.worker()
            self.addCleanup(worker.close)
            idle, halfway = RawConnection(node.addr), RawConnection(node.admin_addr)
            self.addCleanup(idle.close)
            self.addCleanup(halfway.close)
            halfway.send("GET / HTTP/1.1\r\nHost")
            node.process.send_signal(number)
            for browser in browsers:
                self.assertEqual(browser.close_code(), 1001)
                self.assertTrue(browser.is_closed())
                browser.close()
            self.assertIsNone(worker.record())
            worker.close()
            for connection in (idle, halfway, vhost.connection):
                connection.close()
            self.ends(node)
            self.assertIn("stopping", node.log_text())
            self.assertIn("stopped", node.log_text())

    def test_nobody_can_delay_it(self):
        """Peers that neither read nor close."""
        node = self.node()
        vhost = node.vhost()
        vhost.open("c")
        browser, worker, idle = vhost.browser(), vhost.worker(), RawConnection(node.addr)
        for peer in (browser, worker, idle):
            self.addCleanup(peer.close)
        browser.subscribe("c")
        padding = "x" * 500000
        for _ in range(12):
            vhost.fire("c", "e", {"padding": padding})
        self.assertEqual(node.stop(), 0)

    def test_a_second_signal_changes_nothing(self):
        node = self.node()
        browser = node.vhost().browser()
        self.addCleanup(browser.close)
        node.process.send_signal(signal.SIGTERM)
        wait_until(lambda: "stopping" in node.log_text(), "the server to stop")
        node.process.send_signal(signal.SIGTERM)
        node.process.send_signal(signal.SIGINT)
        self.assertEqual(browser.close_code(), 1001)
        browser.close()
        self.ends(node)

    def test_no_new_connections_once_it_stops(self):
        node = self.node()
        idle = RawConnection(node.addr)  # keeps it waiting for a moment
        self.addCleanup(idle.close)
        node.process.send_signal(signal.SIGTERM)
        wait_until(lambda: "stopping" in node.log_text(), "the server to stop")

        def refused():
            try:
                socket.create_connection(node.addr, timeout=DEADLINE).close()
                return False
            except ConnectionRefusedError:
                return True

        wait_until(refused, "the port to close")
        idle.close()
        self.ends(node)

    def test_as_soon_as_it_starts(self):
        node = self.node()
        self.assertEqual(node.stop(), 0)
        node.start()
        self.assertEqual(node.stop(signal.SIGINT), 0)

    def test_reader_of_the_log_is_gone(self):
        node = self.node()
        node.stop()
        node.process = subprocess.Popen(node.command(), stderr=subprocess.PIPE)
        wait_until(lambda: b"listening on" in node.process.stderr.readline(), "the server")
        node.process.stderr.close()
        ready = os.path.join(node.dir, "ready.json")
        wait_until(lambda: os.path.exists(ready), "the ready file")
        with open(ready) as file:
            node.admin_addr = split(json.load(file)["admin_addr"])
        self.assertEqual(node.admin("POST", "/moon").status, 302)
        self.assertEqual(node.stop(), 0)


class Survival(LifecycleTest):
    def snapshot(self, node):
        vhosts = node.admin("GET", "/").json()["vhosts"]
        return {vhost["path"]: (vhost["accessToken"], [
            channel["name"] for channel in node.admin("GET", vhost["path"] + "/channels").json()["channels"]])
            for vhost in vhosts}

    def test_changes_survive(self):
        for number in (signal.SIGTERM, signal.SIGKILL):
            node = self.node()
            for path in ("/moon", "/moon/base-2", "/gone", "/emptied"):
                vhost = node.vhost(path)
                for channel in ("a", "private-b", "c.d_e"):
                    vhost.open(channel)
            for method, path in (("PUT", "/moon/token"), ("DELETE", "/gone"),
                                 ("DELETE", "/emptied/channels"), ("DELETE", "/moon/channels/a"),
                                 ("POST", "/moon/channels/last")):
                self.assertIn(node.admin(method, path).status, (202, 302))
            before, cookie = self.snapshot(node), node.cookie
            node.stop(number)
            node.start()
            self.assertEqual(self.snapshot(node), before)
            self.assertEqual(before["/moon"][1], ["c.d_e", "last", "private-b"])
            self.assertEqual(before["/emptied"][1], [])
            self.assertEqual(set(before), {"/emptied", "/moon", "/moon/base-2"})
            self.assertEqual(node.cookie, cookie)

            self.assertEqual(node.admin("DELETE", "/").status, 202)
            node.stop(number)
            node.start()
            self.assertEqual(self.snapshot(node), {})
            # Their channels are gone as well.
            node.vhost()
            self.assertEqual(self.snapshot(node)["/moon"][1], [])

    def test_killed_in_the_middle_of_changes(self):
        node = self.node()
        node.vhost()
        acknowledged = []

        def change():
            try:
                while True:
                    name = f"c{len(acknowledged)}"
                    if node.admin("POST", "/moon/channels/" + name).status != 302:
                        return
                    acknowledged.append(name)
            except (OSError, http.client.HTTPException):
                return  # the server is gone

        for _ in range(3):
            already = len(acknowledged)
            changer = threading.Thread(target=change)
            changer.start()
            wait_until(lambda: len(acknowledged) >= already + 20, "some changes")
            node.kill()
            changer.join()
            node.start()
            stored = set(self.snapshot(node)["/moon"][1])
            self.assertLessEqual(set(acknowledged), stored)
            # The one whose answer never came may be there or not.
            self.assertLessEqual(stored, {*acknowledged, f"c{len(acknowledged)}"})
            if len(stored) > len(acknowledged):
                acknowledged.append(f"c{len(acknowledged)}")

    def test_what_is_not_kept(self):
        node = self.node()
        vhost = node.vhost()
        vhost.open("private-c")
        token = vhost.access_token("alice")
        node.stop()
        node.start()
        browser = vhost.browser()
        self.addCleanup(browser.close)
        self.assertEqual(browser.error("auth", token=token), 402)
        self.assertEqual(browser.error("subscribe", channel="private-c"), 403)
        self.assertEqual(node.admin("GET", "/moon/workers").json(), {"workers": []})
        self.assertEqual(vhost.request("GET", "/token?uid=a&channels=b").status, 200)


if __name__ == "__main__":
    main()
