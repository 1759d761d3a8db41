"""Encrypted ports: browsers, backends, workers and the admin tool; certificates that are replaced."""

import base64
import contextlib
import http.client
import json
import os
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import threading
import unittest

from harness import ADMIN, DEADLINE, SERVER, UNLIMITED, Broker, Browser, main, wait_until


EC = ("ec", "-pkeyopt", "ec_paramgen_curve:P-256")


def make_certificate(directory, name, kind=EC):
    """A key and a certificate for the loopback address, signed by itself."""
    key, certificate = os.path.join(directory, name + ".key"), os.path.join(directory, name + ".pem")
    subprocess.run(["openssl", "req", "-x509", "-newkey", *kind, "-nodes", "-keyout", key, "-out", certificate,
                    "-days", "2", "-subj", f"/CN={name}", "-addext", "subjectAltName=IP:127.0.0.1"], check=True,
                   capture_output=True, timeout=DEADLINE)
    return certificate, key


class TlsBrowser(Browser):
    """As Browser, through TLS."""

    def __init__(self, addr, path, context):
        self.context = context
        super().__init__(addr, path)

    def send(self, data):
        if not isinstance(self.socket, ssl.SSLSocket):
            self.file.close()
            self.socket = self.context.wrap_socket(self.socket, server_hostname="127.0.0.1")
            self.file = self.socket.makefile("rb")
        super().send(data)


class TlsBroker(Broker):
    def __init__(self, certificates, admin_certificates=None, flags=()):
        self.context = ssl.create_default_context(cafile=certificates[0])
        admin = admin_certificates or certificates
        super().__init__("--tls-cert", certificates[0], "--tls-key", certificates[1],
                         "--admin-tls-cert", admin[0], "--admin-tls-key", admin[1], *flags)

    def connection(self, addr):
        return http.client.HTTPSConnection(*addr, timeout=DEADLINE, context=self.context)

    def ask(self, addr, method, path, body=None, headers=None):
        connection = self.connection(addr)
        try:
            connection.request(method, path, body=body, headers=headers or {})
            response = connection.getresponse()
            return response.status, response.read()
        finally:
            connection.close()

    def ask_admin(self, method, path):
        return self.ask(self.admin_addr, method, path, headers={"X-WebRocket-Cookie": self.cookie})


class TlsTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.directory = tempfile.mkdtemp(prefix="webrocket-tls-")
        cls.addClassCleanup(shutil.rmtree, cls.directory, ignore_errors=True)
        cls.certificate = make_certificate(cls.directory, "one")


class Handshakes(TlsTest):
    def test_one_that_fails_is_counted(self):
        broker = TlsBroker(self.certificate)
        self.addCleanup(broker.close)
        with socket.create_connection(broker.addr, DEADLINE) as plain:
            plain.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            with contextlib.suppress(ConnectionError):  # that hangs up on what it has not read
                while plain.recv(4096):
                    pass
        with socket.create_connection(broker.addr, DEADLINE):
            pass  # nothing was asked for, and nothing refused
        figures = broker.ask_admin("GET", "/metrics")[1].decode()
        self.assertIn('webrocket_refusals_total{port="service",reason="tls_handshake"} 1\n', figures)
        self.assertIn("HTTP client address=127.0.0.1 refused the TLS handshake: http request", broker.log_text())


class SlowHandshakes(TlsTest):
    def test_half_a_handshake_is_not_waited_for(self):
        broker = TlsBroker(self.certificate, flags=("--handshake-timeout-ms", "300"))
        self.addCleanup(broker.close)
        hello = socket.create_connection(broker.addr, DEADLINE)
        self.addCleanup(hello.close)
        ended = threading.Event()

        def trickle():
            for byte in bytes.fromhex("16030100c8010000c40303") + bytes(190):
                if ended.wait(0.02):
                    return
                try:
                    hello.sendall(bytes([byte]))
                except OSError:
                    return

        sender = threading.Thread(target=trickle)
        sender.start()
        try:
            self.assertEqual(hello.recv(1), b"")
        except ConnectionResetError:
            pass
        finally:
            ended.set()
            sender.join()
        figures = broker.ask_admin("GET", "/metrics")[1].decode()
        self.assertIn('webrocket_refusals_total{port="service",reason="tls_timeout"} 1\n', figures)

    def test_those_who_have_made_it_may_wait(self):
        broker = TlsBroker(self.certificate, flags=("--handshake-timeout-ms", "300"))
        self.addCleanup(broker.close)
        raw = socket.create_connection(broker.addr, DEADLINE)
        patient = broker.context.wrap_socket(raw, server_hostname="127.0.0.1")
        self.addCleanup(patient.close)
        with socket.create_connection(broker.addr, DEADLINE) as late:
            self.assertEqual(late.recv(1), b"")
        patient.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        self.assertTrue(patient.recv(4096).startswith(b"HTTP/1.1 200"))


