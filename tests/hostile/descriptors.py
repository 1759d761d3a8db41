"""Connections from everywhere that say nothing, more of them than there is room for."""

import attack

WANTED = 7000
PATIENCE = 5.0  # with a target that does not get round to it


def descriptors(target, stop):
    return attack.in_turn(WANTED, lambda _: target.connect(PATIENCE), stop, 0.002)


if __name__ == "__main__":
    attack.main(descriptors)
