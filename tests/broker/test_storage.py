"""A storage that fails: a disk that is full, one that can only be read, files that are damaged. What was
acknowledged stays, what was refused has not happened, and the operator is told in one line."""

import ctypes
import errno
import os
import random
import shutil
import sqlite3
import subprocess
import tempfile
import unittest

from harness import RawConnection, main
from node import LifecycleTest, Node
from storage import StorageTest, snapshot

class Standstill:
    """Of one thread, as a disk that does not answer would have it."""

    SEIZE, INTERRUPT, DETACH, EVERY_THREAD = 0x4206, 0x4207, 17, 0x40000000

    def __init__(self, thread):
        self.thread = thread

    def ptrace(self, request):
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.ptrace(request, self.thread, None, None) != 0:
            raise OSError(ctypes.get_errno(), "ptrace")

    def __enter__(self):
        self.ptrace(self.SEIZE)
        self.ptrace(self.INTERRUPT)
        os.waitpid(self.thread, self.EVERY_THREAD)
        return self

    def __exit__(self, *_):
        self.ptrace(self.DETACH)


@unittest.skipUnless(os.geteuid() == 0, "only root can make a small disk")
class SmallDisks(StorageTest):
    """A file system of some hundred kilobytes."""

    def disk(self, size=512 << 10):
        directory = tempfile.mkdtemp(prefix="webrocket-test-")
        self.addCleanup(os.rmdir, directory)
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size},mode=700", "tmpfs", directory],
                                 capture_output=True, text=True)
        if mounted.returncode != 0:
            self.skipTest("this root may not mount: " + mounted.stderr.strip())
        self.addCleanup(subprocess.run, ["umount", directory], check=True)
        return directory

    def fill(self, disk, leave=0):
        """Leaves that many bytes free, whatever was free before."""
        name = os.path.join(disk, "filler")
        with open(name, "wb", buffering=0) as filler:
            try:
                while filler.write(bytes(4096)):
                    pass
            except OSError as full:
                self.assertEqual(full.errno, errno.ENOSPC)
        if leave:
            os.truncate(name, max(0, os.path.getsize(name) - leave))

    def free(self, disk):
        os.unlink(os.path.join(disk, "filler"))

    def remount(self, disk, how):
        subprocess.run(["mount", "-o", "remount," + how, disk], check=True)

    def test_full(self):
        disk = self.disk()
        node = OnDisk.at(self, disk)
        self.fill(disk)
        self.refuses_all_changes(node, "full")
        self.free(disk)
        self.survives(node)
        self.works_again(node)

    def test_full_since_the_start(self):
        disk = self.disk()
        self.fill(disk)
        says = (disk, "")
        self.does_not_start("--storage-dir", disk, says=says)
        self.does_not_start("--storage-dir", disk, says=says)
        self.free(disk)
        # Nothing by half is in the way now.
        node = OnDisk.at(self, disk)
        self.survives(node)

    def test_full_with_room_for_a_part(self):
        """The first start, with a few pages more each time: it works, or nothing by half is left."""
        for leave in range(4096, 80 << 10, 4096):
            disk = self.disk()
            self.fill(disk, leave)
            node = OnDisk(disk, start=False)
            self.addCleanup(node.close)
            started = self.attempt(node)
            self.free(disk)
            if not started:
                node.start()
            node.vhost("/moon").open("old")
            self.survives(node)

    def test_restart_while_it_is_full(self):
        """It starts, since there is nothing to be written, or says why it does not; nothing is lost."""
        disk = self.disk()
        node = OnDisk.at(self, disk)
        before = snapshot(node)
        for leave in (0, 4096, 16384, 65536):
            node.kill()
            self.fill(disk, leave)
            started = self.attempt(node)
            if started:
                self.assertEqual(snapshot(node), before)
            self.free(disk)
            if not started:
                node.start()
            self.assertEqual(snapshot(node), before)

    def test_full_again_and_again(self):
        """At whatever page it becomes full: what is acknowledged is there, what is not is not."""
        disk = self.disk()
        node = OnDisk.at(self, disk)
        chance = random.Random(20120501)
        channels = {"old", "other"}
        refused = 0
        for turn in range(30):
            self.fill(disk, chance.randrange(0, 20) * 4096)
            for number in range(25):
                name = f"c{chance.randrange(200)}" + "x" * chance.randrange(250)
                method = "DELETE" if channels and chance.random() < 0.3 else "POST"
                if method == "DELETE":
                    name = chance.choice(sorted(channels))
                status = node.vhosts[0].request(method, "/channels/" + name).status
                self.assertIn(status, (202, 500))
                if status == 500:
                    refused += 1
                elif method == "POST":
                    channels.add(name)
                else:
                    channels.remove(name)
            self.assertEqual(set(snapshot(node)["/moon"][1]), channels)
            self.free(disk)
            if turn % 3 == 0:
                self.survives(node)
                self.assertEqual(set(snapshot(node)["/moon"][1]), channels)
        self.assertGreater(refused, 20)

    def test_read_only_under_a_server(self):
        disk = self.disk()
        node = OnDisk.at(self, disk)
        node.stop()
        node.start()
        if self.is_remounted(disk):
            self.refuses_all_changes(node, "")
            self.remount(disk, "rw")
            self.works_again(node)

    def is_remounted(self, disk):
        """With files open for writing a kernel may refuse to."""
        return subprocess.run(["mount", "-o", "remount,ro", disk], capture_output=True).returncode == 0

    def test_read_only_since_the_start(self):
        disk = self.disk()
        node = OnDisk.at(self, disk)
        before = snapshot(node)
        node.stop()
        self.remount(disk, "ro")
        self.does_not_start("--storage-dir", disk, "--node-name", "test-node",
                            says=(os.path.join(disk, "test-node"), os.strerror(errno.EROFS)))
        self.remount(disk, "rw")
        node.start()
        self.assertEqual(snapshot(node), before)


