"""What the tests of webrocket-admin share: running it, and reading what it prints."""

import subprocess

from harness import ADMIN, DEADLINE, BrokerTest

COMMANDS = {"list_vhosts": 0, "add_vhost": 1, "delete_vhost": 1, "show_vhost": 1, "clear_vhosts": 0,
            "regenerate_vhost_token": 1, "list_channels": 1, "add_channel": 2, "delete_channel": 2,
            "clear_channels": 1, "list_subscribers": 2, "list_connections": 1,
            "list_workers": 1, "list_groups": 1, "show_group": 2, "set_group": 2, "delete_group": 2,
            "pause_group": 2, "resume_group": 2, "list_dead_letters": 2, "show_dead_letter": 3,
            "requeue_dead_letter": 3, "requeue_dead_letters": 2, "delete_dead_letter": 3,
            "delete_dead_letters": 2}
# These take more arguments than that as well.
TAKING_MORE = {"set_group"}


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
