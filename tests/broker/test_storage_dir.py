"""The storage directory: what it may be, what is in it, whose it is, and what is refused."""

import errno
import json
import os
import sqlite3
import stat
import subprocess
import unittest

from harness import ADMIN, DEADLINE, main
from node import LifecycleTest, Node


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
            mode = 0o640 if name.endswith(".reader") else 0o700 if name.endswith(".events") else 0o600
            self.assertEqual(self.mode(node.storage, name), mode, name)
        self.assertEqual({"test-node.db", "test-node.db-wal", "test-node.cookie", "test-node.reader",
                          "test-node.sock", "test-node.events"}, set(os.listdir(node.storage)))
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


if __name__ == "__main__":
    main()
