"""webrocket-admin: how it finds its broker and proves who it is, and what it says where that fails."""

import errno
import http.server
import os
import shutil
import socket
import tempfile
import threading
import unittest

from admin_tool import COMMANDS, Checks, CliTest, run
from harness import ADMIN, Broker, main


class CookieFile(CliTest):
    def with_storage(self, storage, *words, **options):
        return run("--admin-addr", self.broker.ready["admin_addr"], "--storage-dir", storage, *words,
                   **options)

    def copy(self, name, content=None):
        """A storage directory with nothing but a cookie."""
        storage = tempfile.mkdtemp(prefix="webrocket-test-")
        self.addCleanup(shutil.rmtree, storage)
        with open(os.path.join(storage, name + ".cookie"), "w") as file:
            os.fchmod(file.fileno(), 0o600)
            file.write(self.broker.cookie if content is None else content)
        return storage

    def test_of_the_node_that_is_named(self):
        self.prints(self.with_storage(self.broker.storage, "--node", "test-node", "show_vhost",
                                      self.vhost.path), self.vhost.path, self.vhost.token)

    def test_without_a_name(self):
        storage = self.copy("webrocket")
        self.prints(self.with_storage(storage, "show_vhost", self.vhost.path), self.vhost.path,
                    self.vhost.token)

    def test_default_place(self):
        if os.path.exists("/var/lib/webrocket"):
            self.skipTest("this machine has a server of its own")
        missing = os.strerror(errno.ENOENT)
        ended = run("--admin-addr", self.broker.ready["admin_addr"], "list_vhosts")
        self.fails(ended, f"couldn't read the cookie file /var/lib/webrocket/webrocket.cookie: {missing}")
        ended = run("list_vhosts")
        self.fails(ended, f"couldn't reach the server: /var/lib/webrocket/webrocket.sock: {missing}; --storage-dir, "
                   "--node or --admin-socket say where a running server has it")

    def refused(self, storage, complaint):
        """Nothing is sent: whoever listens there gets no connection."""
        with socket.create_server(("127.0.0.1", 0)) as listener:
            ended = run("--admin-addr", "127.0.0.1:%d" % listener.getsockname()[1], "--storage-dir", storage,
                        "--node", "node", "list_vhosts")
            listener.setblocking(False)
            self.assertRaises(BlockingIOError, listener.accept)
        self.fails(ended, f"{storage}/node.cookie {complaint}")

    def test_link_in_its_place(self):
        secret = os.path.join(self.copy("precious"), "precious.cookie")
        storage = tempfile.mkdtemp(prefix="webrocket-test-")
        self.addCleanup(shutil.rmtree, storage)
        os.symlink(secret, os.path.join(storage, "node.cookie"))
        self.refused(storage, "is a symbolic link; it is not followed")
        os.unlink(os.path.join(storage, "node.cookie"))
        os.link(secret, os.path.join(storage, "node.cookie"))
        self.refused(storage, "has another name as well (a hard link); it is not used")

    def test_something_else_in_its_place(self):
        storage = tempfile.mkdtemp(prefix="webrocket-test-")
        self.addCleanup(shutil.rmtree, storage)
        os.mkfifo(os.path.join(storage, "node.cookie"), 0o600)
        self.refused(storage, "is not a regular file; it is not used")
        os.unlink(os.path.join(storage, "node.cookie"))
        os.mkdir(os.path.join(storage, "node.cookie"), 0o700)
        self.refused(storage, "is not a regular file; it is not used")

    def test_open_to_others(self):
        for mode in (0o604, 0o620, 0o602, 0o644):
            storage = self.copy("node")
            file = os.path.join(storage, "node.cookie")
            os.chmod(file, mode)
            self.refused(storage, f"is open to other users (mode 0{mode:o}); close it with: chmod 600 {file}")

    @unittest.skipUnless(os.geteuid() == 0, "only root can give a file away")
    def test_of_somebody_else(self):
        storage = self.copy("node")
        os.chown(os.path.join(storage, "node.cookie"), 65534, 65534)
        self.refused(storage, "belongs to user 65534, and its directory to user 0; it is not used")
        # The server's own user is no stranger there.
        os.chown(storage, 65534, 65534)
        self.prints(self.with_storage(storage, "--node", "node", "show_vhost", self.vhost.path),
                    self.vhost.path, self.vhost.token)

    def test_line_end_after_it(self):
        storage = self.copy("node", self.broker.cookie + "\n")
        self.prints(self.with_storage(storage, "--node", "node", "show_vhost", self.vhost.path),
                    self.vhost.path, self.vhost.token)

    def test_without_a_cookie_in_it(self):
        for content in ("", "\n", "root:x:0:0:root:/root:/bin/bash\n", "0" * 39, "0" * 41, "A" * 40, "0" * 200,
                        "0" * 40 + "\nX-Another: header\n"):
            storage = self.copy("node", content)
            ended = self.with_storage(storage, "--node", "node", "list_vhosts")
            self.fails(ended, f"there is no cookie in {storage}/node.cookie")

    def test_that_may_not_be_read(self):
        storage = self.copy("node")
        options = {}
        os.chmod(storage, 0o755)
        if os.geteuid() == 0:
            # The build tree may be closed to somebody who is no superuser.
            options = {"user": 65534, "group": 65534, "extra_groups": [],
                       "executable": shutil.copy(ADMIN, storage)}
            os.chmod(storage, 0o755)
        os.chmod(os.path.join(storage, "node.cookie"), 0)
        ended = self.with_storage(storage, "--node", "node", "list_vhosts", **options)
        self.fails(ended, f"couldn't read the cookie file {storage}/node.cookie: "
                   + os.strerror(errno.EACCES))

    def test_wrong_cookie(self):
        for cookie in ("0" * 40, "x", self.broker.cookie + "0"):
            ended = run("--admin-addr", self.broker.ready["admin_addr"], "--cookie", cookie,
                        "list_vhosts")
            self.fails(ended, "the server refused the cookie")

    def test_wrong_cookie_file(self):
        storage = self.copy("node", "0" * 40)
        self.fails(self.with_storage(storage, "--node", "node", "list_vhosts"),
                   f"the server refused the cookie of {storage}/node.cookie; "
                   "--storage-dir and --node say which one it is")

    def test_no_message_has_it(self):
        cookie = "0123456789" * 4
        for addr in (self.broker.ready["admin_addr"], "127.0.0.1:1", "[::1"):
            ended = run("--admin-addr", addr, "--cookie", cookie, "list_vhosts")
            self.assertEqual(ended.returncode, 1)
            self.assertNotIn(cookie, ended.stdout + ended.stderr)


