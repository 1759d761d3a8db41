"""A vhost with hundreds of pages that once a second, all at the same time, say as much as they may, and a
little more, beside others' vhosts."""

import base64
import http.client
import time

import attack
from harness import TEXT, frame

PAGES = 200
# Nothing comes back of what is allowed: a page that has authenticated tells workers, of whom there are none.
MESSAGE = frame(TEXT, b'{"trigger":{"event":"e"}}')
AT_FIRST = 1010  # after a silence, 1000 are allowed
THEN = 505


def loud_neighbours(target, stop):
    backend = http.client.HTTPConnection(*target.addr, timeout=attack.DEADLINE)
    credentials = base64.b64encode(f"wr:{target.token}".encode()).decode()

    def page():
        backend.request("GET", target.path + "/token?uid=u&channels=.*",
                        headers={"Authorization": "Basic " + credentials})
        response = backend.getresponse()
        body = response.read()
        assert response.status == 200, body
        browser = target.browser()
        browser.say_text('{"auth":' + body.decode() + "}")
        assert ":authenticated" in browser.hear()
        browser.socket.setblocking(False)
        return browser

    pages = [page() for _ in range(PAGES)]
    rests = {browser: MESSAGE * AT_FIRST for browser in pages}

    def say_all(browser):
        """What the system takes of it, and hear what was too much."""
        rest = rests[browser] or MESSAGE * THEN
        try:
            rests[browser] = rest[browser.socket.send(rest):]
            browser.socket.recv(1 << 16)
        except BlockingIOError:
            pass

    attack.in_full_swing()
    bursts = 0
    begin = time.monotonic()
    while not stop.wait(begin + bursts - time.monotonic()):
        for browser in pages:
            say_all(browser)
        bursts += 1
    return {"pages": len(pages), "bursts": bursts}


if __name__ == "__main__":
    attack.main(loud_neighbours)