class Encrypted(TlsTest):
    def setUp(self):
        self.broker = TlsBroker(self.certificate, flags=UNLIMITED)
        self.addCleanup(self.broker.close)
        self.assertEqual(self.broker.ask_admin("POST", "/moon")[0], 302)
        document = json.loads(self.broker.ask_admin("GET", "/moon")[1])
        self.token = document["vhost"]["accessToken"]

    def backend(self, method, suffix, body=None):
        credentials = base64.b64encode(f"wr:{self.token}".encode()).decode()
        return self.broker.ask(self.broker.addr, method, "/moon" + suffix, body,
                               {"Authorization": "Basic " + credentials})

    def browser(self):
        browser = TlsBrowser(self.broker.addr, "/moon", self.broker.context)
        self.addCleanup(browser.close)
        return browser

    def test_browsers_and_backends(self):
        self.assertEqual(self.backend("POST", "/channels/room")[0], 202)
        one, other = self.browser(), self.browser()
        for browser in (one, other):
            browser.subscribe("room")
        self.assertEqual(self.backend("POST", "/channels/room/events",
                                      '{"trigger":{"event":"e","data":{"n":1}}}')[0], 202)
        for browser in (one, other):
            self.assertEqual(browser.hear(), {"e": {"n": 1, "channel": "room"}})

    def test_messages_larger_than_a_record_and_many_at_once(self):
        self.backend("POST", "/channels/room")
        # One for each thread: Python's encrypted connections are not for two at once.
        speaker, listener = self.browser(), self.browser()
        for browser in (speaker, listener):
            browser.subscribe("room")
        large = "x" * 300_000

        def speak():
            speaker.say("broadcast", channel="room", event="large", data={"text": large})
            for number in range(2000):
                speaker.say("broadcast", channel="room", event="e", data={"n": number})

        speaking = threading.Thread(target=speak)
        speaking.start()
        self.addCleanup(speaking.join, DEADLINE)
        self.assertEqual(listener.hear()["large"]["text"], large)
        for number in range(2000):
            self.assertEqual(listener.hear()["e"]["n"], number)

    def test_somebody_who_speaks_no_tls(self):
        for garbage in (b"GET /moon HTTP/1.1\r\nHost: x\r\n\r\n", b"\x16\x03\x01\xff\xff", b"\0" * 1000):
            with socket.create_connection(self.broker.addr, timeout=DEADLINE) as plain:
                try: # it may hang up at any of these
                    plain.sendall(garbage)
                    plain.shutdown(socket.SHUT_WR)
                    while plain.recv(4096):
                        pass
                except OSError as complaint:
                    self.assertNotIsInstance(complaint, TimeoutError)
        self.assertEqual(self.backend("POST", "/channels/room")[0], 202)

    def test_old_versions_are_refused(self):
        context = ssl.create_default_context(cafile=self.certificate[0])
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        with context.wrap_socket(socket.create_connection(self.broker.addr, timeout=DEADLINE),
                                 server_hostname="127.0.0.1") as connection:
            self.assertIn(connection.version(), ("TLSv1.2", "TLSv1.3"))
        ended = subprocess.run(["openssl", "s_client", "-connect", "%s:%d" % self.broker.addr, "-tls1_1",
                                "-cipher", "ALL:@SECLEVEL=0"],
                               input=b"", capture_output=True, timeout=DEADLINE)
        self.assertNotEqual(ended.returncode, 0)

    def test_the_admin_tool(self):
        address = "%s:%d" % self.broker.admin_addr
        arguments = [ADMIN, "--cookie", self.broker.cookie, "--admin-addr", "https://" + address]
        ended = subprocess.run([*arguments, "--ca-file", self.certificate[0], "list_vhosts"],
                               capture_output=True, text=True, timeout=DEADLINE)
        self.assertEqual((ended.returncode, ended.stdout), (0, "/moon\n"), ended.stderr)
        ended = subprocess.run([*arguments, "list_vhosts"], capture_output=True, text=True, timeout=DEADLINE)
        self.assertEqual(ended.returncode, 1)
        self.assertIn("certificate", ended.stderr)
        ended = subprocess.run([ADMIN, "--cookie", self.broker.cookie, "--admin-addr", address, "list_vhosts"],
                               capture_output=True, text=True, timeout=DEADLINE)
        self.assertEqual(ended.returncode, 1)
        self.assertIn("https://", ended.stderr)

    def test_a_stop_says_goodbye(self):
        browser = self.browser()
        self.broker.process.send_signal(signal.SIGTERM)
        self.assertEqual(browser.close_code(), 1001)


