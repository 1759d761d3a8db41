"""Requests with a header of 1 MB, one after the other."""

import attack

SIZE = 1 << 20


def large_headers(target, stop):
    begin = f"GET {target.path} HTTP/1.1\r\nHost: x\r\nX: ".encode()
    forms = [begin + b"x" * SIZE, begin + b"x: y\r\nx" * (SIZE // 7), b"G" * SIZE,
             b"GET /" + b"x" * SIZE + b" HTTP/1.1\r\n\r\n"]
    sent = refused = 0
    while not stop:
        connection = target.connect()
        try:
            connection.sendall(forms[sent % len(forms)])
        except OSError:
            pass  # it has been told already
        try:
            refused += connection.recv(20).startswith(b"HTTP/1.1 4")
        except OSError:
            pass
        attack.hang_up(connection)
        sent += 1
        if sent == 20:
            attack.in_full_swing()
    return {"sent": sent, "refused": refused}


if __name__ == "__main__":
    attack.main(large_headers)
