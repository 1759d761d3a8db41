"""What an operator has to do with: health, metrics, logs, configuration, a stop in good order."""

import contextlib
import http.client
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import unittest

from harness import DEADLINE, SERVER, Broker, Browser, BrokerTest, Closed, RawConnection, Response, main, wait_until
from node import Node


def get(addr, path, **headers):
    connection = http.client.HTTPConnection(*addr, timeout=DEADLINE)
    connection.request("GET", path, headers=headers)
    response = Response(connection.getresponse())
    connection.close()
    return response


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


class Configuration(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory(prefix="webrocket-test-")
        self.addCleanup(directory.cleanup)
        self.directory = directory.name
        self.ready = os.path.join(self.directory, "ready.json")

    def write(self, *lines):
        file = os.path.join(self.directory, "webrocket.conf")
        with open(file, "w") as out:
            out.write("\n".join(lines) + "\n")
        return file

    def node_name(self, *arguments, **environment):
        """Starts a server and says by its cookie file which name it got."""
        process = subprocess.Popen(
            [SERVER, "--admin-addr", "127.0.0.1:0", "--ready-file", self.ready, *arguments],
            env={**os.environ, "WEBROCKET_ADDR": "127.0.0.1:0",
                 "WEBROCKET_STORAGE_DIR": os.path.join(self.directory, "storage"), **environment},
            stderr=subprocess.PIPE, text=True)
        try:
            wait_until(lambda: os.path.exists(self.ready) or process.poll() is not None, "the server")
            if process.poll() is not None:
                return process.communicate()[1]
            with open(self.ready) as file:
                return os.path.basename(json.load(file)["cookie_file"]).removesuffix(".cookie")
        finally:
            process.terminate()
            process.communicate(timeout=DEADLINE)

    def serves(self, *arguments, **environment):
        """What a server with these options answers to three requests: a vhost's script, and handshakes
        from http://a and from http://b."""
        process = subprocess.Popen(
            [SERVER, "--addr", "127.0.0.1:0", "--admin-addr", "127.0.0.1:0", "--ready-file", self.ready,
             "--storage-dir", os.path.join(self.directory, "storage"), *arguments],
            env={**os.environ, **environment}, stderr=subprocess.DEVNULL)
        try:
            wait_until(lambda: os.path.exists(self.ready), "the server")
            with open(self.ready) as file:
                ready = json.load(file)
            with open(ready["cookie_file"]) as file:
                cookie = file.read().strip()
            connection = http.client.HTTPConnection(ready["admin_addr"], timeout=DEADLINE)
            connection.request("POST", "/moon", headers={"X-WebRocket-Cookie": cookie})
            connection.getresponse().read()
            connection.close()
            addr = ready["addr"].rsplit(":", 1)
            handshake = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13",
                         "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ=="}
            return [get(addr, "/moon/webrocket.js").status,
                    *[get(addr, "/moon", Origin=origin, **handshake).status
                      for origin in ("http://a", "http://b", "http://c")]]
        finally:
            process.terminate()
            process.communicate(timeout=DEADLINE)

    def test_the_environment(self):
        self.assertEqual(self.node_name(WEBROCKET_NODE_NAME="from-environment"), "from-environment")

    def test_what_they_do(self):
        everything = [200, 101, 101, 101]
        self.assertEqual(self.serves(), everything)
        self.assertEqual(self.serves("--no-vhost-script")[0], 404)
        self.assertEqual(self.serves(WEBROCKET_VHOST_SCRIPT="false")[0], 404)
        self.assertEqual(self.serves("--no-vhost-script", WEBROCKET_VHOST_SCRIPT="true")[0], 404)
        self.assertEqual(self.serves("--vhost-script", WEBROCKET_VHOST_SCRIPT="false")[0], 200)
        file = self.write("no-vhost-script = true", 'allow-origin = ["http://a", "http://b"]')
        two = [101, 101, 403]
        self.assertEqual(self.serves("--config", file), [404, *two])
        self.assertEqual(self.serves("--config", file, "--vhost-script"), [200, *two])
        self.assertEqual(self.serves("--allow-origin", "http://a", "--allow-origin", "http://b")[1:], two)
        for list in ("http://a,http://b", "http://a http://b", " http://a, http://b "):
            self.assertEqual(self.serves(WEBROCKET_ALLOW_ORIGIN=list)[1:], two, list)

    def test_a_file(self):
        file = self.write("# a comment", "node-name = from-file", 'allow-origin = ["http://a", "http://b"]',
                          "threads = 2", "worker-events-need-auth = true")
        self.assertEqual(self.node_name("--config", file), "from-file")

    def test_which_comes_first(self):
        file = self.write("node-name = from-file")
        self.assertEqual(self.node_name("--config", file, WEBROCKET_NODE_NAME="from-environment"),
                         "from-environment")
        self.assertEqual(self.node_name("--config", file, "--node-name", "from-command-line",
                                        WEBROCKET_NODE_NAME="from-environment"), "from-command-line")
        self.assertEqual(self.node_name(WEBROCKET_CONFIG=file), "from-file")

    def test_what_is_not_understood(self):
        for line, name in (("no-such-option = 1", "no-such-option"), ("threads = none", "--threads: Value none not in range"),
                           ("threads = 0", "--threads: Value 0 not in range"), ("what is this", "what is this"),
                           ("[what]", "what"), ("config = x", "config"), ("check-config = true", "check-config"),
                           ("allow-origin = []", "allow-origin is empty"), ('node-name = ""', "node-name is empty"),
                           ("allow-origin = https://a/b", "https://a/b")):
            file = self.write("# a comment", line)
            self.assertRegex(self.refused("--config", file), f"^webrocket-server: {file}:2: .*{re.escape(name)}")
        self.assertIn("did you mean threads?", self.refused("--config", self.write("thread = 1")))
        self.assertRegex(self.refused("--config", "/nonexistent"),
                         "^webrocket-server: /nonexistent: cannot be read: No such file")
        file = self.write("node-name = from-file")
        self.assertRegex(self.refused("--config", file, "--threads", "none"), "^--threads: .*none")

    def test_an_empty_file(self):
        file = os.path.join(self.directory, "empty.conf")
        open(file, "w").close()
        self.assertEqual(self.node_name("--config", file, "--node-name", "started"), "started")
        self.assertRegex(self.refused("--config", self.directory),
                         f"^webrocket-server: {self.directory}: cannot be read: Is a directory")

    def test_everything_that_is_wrong_is_named(self):
        file = self.write("threads = 0", "no-such-option = 1", "node-name = good", "compatible = maybe", "max-tokens = none",
                          "[what]", "x = 1")
        said = self.refused("--config", file, "stray", "--log-level", "loud", "--addr", "nowhere", WEBROCKET_TREADS="1",
                            WEBROCKET_MAX_BATCH="many").splitlines()
        for start in ("webrocket-server: WEBROCKET_TREADS: there is no option", "webrocket-server: WEBROCKET_MAX_BATCH: .*many",
                      f"webrocket-server: {file}:1: --threads: ", f"webrocket-server: {file}:2: there is no option no-such-option",
                      f"webrocket-server: {file}:4: .*compatible.*maybe", f"webrocket-server: {file}:5: .*none",
                      f"webrocket-server: {file}:6: there is no option what", "--log-level: .*loud", "--addr: .*nowhere"):
            self.assertEqual(len([line for line in said if re.match(start, line)]), 1, (start, said))
        self.assertIn("stray", "\n".join(said))
        self.assertEqual(said[-1], "Run with --help for more information.")

    def test_variables(self):
        self.assertRegex(self.refused(WEBROCKET_THREADS="many"), "^webrocket-server: WEBROCKET_THREADS: .*many")
        self.assertRegex(self.refused(WEBROCKET_TREADS="2"),
                         "^webrocket-server: WEBROCKET_TREADS: .* did you mean WEBROCKET_THREADS\\?")
        for name in ("WEBROCKET_ALLOW_ORIGIN", "WEBROCKET_THREADS", "WEBROCKET_STORAGE_DIR", "WEBROCKET_CONFIG"):
            for value in ("", *([" , "] if name == "WEBROCKET_ALLOW_ORIGIN" else [])):
                self.assertEqual(self.refused(**{name: value}),
                                 f"webrocket-server: {name} is empty; give it a value, or unset it\n")
        # Those that Kubernetes and Docker make of a service of that name, and the Debian package's own.
        self.assertEqual(self.node_name("--node-name", "started", WEBROCKET_OPTIONS="", WEBROCKET_PORT="tcp://10.0.0.1:80",
                                        WEBROCKET_PORT_80_TCP="tcp://10.0.0.1:80", WEBROCKET_SERVICE_HOST="10.0.0.1",
                                        WEBROCKET_SERVICE_PORT="80", WEBROCKET_SERVICE_PORT_HTTP="80"), "started")
        # And of others, whose names begin with it.
        self.assertEqual(self.node_name("--node-name", "started", WEBROCKET_ADMIN_SERVICE_HOST="10.0.0.1",
                                        WEBROCKET_ADMIN_SERVICE_PORT="81", WEBROCKET_ADMIN_SERVICE_PORT_HTTP_ADMIN="81",
                                        WEBROCKET_ADMIN_PORT="tcp://10.0.0.1:81", WEBROCKET_ADMIN_PORT_81_TCP="tcp://10.0.0.1:81",
                                        WEBROCKET_ADMIN_PORT_81_TCP_PROTO="tcp", WEBROCKET_ADMIN_PORT_81_TCP_PORT="81",
                                        WEBROCKET_ADMIN_PORT_81_TCP_ADDR="10.0.0.1"), "started")
        # But not of somebody who means an option.
        for name in ("WEBROCKET_PORT", "WEBROCKET_ADMIN_PORT"):
            self.assertRegex(self.refused(**{name: "9000"}), f"^webrocket-server: {name}: there is no option of that name")
        # Help is there whatever is wrong.
        ended = subprocess.run([SERVER, "--help"], env={**os.environ, "WEBROCKET_X": ""}, capture_output=True,
                               timeout=DEADLINE)
        self.assertEqual((ended.returncode, ended.stderr), (0, b""))

    def test_origins_that_can_never_come(self):
        for origin, reason in (("https://a.example/", "without so much as a slash"), ("*", "leave the option out"),
                               ("https://a.*.example", "* stands for subdomains"), ("https://*", "* stands for"),
                               ("https://b\u00fccher.example", "xn--"), ("https://a.example.", "dot"),
                               ("https://a.example:0", "port"), ("https://a.example:65536", "port"),
                               ("https://a.example:x", "port"), ("a.example", "scheme"), ("://a.example", "scheme"),
                               ("https://", "no host"), ("https://user@a.example", "slash"), ("https://.a", "host")):
            for said in (self.refused("--allow-origin", origin), self.refused(WEBROCKET_ALLOW_ORIGIN=origin)):
                self.assertIn(reason, said, origin)
        said = self.refused(WEBROCKET_ALLOW_ORIGIN='["https://a.example", "https://b.example"]')
        self.assertRegex(said, "^webrocket-server: WEBROCKET_ALLOW_ORIGIN: .*looks like JSON")

    def test_origins_as_browsers_send_them(self):
        self.assertEqual(self.serves("--allow-origin", "HTTP://A:80", "--allow-origin", "http://b:080")[1:],
                         [101, 101, 403])

    def checked(self, *arguments, status=0, **environment):
        ended = subprocess.run([SERVER, "--check-config", *arguments], env={**os.environ, **environment},
                               capture_output=True, text=True, timeout=DEADLINE)
        self.assertEqual(ended.returncode, status, ended.stderr)
        return ended.stderr if status else ended.stdout

    def test_check(self):
        storage = os.path.join(self.directory, "storage")
        file = self.write("", 'allow-origin = ["https://A.example:443", "https://*.b.example"]', "threads = 2",
                          "max-tokens = 5")
        text = self.checked("--config", file, "--storage-dir", storage, WEBROCKET_THREADS="3")
        for line in (f"storage-dir = {storage} # the command line", "threads = 3 # WEBROCKET_THREADS",
                     f'allow-origin = ["https://a.example", "https://*.b.example"] # {file}:2',
                     f"max-tokens = 5 # {file}:4", "max-channels = 100000 # the default", "# ready-file is not set"):
            self.assertIn(line + "\n", text)
        self.assertFalse(os.path.exists(storage))
        # What it says is a file that says the same.
        with open(os.path.join(self.directory, "again.conf"), "w") as again:
            again.write(text)
        def values(text):
            return sorted(line.split(" # ")[0] for line in text.splitlines())
        self.assertEqual(values(self.checked("--config", again.name)), values(text))

    def test_check_of_what_is_wrong(self):
        self.assertIn("--threads", self.checked("--threads", "0", status=2))
        self.assertIn("did you mean", self.checked(status=2, WEBROCKET_TREADS="1"))
        self.assertIn("cannot read /nonexistent", self.checked("--tls-cert", "/nonexistent", "--tls-key", "/nonexistent",
                                                               status=2))

    def test_check_of_what_a_start_would_meet_with(self):
        storage = os.path.join(self.directory, "storage")
        words = ("--storage-dir", storage, "--node-name", "node")
        self.checked(*words)
        self.assertFalse(os.path.exists(storage))
        os.mkdir(storage, 0o700)
        for name, content in (("node.cookie", "no cookie"), ("node.reader", "0" * 40)):
            with open(os.path.join(storage, name), "w") as file:
                file.write(content)
        os.symlink("/nonexistent", os.path.join(storage, "node.db"))
        socket_path = os.path.join(self.directory, "socket")
        open(socket_path, "w").close()

        def state():
            files = {name: os.lstat(os.path.join(storage, name)) for name in os.listdir(storage)}
            return {name: (status.st_mode, status.st_size, status.st_mtime_ns) for name, status in files.items()}

        before = state()
        said = self.checked(*words, "--admin-socket", socket_path, "--ready-file", os.path.join(self.directory, "no/ready"),
                            "--tls-cert", "/nonexistent", "--tls-key", "/nonexistent", status=2).splitlines()
        self.assertEqual(len(said), 5, said)
        for line, part in zip(said, ("cannot read /nonexistent", f"{storage}/node.db: it is a symbolic link",
                                     f"{storage}/node.cookie does not hold a cookie",
                                     f"cannot listen on {socket_path}: there is something else", f"{self.directory}/no: No such")):
            self.assertTrue(line.startswith("webrocket-server: ") and part in line, (part, line))
        os.chmod(storage, 0o777)
        self.assertIn(f"chmod go-w {storage}", self.checked(*words, status=2))
        os.chmod(storage, 0o700)
        self.assertEqual(state(), before)
        self.assertIn("Not a directory", self.checked("--storage-dir", socket_path + "/below", status=2))

    def test_check_beside_a_server_that_runs(self):
        broker = Broker()
        self.addCleanup(broker.close)
        self.checked(*broker.command()[1:])
        self.assertEqual(broker.admin("GET", "/").status, 200)

    def refused(self, *arguments, **environment):
        ended = subprocess.run([SERVER, "--storage-dir", os.path.join(self.directory, "storage"), *arguments],
                               env={**os.environ, **environment}, capture_output=True, text=True,
                               timeout=DEADLINE)
        self.assertEqual((ended.returncode, ended.stdout), (2, ""), ended.stderr)
        return ended.stderr


