#!/usr/bin/env python3
"""The tables of docs/upgrading-from-2012.md against the options that the broker has, and against those that
--compatible gives it.

It needs in the environment: WEBROCKET_SERVER.
"""

import os
import re
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "broker"))

from harness import Broker, wait_until  # noqa: E402
from pages import ROOT  # noqa: E402

SERVER = os.environ["WEBROCKET_SERVER"]
PAGE = (ROOT / "docs" / "upgrading-from-2012.md").read_text()


def section(heading):
    return re.search(rf"^## {re.escape(heading)}$(.*?)(?=^## |\Z)", PAGE, re.M | re.S)[1]


def rows(heading):
    """The cells of each row of the section's table."""
    found = re.findall(r"^\| (.*) \|$", section(heading), re.M)
    return [[cell.strip() for cell in row.split(" | ")] for row in found[1:]]


def named_in(text):
    """Option to value, of all that a text names with one: `--option value`."""
    return dict(re.findall(r"(--[\w-]+) ([\w.:-]+)", text))


def defaults(*arguments, **variables):
    """Option to default, as --help says; every name of an option for itself."""
    said = subprocess.run([SERVER, *arguments, "--help"], text=True, capture_output=True, check=True,
                          env={**os.environ, **variables}, timeout=20).stdout
    return {name: value
            for names, value in re.findall(r"^ +(--[\w,-]+) .*?=(\S+)(?: .*)?$", said, re.M)
            for name in names.split(",")}


NOW, THEN = defaults(), defaults("--compatible")
COMPATIBLE = "Defaults that `--compatible` brings back"


class Compatible(unittest.TestCase):
    def test_there_are_defaults(self):
        self.assertGreater(len(NOW), 20)
        self.assertEqual(NOW.keys(), THEN.keys())

    def test_the_rows_say_what_they_are_now_and_with_it(self):
        for what, _, now, then in rows(COMPATIBLE):
            with self.subTest(what):
                self.assertTrue(named_in(now))
                self.assertEqual(named_in(now).keys(), named_in(then).keys())
                for option, value in named_in(now).items():
                    self.assertEqual(NOW[option], value)
                for option, value in named_in(then).items():
                    self.assertEqual(THEN[option], value)

    def test_each_default_that_it_changes_has_a_row(self):
        named = named_in(section(COMPATIBLE))
        for option in NOW:
            if NOW[option] != THEN[option]:
                with self.subTest(option):
                    self.assertIn(option, named)

    def test_the_limits_that_stay_are_those(self):
        for what, limit in rows("Limits that stay"):
            with self.subTest(what):
                self.assertTrue(named_in(limit))
                for option, value in named_in(limit).items():
                    self.assertEqual((NOW[option], THEN[option]), (value, value))

    def test_each_limit_is_somewhere(self):
        named = named_in(section(COMPATIBLE)).keys() | named_in(section("Limits that stay")).keys()
        # How the broker tells others that it is there, and how it stops: no limits of theirs.
        others = {"--heartbeat-interval-ms", "--drain-ms"}
        limits = {option for option in NOW
                  if re.search(r"-max|^--max-|-bytes$|-ms$|-per-", option)} - others
        self.assertEqual(sorted(limits - named), [])

    def test_what_is_given_goes_before_it(self):
        broker = Broker("--token-lifetime-ms", "1", "--compatible")
        self.addCleanup(broker.close)
        vhost = broker.vhost("/moon")
        browser = vhost.browser()
        self.addCleanup(browser.close)

        def is_too_late():
            return browser.ask("auth", token=vhost.access_token()).get(":error", {}).get("code") == 402

        wait_until(is_too_late, "a token that nobody took in time")

    def test_it_may_come_from_everywhere(self):
        with tempfile.NamedTemporaryFile("w", suffix=".conf") as file:
            file.write("compatible = true\n")
            file.flush()
            self.assertEqual(defaults("--config", file.name), THEN)
        self.assertEqual(defaults(WEBROCKET_COMPATIBLE="true"), THEN)
        self.assertEqual(defaults(WEBROCKET_COMPATIBLE="false"), NOW)


if __name__ == "__main__":
    unittest.main(verbosity=2)
