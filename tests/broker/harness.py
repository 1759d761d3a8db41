"""A real broker for a test, and the clients to drive it with.

Nothing here sleeps and hopes: whatever has to happen is waited for, with a deadline.
"""

import base64
import http.client
import json
import os
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
import time
import unittest

SERVER = os.environ.get("WEBROCKET_SERVER", "webrocket-server")
ADMIN = os.environ.get("WEBROCKET_ADMIN", "webrocket-admin")
# For a whole suite to be run with others than the usual ones.
FLAGS = os.environ.get("WEBROCKET_SERVER_FLAGS", "").split()
DEADLINE = 20.0
# For tests in which a browser stands for many, or for one that is let do as it likes.
UNLIMITED = ("--max-message-bytes", str(1 << 20), "--max-first-message-bytes", str(1 << 20),
             "--max-messages-per-second", "0", "--max-bytes-per-second", "0")


def wait_until(condition, what="condition"):
    end = time.monotonic() + DEADLINE
    while True:
        result = condition()
        if result:
            return result
        if time.monotonic() > end:
            raise AssertionError("timed out waiting for " + what)
        time.sleep(0.01)


def wait_past(seconds):
    """Until that much time has gone by on the clock that the broker reads, too: never less."""
    end = time.monotonic() + seconds
    wait_until(lambda: time.monotonic() > end, f"{seconds} s to go by")


class Response:
    def __init__(self, raw):
        self.status = raw.status
        self.headers = raw.headers
        self.body = raw.read()

    def json(self):
        return json.loads(self.body)


def split(addr):
    host, port = addr.rsplit(":", 1)
    return host, int(port)


class Broker:
    """One server process. Its storage outlives stop(), so that start() is a restart."""

    def __init__(self, *flags, server=SERVER):
        self.server = server
        self.flags = flags
        self.dir = tempfile.mkdtemp(prefix="webrocket-test-")
        self.process = None
        self.vhosts = []
        self.port = 0
        self.start()

    @property
    def storage(self):
        return os.path.join(self.dir, "storage")

    @property
    def database(self):
        return os.path.join(self.storage, "test-node.db")

    def command(self, *flags):
        return [self.server, "--addr", f"127.0.0.1:{self.port}", "--admin-addr", "127.0.0.1:0",
                "--storage-dir", self.storage, "--node-name", "test-node",
                "--ready-file", os.path.join(self.dir, "ready.json"), *FLAGS, *self.flags, *flags]

    def popen(self, **options):
        return subprocess.Popen(self.command(), **options)

    def start(self):
        ready = os.path.join(self.dir, "ready.json")
        if os.path.exists(ready):
            os.unlink(ready)
        self.log = open(os.path.join(self.dir, "log"), "ab")
        self.process = self.popen(stderr=self.log)

        def is_ready():
            if self.process.poll() is not None:
                raise AssertionError("the server did not start:\n" + self.log_text())
            return os.path.exists(ready)

        wait_until(is_ready, "the ready file")
        with open(ready) as file:
            self.ready = json.load(file)
        self.addr = split(self.ready["addr"])
        self.admin_addr = split(self.ready["admin_addr"])
        with open(self.ready["cookie_file"]) as file:
            self.cookie = file.read()

    def restart_where_it_was(self):
        """For clients that come back by themselves."""
        self.port = self.addr[1]
        self.stop()
        self.start()

    def log_text(self):
        with open(os.path.join(self.dir, "log"), errors="replace") as file:
            return file.read()

    def stop(self, number=signal.SIGTERM):
        if self.process is None:
            return None
        self.process.send_signal(number)
        status = self.process.wait(DEADLINE)
        self.process = None
        self.log.close()
        return status

    def kill(self):
        self.stop(signal.SIGKILL)

    def close(self):
        """Stops for good, and fails if the server had anything to be ashamed of."""
        for vhost in self.vhosts:
            vhost.disconnect()
        try:
            status = self.stop()
            text = self.log_text()
            assert status in (0, None), f"exit status {status}:\n{text}"
            assert "Sanitizer" not in text and "runtime error" not in text, text
        finally:
            shutil.rmtree(self.dir, ignore_errors=True)

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    def data_bytes(self):
        """Of memory that it has asked for, used or not."""
        with open(f"/proc/{self.process.pid}/status") as file:
            return next(int(line.split()[1]) << 10 for line in file if line.startswith("VmData:"))

    def admin(self, method, path, cookie=True, body=None):
        connection = http.client.HTTPConnection(*self.admin_addr, timeout=DEADLINE)
        headers = {"X-WebRocket-Cookie": self.cookie if cookie is True else cookie} if cookie else {}
        connection.request(method, path, body=body, headers=headers)
        response = Response(connection.getresponse())
        connection.close()
        return response

    def vhost(self, path):
        response = self.admin("POST", "/" + path.lstrip("/").replace("/", "%2F"))
        assert response.status == 302, response.body
        self.vhosts.append(Vhost(self, path, self.token_of(path)))
        return self.vhosts[-1]

    def token_of(self, path):
        return self.admin("GET", path).json()["vhost"]["accessToken"]


