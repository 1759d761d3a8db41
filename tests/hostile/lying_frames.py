"""Browsers whose frames lie about their length: promise what never comes, more than there may be, less
than follows."""

import attack
from harness import BINARY, CLOSE, CONTINUATION, PING, TEXT, frame

LIES = [frame(TEXT, b"x", length=(1 << 63) - 1, length_bytes=8),
        frame(TEXT, b"x", length=(1 << 64) - 1, length_bytes=8),
        frame(BINARY, b"x" * 60000, length=1 << 20, length_bytes=8),
        frame(TEXT, b"x" * 1000, length=5),
        frame(TEXT, b"x" * 5, length_bytes=8),
        frame(PING, b"x" * 10, length=126, length_bytes=2),
        frame(TEXT, b"{", fin=False) + frame(CONTINUATION, b"", length=1 << 40, length_bytes=8),
        frame(CLOSE, b"\x03\xe8", length=125),
        frame(TEXT, b"x" * 100000, length=65535, length_bytes=2)]


def lying_frames(target, stop):
    lies = 0
    waiting = []  # those that promised more keep the broker waiting for a while
    while not stop:
        browser = target.browser()
        try:
            browser.send(LIES[lies % len(LIES)])
        except OSError:
            pass  # found out
        waiting.append(browser)
        lies += 1
        if len(waiting) > 300:
            waiting.pop(0).close()
        if lies == 400:
            attack.in_full_swing()
    return {"lies": lies}


if __name__ == "__main__":
    attack.main(lying_frames)
