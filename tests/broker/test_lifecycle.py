"""The server from its command line to its end: what it needs, what it leaves, what survives."""

import errno
import http.client
import json
import os
import re
import resource
import shutil
import signal
import socket
import sqlite3
import stat
import subprocess
import sys
import tempfile
import threading
import unittest

from broker import ADMIN, DEADLINE, SERVER, Broker, RawConnection, main, split, wait_until

MEMBERS = {"addr", "admin_addr", "admin_socket", "cookie_file"}


class Node(Broker):
    """A server whose flags replace those of the harness; None leaves one out."""

    def __init__(self, *more, umask=-1, **flags):
        self.replaced = {"--" + name.replace("_", "-"): value for name, value in flags.items()}
        self.umask = umask
        self.vhosts = []
        super().__init__(*more)

    def command(self, *flags):
        words = super().command(*flags)
        for name, value in self.replaced.items():
            if value is None:
                at = words.index(name)
                del words[at:at + 2]
            elif name in words:
                words[words.index(name) + 1] = value
            else:
                words += [name, value]
        return words

    def popen(self, **options):
        return super().popen(umask=self.umask, **options)

    def vhost(self, path="/moon"):
        self.vhosts.append(super().vhost(path))
        return self.vhosts[-1]

    def stop(self, number=signal.SIGTERM):
        # A backend that keeps its connection makes a server that stops wait for a moment.
        for vhost in self.vhosts:
            if vhost.connection:
                vhost.connection.close()
            vhost.connection = None  # the next server is on another port
        return super().stop(number)


class LifecycleTest(unittest.TestCase):
    maxDiff = None

    def node(self, *more, **flags):
        node = Node(*more, **flags)
        self.addCleanup(node.close)
        return node

    def ends(self, node):
        """The end of a server that has been told to stop."""
        self.assertEqual(node.process.wait(DEADLINE), 0)
        node.process = None
        node.log.close()

    def directory(self):
        directory = tempfile.mkdtemp(prefix="webrocket-test-")
        self.addCleanup(shutil.rmtree, directory, ignore_errors=True)
        return directory

    def unprivileged(self, directory):
        """Options to run the server as somebody who is no superuser, and may pass `directory`."""
        if os.geteuid() != 0:
            return {}
        os.chmod(directory, 0o755)
        # The build tree may be closed to him.
        server = shutil.copy(SERVER, directory)
        return {"user": 65534, "group": 65534, "extra_groups": [], "executable": server}

    def run_server(self, *arguments, **options):
        """A server that is expected to end by itself."""
        return subprocess.run([SERVER, *arguments], capture_output=True, text=True,
                              timeout=DEADLINE, **options)

    def does_not_start(self, *arguments, says, status=1, **options):
        """One line on standard error, for a person: no trace, nothing on standard output."""
        defaults = {"--addr": "127.0.0.1:0", "--admin-addr": "127.0.0.1:0", "--node-name": "node"}
        given = set(arguments[::2])
        if "--storage-dir" not in given:
            defaults["--storage-dir"] = self.directory()
        words = [word for flag in defaults.items() if flag[0] not in given for word in flag]
        ended = self.run_server(*words, *arguments, **options)
        self.assertEqual((ended.returncode, ended.stdout), (status, ""), ended.stderr)
        for part in [says] if isinstance(says, str) else says:
            self.assertIn(part, ended.stderr)
        if status == 1:
            self.assertRegex(ended.stderr, r"\Awebrocket-server: [^\n]+\n\Z")
        return ended.stderr


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