class AdminSocket(CliTest):
    """What is used unless an address or a cookie is given."""

    def with_socket(self, path, *words):
        return run("--admin-socket", path, *words)

    def test_it_needs_no_cookie(self):
        shown = (self.vhost.path, self.vhost.token)
        for words in (("--storage-dir", self.broker.storage), ("-storage-dir", self.broker.storage, "-node", "test-node"),
                      ("--admin-socket", self.broker.ready["admin_socket"])):
            self.prints(run(*words, "show_vhost", self.vhost.path), *shown)
        # Where a server has it whose path is too long for most.
        os.symlink(self.broker.storage, os.path.join(self.broker.dir, "x" * 120))
        self.addCleanup(os.unlink, os.path.join(self.broker.dir, "x" * 120))
        self.prints(run("--storage-dir", os.path.join(self.broker.dir, "x" * 120), "show_vhost", self.vhost.path), *shown)

    def test_it_does_everything(self):
        path = self.vhost.path + "-by-socket"
        words = ("--storage-dir", self.broker.storage, "--yes")
        for command in (("add_vhost", path), ("regenerate_vhost_token", path), ("add_channel", path, "c"),
                        ("list_channels", path), ("list_subscribers", path, "c"), ("list_workers", path),
                        ("delete_channel", path, "c"), ("clear_channels", path), ("delete_vhost", path),
                        ("list_vhosts",)):
            ended = run(*words, *command)
            self.assertEqual((ended.returncode, ended.stderr), (0, ""), command)
        self.fails(run(*words, "show_vhost", path), "vhost doesn't exist")

    def test_what_is_none(self):
        directory = tempfile.mkdtemp(prefix="webrocket-test-")
        self.addCleanup(shutil.rmtree, directory)
        path = os.path.join(directory, "admin")
        self.assertIn(f"{path}: {os.strerror(errno.ENOENT)}", self.with_socket(path, "list_vhosts").stderr)
        os.symlink(self.broker.ready["admin_socket"], path)
        self.fails(self.with_socket(path, "list_vhosts"), path + " is a symbolic link; it is not followed")
        os.unlink(path)
        open(path, "w").close()
        self.fails(self.with_socket(path, "list_vhosts"), path + " is not a socket; it is not used")
        os.unlink(path)
        with socket.socket(socket.AF_UNIX) as stale:
            stale.bind(path)
        self.fails(self.with_socket(path, "list_vhosts"),
                   f"couldn't reach the server: {path}: {os.strerror(errno.ECONNREFUSED)}")

    @unittest.skipUnless(os.geteuid() == 0, "only root can be somebody else")
    def test_for_others(self):
        directory = tempfile.mkdtemp(prefix="webrocket-test-")
        self.addCleanup(shutil.rmtree, directory)
        os.chmod(directory, 0o755)
        admin = shutil.copy(ADMIN, directory)
        somebody = {"user": 65534, "group": 65534, "extra_groups": [], "executable": admin}
        ended = run("--storage-dir", self.broker.storage, "list_vhosts", **somebody)
        self.assertIn(os.strerror(errno.EACCES) + "; only root and the server's user may use it", ended.stderr)
        broker = Broker("--admin-socket", os.path.join(directory, "admin"))
        self.addCleanup(broker.close)
        os.chmod(broker.ready["admin_socket"], 0o666)
        ended = run("--admin-socket", broker.ready["admin_socket"], "list_vhosts", **somebody)
        self.fails(ended, "the server refused this user: only root and the server's own user need no cookie")

    @unittest.skipUnless(os.geteuid() == 0, "only root can give a file away")
    def test_of_somebody_else(self):
        """Whoever can put one there would see what root asks for."""
        directory = tempfile.mkdtemp(prefix="webrocket-test-")
        self.addCleanup(shutil.rmtree, directory)
        path = os.path.join(directory, "admin")
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(path)
            server.listen()
            os.chown(path, 65534, 65534)
            self.fails(self.with_socket(path, "list_vhosts"),
                       f"{path} belongs to user 65534, and its directory to user 0; it is not used")


