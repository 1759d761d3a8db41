#!/usr/bin/env python3
"""The words of docs/tls.md for a failure, against what libcurl and OpenSSL say: each row of its table is
brought about with real handshakes.

It needs in the environment: KOSMONAUT_LIBRARY.
"""

import contextlib
import ctypes
import functools
import os
import pathlib
import pty
import re
import select
import shutil
import signal
import socket
import ssl
import sys
import tempfile
import threading
import unittest
import warnings
from ctypes import byref, c_char_p, c_int32, c_void_p

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "broker"))

from fronts import DEADLINE, Authority, Front, openssl  # noqa: E402
from pages import ROOT  # noqa: E402

LIBRARY = ctypes.CDLL(os.environ["KOSMONAUT_LIBRARY"])


def declared(name, result, *arguments):
    function = LIBRARY[name]
    function.restype, function.argtypes = result, arguments
    return function


kn_client_new = declared("kn_client_new", c_int32, c_char_p, c_void_p, c_void_p, c_void_p)
kn_client_open_channel = declared("kn_client_open_channel", c_int32, c_void_p, c_char_p, c_void_p)
kn_client_free = declared("kn_client_free", None, c_void_p)
kn_error_message = declared("kn_error_message", c_char_p, c_void_p)
kn_error_free = declared("kn_error_free", None, c_void_p)
kn_options_new = declared("kn_options_new", c_void_p)
kn_options_free = declared("kn_options_free", None, c_void_p)
kn_options_set_ca_file = declared("kn_options_set_ca_file", c_int32, c_void_p, c_char_p)
kn_options_set_client_certificate = declared("kn_options_set_client_certificate", c_int32, c_void_p,
                                             c_char_p, c_char_p)
kn_options_set_proxy = declared("kn_options_set_proxy", c_int32, c_void_p, c_char_p)
kn_status_name = declared("kn_status_name", c_char_p, c_int32)


def c_text(text):
    return None if text is None else str(text).encode()


@contextlib.contextmanager
def client_of(port, host="localhost", scheme="https", ca=None, certificate=None, key=None, proxy=None):
    options, client = c_void_p(kn_options_new()), c_void_p()
    if ca is not None:
        assert kn_options_set_ca_file(options, c_text(ca)) == 0
    if certificate is not None:
        assert kn_options_set_client_certificate(options, c_text(certificate), c_text(key)) == 0
    if proxy is not None:
        assert kn_options_set_proxy(options, c_text(proxy)) == 0
    url = f"{scheme}://wr:{'0' * 40}@{host}:{port}/moon"
    assert kn_client_new(c_text(url), options, byref(client), None) == 0
    kn_options_free(options)
    try:
        yield client
    finally:
        kn_client_free(client)


def open_channel(client):
    """(status, message) of a request."""
    error = c_void_p()
    status = kn_client_open_channel(client, b"x", byref(error))
    message = kn_error_message(error).decode()
    kn_error_free(error)
    return kn_status_name(status).decode(), message


def call(port, **how):
    """(status, message) of a client's first request."""
    with client_of(port, **how) as client:
        return open_channel(client)


def rows_under(heading):
    """The first two columns of the table in that section of the page."""
    page = (ROOT / "docs" / "tls.md").read_text()
    section = re.search(rf"^## {heading}$(.*?)(?=^## |\Z)", page, re.M | re.S)[1]
    rows = re.findall(r"^\| ([^|]+) \| ([^|]+) \|", section, re.M)
    return [row for row in rows[1:] if not row[0].startswith("--")]


class Server:
    """Answers every connection with the same bytes, without TLS."""

    def __init__(self, answer):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.answer = answer
        threading.Thread(target=self.serve, daemon=True).start()

    @property
    def port(self):
        return self.listener.getsockname()[1]

    def serve(self):
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self.listener.accept()
                with connection, contextlib.suppress(ConnectionError):
                    connection.recv(65536)
                    connection.sendall(self.answer)

    def close(self):
        self.listener.shutdown(socket.SHUT_RDWR)  # which wakes the thread that accepts
        self.listener.close()


class TlsTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.directory = pathlib.Path(tempfile.mkdtemp(prefix="kosmonaut-docs-"))
        cls.addClassCleanup(shutil.rmtree, cls.directory)
        cls.ours = Authority(cls.directory)
        cls.ours.issue("server", "localhost")
        cls.ours.issue("client", "backend")
        cls.backend = Server(b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n")
        cls.addClassCleanup(cls.backend.close)

    def setUp(self):
        self.fronts = []

    def file(self, name):
        return self.directory / name

    def server(self, certificate="server", asks=False, newest=None):
        context = self.ours.server_context(certificate, asks)
        if newest:
            with warnings.catch_warnings():  # of versions that are too old, which is the point
                warnings.simplefilter("ignore", DeprecationWarning)
                context.minimum_version = ssl.TLSVersion.TLSv1
                context.maximum_version = newest
            context.set_ciphers("ALL:@SECLEVEL=0")
        front = Front.with_tls(self.backend.listener.getsockname(), context)
        self.addCleanup(front.close)
        self.fronts.append(front)
        return front.port

    def plain_server(self, answer):
        server = Server(answer)
        self.addCleanup(server.close)
        return server.port


LISTED = {first.strip("`") for first, _ in rows_under("What a failure says")}
MET = set()


def meets(*texts):
    """Marks a test that brings these rows of the table about."""
    MET.update(texts)

    def wrap(test):
        @functools.wraps(test)
        def run(self):
            self.said = set()
            test(self)
            self.assertEqual(self.said, set(texts))
        return run
    return wrap


class Words(TlsTest):
    """What the page says of failures."""

    def assert_says(self, text, result, advice=""):
        status, message = result
        self.assertEqual(status, "KN_ETLS", message)
        self.assertIn(text, message)
        self.assertIn(advice, message)
        self.said.add(text)

    def test_every_row_is_met_by_a_test(self):
        self.assertEqual(LISTED, MET)

    def test_it_works_when_all_is_well(self):
        self.assertEqual(call(self.server(), ca=self.file("ca.pem"))[0], "KN_OK")
        self.assertEqual(call(self.server(asks=True), ca=self.file("ca.pem"),
                              certificate=self.file("client.pem"), key=self.file("client.key"))[0],
                         "KN_OK")

    @meets("unable to get local issuer certificate")
    def test_authority(self):
        self.assert_says("unable to get local issuer certificate", call(self.server()),
                         "the option ca_file")

    @meets("self-signed certificate")
    def test_self_signed(self):
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost",
                "-keyout", "self.key", "-out", "self.pem", cwd=self.directory)
        port = self.server("self")
        self.assert_says("self-signed certificate", call(port), "the option ca_file")
        self.assertEqual(call(port, ca=self.file("self.pem"))[0], "KN_OK", "what the page advises")

    @meets("no alternative certificate subject name matches target host name")
    def test_name(self):
        text = "no alternative certificate subject name matches target host name"
        self.ours.issue("other", "other.example", "DNS:other.example")
        advice = "use the host name that the certificate was made for"
        self.assert_says(text, call(self.server("other"), ca=self.file("ca.pem")), advice)
        self.assert_says(text, call(self.server(), host="127.0.0.1", ca=self.file("ca.pem")), advice)

    @meets("certificate has expired", "certificate is not yet valid")
    def test_time(self):
        self.ours.issue("expired", "localhost", begin="20200101000000Z", end="20200102000000Z")
        self.ours.issue("early", "localhost", begin="20990101000000Z", end="20990102000000Z")
        self.assert_says("certificate has expired",
                         call(self.server("expired"), ca=self.file("ca.pem")), "renew")
        self.assert_says("certificate is not yet valid",
                         call(self.server("early"), ca=self.file("ca.pem")), "clock")

    @meets("error setting certificate file",
           "could not load PEM client certificate",
           "unable to set private key file")
    def test_files(self):
        port = self.server()
        ca, certificate = self.file("ca.pem"), self.file("client.pem")
        garbage = self.file("garbage.pem")
        garbage.write_text("no certificate\n")
        for bad in (self.file("none.pem"), garbage):
            self.assert_says("error setting certificate file", call(port, ca=bad),
                             "the option ca_file")
            self.assert_says("could not load PEM client certificate",
                             call(port, ca=ca, certificate=bad), "option client_certificate")
        for bad in (self.file("none.key"), self.file("server.key"), None):
            self.assert_says("unable to set private key file",
                             call(port, ca=ca, certificate=certificate, key=bad))

    @meets("alert handshake failure")
    def test_no_certificate_of_ours(self):
        port = self.server(asks=True, newest=ssl.TLSVersion.TLSv1_2)
        self.assert_says("alert handshake failure", call(port, ca=self.file("ca.pem")),
                         "option client_certificate")

    def test_no_certificate_of_ours_in_tls_1_3(self):
        port = self.server(asks=True)
        status, message = call(port, ca=self.file("ca.pem"))
        if "alert" in message:
            self.assertEqual(status, "KN_ETLS")
            self.assertIn("alert certificate required", message)
        else:  # its end has overtaken it
            self.assertEqual(status, "KN_EIO")
            self.assertIn("connection broke", message)

    def test_key_with_a_pass_phrase(self):
        """Nobody is asked for it, though there is a terminal to ask on."""
        openssl("ec", "-aes128", "-passout", "pass:secret", "-in", "client.key",
                "-out", "locked.key", cwd=self.directory)
        port = self.server()
        child, terminal = pty.fork()
        if child == 0:
            status, message = call(port, ca=self.file("ca.pem"), certificate=self.file("client.pem"),
                                   key=self.file("locked.key"))
            print(status, message, flush=True)
            os._exit(0)
        said = b""
        with contextlib.suppress(OSError):  # the child's end
            while select.select([terminal], [], [], DEADLINE)[0] and (more := os.read(terminal, 4096)):
                said += more
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        os.close(terminal)
        self.assertRegex(said, rb"\AKN_ETLS .*unable to set private key file")

    def test_replaced_authority(self):
        """A handle that lives on takes it up."""
        (self.directory / "new").mkdir()
        new = Authority(self.directory / "new")
        new.issue("server", "localhost")
        named = self.file("named.pem")
        shutil.copy(self.file("ca.pem"), named)
        with client_of(self.server(), ca=named) as client:
            self.assertEqual(open_channel(client)[0], "KN_OK")
            self.fronts[-1].use(new.server_context("server"))
            self.assertEqual(open_channel(client)[0], "KN_ETLS")
            shutil.copy(new.path("ca.pem"), named)
            self.assertEqual(open_channel(client)[0], "KN_OK")

    @meets("alert unknown ca")
    def test_foreign_certificate_of_ours(self):
        (self.directory / "foreign").mkdir()
        foreign = Authority(self.directory / "foreign")
        foreign.issue("client", "backend")
        port = self.server(asks=True, newest=ssl.TLSVersion.TLSv1_2)
        self.assert_says("alert unknown ca",
                         call(port, ca=self.file("ca.pem"), certificate=foreign.path("client.pem"),
                              key=foreign.path("client.key")))

    @meets("alert protocol version")
    def test_old_server(self):
        port = self.server(newest=ssl.TLSVersion.TLSv1_1)
        self.assert_says("alert protocol version", call(port, ca=self.file("ca.pem")))

    @meets("wrong version number")
    def test_plain_server(self):
        self.assert_says("wrong version number", call(self.backend.port))

    @meets("SSL_ERROR_SYSCALL")
    def test_server_that_hangs_up(self):
        self.assert_says("SSL_ERROR_SYSCALL", call(self.plain_server(b"")))


