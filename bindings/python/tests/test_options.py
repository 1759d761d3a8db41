"""Options: what is accepted, what is refused and when, and where the log goes."""

import gc
import logging
import math
import pathlib
import unittest

from tests.support import NOBODY, BrokerTest, StrictTest

import kosmonaut
from kosmonaut import Client, InvalidArgumentError, Options
from kosmonaut.options import _loggers


class Settings(StrictTest):
    def test_everything_can_be_set(self):
        options = Options(
            connect_timeout=0.25, request_timeout=math.inf, idle_timeout=60,
            reconnect_delay=(0.1, 0.5), filter="room/(a|b)", max_event_size=1 << 40,
            max_response_size=1, max_connections=1024, max_pending=1, retries=0, worker_name="printer-1",
            ca_file=pathlib.Path("ca.pem"), client_certificate=("client.pem", "client.key"),
            verify=False, proxy="http://user:word@proxy:3128", unix_socket="/run/socket",
            headers={"X-Api-Key": "secret", "X-Other": "ä"}, user_agent="mine/1.0",
            log=logging.getLogger("kosmonaut.test"))
        Client(NOBODY, options).close()
        kosmonaut.Worker(NOBODY, options).close()
        Client(NOBODY, Options(client_certificate="both.pem")).close()

    def test_what_cannot_be_is_refused(self):
        for name, value in {
                "connect_timeout": 0, "request_timeout": -1, "idle_timeout": math.nan,
                "reconnect_delay": (2, 1), "filter": "a\0b", "max_event_size": 0,
                "max_response_size": 1 << 64, "max_connections": (1 << 32) + 5, "max_pending": -1,
                "worker_name": "with space", "proxy": "gopher://proxy", "unix_socket": "x" * 200,
                "headers": {"Authorization": "mine"}, "user_agent": "two\nlines",
                "filter ": "\ud800"}.items():
            with self.subTest(f"{name}={value!r}"):
                with self.assertRaises(InvalidArgumentError):
                    Client(NOBODY, Options(**{name.strip(): value}))

    def test_it_is_refused_at_once_and_by_its_name(self):
        for name, value in {
                "request_timeout": -3, "idle_timeout": math.nan, "connect_timeout": 0,
                "reconnect_delay": (-1, 2), "max_connections": 0, "worker_name": "a b",
                "proxy": "gopher://proxy", "headers": {"Host": "mine"}}.items():
            with self.subTest(f"{name}={value!r}"):
                with self.assertRaisesRegex(InvalidArgumentError, name):
                    Options(**{name: value})
        with self.assertRaises(InvalidArgumentError) as raised:
            Options(headers={"X-Key": "two\nlines-of-a-key"})
        self.assertIn("X-Key", str(raised.exception))
        self.assertNotIn("lines-of-a-key", str(raised.exception))

    def test_options_alone_hold_no_logger(self):
        before = len(_loggers)
        Options(log=logging.getLogger("kosmonaut.test"))
        self.assertEqual(len(_loggers), before)

    def test_what_has_the_wrong_type_is_refused(self):
        for name, value in (("filter", b"bytes"), ("max_pending", 1.5), ("ca_file", 7),
                            ("request_timeout", "5")):
            with self.subTest(name), self.assertRaises(TypeError):
                Options(**{name: value})

    def test_times_are_rounded_up_to_milliseconds(self):
        from kosmonaut._values import milliseconds
        for seconds, expected in ((0, 0), (0.0001, 1), (0.5, 500), (2.003, 2003), (1.001, 1001),
                                  (30, 30000), (math.inf, -1)):
            self.assertEqual(milliseconds(seconds, "time"), expected)


class Log(BrokerTest):
    def test_goes_to_the_logger_without_the_token(self):
        logger = logging.getLogger("kosmonaut.test.log")
        with self.assertLogs(logger, logging.DEBUG) as caught:
            with kosmonaut.Worker(self.url, Options(log=logger)) as worker:
                worker.next(0)
                self.await_worker(lambda: worker.next(0.01) is None)
        self.assertTrue(caught.output)
        self.assertNotIn(self.vhost.token, "\n".join(caught.output))

    def test_is_as_talkative_as_the_logger(self):
        logger = logging.getLogger("kosmonaut.test.quiet")
        logger.setLevel(logging.CRITICAL)
        count = len(_loggers)
        client = Client(self.url, Options(log=logger))
        self.assertEqual(len(_loggers), count, "nobody listens")
        client.close()

    def test_the_logger_is_let_go_of_with_the_last_handle(self):
        count = len(_loggers)
        clients = [Client(NOBODY, Options(log=logging.getLogger("kosmonaut.test")))
                   for _ in range(3)]
        self.assertEqual(len(_loggers), count + 3)
        del clients
        gc.collect()
        self.assertEqual(len(_loggers), count)


if __name__ == "__main__":
    unittest.main()
