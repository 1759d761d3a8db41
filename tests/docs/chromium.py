"""A page in a real browser, without a window: Chromium, driven through its DevTools protocol.

It needs in the environment: CHROMIUM.
"""

import http.client
import json
import os
import re
import shutil
import subprocess
import tempfile

from harness import DEADLINE, Browser, RawConnection, wait_until

# A test's browser speaks to nobody but the test; root and containers have no sandbox.
FLAGS = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-quic",
         "--no-first-run", "--disable-background-networking", "--disable-component-update",
         "--disable-sync", "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE localhost , EXCLUDE 127.0.0.1",
         "--remote-debugging-port=0"]


class DevTools(Browser):
    """The same WebSocket connection as a browser's, but to a browser."""

    def __init__(self, addr, path):
        RawConnection.__init__(self, addr)
        self.send(f"GET {path} HTTP/1.1\r\nHost: {addr[0]}:{addr[1]}\r\nUpgrade: websocket\r\n"
                  "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")
        status, _ = self.head()
        assert status == 101, status
        self.calls = 0

    def call(self, method, **parameters):
        self.calls += 1
        self.say_text(json.dumps({"id": self.calls, "method": method, "params": parameters}))
        while True:
            answer = self.hear()
            if answer.get("id") == self.calls:
                return answer["result"]


class Page:
    def __init__(self, url):
        self.profile = tempfile.mkdtemp(prefix="kosmonaut-chromium-")
        self.log = open(os.path.join(self.profile, "log"), "w+b")
        self.tools = None
        self.process = subprocess.Popen(
            [os.environ.get("CHROMIUM", "chromium"), *FLAGS, f"--user-data-dir={self.profile}/data", url],
            stdout=subprocess.DEVNULL, stderr=self.log)
        try:
            port = int(wait_until(self.devtools_address, "Chromium")[1])
            self.tools = DevTools(("127.0.0.1", port), wait_until(lambda: self.path_of_page(port), "a page"))
        except BaseException:
            self.close()
            raise

    def devtools_address(self):
        assert self.process.poll() is None, f"Chromium ended:\n{self.said}"
        return re.search(r"DevTools listening on ws://127\.0\.0\.1:(\d+)/", self.said)

    @staticmethod
    def path_of_page(port):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=DEADLINE)
        connection.request("GET", "/json/list")
        targets = json.loads(connection.getresponse().read())
        connection.close()
        urls = [target["webSocketDebuggerUrl"] for target in targets if target["type"] == "page"]
        return urls and re.sub(r"^ws://[^/]+", "", urls[0])

    @property
    def said(self):
        with open(self.log.name, errors="replace") as file:
            return file.read()

    def value_of(self, expression):
        return self.tools.call("Runtime.evaluate", expression=expression)["result"].get("value")

    def close(self):
        if self.tools:
            self.tools.close()
        self.process.terminate()
        self.process.wait(DEADLINE)
        self.log.close()
        shutil.rmtree(self.profile, ignore_errors=True)