class OnDisk(Node):
    """A server whose storage is a disk of its own."""

    def __init__(self, disk, start=True):
        self.disk = disk
        self.starts = start
        super().__init__(storage_dir=disk)

    def start(self):
        if self.starts:
            super().start()
        self.starts = True

    @property
    def storage(self):
        return self.disk

    @classmethod
    def at(cls, test, disk):
        node = cls(disk)
        test.addCleanup(node.close)
        vhost = node.vhost("/moon")
        for channel in ("old", "other"):
            vhost.open(channel)
        return node


class Unwritable(StorageTest):
    def test_files_that_can_only_be_read(self):
        """An existing storage, by somebody who may look at it and no more."""
        directory = self.directory()
        options = self.unprivileged(directory)
        node = self.node()
        node.vhost("/moon")
        node.stop()
        storage = shutil.copytree(node.storage, os.path.join(directory, "storage"))
        for parent, _, names in os.walk(storage):
            for name in names:
                os.chmod(os.path.join(parent, name), 0o444)
            os.chmod(parent, 0o555)
        contents = self.contents(storage)
        self.does_not_start("--storage-dir", storage, "--node-name", "test-node",
                            says=(os.path.join(storage, "test-node."), os.strerror(errno.EACCES)), **options)
        self.assertEqual(self.contents(storage), contents)

    @staticmethod
    def contents(directory):
        return {os.path.join(parent, name): open(os.path.join(parent, name), "rb").read()
                for parent, _, names in os.walk(directory) for name in names}


