"""webrocket-admin: what it prints, where, and how it ends."""

import errno
import http.server
import json
import os
import pty
import re
import shutil
import socket
import subprocess
import tempfile
import threading
import unittest

from harness import ADMIN, DEADLINE, Broker, BrokerTest, main

COMMANDS = {"list_vhosts": 0, "add_vhost": 1, "delete_vhost": 1, "show_vhost": 1, "clear_vhosts": 0,
            "regenerate_vhost_token": 1, "list_channels": 1, "add_channel": 2, "delete_channel": 2,
            "clear_channels": 1, "list_subscribers": 2, "list_connections": 1,
            "list_workers": 1}


def run(*words, **options):
    options.setdefault("stdin", subprocess.DEVNULL)
    return subprocess.run([ADMIN, *words], capture_output=True, text=True, timeout=2 * DEADLINE,
                          **options)


class Checks:
    def prints(self, ended, *lines):
        self.assertEqual((ended.returncode, ended.stderr), (0, ""))
        self.assertEqual(ended.stdout, "".join(line + "\n" for line in lines))

    def fails(self, ended, text):
        self.assertEqual((ended.returncode, ended.stdout, ended.stderr), (1, "", f"ERR: {text}\n"))

    def shows_usage(self, ended, reason):
        """The reason, then the help."""
        self.assertEqual((ended.returncode, ended.stdout), (1, ""))
        if reason:
            first, _, help = ended.stderr.partition("\n\n")
            self.assertEqual(first, "ERR: " + reason)
        else:
            help = ended.stderr
        self.is_help(help)

    def is_help(self, text):
        self.assertTrue(text.startswith("Usage: webrocket-admin [options] command [args ...]\n"), text)
        for command in COMMANDS:
            self.assertIn(f"\n  {command}", text)
        for option in ("--admin-addr", "--admin-socket", "--cookie", "--node", "--storage-dir", "--yes", "--version",
                       "--help"):
            self.assertIn(option, text)


class CliTest(Checks, BrokerTest):
    def cli(self, *words, **options):
        return run("--admin-addr", self.broker.ready["admin_addr"], "--cookie", self.broker.cookie,
                   "--yes", *words, **options)


class Vhosts(CliTest):
    def test_add(self):
        path = self.vhost.path + "-new"
        ended = self.cli("add_vhost", path)
        token = self.broker.token_of(path)
        self.prints(ended, path, token)
        self.prints(self.cli("show_vhost", path), path, token)

    def test_add_again(self):
        self.fails(self.cli("add_vhost", self.vhost.path), "vhost already exists")

    def test_slash_in_front_may_be_left_out(self):
        name = self.vhost.path[1:] + "-bare"
        self.assertEqual(self.cli("add_vhost", name).stdout.split("\n")[0], "/" + name)
        self.prints(self.cli("show_vhost", name), "/" + name, self.broker.token_of("/" + name))
        self.prints(self.cli("delete_vhost", name))

    def test_several_segments(self):
        path = self.vhost.path + "/a/b"
        self.assertEqual(self.cli("add_vhost", path).stdout.split("\n")[0], path)
        self.prints(self.cli("add_channel", path, "c"))
        self.prints(self.cli("list_channels", path), "c\t(0 subscribers)")
        self.prints(self.cli("list_workers", path))
        self.prints(self.cli("regenerate_vhost_token", path), self.broker.token_of(path))
        self.prints(self.cli("delete_vhost", path))

    def test_paths_that_are_none(self):
        for path in ("bad.name", "", "/", "//", "a//b", "a/", "a b", "\u017c", "a?b", "a#b", "a%20b",
                     "..", "../x", "/a/../b", "channels", "a/token", "a\nb"):
            self.fails(self.cli("add_vhost", path), "invalid path")

    def test_empty_path_is_not_every_vhost(self):
        for command in ("delete_vhost", "show_vhost", "clear_channels", "list_channels"):
            for path in ("", "/"):
                self.fails(self.cli(command, path), "invalid path")
        self.prints(self.cli("show_vhost", self.vhost.path), self.vhost.path, self.vhost.token)

    def test_unknown(self):
        for command, words in COMMANDS.items():
            if words > 0 and command != "add_vhost":
                arguments = ["/nope", "c"][:words]
                self.fails(self.cli(command, *arguments), "vhost doesn't exist")

    def test_token(self):
        ended = self.cli("regenerate_vhost_token", self.vhost.path)
        token = self.broker.token_of(self.vhost.path)
        self.assertNotEqual(token, self.vhost.token)
        self.prints(ended, token)

    def test_delete(self):
        path = self.broker.vhost(self.vhost.path + "-gone").path
        self.prints(self.cli("delete_vhost", path))
        self.fails(self.cli("delete_vhost", path), "vhost doesn't exist")

    def test_list(self):
        for suffix in ("/b", "-x", "/a"):
            self.broker.vhost(self.vhost.path + suffix)
        paths = [vhost["path"] for vhost in self.broker.admin("GET", "/").json()["vhosts"]]
        self.prints(self.cli("list_vhosts"), *sorted(paths))


