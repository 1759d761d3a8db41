"""Errors as values: what they say, which of Python's they are, and that they travel."""

import builtins
import pickle
import unittest

from tests import support  # noqa: F401

import kosmonaut
from kosmonaut import Status, errors


class Subjects(support.BrokerTest):
    """A message says what it is about."""

    def test_channel_vhost_and_address(self):
        with kosmonaut.Client(self.url) as client:
            with self.assertRaisesRegex(kosmonaut.NoChannelError,
                                        f"the channel 'nowhere' of {self.vhost.path} "):
                client.trigger("nowhere", "hello")
            with self.assertRaisesRegex(kosmonaut.InvalidArgumentError, "'a b'"):
                client.open_channel("a b")
        with kosmonaut.Client(support.NOBODY) as client:
            with self.assertRaisesRegex(kosmonaut.ConnectError,
                                        "'news' of http://127.0.0.1:1/moon"):
                client.open_channel("news")

    def test_a_trigger_of_a_batch(self):
        batch = kosmonaut.Batch([("news", "hello")])
        with self.assertRaisesRegex(kosmonaut.PayloadError, "trigger 2") as caught:
            batch.add("a-token-that-went-astray", "another", "no json")
        self.assertNotRegex(str(caught.exception), "astray|another")

    def test_the_admin_port(self):
        host, port = self.broker.admin_addr
        url = f"http://wr:{self.vhost.token}@{host}:{port}{self.vhost.path}"
        with kosmonaut.Client(url) as client:
            with self.assertRaisesRegex(kosmonaut.ForbiddenError, "the broker's admin port"):
                client.open_channel("news")
        with kosmonaut.Worker(url) as worker:
            with self.assertRaisesRegex(kosmonaut.ForbiddenError, "the broker's admin port"):
                worker.next()


class Names(unittest.TestCase):
    def test_numbers_print_as_names(self):
        self.assertEqual(str(Status.ENOCHANNEL), "Status.ENOCHANNEL")
        self.assertEqual(f"{kosmonaut.WorkerState.CONNECTED}", "WorkerState.CONNECTED")
        self.assertEqual(f"{Status.ENOCHANNEL:d}", "-305")
        self.assertEqual(Status.ENOCHANNEL, -305)


class Errors(unittest.TestCase):
    def test_some_are_pythons_own_too(self):
        for status, its_class in ((Status.EINVAL, ValueError), (Status.EJSON, ValueError),
                                  (Status.ENOMEM, MemoryError), (Status.ECONNECT, ConnectionError),
                                  (Status.EIO, ConnectionError),
                                  (Status.ETIMEOUT, builtins.TimeoutError)):
            with self.assertRaises(its_class):
                raise errors.of_status(status)

    def test_all_can_be_told_to_another_process(self):
        for status in errors.BY_STATUS:
            error = errors.class_of(status)(status, "why", 404, 454, 1.5)
            copy = pickle.loads(pickle.dumps(error))
            self.assertIs(type(copy), type(error))
            self.assertEqual(vars(copy), vars(error))
            self.assertEqual(str(copy), "why")

    def test_what_may_be_tried_again(self):
        retriable = {status for status in errors.BY_STATUS
                     if errors.of_status(status).is_retriable}
        self.assertEqual(retriable, {
            Status.ECONNECT, Status.ETIMEOUT, Status.EIO, Status.ERATELIMIT, Status.EUNAVAILABLE,
            Status.ESERVER, Status.EFULL})

    def test_without_a_message_it_says_what_the_status_means(self):
        self.assertIn("channel", str(errors.of_status(Status.ENOCHANNEL)))

    def test_stopping_is_no_error(self):
        for stop in (kosmonaut.Closed, kosmonaut.Interrupted):
            self.assertTrue(issubclass(stop, kosmonaut.Stopped))
            self.assertFalse(issubclass(stop, kosmonaut.Error))


if __name__ == "__main__":
    unittest.main()