class Damage(StorageTest):
    def stored(self):
        """A server that has stopped, with several pages of channels, and what is in its database."""
        node = Node()
        self.addCleanup(node.close)
        vhost = node.vhost("/moon")
        for number in range(120):
            vhost.open(f"channel-{number:0100}")
        before = snapshot(node)
        node.stop()
        self.assertEqual(sorted(os.listdir(node.storage)), ["test-node.cookie", "test-node.db", "test-node.events", "test-node.reader"])
        with open(node.database, "rb") as file:
            return node, before, file.read()

    def write(self, node, data):
        for name in (node.database + "-wal", node.database + "-shm"):
            if os.path.exists(name):
                os.unlink(name)
        with open(node.database, "wb") as file:
            file.write(data)

    @staticmethod
    def what_is_there(node):
        try:
            return {vhost: len(channels) for vhost, (_, channels) in snapshot(node).items()}
        except Exception as complaint:
            return f"something that makes {complaint!r} of an answer"

    def refuses(self, node, says=""):
        """And leaves the file as it was."""
        with open(node.database, "rb") as file:
            before = file.read()
        if self.attempt(node):
            kept = self.what_is_there(node)
            node.stop()
            self.fail(f"it started, with {kept}")
        self.assertIn(node.database, node.log_text().splitlines()[-1])
        self.assertIn(says, node.log_text().splitlines()[-1])
        with open(node.database, "rb") as file:
            self.assertEqual(file.read(), before)

    def test_cut_anywhere(self):
        node, _, data = self.stored()
        """Nothing that is left is taken for all there was."""
        lengths = {1, 15, 16, 99, 100, 511, 512, 4095, *range(4096, len(data), 4096), len(data) - 4095,
                   len(data) - 2000, len(data) - 1}
        for length in sorted(lengths):
            with self.subTest(length):
                self.write(node, data[:length])
                self.refuses(node)

    def test_empty(self):
        """As a server leaves it that was killed before it had written anything."""
        node, _, _ = self.stored()
        self.write(node, b"")
        node.start()
        self.assertEqual(snapshot(node), {})
        node.vhost("/sun")
        self.survives(node)

    def test_bytes_replaced(self):
        """It starts with all it can read, or says why it does not; it never breaks down."""
        node, _, data = self.stored()
        chance = random.Random(20120501)
        refused = 0
        for _ in range(60):
            damaged = bytearray(data)
            at = chance.choice((0, 100, 4096, chance.randrange(len(data))))
            for _ in range(chance.choice((1, 4, 100))):
                damaged[min(at + chance.randrange(200), len(data) - 1)] = chance.randrange(256)
            self.write(node, bytes(damaged))
            if self.attempt(node):
                self.assertEqual(node.admin("GET", "/").status, 200)
                self.assertEqual(node.stop(), 0)
            else:
                refused += 1
        self.assertGreater(refused, 5)

    def change(self, node, *statements):
        database = sqlite3.connect(node.database)
        for statement in statements:
            database.execute(statement)
        database.commit()
        database.close()

    def test_of_a_newer_version(self):
        node, _, _ = self.stored()
        for version in (3, 99, 2147483647):
            self.change(node, f"PRAGMA user_version = {version}")
            self.refuses(node, "it was written by a newer version of the broker")

    def test_of_a_newer_version_with_other_tables(self):
        node, _, _ = self.stored()
        self.change(node, "ALTER TABLE vhost RENAME TO tenant", "PRAGMA user_version = 3")
        self.refuses(node, "it was written by a newer version of the broker")

    def test_without_its_version(self):
        node, before, _ = self.stored()
        for version in (0, 1, -1):
            self.change(node, f"PRAGMA user_version = {version}")
            self.refuses(node)
        self.change(node, "PRAGMA user_version = 2")
        node.start()
        self.assertEqual(snapshot(node), before)

    def test_names_that_are_none(self):
        """Whatever was put there by hand: it starts without it, or says why it does not start."""
        node, before, data = self.stored()
        for statement in ("INSERT INTO channel VALUES ('/moon', 'a/b')", "INSERT INTO channel VALUES ('/moon', '')",
                          "INSERT INTO channel VALUES ('/moon', 'a\"b')", "INSERT INTO channel VALUES ('/moon', x'ff00')",
                          "INSERT INTO vhost VALUES ('no path', 'no token')",
                          "INSERT INTO vhost VALUES ('/sun', '')"):
            with self.subTest(statement):
                self.write(node, data)
                self.change(node, statement)
                if self.attempt(node):
                    try:
                        found = snapshot(node)
                    except Exception as complaint:
                        found = complaint
                    node.stop()
                    self.assertTrue(found == before, "it started with it")


    def test_what_is_left_out_is_named(self):
        """It may have been all right in an older version."""
        node, before, _ = self.stored()
        path, name = "/" + "x" * 255, "c" * 256
        self.change(node, f"INSERT INTO vhost VALUES ('{path}', '{'0' * 40}')", "INSERT INTO vhost VALUES ('/sun', 'none')",
                    f"INSERT INTO channel VALUES ('/moon', '{name}')")
        node.start()
        self.assertEqual(snapshot(node), before)
        for line in (f'the stored vhost "{path}" is left out: its path is longer than 255 bytes',
                     'the stored vhost "/sun" is left out: its token is none',
                     f'the stored channel "{name}" of /moon is left out: its name is longer than 255 bytes'):
            self.assertIn(" error " + line + "\n", node.log_text())


class HiddenVhosts(StorageTest):
    def test_one_whose_path_has_become_a_resource_ends_the_start(self):
        node = Node()
        self.addCleanup(node.close)
        node.vhost("/moon")
        node.stop()
        for path in ("/console", "/moon/rules", "/keys/moon", "/a/users/b"):
            self.change(node, "INSERT INTO vhost VALUES (?, ?)", path, "0" * 40)
            self.assertFalse(self.attempt(node), path)
            self.assertIn(f"the stored vhost {path} cannot be reached", node.log_text().splitlines()[-1])
            self.change(node, "DELETE FROM vhost WHERE path = ?", path)
        self.assertTrue(self.attempt(node))
        self.assertEqual(list(snapshot(node)), ["/moon"])

    @staticmethod
    def change(node, statement, *values):
        with sqlite3.connect(node.database) as database:
            database.execute(statement, values)
        database.close()


class StandingDisk(LifecycleTest):
    def writer(self, node):
        threads = f"/proc/{node.process.pid}/task"
        for thread in os.listdir(threads):
            with open(f"{threads}/{thread}/comm") as name:
                if name.read() == "storage\n":
                    return int(thread)
        self.fail("no thread of the storage's own")

    def test_nobody_else_waits(self):
        node = self.node()
        vhost = node.vhost()
        vhost.open("room")
        browser = vhost.browser()
        self.addCleanup(browser.close)
        browser.subscribe("room")
        with RawConnection(node.admin_addr) as administrator:
            try:
                with Standstill(self.writer(node)):
                    administrator.send(f"POST {vhost.path}/channels/new HTTP/1.1\r\nHost: x\r\n"
                                       f"X-WebRocket-Cookie: {node.cookie}\r\n\r\n")
                    for number in range(100):
                        browser.say("broadcast", channel="room", event="e", data={"n": number})
                        self.assertEqual(browser.hear()["e"]["n"], number)
                    self.assertEqual(vhost.fire("room", "e").status, 202)
                    self.assertEqual(node.admin("GET", vhost.path + "/channels/new").status, 404)
            except PermissionError:
                self.skipTest("no thread may be stopped here")
            self.assertEqual(administrator.response()[0], 302)
        self.assertEqual(node.admin("GET", vhost.path + "/channels/new").status, 200)


if __name__ == "__main__":
    main()
