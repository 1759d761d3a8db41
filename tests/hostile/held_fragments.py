"""Browsers that nobody knows, each in the middle of a message that never ends: half of them keep what they
may, the others try for a megabyte. Pongs show that they are there."""

import attack
from harness import CONTINUATION, PONG, TEXT, frame

BROWSERS = 400
PIECE = b"x" * 1000
FEW, MANY = 15, 1000


def held_fragments(target, stop):
    held = refused = turns = 0

    def hold(number):
        """What it holds, or nothing when it was sent away."""
        browser = target.browser(receive_buffer=4096)
        pieces = FEW if number % 2 else MANY
        try:
            browser.send(frame(TEXT, PIECE, fin=False))
            browser.send(frame(CONTINUATION, PIECE, fin=False) * (pieces - 1))
        except OSError:
            pass
        browser.socket.setblocking(False)
        return browser

    browsers = [hold(number) for number in range(BROWSERS)]
    attack.in_full_swing()
    while not stop.wait(0.005):
        at = turns % BROWSERS
        turns += 1
        try:
            browsers[at].send(frame(PONG))
            held += 1
        except OSError:
            browsers[at].close()
            browsers[at] = hold(at)
            refused += 1
    return {"held": held, "refused": refused}


if __name__ == "__main__":
    attack.main(held_fragments)