class Page(http.server.BaseHTTPRequestHandler):
    """A server that is no broker."""

    body = b""
    status = 200

    def do_GET(self):
        self.send_response(self.status)
        self.send_header("Content-Length", str(len(self.body)))
        self.end_headers()
        self.wfile.write(self.body)

    do_POST = do_PUT = do_DELETE = do_GET

    def log_message(self, *_):
        pass


class OtherServers(Checks, unittest.TestCase):
    def unreachable(self, ended):
        self.assertEqual((ended.returncode, ended.stdout), (1, ""))
        self.assertRegex(ended.stderr, r"\AERR: couldn't reach the server: [^\n]+\n\Z")

    def test_nobody_there(self):
        with socket.socket() as holder:
            holder.bind(("127.0.0.1", 0))
            port = holder.getsockname()[1]
            ended = run("--admin-addr", f"127.0.0.1:{port}", "--cookie", "x", "list_vhosts")
        self.unreachable(ended)
        self.assertIn(str(port), ended.stderr)

    def test_no_address(self):
        for addr in ("", "127.0.0.1:99999", "[::1"):
            self.unreachable(run("--admin-addr", addr, "--cookie", "x", "list_vhosts"))

    def test_hangs_up(self):
        with socket.create_server(("127.0.0.1", 0)) as server:
            def hang_up():
                connection, _ = server.accept()
                connection.recv(65536)
                connection.close()

            thread = threading.Thread(target=hang_up)
            thread.start()
            ended = run("--admin-addr", "127.0.0.1:%d" % server.getsockname()[1], "--cookie", "x",
                        "list_vhosts")
            thread.join()
        self.unreachable(ended)

    def test_answers_something_else(self):
        invalid = "couldn't perform the operation, invalid response!"
        with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page) as server:
            thread = threading.Thread(target=server.serve_forever)
            thread.start()
            try:
                words = ("--admin-addr", "127.0.0.1:%d" % server.server_port, "--cookie", "x")
                for status, body in ((200, b""), (200, b"<html>"), (200, b"[]"), (200, b"{}"),
                                     (200, b'{"vhosts":{}}'), (200, b'{"vhosts":[1]}'),
                                     (200, b'{"vhosts":[{"path":1}]}'), (500, b"oops"), (500, b"{}"),
                                     (404, b'{"error":1}'), (301, b'{"vhosts":[]}'),
                                     (204, b'')):
                    Page.status, Page.body = status, body
                    self.fails(run(*words, "list_vhosts"), invalid)
                # Root asks, and whoever has the server's user may answer.
                Page.status, Page.body = 200, b'{"vhosts":[{"path":"/a\\u001b[31m\\n/b"}]}'
                self.prints(run(*words, "list_vhosts"), "/a\\x1b[31m\\x0a/b")
                Page.status, Page.body = 400, b'{"error":"\\u009b2J"}'
                self.fails(run(*words, "list_vhosts"), "\\x9b2J")
                Page.status, Page.body = 500, b'{"error":"internal error"}'
                for command, count in COMMANDS.items():
                    self.fails(run(*words, "--yes", command, *["x"] * count), "internal error")
            finally:
                server.shutdown()
                thread.join()


if __name__ == "__main__":
    main()