class NodeName(LifecycleTest):
    """Without --node-name: a machine that gets another name finds its storage all the same."""

    def stored(self, *names):
        """A storage directory with a node of each name, and a vhost of that name in it."""
        storage = self.directory()
        for name in names:
            node = self.node(storage_dir=storage, node_name=name)
            node.vhost("/of-" + name)
            node.stop()
        return storage

    def found(self, storage):
        node = self.node(storage_dir=storage, node_name=None)
        name = os.path.basename(node.ready["cookie_file"]).removesuffix(".cookie")
        vhosts = [vhost["path"] for vhost in node.admin("GET", "/").json()["vhosts"]]
        node.stop()
        return name, vhosts, node.log_text()

    def test_default(self):
        self.assertEqual(self.found(self.directory())[:2], ("webrocket", []))

    def test_the_only_one_is_taken_over(self):
        storage = self.stored("old-host")
        for _ in range(2):
            name, vhosts, log = self.found(storage)
            self.assertEqual((name, vhosts), ("old-host", ["/of-old-host"]))
            self.assertIn(f"old-host is the only storage in {storage} and is used", log)
        self.assertNotIn("webrocket.db", os.listdir(storage))

    def test_its_own_comes_first(self):
        storage = self.stored("other", "webrocket", "third")
        self.assertEqual(self.found(storage)[:2], ("webrocket", ["/of-webrocket"]))

    def test_several_of_others(self):
        storage = self.stored("one", "two")
        before = sorted(os.listdir(storage))
        # No default stands for None in the arguments of a server that does not start.
        ended = self.run_server("--addr", "127.0.0.1:0", "--admin-addr", "127.0.0.1:0", "--storage-dir", storage)
        self.assertEqual((ended.returncode, ended.stdout), (1, ""), ended.stderr)
        self.assertRegex(ended.stderr, rf"\Awebrocket-server: {storage} [^\n]*\(one, two\)\n\Z")
        self.assertEqual(sorted(os.listdir(storage)), before)

    def test_the_admin_tool_finds_it_too(self):
        storage = self.stored("old-host")
        node = self.node(storage_dir=storage, node_name=None)
        for words in ([], ["--admin-addr", node.ready["admin_addr"]]):
            ended = subprocess.run([ADMIN, "--storage-dir", storage, *words, "list_vhosts"],
                                   capture_output=True, text=True, timeout=DEADLINE)
            self.assertEqual((ended.stdout, ended.stderr), ("/of-old-host\n", ""))


class AdminSocket(LifecycleTest):
    def ask(self, path, **options):
        """The status with which `GET /` is answered there, without a cookie."""
        program = ("import socket, sys\ns = socket.socket(socket.AF_UNIX)\ns.settimeout(20)\n"
                   "s.connect(sys.argv[1])\ns.sendall(b'GET / HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n')\n"
                   "print(s.recv(100).split()[1].decode())")
        return subprocess.run([sys.executable, "-c", program, path], capture_output=True, text=True,
                              timeout=DEADLINE, **options).stdout.strip()

    def test_default_place(self):
        node = self.node(umask=0)
        path = os.path.join(node.storage, "test-node.sock")
        self.assertEqual(node.ready["admin_socket"], path)
        status = os.lstat(path)
        self.assertTrue(stat.S_ISSOCK(status.st_mode))
        self.assertEqual(stat.S_IMODE(status.st_mode), 0o600)
        self.assertEqual(self.ask(path), "200")
        self.assertIn(path, node.log_text())
        node.stop()
        self.assertFalse(os.path.lexists(path))

    def test_named_and_none(self):
        path = os.path.join(self.directory(), "admin")
        self.assertEqual(self.node("--admin-socket", path).ready["admin_socket"], path)
        self.assertEqual(self.ask(path), "200")
        node = self.node("--admin-socket", "none")
        self.assertIsNone(node.ready["admin_socket"])
        self.assertFalse(os.path.lexists(os.path.join(node.storage, "test-node.sock")))

    @unittest.skipUnless(os.geteuid() == 0, "only root can be somebody else")
    def test_others_need_the_cookie(self):
        """Even those whom the file's mode lets through."""
        directory = self.directory()
        path = os.path.join(directory, "admin")
        node = self.node("--admin-socket", path)
        os.chmod(directory, 0o755)
        os.chmod(path, 0o666)
        self.assertEqual(self.ask(path, user=65534, group=65534, extra_groups=[]), "403")
        self.assertIn("HTTP client user=65534 address=- refused GET /: 403", node.log_text())
        self.assertEqual(self.ask(path), "200")

    def test_of_a_server_that_was_killed(self):
        node = self.node()
        node.kill()
        self.assertTrue(os.path.lexists(node.ready["admin_socket"]))
        node.start()
        self.assertEqual(self.ask(node.ready["admin_socket"]), "200")

    def test_something_else_of_that_name(self):
        directory = self.directory()
        path = os.path.join(directory, "admin")
        for make in (lambda: open(path, "w").close(), lambda: os.symlink("/nonexistent", path),
                     lambda: os.mkdir(path)):
            make()
            self.does_not_start("--admin-socket", path,
                                says=f"cannot listen on {path}: there is something else of that name")
            os.rmdir(path) if os.path.isdir(path) else os.unlink(path)
        other = self.node("--admin-socket", path)
        self.does_not_start("--admin-socket", path, says=f"cannot listen on {path}: another process is using it")
        self.assertEqual(self.ask(path), "200")
        other.stop()
        self.does_not_start("--admin-socket", path + "/x/y", says=os.strerror(errno.ENOENT))

    def test_of_a_server_that_stands_still(self):
        """So many wait there already that nobody else could."""
        path = os.path.join(self.directory(), "admin")
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(path)
            server.listen(0)
            while True:
                waiting = socket.socket(socket.AF_UNIX)
                self.addCleanup(waiting.close)
                waiting.setblocking(False)
                try:
                    waiting.connect(path)
                except BlockingIOError:
                    break
            self.does_not_start("--admin-socket", path, says=f"cannot listen on {path}: another process is using it")

    def test_too_long(self):
        directory = self.directory()
        path = os.path.join(directory, "x" * 107)
        self.does_not_start("--admin-socket", path,
                            says=f"{path}: the path has {len(path)} bytes, and a socket's may have 107")
        # Nobody has asked for the one in the storage directory.
        node = self.node(storage_dir=os.path.join(directory, "y" * 100))
        self.assertIsNone(node.ready["admin_socket"])
        self.assertIn("no admin socket: ", node.log_text())

    def test_replaced_meanwhile(self):
        """What is not one's own is not removed."""
        node = self.node()
        path = node.ready["admin_socket"]
        os.unlink(path)
        open(path, "w").close()
        node.stop()
        self.assertTrue(os.path.exists(path))
        os.unlink(path)


