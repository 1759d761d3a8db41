"""No attack, but what one might bring about: the broker stands still for some milliseconds, again and
again. Whoever measures has to notice."""

import os
import signal
import time

import attack
import machine

FOR = 0.004
EVERY = 0.05


def stalls(_, stop):
    broker = int(os.environ["BROKER_PID"])
    count = 0
    attack.in_full_swing()
    try:
        while not stop.wait(EVERY - FOR):
            os.kill(broker, signal.SIGSTOP)
            time.sleep(FOR)
            os.kill(broker, signal.SIGCONT)
            count += 1
    finally:
        os.kill(broker, signal.SIGCONT)
    return {"stalls": count}


if __name__ == "__main__":
    attack.main(stalls, machine.place_witness)  # on the dot
