"""One stranger, at one address, who takes every place that there is, and keeps it with pongs."""

import socket

import attack
from harness import PONG, frame

WANTED = 3000
ADDRESS = "127.0.0.250"


def seats(target, stop):
    taken, refused = [], 0

    def take():
        nonlocal refused
        connection = socket.create_connection(target.addr, attack.DEADLINE, source_address=(ADDRESS, 0))
        try:
            connection.sendall(target.handshake())
            if connection.recv(4096).startswith(b"HTTP/1.1 101"):
                taken.append(connection)
                return
        except OSError:
            pass
        refused += 1
        attack.hang_up(connection)

    for _ in range(WANTED):
        take()
    attack.in_full_swing()
    turns = 0
    while not stop.wait(0.002):
        turns += 1
        take()
        if taken:
            try:
                taken[turns % len(taken)].send(frame(PONG))
            except OSError:
                taken.pop(turns % len(taken))
    return {"taken": len(taken), "refused": refused}


if __name__ == "__main__":
    attack.main(seats)