class AllVhosts(CliTest):
    def test_clear(self):
        self.prints(self.cli("clear_vhosts"))
        self.prints(self.cli("list_vhosts"))
        self.prints(self.cli("clear_vhosts"))


class Channels(CliTest):
    def test_add(self):
        self.prints(self.cli("add_channel", self.vhost.path, "greetings"))
        self.prints(self.cli("list_channels", self.vhost.path), "greetings\t(0 subscribers)")
        self.fails(self.cli("add_channel", self.vhost.path, "greetings"), "channel already exists")

    def test_names_that_are_none(self):
        for name in ("b ad", "", ".bad", "a/b", "\u017c", "a%20b", "a?b", "a\nb", ".."):
            self.fails(self.cli("add_channel", self.vhost.path, name), "invalid channel name")
        # The separator keeps it from being an option.
        self.fails(self.cli("add_channel", "--", self.vhost.path, "-bad"), "invalid channel name")
        self.prints(self.cli("list_channels", self.vhost.path))

    def test_list(self):
        for name in ("b", "a", "private-x", "B", "a.b"):
            self.vhost.open(name)
        for _ in range(2):
            self.browser().subscribe("b")
        self.prints(self.cli("list_channels", self.vhost.path), "B\t(0 subscribers)",
                    "a\t(0 subscribers)", "a.b\t(0 subscribers)", "b\t(2 subscribers)",
                    "private-x\t(0 subscribers)")

    def test_delete(self):
        self.vhost.open("c")
        self.prints(self.cli("delete_channel", self.vhost.path, "c"))
        for name in ("c", "no such", "\u017c"):
            self.fails(self.cli("delete_channel", self.vhost.path, name), "channel doesn't exist")

    def test_clear(self):
        for name in ("a", "b"):
            self.vhost.open(name)
        self.prints(self.cli("clear_channels", self.vhost.path))
        self.prints(self.cli("list_channels", self.vhost.path))


class Workers(CliTest):
    def test_list(self):
        self.prints(self.cli("list_workers", self.vhost.path))
        workers = [self.worker(filter) for filter in (None, "a", "a", "b")]
        self.prints(self.cli("list_workers", self.vhost.path), *sorted(w.id for w in workers))


class Subscribers(CliTest):
    def test_list(self):
        self.vhost.open("room")
        self.prints(self.cli("list_subscribers", self.vhost.path, "room"))
        nobody, alice = self.browser(), self.browser("alice")
        # A user's name must not pass for another line, nor speak to the terminal.
        eve = self.browser("eve\n0000\tadmin\x1b[31m\x7f\u0085\u017c")
        for browser in (nobody, alice, eve):
            browser.subscribe("room")
        self.prints(self.cli("list_subscribers", self.vhost.path, "room"), *sorted([
            f"{nobody.sid}\t-", f"{alice.sid}\talice",
            f"{eve.sid}\teve\\x0a0000\\x09admin\\x1b[31m\\x7f\\x85\u017c"]))

    def test_unknown(self):
        self.fails(self.cli("list_subscribers", self.vhost.path, "none"), "channel doesn't exist")


