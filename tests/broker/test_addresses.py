"""Where the server listens: ports of both families, and the admin socket."""

import errno
import http.client
import os
import socket
import stat
import subprocess
import sys
import unittest

from harness import ADMIN, DEADLINE, SERVER, main
from node import LifecycleTest


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


if __name__ == "__main__":
    main()
