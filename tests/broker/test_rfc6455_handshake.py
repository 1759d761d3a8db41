"""RFC 6455's opening handshake: what a server has to do, and has to refuse. docs/rfc6455.md has a row for
each test here."""

import base64
import hashlib
import os
import socket

from harness import PING, TEXT, RawConnection, frame, main
from rfc6455 import KEY, Rfc6455Test


class HandshakeTest(Rfc6455Test):
    def request(self, *headers, request=None, **changes):
        """A handshake; changes name headers that are to be other ones, or None to be left out."""
        given = {"Host": "x", "Upgrade": "websocket", "Connection": "Upgrade",
                 "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": KEY}
        for name, value in changes.items():
            given[name.replace("_", "-")] = value
        lines = [request or f"GET {self.vhost.path} HTTP/1.1"]
        lines += [f"{name}: {value}" for name, value in given.items() if value is not None]
        return "\r\n".join([*lines, *headers]) + "\r\n\r\n"

    def answer(self, *headers, **changes):
        with RawConnection(self.broker.addr) as raw:
            raw.send(self.request(*headers, **changes))
            return raw.head()

    def shake(self, *headers, **changes):
        return self.answer(*headers, **changes)[0]


class ClientHandshake(HandshakeTest):
    """4.2.1: what has to be in a request, and that one without it is refused."""

    def test_method(self):
        for method in ("POST", "HEAD", "PUT", "DELETE", "OPTIONS", "get"):
            self.assertEqual(self.shake(request=f"{method} {self.vhost.path} HTTP/1.1"), 405, method)

    def test_http_version(self):
        self.assertEqual(self.shake(request=f"GET {self.vhost.path} HTTP/1.0"), 400)
        for version in ("HTTP/0.9", "HTTP/2.0", "HTTP/1", "http/1.1"):
            self.assertEqual(self.shake(request=f"GET {self.vhost.path} {version}"), 400, version)

    def test_resource(self):
        path = self.vhost.path
        for target in (path + "?a=b", path + "?", "http://x" + path, f"http://x:80{path}?a=b"):
            self.assertEqual(self.shake(request=f"GET {target} HTTP/1.1"), 101, target)
        for target in (path + "/", path + "/events", path + "/token", "/", "/nope", "/%zz", path + "%20",
                       "http://x/nope"):
            self.assertEqual(self.shake(request=f"GET {target} HTTP/1.1"), 404, target)
        self.assertIn(self.shake(request="GET * HTTP/1.1"), (301, 404))

    def test_fragments_of_addresses_are_not_sent(self):
        self.assertIn(self.shake(request=f"GET {self.vhost.path}#fragment HTTP/1.1"), (400, 404))

    def test_host(self):
        self.assertEqual(self.shake(Host=None), 400)
        self.assertEqual(self.shake("Host: y"), 400)
        for host in ("x", "x:8080", "127.0.0.1", "[::1]:80"):
            self.assertEqual(self.shake(Host=host), 101, host)

    def test_upgrade(self):
        for upgrade in (None, "", "h2c", "websockets", "web socket", "TLS/1.0"):
            self.assertEqual(self.shake(Upgrade=upgrade), 400, upgrade)
        for upgrade in ("WebSocket", "WEBSOCKET", "h2c, websocket", "h2c,\twebsocket ,x"):
            self.assertEqual(self.shake(Upgrade=upgrade), 101, upgrade)
        self.assertEqual(self.shake("Upgrade: websocket", Upgrade="h2c"), 101)

    def test_connection(self):
        for connection in (None, "", "close", "keep-alive", "Upgraded", "x Upgrade"):
            self.assertEqual(self.shake(Connection=connection), 400, connection)
        for connection in ("upgrade", "UPGRADE", "keep-alive,Upgrade", "a ,\tupgrade , b"):
            self.assertEqual(self.shake(Connection=connection), 101, connection)
        self.assertEqual(self.shake("Connection: Upgrade", Connection="keep-alive"), 101)

    def test_key(self):
        for key in (None, "", "x", KEY[:-2], KEY[:-1], KEY + "=", "dGhlIHNhbXBsZSBub25jZWU=",
                    "dGhlIHNhbXBsZSBub24=", "dGhlIHNhbXBsZSBub25jZ!==", "=" * 24, "A" * 4000):
            self.assertEqual(self.shake(Sec_WebSocket_Key=key), 400, key)
        self.assertEqual(self.shake(f"Sec-WebSocket-Key: {KEY}"), 400)

    def test_version_is_given_once(self):
        for other in ("13", "8"):
            self.assertEqual(self.shake(f"Sec-WebSocket-Version: {other}"), 400, other)

    def test_grammar_of_subprotocols(self):
        for value in ("", "a b", "a/b", "{a}", "a;b", '"a"', "\xe9", ","):
            self.assertEqual(self.shake(Sec_WebSocket_Protocol=value), 400, value)

    def test_grammar_of_extensions(self):
        for value in ("", ";", "a;", "a b", "a;=b", "a; b=", 'a; b="c', 'a; b="c d"', "a/b", "\xe9", ","):
            self.assertEqual(self.shake(Sec_WebSocket_Extensions=value), 400, value)
        for value in ("a", "a, b", "a;b", 'a; b; c=d; e="f", g', "permessage-deflate; client_max_window_bits"):
            self.assertEqual(self.shake(Sec_WebSocket_Extensions=value), 101, value)

    def test_other_headers_are_ignored(self):
        self.assertEqual(self.shake("Cookie: a=b", "Authorization: Basic x", "Sec-WebSocket-Accept: x",
                                    "Sec-WebSocket-Unknown: x", "X: y", "X: z"), 101)

    def test_names_and_order_of_headers(self):
        text = self.request("sec-websocket-KEY: " + KEY, "UPGRADE: websocket", "connection: upgrade",
                            "Sec-Websocket-Version:13", "hOST:  x  ", Host=None, Upgrade=None,
                            Connection=None, Sec_WebSocket_Version=None, Sec_WebSocket_Key=None)
        with RawConnection(self.broker.addr) as raw:
            raw.send(text)
            self.assertEqual(raw.head()[0], 101)

    def test_one_byte_at_a_time(self):
        with RawConnection(self.broker.addr) as raw:
            for byte in self.request().encode():
                raw.send(bytes([byte]))
            self.assertEqual(raw.head()[0], 101)

    def test_every_beginning_of_a_handshake(self):
        text = self.request()
        for length in range(len(text)):
            with RawConnection(self.broker.addr) as raw:
                raw.send(text[:length])
                raw.socket.shutdown(socket.SHUT_WR)
                self.assertIsNone(raw.response())

    def test_a_refused_handshake_leaves_the_connection_to_http(self):
        with RawConnection(self.broker.addr) as raw:
            raw.send("GET /nope HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n\r\n")
            self.assertEqual(raw.response()[0], 404)
            raw.send(f"GET {self.vhost.path} HTTP/1.1\r\nHost: x\r\n\r\n")
            self.assertEqual(raw.response()[0], 400)


