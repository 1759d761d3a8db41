"""A server that a test starts, stops and kills, with flags of its own, or that is not to start."""

import os
import shutil
import signal
import subprocess
import tempfile
import unittest

from harness import DEADLINE, SERVER, Broker


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
