"""Where pages connect, and from which origins."""

import asyncio
import json

import websockets

from harness import BrokerTest, RawConnection, main

KEY = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="


class Handshake(BrokerTest):
    def shake(self, path=None, **changes):
        headers = {"Host": "x", "Upgrade": "websocket", "Connection": "keep-alive, Upgrade",
                   "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ=="}
        for name, value in changes.items():
            headers[name.replace("_", "-")] = value
        text = "".join(f"{name}: {value}\r\n" for name, value in headers.items() if value is not None)
        with RawConnection(self.broker.addr) as raw:
            raw.send(f"GET {path or self.vhost.path} HTTP/1.1\r\n{text}\r\n")
            return raw.head()

    def test_library_client(self):
        async def talk():
            host, port = self.broker.addr
            uri = f"ws://{host}:{port}{self.vhost.path}?query=ignored"
            async with websockets.connect(uri, origin="http://example.com", subprotocols=["foo"]) as ws:
                self.assertEqual(ws.subprotocol, "foo")
                self.assertIn(":connected", json.loads(await ws.recv()))
                await (await ws.ping())
                await ws.send(json.dumps({"close": {}}))
                self.assertIn(":closed", json.loads(await ws.recv()))
                with self.assertRaises(websockets.ConnectionClosedOK):
                    await ws.recv()
                self.assertEqual(ws.close_code, 1000)

        asyncio.run(talk())

    def test_paths(self):
        path = self.vhost.path
        self.assertEqual(self.shake(path)[0], 101)
        self.assertEqual(self.shake(path + "?a=b&c")[0], 101)
        for wrong in (path + "/", "/nope", "/", path + "/events", path + "x", path.upper()):
            self.assertEqual(self.shake(wrong)[0], 404, wrong)
        for unclean in (path + "//", "/" + path, "/a/.." + path, path + "/."):
            status, headers = self.shake(unclean)
            self.assertEqual(status, 301, unclean)
            self.assertEqual(headers["location"].rstrip("/"), path)

    def test_origin(self):
        for origin in (None, "http://a.example", "https://a:1", "null", "file://x"):
            self.assertEqual(self.shake(Origin=origin)[0], 101, origin)
        for origin in ("", "nonsense", "://", "http://"):
            self.assertEqual(self.shake(Origin=origin)[0], 403, origin)

    def test_every_connection_has_an_id_of_its_own(self):
        browser = self.browser()
        self.assertEqual(len(browser.sid), 36)
        self.assertNotEqual(browser.sid, self.browser().sid)


class AllowedOrigins(BrokerTest):
    FLAGS = ("--allow-origin", "https://good.example", "--allow-origin", "http://dev:1",
             "--allow-origin", "https://*.wide.example")

    def test_allow_list(self):
        for origin, status in (("https://good.example", 101), ("http://dev:1", 101),
                               ("https://a.b.wide.example", 101), ("https://wide.example", 403),
                               ("https://a.wide.example:1", 403), ("https://evilwide.example", 403),
                               ("https://bad.example", 403), ("https://good.example.evil", 403)):
            with RawConnection(self.broker.addr) as raw:
                raw.send(f"GET {self.vhost.path} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n"
                         f"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n{KEY}\r\n"
                         f"Origin: {origin}\r\n\r\n")
                self.assertEqual(raw.head()[0], status, origin)


if __name__ == "__main__":
    main()