class Json(CliTest):
    def test_what_the_server_answers(self):
        self.vhost.open("room")
        browser = self.browser("alice")
        browser.subscribe("room")
        subscribers = json.loads(self.cli("--json", "list_subscribers", self.vhost.path, "room").stdout)
        self.assertEqual([subscriber["uid"] for subscriber in subscribers["subscribers"]], ["alice"])
        shown = json.loads(self.cli("--json", "show_vhost", self.vhost.path).stdout)
        self.assertEqual(shown["vhost"]["accessToken"], self.vhost.token)
        self.prints(self.cli("--json", "delete_channel", self.vhost.path, "room"))

    def test_errors(self):
        for words, text in ((("show_vhost", "/none"), "vhost doesn't exist"), (("bogus",), "unknown command: bogus"),
                            ((), "no command"), (("add_channel", "/x"), "add_channel takes 2 arguments")):
            ended = self.cli("--json", *words)
            self.assertEqual((ended.returncode, ended.stdout), (1, ""), words)
            self.assertEqual(json.loads(ended.stderr), {"error": text})


class ManPage(unittest.TestCase):
    PAGE = os.path.join(os.path.dirname(__file__), "../../broker/man/webrocket-admin.1.in")

    def test_it_has_all_of_the_help(self):
        text = run("--help").stdout
        with open(self.PAGE) as page:
            described = page.read().replace("\\", "")
        for word in [*COMMANDS, *re.findall(r"--[a-z-]+", text)]:
            self.assertIn(word, described)


class Usage(Checks, unittest.TestCase):
    def test_no_command(self):
        self.shows_usage(run(), None)
        self.shows_usage(run("--cookie", "x"), None)

    def test_unknown_command(self):
        for words in (("bogus",), ("bogus", "/cli"), ("LIST_VHOSTS",), ("",)):
            self.shows_usage(run(*words), "unknown command: " + words[0])

    def test_wrong_number_of_arguments(self):
        takes = {0: "no argument", 1: "1 argument", 2: "2 arguments"}
        for command, count in COMMANDS.items():
            for given in {max(count - 1, 0), count + 1} - {count}:
                self.shows_usage(run(command, *["x"] * given), f"{command} takes {takes[count]}")

    def test_wrong_options(self):
        for words in (("--bogus", "list_vhosts"), ("list_vhosts", "--bogus"), ("-x",), ("--cookie",),
                      ("add_channel", "/cli", "-bad"), ("--admin-addr",), ("--node", "a", "--node", "b")):
            ended = run(*words)
            self.assertEqual((ended.returncode, ended.stdout), (1, ""), words)
            first, _, help = ended.stderr.partition("\n\n")
            self.assertRegex(first, r"\AERR: .*-")
            self.is_help(help)

    def test_help_and_version(self):
        for flag in ("--help", "-h", "-help"):
            ended = run(flag)
            self.assertEqual((ended.returncode, ended.stderr), (0, ""))
            self.is_help(ended.stdout)
        for flag in ("--version", "-version"):
            ended = run(flag)
            self.assertEqual((ended.returncode, ended.stderr), (0, ""))
            self.assertRegex(ended.stdout, r"\Awebrocket-admin \d+\.\d+\.\d+\n\Z")