class Proxies(TlsTest):
    """What the page says of proxies that fail."""

    def test_nobody_there(self):
        self.assertEqual(call(443, proxy="http://127.0.0.1:1")[0], "KN_ECONNECT")

    def test_refused_tunnel(self):
        proxy = self.plain_server(b"HTTP/1.1 407 Who are you\r\nContent-Length: 0\r\n\r\n")
        status, message = call(443, proxy=f"http://127.0.0.1:{proxy}")
        self.assertEqual(status, "KN_ECONNECT")
        self.assertIn("CONNECT tunnel failed", message)
        self.assertIn("407", message)

    def test_refusing_socks(self):
        for scheme, answer in (("socks5", b"\x05\xff"), ("socks4", b"\0\x5b\0\0\0\0\0\0")):
            said = call(443, host="127.0.0.1", proxy=f"{scheme}://127.0.0.1:{self.plain_server(answer)}")
            self.assertEqual(said[0], "KN_ECONNECT", said)

    def test_refused_request(self):
        for answer, status in (("407", "KN_EBADREQUEST"), ("502", "KN_EUNAVAILABLE")):
            proxy = self.plain_server(f"HTTP/1.1 {answer} No\r\nContent-Length: 0\r\n\r\n".encode())
            said = call(80, host="broker.invalid", scheme="http", proxy=f"http://127.0.0.1:{proxy}")
            self.assertEqual(said[0], status)

    def test_refused_certificate(self):
        """Our CA file is for the broker, and no help."""
        said = call(443, ca=self.file("ca.pem"), proxy=f"https://localhost:{self.server()}")
        self.assertEqual(said[0], "KN_ETLS")


if __name__ == "__main__":
    unittest.main(verbosity=2)
