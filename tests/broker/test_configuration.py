"""Options: where they come from, what a reload changes, and what is told of those that are none."""

import http.client
import json
import os
import re
import signal
import subprocess
import tempfile
import unittest

from figures import get
from harness import DEADLINE, SERVER, Broker, Closed, RawConnection, main, wait_until


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

    def test_check_of_the_log_of_events(self):
        storage = os.path.join(self.directory, "storage")
        os.mkdir(storage, 0o700)
        events = os.path.join(storage, "node.events")
        open(events, "w").close()
        self.assertIn(f"cannot use the directory {events}: Not a directory",
                      self.checked("--storage-dir", storage, "--node-name", "node", status=2))

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

    def test_what_a_vhost_may_publish(self):
        broker = self.broker("max-fan-out-bytes-per-second = 0")
        vhost = broker.vhost("/moon")
        vhost.open("c")
        with vhost.browser() as page:
            page.subscribe("c")
            self.assertEqual(vhost.fire("c", "e", {"x": "y" * 10000}).status, 202)
            self.reload(broker, "max-fan-out-bytes-per-second = 100", told="--max-fan-out")
            self.assertEqual(vhost.fire("c", "e", {"x": "y" * 10000}).status, 202)
            self.assertEqual(vhost.fire("c", "e").status, 429)

    def test_budget_of_memory(self):
        broker = self.broker("memory-max = 64M")

        def budget():
            text = broker.admin("GET", "/metrics").body.decode()
            return int(re.search(r"^webrocket_memory_max_bytes (\d+)$", text, re.M)[1])

        self.assertEqual(budget(), 64 << 20)
        self.reload(broker, "memory-max = 32M", told="--memory-max")
        wait_until(lambda: budget() == 32 << 20, "the new budget")

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


if __name__ == "__main__":
    main()