class Addresses(LifecycleTest):
    def test_any_port(self):
        node = self.node()
        self.assertNotIn(0, (node.addr[1], node.admin_addr[1]))
        self.assertNotEqual(node.addr[1], node.admin_addr[1])
        self.assertIn(node.ready["addr"], node.log_text())
        self.assertIn(node.ready["admin_addr"], node.log_text())

    def has_ipv6(self):
        try:
            with socket.create_server(("::1", 0), family=socket.AF_INET6):
                return True
        except OSError:
            return False

    def status(self, host, port, path="/healthz"):
        connection = http.client.HTTPConnection(host, port, timeout=DEADLINE)
        self.addCleanup(connection.close)
        connection.request("GET", path)
        return connection.getresponse().status

    def test_localhost_and_everywhere(self):
        node = self.node(addr=":0", admin_addr="localhost:0")
        self.assertEqual((node.addr[0], node.admin_addr[0]), ("127.0.0.1", "127.0.0.1"))
        node.vhost().open("c")

    def test_both_families(self):
        """Whichever `localhost` is for a client."""
        for addr, admin_addr in ((":0", "localhost:0"), ("localhost:0", ":0")):
            node = self.node(addr=addr, admin_addr=admin_addr)
            for host in ("127.0.0.1", *(["::1"] if self.has_ipv6() else [])):
                for _, port in (node.addr, node.admin_addr):
                    self.assertEqual(self.status(host, port), 200, (host, port))
            listening = node.log_text().split("listening on ")[1].splitlines()[0]
            self.assertEqual(listening.count("["), 2 if self.has_ipv6() else 0, listening)

    def test_one_family(self):
        node = self.node(addr="127.0.0.1:0", admin_addr="0.0.0.0:0")
        if self.has_ipv6():
            for _, port in (node.addr, node.admin_addr):
                self.assertRaises(ConnectionRefusedError, self.status, "::1", port)

    @unittest.skipUnless(os.geteuid() == 0, "only root can take IPv6 away")
    def test_without_ipv6(self):
        node = self.node()
        ended = subprocess.run(
            ["unshare", "--net", "sh", "-c", 'echo 1 >/proc/sys/net/ipv6/conf/all/disable_ipv6 && exec "$@"', "sh", SERVER,
             "--check-config"], capture_output=True, text=True, timeout=DEADLINE)
        if ended.returncode != 0:
            self.skipTest("no network of one's own to be had: " + ended.stderr.strip())
        node.stop()
        node.replaced = {"--addr": ":0", "--admin-addr": "localhost:0"}
        command = node.command()
        node.command = lambda: ["unshare", "--net", "sh", "-c",
                                'echo 1 >/proc/sys/net/ipv6/conf/all/disable_ipv6; ip link set lo up; exec "$@"', "sh",
                                *command]
        node.start()
        self.assertIn("listening on ", node.log_text())

    def test_port_of_which_one_family_is_taken(self):
        if not self.has_ipv6():
            self.skipTest("this machine has no IPv6")
        with socket.create_server(("::1", 0), family=socket.AF_INET6) as taken:
            address = "localhost:%d" % taken.getsockname()[1]
            self.does_not_start("--addr", address, says=f"cannot listen on {address}: Address already in use")

    def warnings(self, *flags, **replaced):
        node = self.node("--max-connections", "100", *flags, **replaced) # that few descriptors carry
        node.stop()
        return [line.split(" warning ")[1] for line in node.log_text().splitlines() if " warning " in line]

    def test_what_is_open_is_told_once(self):
        here = {"addr": "localhost:0", "admin_addr": "localhost:0"}
        origins = ["pages of every origin may connect; --allow-origin names those that may"]
        self.assertEqual(self.warnings(**here), origins)
        self.assertEqual(self.warnings("--allow-origin", "https://a.example", **here), [])
        told = self.warnings("--allow-origin", "https://a.example", **{**here, "addr": ":0"})
        self.assertEqual(len(told), 1, told)
        self.assertRegex(told[0], "^0.0.0.0:.* is open to the network and not encrypted: .*--tls-cert and --tls-key")
        told = self.warnings("--allow-origin", "https://a.example", **{**here, "admin_addr": ":0"})
        self.assertEqual(len(told), 1, told)
        self.assertRegex(told[0], "^the admin port 0.0.0.0:.*--admin-tls-cert")

    def test_ipv6(self):
        if not self.has_ipv6():
            self.skipTest("this machine has no IPv6")
        for addr in ("[::1]:0", "[::]:0"):
            node = self.node(addr=addr, admin_addr="[::1]:0")
            for address in (node.ready["addr"], node.ready["admin_addr"]):
                self.assertTrue(address.startswith("[::1]:"), address)
            node.addr, node.admin_addr = (("::1", at[1]) for at in (node.addr, node.admin_addr))
            vhost = node.vhost()
            vhost.open("c")
            browser = vhost.browser()
            browser.subscribe("c")
            browser.close()
            ended = subprocess.run([ADMIN, "--admin-addr", node.ready["admin_addr"], "--cookie",
                                    node.cookie, "list_channels", "/moon"],
                                   capture_output=True, text=True, timeout=DEADLINE)
            self.assertEqual((ended.stdout, ended.stderr), ("c\t(0 subscribers)\n", ""))

    def test_port_in_use(self):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            address = "127.0.0.1:%d" % taken.getsockname()[1]
            for flag in ("--addr", "--admin-addr"):
                self.does_not_start(flag, address,
                                    says=f"cannot listen on {address}: Address already in use")

    def test_address_of_another_machine(self):
        self.does_not_start("--addr", "192.0.2.1:0",
                            says="cannot listen on 192.0.2.1:0: Cannot assign requested address")

    def test_port_of_a_server_that_was_killed(self):
        node = self.node()
        browser = node.vhost().browser()
        node.kill()
        browser.close()
        node.replaced = {"--addr": node.ready["addr"], "--admin-addr": node.ready["admin_addr"]}
        before = node.ready
        node.start()
        self.assertEqual(node.ready, before)