class Options(CliTest):
    def test_spellings(self):
        addr = self.broker.ready["admin_addr"]
        for words in (("--admin-addr", addr, "--cookie", self.broker.cookie),
                      (f"--admin-addr={addr}", f"--cookie={self.broker.cookie}"),
                      ("-admin-addr", addr, "-cookie", self.broker.cookie),
                      (f"-admin-addr={addr}", f"-cookie={self.broker.cookie}"),
                      ("-admin-addr", addr, "-node", "test-node", "-storage-dir", self.broker.storage)):
            self.prints(run(*words, "show_vhost", self.vhost.path), self.vhost.path, self.vhost.token)
            self.prints(run("show_vhost", *words, self.vhost.path), self.vhost.path, self.vhost.token)

    def test_no_proxy(self):
        """The cookie goes to the server and to nobody else."""
        environment = {**os.environ, "http_proxy": "http://127.0.0.1:9", "ALL_PROXY": "http://127.0.0.1:9"}
        self.prints(self.cli("show_vhost", self.vhost.path, env=environment), self.vhost.path,
                    self.vhost.token)

    def test_red_on_a_terminal_only(self):
        ours, theirs = pty.openpty()
        self.addCleanup(os.close, ours)
        ended = subprocess.run(
            [ADMIN, "--admin-addr", self.broker.ready["admin_addr"], "--cookie", self.broker.cookie,
             "show_vhost", "/none"], stdout=subprocess.DEVNULL, stderr=theirs, timeout=DEADLINE)
        os.close(theirs)
        self.assertEqual(ended.returncode, 1)
        self.assertEqual(os.read(ours, 1000), b"\x1b[31mERR: vhost doesn't exist\x1b[0m\r\n")

    def test_output_that_cannot_be_written(self):
        with open("/dev/full", "w") as full:
            ended = subprocess.run(
                [ADMIN, "--admin-addr", self.broker.ready["admin_addr"], "--cookie", self.broker.cookie,
                 "show_vhost", self.vhost.path], stdout=full, stderr=subprocess.PIPE, text=True,
                timeout=DEADLINE)
        self.assertEqual((ended.returncode, ended.stderr),
                         (1, f"ERR: couldn't write the output: {os.strerror(errno.ENOSPC)}\n"))


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


class Confirmation(CliTest):
    """What cannot be undone is done only for whoever has typed the name of it, or says --yes."""

    LOSSES = ("delete_vhost", "clear_vhosts", "regenerate_vhost_token", "clear_channels")

    def words(self, command):
        name = {"clear_vhosts": []}.get(command, [self.vhost.path])
        return ["--storage-dir", self.broker.storage, command, *name], (name or ["all vhosts"])[0]

    def state(self):
        return self.broker.admin("GET", "/").body, self.broker.admin("GET", self.vhost.path + "/channels").body

    def test_without_a_terminal(self):
        self.vhost.open("c")
        before = self.state()
        for command in self.LOSSES:
            words, _ = self.words(command)
            for input in (subprocess.DEVNULL, subprocess.PIPE):
                ended = run(*words, stdin=input)
                self.assertEqual((ended.returncode, ended.stdout), (2, ""), command)
                self.assertRegex(ended.stderr, rf"\AERR: {command} [^\n]*cannot be undone[^\n]*--yes\n\Z")
            ended = run("--json", *words)
            self.assertEqual((ended.returncode, ended.stdout), (2, ""), command)
            self.assertIn("--yes", json.loads(ended.stderr)["error"])
        self.assertEqual(self.state(), before)

    def at_a_terminal(self, words, typed):
        ours, theirs = pty.openpty()
        self.addCleanup(os.close, ours)
        os.write(ours, typed.encode() + b"\n")
        ended = run(*words, stdin=theirs)
        os.close(theirs)
        return ended

    def test_at_a_terminal(self):
        self.vhost.open("c")
        before = self.state()
        for command in self.LOSSES:
            words, name = self.words(command)
            for typed in ("", "y", "yes", name + "x", name[:-1]):
                ended = self.at_a_terminal(words, typed)
                self.assertEqual((ended.returncode, ended.stdout), (1, ""), (command, typed))
                self.assertIn(f'Type "{name}" to go on: ', ended.stderr)
                self.assertTrue(ended.stderr.endswith("ERR: nothing was done\n"), ended.stderr)
        self.assertEqual(self.state(), before)
        for command in ("clear_channels", "regenerate_vhost_token", "delete_vhost", "clear_vhosts"):
            words, name = self.words(command)
            self.assertEqual(self.at_a_terminal(words, name).returncode, 0, command)
        self.assertEqual(self.broker.admin("GET", "/").json(), {"vhosts": []})

    def test_what_can_be_undone_is_not_asked_for(self):
        words = ("--storage-dir", self.broker.storage)
        self.prints(run(*words, "add_channel", self.vhost.path, "c"))
        self.prints(run(*words, "delete_channel", self.vhost.path, "c"))


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
