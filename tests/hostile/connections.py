"""Connections that are opened and dropped: at once, after half a handshake, after a whole one."""

import attack

AT_LEAST = 20_000


def connections(target, stop):
    handshake = target.handshake()
    first_words = [b"", handshake[:60], handshake, handshake + b"\x81\x85"]
    opened = 0
    while opened < AT_LEAST or not stop:
        connection = target.connect()
        words = first_words[opened % len(first_words)]
        if words:
            connection.send(words)
        if opened % 3:
            attack.hang_up(connection)
        else:
            connection.close()
        opened += 1
        if opened == 500:
            attack.in_full_swing()
    return {"opened": opened}


if __name__ == "__main__":
    attack.main(connections)
