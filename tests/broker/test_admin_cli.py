"""webrocket-admin: its commands, what it prints, where, and how it ends."""

import errno
import json
import os
import pty
import re
import subprocess
import unittest

from admin_tool import COMMANDS, TAKING_MORE, Checks, CliTest, run
from harness import ADMIN, DEADLINE, main


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
                arguments = ["/nope", "c", "e-1"][:words]
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
        takes = {0: "no argument", 1: "1 argument", 2: "2 arguments", 3: "3 arguments"}
        for command, count in COMMANDS.items():
            more = " or more" if command in TAKING_MORE else ""
            for given in {max(count - 1, 0), count if more else count + 1} - {count}:
                self.shows_usage(run(command, *["x"] * given), f"{command} takes {takes[count]}{more}")

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


if __name__ == "__main__":
    main()