class Vhost:
    def __init__(self, broker, path, token):
        self.broker = broker
        self.path = path
        self.token = token
        self.connection = None

    def headers(self):
        credentials = base64.b64encode(f"wr:{self.token}".encode()).decode()
        return {"Authorization": "Basic " + credentials}

    def request(self, method, suffix, body=None, headers=None):
        """Over one kept-alive connection, like a backend."""
        if self.connection is None:
            self.connection = http.client.HTTPConnection(*self.broker.addr, timeout=DEADLINE)
        self.connection.request(method, self.path + suffix, body=body,
                                headers=self.headers() if headers is None else headers)
        response = Response(self.connection.getresponse())
        if response.headers.get("Connection", "").lower() == "close":
            self.connection.close()
        return response

    def disconnect(self):
        if self.connection is not None:
            self.connection.close()
            self.connection = None

    def open(self, channel):
        response = self.request("POST", "/channels/" + channel)
        assert response.status == 202, response.body
        return channel

    def fire(self, channel, event, data=None):
        trigger = {"event": event}
        if data is not None:
            trigger["data"] = data
        return self.request("POST", f"/channels/{channel}/events", json.dumps({"trigger": trigger}))

    def access_token(self, uid="alice", channels=".*"):
        quoted = "".join(f"%{byte:02X}" for byte in channels.encode())
        who = "".join(f"%{byte:02X}" for byte in uid.encode())
        response = self.request("GET", f"/token?uid={who}&channels={quoted}")
        assert response.status == 200, response.body
        return response.json()["token"]

    def browser(self, uid=None, channels=".*"):
        browser = Browser(self.broker.addr, self.path)
        if uid is not None:
            browser.say("auth", token=self.access_token(uid, channels))
            assert browser.hear() == {":authenticated": {}}
        return browser

    def subscribers(self, channel):
        response = self.broker.admin("GET", f"{self.path}/channels/{channel}")
        return response.json()["channel"]["subscribers"]["size"]

    def worker(self, filter=None):
        return EventStream(self, filter)


class Closed(Exception):
    def __init__(self, code):
        super().__init__(f"closed with {code}")
        self.code = code