class Suites(TlsTest):
    def negotiated(self, broker, ciphers=None, version=ssl.TLSVersion.TLSv1_2, port="addr"):
        """Version and suite; None when the two have none in common."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        context.minimum_version = context.maximum_version = version
        if ciphers:
            context.set_ciphers(ciphers)
        try:
            with context.wrap_socket(socket.create_connection(getattr(broker, port), timeout=DEADLINE)) as connection:
                return connection.version(), connection.cipher()[0]
        except (ssl.SSLError, ConnectionError):
            return None

    def broker(self, certificate, *flags):
        broker = Broker("--tls-cert", certificate[0], "--tls-key", certificate[1],
                        "--admin-tls-cert", certificate[0], "--admin-tls-key", certificate[1], *flags)
        self.addCleanup(broker.close)
        return broker

    def test_only_good_ones(self):
        """With either kind of key, on both ports."""
        rsa = make_certificate(self.directory, "rsa", ("rsa:2048",))
        for certificate, kind in ((self.certificate, "ECDSA"), (rsa, "RSA")):
            broker = self.broker(certificate)
            for port in ("addr", "admin_addr"):
                for suite in (f"ECDHE-{kind}-AES128-GCM-SHA256", f"ECDHE-{kind}-AES256-GCM-SHA384",
                              f"ECDHE-{kind}-CHACHA20-POLY1305"):
                    self.assertEqual(self.negotiated(broker, suite, port=port), ("TLSv1.2", suite))
                for suite in (f"ECDHE-{kind}-AES128-SHA256", f"ECDHE-{kind}-AES256-SHA", "AES128-GCM-SHA256",
                              "AES256-SHA", "AES128-SHA256"):
                    self.assertIsNone(self.negotiated(broker, suite, port=port), suite)
                self.assertEqual(self.negotiated(broker, version=ssl.TLSVersion.TLSv1_3, port=port)[0], "TLSv1.3")

    def test_others_on_demand(self):
        broker = self.broker(self.certificate, "--tls-ciphers", "ECDHE-ECDSA-AES128-SHA256")
        self.assertEqual(self.negotiated(broker, "ECDHE-ECDSA-AES128-SHA256"),
                         ("TLSv1.2", "ECDHE-ECDSA-AES128-SHA256"))
        self.assertIsNone(self.negotiated(broker, "ECDHE-ECDSA-AES128-GCM-SHA256"))

    def test_oldest_version(self):
        broker = self.broker(self.certificate, "--tls-min-version", "1.3")
        self.assertIsNone(self.negotiated(broker))
        self.assertEqual(self.negotiated(broker, version=ssl.TLSVersion.TLSv1_3)[0], "TLSv1.3")

    def test_what_is_none(self):
        for flag, value in (("--tls-ciphers", "GOOD-ONES"), ("--tls-ciphers", ""), ("--tls-min-version", "1.1")):
            ended = subprocess.run([SERVER, f"{flag}={value}"], capture_output=True, text=True, timeout=DEADLINE)
            self.assertEqual((ended.returncode, ended.stdout), (2, ""))
            self.assertIn(flag, ended.stderr)


class Certificates(TlsTest):
    def served(self, broker, port="addr"):
        """What a client that trusts nobody is shown."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        with context.wrap_socket(socket.create_connection(getattr(broker, port), timeout=DEADLINE)) as connection:
            return ssl.DER_cert_to_PEM_cert(connection.getpeercert(binary_form=True))

    def setUp(self):
        self.files = [os.path.join(self.directory, "used" + suffix) for suffix in (".pem", ".key")]
        self.use(self.certificate)
        self.broker = TlsBroker(self.files)
        self.addCleanup(self.broker.close)
        self.broker.ask_admin("POST", "/moon")

    def use(self, certificate, files=None):
        for source, target in zip(certificate, files or self.files):
            shutil.copyfile(source, target)

    def test_reload(self):
        before = self.served(self.broker)
        browser = TlsBrowser(self.broker.addr, "/moon", self.broker.context)
        self.addCleanup(browser.close)
        self.use(make_certificate(self.directory, "two"))
        self.assertEqual(self.served(self.broker), before)
        self.broker.process.send_signal(signal.SIGHUP)
        wait_until(lambda: self.served(self.broker) != before, "the new certificate")
        # Whoever was connected stays.
        self.assertEqual(browser.error("auth"), 400)

    def test_a_reload_that_fails(self):
        before = self.served(self.broker)
        with open(self.files[0], "w") as file:
            file.write("no certificate")
        self.broker.process.send_signal(signal.SIGHUP)
        wait_until(lambda: "certificate of the port of browsers and backends not reloaded" in
                   self.broker.log_text(), "the log line")
        self.assertEqual(self.served(self.broker), before)

    def test_each_port_for_itself(self):
        admin_files = [os.path.join(self.directory, "admin" + suffix) for suffix in (".pem", ".key")]
        ports = [("addr", "the port of browsers and backends", self.files),
                 ("admin_addr", "the admin port", admin_files)]
        for bad, good in (ports, ports[::-1]):
            for _, _, files in ports:
                self.use(self.certificate, files)
            broker = TlsBroker(self.files, admin_files)
            self.addCleanup(broker.close)
            before = self.served(broker)
            with open(bad[2][0], "w") as file:
                file.write("no certificate")
            self.use(make_certificate(self.directory, "four"), good[2])
            broker.process.send_signal(signal.SIGHUP)
            wait_until(lambda: f"certificate of {bad[1]} not reloaded" in broker.log_text() and
                       f"certificate of {good[1]} reloaded" in broker.log_text(), "both log lines")
            self.assertEqual(self.served(broker, bad[0]), before)
            self.assertNotEqual(self.served(broker, good[0]), before)

    def test_files_that_cannot_be_used(self):
        other = make_certificate(self.directory, "three")
        locked = os.path.join(self.directory, "locked.key")
        subprocess.run(["openssl", "ec", "-in", self.certificate[1], "-out", locked, "-aes256",
                        "-passout", "pass:x"], check=True, capture_output=True, timeout=DEADLINE)
        storage = os.path.join(self.directory, "storage")
        for certificate, key, complaint in (
                (self.certificate[0], other[1], f"use {other[1]}: it is not the key of {self.certificate[0]}"),
                (self.certificate[0], "/nonexistent", "read /nonexistent: No such file or directory"),
                ("/nonexistent", other[1], "read /nonexistent: No such file or directory"),
                (self.certificate[1], self.certificate[1], f"use {self.certificate[1]}: it holds no certificate"),
                (self.certificate[0], self.certificate[0], f"use {self.certificate[0]}: it holds no private key"),
                (self.certificate[0], locked, f"use {locked}: it holds no private key in PEM, or one that")):
            ended = subprocess.run([SERVER, "--addr", "127.0.0.1:0", "--admin-addr", "127.0.0.1:0",
                                    "--storage-dir", storage, "--node-name", "test-node",
                                    "--tls-cert", certificate, "--tls-key", key],
                                   capture_output=True, text=True, timeout=DEADLINE)
            self.assertEqual(ended.returncode, 1)
            self.assertIn("webrocket-server: cannot " + complaint, ended.stderr)

    def test_one_without_the_other(self):
        ended = subprocess.run([SERVER, "--tls-cert", self.files[0]], capture_output=True, text=True,
                               timeout=DEADLINE)
        self.assertEqual(ended.returncode, 2)
        self.assertIn("--tls-key", ended.stderr)


if __name__ == "__main__":
    main()