class Storage(LifecycleTest):
    def mode(self, *path):
        return stat.S_IMODE(os.stat(os.path.join(*path)).st_mode)

    def test_created(self):
        directory = self.directory()
        for storage in ("a/b/c", "d/e/"):
            node = self.node(storage_dir=os.path.join(directory, storage), umask=0o022)
            created = os.path.join(directory, storage.rstrip("/"))
            self.assertEqual(os.path.dirname(node.ready["cookie_file"]), created)
            self.assertEqual(self.mode(created), 0o700)

    def test_relative(self):
        self.addCleanup(os.chdir, os.getcwd())
        os.chdir(self.directory())
        node = self.node(storage_dir="here")
        self.assertEqual(node.ready["cookie_file"], os.path.join(os.getcwd(), "here/test-node.cookie"))

    def test_write_ahead_log(self):
        node = self.node()
        node.vhost().disconnect()
        node.kill()
        with open(node.database, "rb") as file:
            header = file.read(20)
        self.assertEqual(header[18:20], b"\2\2", "SQLite's read and write versions")

    def test_nobody_else_may_read_it(self):
        node = self.node(umask=0)
        node.vhost()
        self.assertEqual(self.mode(node.storage), 0o700)
        for name in os.listdir(node.storage):
            # The group may read what Prometheus shows; it takes the operator to let it in here.
            mode = 0o640 if name.endswith(".reader") else 0o600
            self.assertEqual(self.mode(node.storage, name), mode, name)
        self.assertEqual({"test-node.db", "test-node.db-wal", "test-node.cookie", "test-node.reader",
                          "test-node.sock"}, set(os.listdir(node.storage)))
        self.assertEqual(self.mode(node.dir, "ready.json"), 0o600)

    def test_files_that_were_open_to_all_are_closed(self):
        node = self.node()
        node.stop()
        files = [node.database, node.ready["cookie_file"]]
        for file in files:
            os.chmod(file, 0o644)
        node.start()
        for file in files:
            # The group may have been let in by the operator.
            self.assertEqual(self.mode(file), 0o640)
            self.assertIn(file + " was open to every user", node.log_text())

    def test_existing_directory_keeps_its_mode(self):
        storage = self.directory()
        os.chmod(storage, 0o750)
        self.node(storage_dir=storage)
        self.assertEqual(self.mode(storage), 0o750)

    def test_not_a_directory(self):
        file = os.path.join(self.directory(), "file")
        open(file, "w").close()
        for storage in (file, file + "/below"):
            self.does_not_start("--storage-dir", storage, says=(storage, os.strerror(errno.ENOTDIR)))
        self.does_not_start("--storage-dir", "", says="the storage directory")

    def test_unwritable(self):
        directory = self.directory()
        options = self.unprivileged(directory)
        storage = os.path.join(directory, "storage")
        os.mkdir(storage, 0o555)
        denied = os.strerror(errno.EACCES)
        self.does_not_start("--storage-dir", storage, says=(storage, denied), **options)
        self.assertEqual(os.listdir(storage), [])
        self.does_not_start("--storage-dir", storage + "/below", says=(storage, denied), **options)

    def test_directory_that_others_may_change(self):
        for mode, says in ((0o777, "(mode 0777)"), (0o1777, "(mode 1777)"), (0o770, "(mode 0770)"),
                           (0o702, "(mode 0702)")):
            storage = self.directory()
            os.chmod(storage, mode)
            self.does_not_start("--storage-dir", storage, says=(storage, says, "chmod go-w " + storage))
            self.assertEqual((os.listdir(storage), self.mode(storage)), ([], mode))

    @unittest.skipUnless(os.geteuid() == 0, "only root can be somebody else")
    def test_directory_of_somebody_else(self):
        storage = self.directory()
        os.chown(storage, 65534, 65534)
        self.does_not_start("--storage-dir", storage, says=(storage, "belongs to user 65534", "chown 0"))
        self.assertEqual(os.listdir(storage), [])

    def test_links_in_place_of_files(self):
        """Neither followed nor closed to others through it."""
        for name in ("node.db", "node.cookie", "node.reader"):
            storage, other = self.directory(), os.path.join(self.directory(), "precious")
            for exists in (False, True):
                if exists:
                    with open(other, "w") as file:
                        file.write("0" * 40)
                    os.chmod(other, 0o644)
                os.path.lexists(os.path.join(storage, name)) or os.symlink(other, os.path.join(storage, name))
                self.does_not_start("--storage-dir", storage,
                                    says=(os.path.join(storage, name), "it is a symbolic link"))
                self.assertEqual(os.path.exists(other), exists)
            self.assertEqual(self.mode(other), 0o644)

    def test_files_of_another_user(self):
        for name in ("node.db", "node.cookie"):
            directory = self.directory()
            options = self.unprivileged(directory)
            storage = os.path.join(directory, "storage")
            os.mkdir(storage)
            if options:
                os.chown(storage, 65534, 65534)
            file = os.path.join(storage, name)
            open(file, "w").close()
            os.chmod(file, 0o000)
            self.does_not_start("--storage-dir", storage, says=(file, os.strerror(errno.EACCES)),
                                **options)

    def test_directories_in_place_of_files(self):
        for name in ("node.db", "node.cookie"):
            storage = self.directory()
            os.mkdir(os.path.join(storage, name))
            self.does_not_start("--storage-dir", storage,
                                says=(os.path.join(storage, name), os.strerror(errno.EISDIR)))

    def test_two_nodes_share_a_directory(self):
        one = self.node()
        other = self.node(storage_dir=one.storage, node_name="other-node")
        self.assertNotEqual(one.cookie, other.cookie)
        one.vhost("/moon")
        self.assertEqual(other.admin("GET", "/").json(), {"vhosts": []})

    def test_two_servers_do_not(self):
        node = self.node()
        ready_file = os.path.join(node.dir, "ready.json")
        said = self.does_not_start("--storage-dir", node.storage, "--node-name", "test-node",
                                   "--ready-file", ready_file, says=node.database)
        self.assertIn("another process is using it", said)
        with open(ready_file) as file:
            self.assertEqual(json.load(file), node.ready)
        node.vhost()