class RawConnection:
    """A socket that sends whatever it is told to."""

    def __init__(self, addr, receive_buffer=None):
        self.socket = socket.socket(socket.AF_INET6 if ":" in addr[0] else socket.AF_INET)
        self.socket.settimeout(DEADLINE)
        if receive_buffer is not None:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.connect(addr)
        self.file = self.socket.makefile("rb")

    def send(self, data):
        self.socket.sendall(data if isinstance(data, bytes) else data.encode())

    def head(self):
        """Status and headers of the next response; None when the server hung up."""
        line = self.file.readline()
        if not line:
            return None
        headers = {}
        while True:
            header = self.file.readline().strip()
            if not header:
                return int(line.split()[1]), headers
            name, value = header.decode().split(":", 1)
            headers[name.lower()] = value.strip()

    def response(self):
        head = self.head()
        if head is None:
            return None
        status, headers = head
        return status, headers, self.file.read(int(headers.get("content-length", 0)))

    def is_closed(self):
        try:
            return self.file.read(1) == b""
        except ConnectionError:
            return True

    def is_forgotten(self):
        """Whether the server has let go of it, and not only ended its own side."""
        try:
            self.send(b"\0")
            return False
        except ConnectionError:
            return True

    def close(self):
        self.file.close()
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def frame(opcode, payload=b"", fin=True, masked=True, reserved=0, length=None, length_bytes=None,
          mask=b"\x12\x34\x56\x78"):
    """One frame from a client; the arguments after the payload are for lying."""
    size = len(payload) if length is None else length
    first = (0x80 if fin else 0) | (reserved << 4) | opcode
    mask_bit = 0x80 if masked else 0
    if length_bytes is None:
        length_bytes = 0 if size < 126 else 2 if size < 65536 else 8
    if length_bytes == 0:
        header = struct.pack("!BB", first, mask_bit | size)
    elif length_bytes == 2:
        header = struct.pack("!BBH", first, mask_bit | 126, size)
    else:
        header = struct.pack("!BBQ", first, mask_bit | 127, size)
    if not masked:
        return header + payload
    repeated = (mask * (len(payload) // 4 + 1))[:len(payload)]
    body = (int.from_bytes(payload, "big") ^ int.from_bytes(repeated, "big")).to_bytes(
        len(payload), "big") if payload else b""
    return header + mask + body


TEXT, BINARY, CONTINUATION, CLOSE, PING, PONG = 1, 2, 0, 8, 9, 10


class Browser(RawConnection):
    """A WebSocket client with nothing hidden."""

    def __init__(self, addr, path, greet=True, receive_buffer=None):
        super().__init__(addr, receive_buffer)
        self.send(f"GET {path} HTTP/1.1\r\nHost: test\r\nUpgrade: websocket\r\n"
                  "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nOrigin: http://test\r\n\r\n")
        status, headers = self.head()
        assert status == 101, status
        assert headers["sec-websocket-accept"] == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
        if greet:
            self.sid = self.hear()[":connected"]["sid"]

    def read_frame(self):
        head = self.file.read(2)
        if len(head) < 2:
            raise Closed(1006)
        assert head[0] & 0x70 == 0 and head[1] & 0x80 == 0, "reserved bits or a mask"
        size = head[1] & 0x7F
        if size == 126:
            size = struct.unpack("!H", self.file.read(2))[0]
        elif size == 127:
            size = struct.unpack("!Q", self.file.read(8))[0]
        return head[0] & 0x0F, head[0] & 0x80 != 0, self.file.read(size)

    def hear_text(self, answer_pings=True):
        while True:
            opcode, fin, payload = self.read_frame()
            if opcode == PING:
                if answer_pings:
                    self.send(frame(PONG, payload))
            elif opcode == CLOSE:
                raise Closed(struct.unpack("!H", payload[:2])[0] if payload else 1005)
            elif opcode == TEXT:
                assert fin
                return payload.decode()

    def hear(self, answer_pings=True):
        return json.loads(self.hear_text(answer_pings))

    def say_text(self, text):
        self.send(frame(TEXT, text.encode()))

    def say(self, command, **payload):
        self.say_text(json.dumps({command: payload}))

    def ask(self, command, **payload):
        self.say(command, **payload)
        return self.hear()

    def error(self, command, **payload):
        return self.ask(command, **payload)[":error"]["code"]

    def subscribe(self, channel, **payload):
        answer = self.ask("subscribe", channel=channel, **payload)
        assert ":subscribed" in answer, answer
        return answer[":subscribed"]

    def silent(self):
        """Whether nothing is waiting: answers come in order, so the next one is to this."""
        return self.error("auth") == 400

    def close_code(self):
        try:
            while True:
                self.hear_text()
        except Closed as closed:
            return closed.code
        except ConnectionError:
            return 1006


class EventStream:
    """A worker's connection. The constructor returns once the worker is registered."""

    def __init__(self, vhost, filter=None, headers=None):
        self.connection = http.client.HTTPConnection(*vhost.broker.addr, timeout=DEADLINE)
        query = "" if filter is None else "?filter=" + "".join(
            f"%{byte:02X}" for byte in filter.encode())
        self.connection.request("GET", vhost.path + "/events" + query,
                                headers=headers or vhost.headers())
        self.response = self.connection.getresponse()
        assert self.response.status == 200, self.response.read()
        self.id = self.response.headers["X-WebRocket-Worker-Id"]
        assert self.record() == {"retry": "1000"}

    def record(self):
        """The next record as a dict; comments under the key ""; None at the end of the stream."""
        fields = {}
        while True:
            line = self.response.readline()
            if not line:
                return None
            line = line.decode().rstrip("\n")
            if not line:
                return fields
            name, _, value = line.partition(":")
            fields[name] = value[1:] if value.startswith(" ") else value

    def event(self):
        """The next event as (topic, payload)."""
        while True:
            record = self.record()
            if record is None:
                return None
            if "data" in record:
                return record["event"], json.loads(record["data"])

    def close(self):
        self.response.close()
        self.connection.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class BrokerTest(unittest.TestCase):
    """One server for all tests of a class, a vhost of its own for each."""

    FLAGS = ()
    count = 0

    @classmethod
    def setUpClass(cls):
        cls.broker = Broker(*cls.FLAGS)

    @classmethod
    def tearDownClass(cls):
        cls.broker.close()

    def setUp(self):
        BrokerTest.count += 1
        self.vhost = self.broker.vhost(f"/vhost{BrokerTest.count}")

    def tearDown(self):
        # Whatever the test did to it, the server is still there.
        self.assertEqual(self.broker.admin("GET", "/").status, 200)
        self.vhost.disconnect()

    def browser(self, *args, **kwargs):
        browser = self.vhost.browser(*args, **kwargs)
        self.addCleanup(browser.close)
        return browser

    def worker(self, filter=None):
        worker = self.vhost.worker(filter)
        self.addCleanup(worker.close)
        return worker


class WitnessedTest(BrokerTest):
    """Whatever happens to the others, a witness on the channel c hears nothing of it, and is served as
    before."""

    def setUp(self):
        super().setUp()
        self.vhost.open("c")
        self.witness = self.browser()
        self.witness.subscribe("c")

    def tearDown(self):
        self.vhost.fire("c", "after")
        self.assertEqual(self.witness.hear(), {"after": {"channel": "c"}})
        super().tearDown()


def main():
    unittest.main(verbosity=2)