class ServerHandshake(HandshakeTest):
    """4.2.2: what the broker answers."""

    def test_answer(self):
        with RawConnection(self.broker.addr) as raw:
            raw.send(self.request())
            self.assertEqual(raw.file.readline(), b"HTTP/1.1 101 Switching Protocols\r\n")
        status, headers = self.answer()
        self.assertEqual(status, 101)
        headers.pop("date")
        self.assertEqual(headers, {"upgrade": "websocket", "connection": "Upgrade",
                                   "sec-websocket-accept": "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="})

    def test_accept_follows_from_the_key(self):
        for _ in range(20):
            key = base64.b64encode(os.urandom(16)).decode()
            digest = hashlib.sha1((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").encode()).digest()
            for given in (key, f" \t{key} "):
                headers = self.answer(Sec_WebSocket_Key=given)[1]
                self.assertEqual(headers["sec-websocket-accept"], base64.b64encode(digest).decode())

    def test_subprotocols(self):
        status, headers = self.answer(Sec_WebSocket_Protocol="chat.v-1")
        self.assertEqual((status, headers["sec-websocket-protocol"]), (101, "chat.v-1"))
        self.assertNotIn("sec-websocket-protocol", self.answer()[1])
        self.assertEqual(self.shake(Sec_WebSocket_Protocol="a,b"), 400)
        self.assertEqual(self.shake("Sec-WebSocket-Protocol: a", "Sec-WebSocket-Protocol: b"), 400)

    def test_extensions_are_declined(self):
        for headers in (["Sec-WebSocket-Extensions: permessage-deflate"],
                        ["Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits=10, x"],
                        ["Sec-WebSocket-Extensions: x", "Sec-WebSocket-Extensions: y"]):
            status, answer = self.answer(*headers)
            self.assertEqual(status, 101)
            self.assertNotIn("sec-websocket-extensions", answer)

    def test_frames_right_behind_the_handshake(self):
        with RawConnection(self.broker.addr) as raw:
            raw.send(self.request().encode() +
                     frame(PING, b"early") + frame(TEXT, b'{"auth":{}}')[:9])
            self.assertEqual(raw.head()[0], 101)
            raw.send(frame(TEXT, b'{"auth":{}}')[9:])
            heard = b""
            while b"early" not in heard or b'"code":400' not in heard:
                heard += raw.file.read1()
            self.assertTrue(heard.index(b":connected") < heard.index(b'"code":400'))


class Versions(HandshakeTest):
    """4.4"""

    def test_others_are_told_which_there_is(self):
        for version in (None, "", "0", "7", "8", "12", "14", "130", "013", "13, 8", "x", "-13"):
            status, headers = self.answer(Sec_WebSocket_Version=version)
            self.assertEqual((status, headers["sec-websocket-version"]), (426, "13"), version)

    def test_the_answer_names_the_protocol_to_upgrade_to(self):
        self.assertEqual(self.answer(Sec_WebSocket_Version="8")[1].get("upgrade"), "websocket")

    def test_one_may_try_again(self):
        with RawConnection(self.broker.addr) as raw:
            raw.send(self.request(Sec_WebSocket_Version="8"))
            self.assertEqual(raw.response()[0], 426)
            raw.send(self.request())
            self.assertEqual(raw.head()[0], 101)


if __name__ == "__main__":
    main()