class Database(LifecycleTest):
    def storage(self):
        """The directory of a server that has stopped, and its database."""
        node = Node()
        self.addCleanup(node.close)
        vhost = node.vhost()
        for number in range(300):
            vhost.open(f"channel-{number:0100}")
        node.stop()
        return node, node.database

    def refuses(self, node, *says):
        said = self.does_not_start("--storage-dir", node.storage, "--node-name", "test-node",
                                   says=says)
        self.assertEqual(said.count(node.database), 1, said)

    def test_not_a_database(self):
        node, database = self.storage()
        with open(database, "wb") as file:
            file.write(b"no database " * 1000)
        self.refuses(node, "not a database")
        with open(database, "rb") as file:
            self.assertEqual(file.read(12), b"no database ")

    def test_damaged(self):
        node, database = self.storage()
        size = os.path.getsize(database)
        with open(database, "r+b") as file:
            file.seek(4096)
            file.write(b"\xff" * (size - 4096))
        self.refuses(node, "it is damaged")

    def test_cut_short(self):
        node, database = self.storage()
        os.truncate(database, os.path.getsize(database) // 2)
        self.refuses(node, "it is cut off")

    def test_of_another_version(self):
        node, database = self.storage()
        with sqlite3.connect(database) as connection:
            connection.execute("PRAGMA user_version = 99")
        connection.close()
        self.refuses(node, f"cannot use {database}: it was written by a newer version")

    def test_without_tables(self):
        node, database = self.storage()
        with sqlite3.connect(database) as connection:
            connection.execute("DROP TABLE channel")
        connection.close()
        self.refuses(node, "no such table: channel")

    def test_vhost_removed_by_hand(self):
        node, database = self.storage()
        with sqlite3.connect(database) as connection:
            connection.execute("DELETE FROM vhost")
        connection.close()
        node.start()
        self.assertEqual(node.admin("GET", "/").json(), {"vhosts": []})
        node.vhost()
        self.assertEqual(node.admin("GET", "/moon/channels").json(), {"channels": []})
        self.assertEqual(node.admin("POST", "/moon/channels/channel-" + "0" * 100).status, 302)


class Cookie(LifecycleTest):
    def test_kept(self):
        node = self.node()
        cookie = node.cookie
        node.stop()
        node.start()
        self.assertEqual(node.cookie, cookie)

    def test_made_anew_when_removed(self):
        node = self.node()
        cookie = node.cookie
        node.stop()
        os.unlink(node.ready["cookie_file"])
        node.start()
        self.assertNotEqual(node.cookie, cookie)
        self.assertEqual(node.admin("GET", "/").status, 200)
        self.assertEqual(node.admin("GET", "/", cookie=cookie).status, 403)

    def test_line_end_after_it(self):
        node = self.node()
        node.stop()
        cookie = "0123456789abcdef" * 2 + "01234567"
        with open(node.ready["cookie_file"], "w") as file:
            file.write(cookie + "\n")
        node.start()
        self.assertEqual(node.admin("GET", "/", cookie=cookie).status, 200)

    def test_something_else_is_not_overwritten(self):
        for content in ("", "x" * 40, "0" * 39, "0" * 41, "0" * 40 + "\n\0"):
            storage = self.directory()
            file = os.path.join(storage, "node.cookie")
            with open(file, "w") as cookie:
                os.fchmod(cookie.fileno(), 0o600)
                cookie.write(content)
            self.does_not_start("--storage-dir", storage, says=(file, "does not hold a cookie"))
            with open(file) as cookie:
                self.assertEqual(cookie.read(), content)


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
        with open(os.path.join(node.dir, "ready.json")) as file:
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