class Reload(unittest.TestCase):
    """SIGHUP and the file of --config."""

    def setUp(self):
        directory = tempfile.TemporaryDirectory(prefix="webrocket-test-")
        self.addCleanup(directory.cleanup)
        self.file = os.path.join(directory.name, "webrocket.conf")

    def write(self, *lines):
        with open(self.file, "w") as out:
            out.write("\n".join(lines) + "\n")

    def broker(self, *lines):
        self.write(*lines)
        broker = Broker("--config", self.file)
        self.addCleanup(broker.close)
        return broker

    def reload(self, broker, *lines, told):
        """What the log says of it."""
        self.write(*lines)
        seen = len(broker.log_text())
        broker.process.send_signal(signal.SIGHUP)
        wait_until(lambda: told in broker.log_text()[seen:], "the log line")
        return broker.log_text()[seen:]

    def handshake(self, broker, origin):
        return get(broker.addr, "/moon", Connection="Upgrade", Upgrade="websocket", Origin=origin,
                   **{"Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ=="}).status

    def test_origins(self):
        broker = self.broker("allow-origin = http://a")
        broker.vhost("/moon")
        self.assertEqual([self.handshake(broker, origin) for origin in ("http://a", "http://b")], [101, 403])
        told = self.reload(broker, "allow-origin = http://b", told="--allow-origin")
        self.assertIn('info --allow-origin is "http://b" now, and was "http://a"', told)
        wait_until(lambda: self.handshake(broker, "http://b") == 101, "the new origins")
        self.assertEqual(self.handshake(broker, "http://a"), 403)

    def test_limits(self):
        broker = self.broker("max-subscriptions = 1", "max-channels = 2", "max-connections = 1")
        vhost = broker.vhost("/moon")
        for channel in ("a", "b"):
            vhost.open(channel)
        self.assertEqual(vhost.request("POST", "/channels/c").status, 403)
        with vhost.browser() as old:
            old.subscribe("a")
            self.assertEqual(old.error("subscribe", channel="b"), 429)
            self.assertEqual(self.handshake(broker, "http://a"), 503)
            self.reload(broker, "max-subscriptions = 2", "max-channels = 3", "max-connections = 2",
                        told="--max-subscriptions")
            wait_until(lambda: vhost.request("POST", "/channels/c").status == 202, "the new limits")
            # Whoever is there keeps what it came with.
            self.assertEqual(old.error("subscribe", channel="b"), 429)
            with vhost.browser() as new:
                for channel in ("a", "b"):
                    new.subscribe(channel)
                self.assertEqual(new.error("subscribe", channel="c"), 429)
                self.assertEqual(self.handshake(broker, "http://a"), 503)

    def test_a_message_may_be_larger(self):
        broker = self.broker("max-message-bytes = 1000")
        vhost = broker.vhost("/moon")
        text = '{"trigger":{"event":"e","data":{"x":"' + "y" * 100_000 + '"}}}'
        with vhost.browser("ada") as browser:
            browser.say_text(text)
            self.assertEqual(browser.close_code(), 1009)
        self.reload(broker, "max-message-bytes = 200000", told="--max-message-bytes")

        def is_taken():
            with vhost.browser("ada") as browser:
                browser.say_text(text)
                try:
                    return browser.silent()
                except (Closed, ConnectionError):
                    return False

        wait_until(is_taken, "the new limit")
        vhost.disconnect()

    def test_connections_of_an_address(self):
        broker = self.broker("max-connections-per-address = 2")

        def holder():
            connection = RawConnection(broker.addr)
            self.addCleanup(connection.close)
            connection.send("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
            self.assertEqual(connection.response()[0], 200)

        def is_let_in():
            try:
                return get(broker.addr, "/healthz").status == 200
            except (http.client.HTTPException, ConnectionError):
                return False

        holder()
        holder()
        self.assertFalse(is_let_in())
        self.reload(broker, "max-connections-per-address = 4", told="--max-connections-per-address")
        wait_until(is_let_in, "the new limit")

    def test_drain(self):
        broker = self.broker("drain-ms = 3600000")
        with broker.vhost("/moon").browser():
            self.reload(broker, "drain-ms = 100", told="--drain-ms")
            self.assertEqual(broker.stop(), 0)

    def test_log_level(self):
        broker = self.broker("log-level = info")
        vhost = broker.vhost("/moon")
        vhost.browser().close()
        self.assertNotIn(" debug ", broker.log_text())
        self.reload(broker, "log-level = debug", told='--log-level is "debug" now')
        def comes_and_goes():
            vhost.browser().close()
            return " debug " in broker.log_text()
        wait_until(comes_and_goes, "a line at that level")

    def test_what_needs_a_restart(self):
        broker = self.broker("threads = 1", "max-tokens = 5")
        told = self.reload(broker, "threads = 2", "max-tokens = 6", told="--threads")
        self.assertIn('warning --threads stays "1" until a restart, and would be "2"', told)
        self.assertIn('info --max-tokens is "6" now, and was "5"', told)
        told = self.reload(broker, "threads = 2", "max-tokens = 6", told="--threads")
        self.assertIn('warning --threads stays "1" until a restart', told)
        told = self.reload(broker, "threads = 1", "max-tokens = 6", told="none has changed")
        self.assertNotIn("--threads", told)
        self.assertIn("\nwebrocket_loops 1\n", broker.admin("GET", "/metrics").body.decode())

    def test_nothing_new_and_nothing_good(self):
        broker = self.broker("max-channels = 1")
        vhost = broker.vhost("/moon")
        vhost.open("a")
        self.assertIn("info options read again, none has changed",
                      self.reload(broker, "max-channels = 1", told="read again"))
        told = self.reload(broker, "max-channels = none", told="those before stay")
        self.assertIn(f"error options not read again, those before stay: webrocket-server: {self.file}:1: ", told)
        told = self.reload(broker, "max-channels = 2", "compatible = maybe", "threads = 0", told="--threads")
        for line, name in ((2, "--compatible"), (3, "--threads")):
            self.assertRegex(told, f"error options not read again, those before stay: webrocket-server: {self.file}:{line}: .*{name}")
        self.assertEqual(vhost.request("POST", "/channels/b").status, 403)

    def test_under_load(self):
        """On several loops, while browsers come and go."""
        self.write("max-subscriptions = 1")
        broker = Broker("--config", self.file, "--threads", "3")
        self.addCleanup(broker.close)
        vhost = broker.vhost("/moon")
        for number in range(30):
            self.write(f"max-subscriptions = {number % 2 + 1}", f"allow-origin = [\"http://test\", \"http://t{number}\"]")
            broker.process.send_signal(signal.SIGHUP)
            for _ in range(5):
                vhost.browser().close()


class ManPage(unittest.TestCase):
    PAGE = os.path.join(os.path.dirname(__file__), "../../broker/man/webrocket-server.1.in")

    def test_it_has_every_option_of_the_help(self):
        text = subprocess.run([SERVER, "--help"], capture_output=True, text=True, timeout=DEADLINE).stdout
        helped = {name for names in re.findall(r"^  ((?:-\w,)?--[a-z,-]+)", text, re.M)
                  for name in re.findall(r"--([a-z-]+)", names)}
        with open(self.PAGE) as page:
            described = {name.replace("\\", "") for line in re.findall(r"^\.BR? .*|^\.BI .*", page.read(), re.M)
                         for name in re.findall(r"\\-\\-([a-z\\-]+)", line)}
        for names in (described, helped):
            names -= {"no-" + name for name in set(names)}
        self.assertGreater(len(helped), 20)
        self.assertEqual(helped, described)


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
