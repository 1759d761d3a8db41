"""A backend whose batches are answered at much greater length than they have themselves, and which does not
read the answers."""

import attack

CONNECTIONS = 100
TOO_MANY, MANY = 300_000, 1000


def batches(target, stop):
    def request(count):
        body = '{"triggers":[' + ",".join(["{}"] * count) + "]}"
        return (f"POST {target.path}/events HTTP/1.1\r\nHost: x\r\n{target.authorization()}\r\n"
                f"Content-Length: {len(body)}\r\n\r\n{body}").encode()

    requests = [request(TOO_MANY), request(MANY) * 8]

    def begin(number):
        connection = target.connect()
        connection.setblocking(False)
        try:
            connection.send(requests[number % len(requests)])
        except OSError:
            pass
        return connection

    return attack.in_turn(CONNECTIONS, begin, stop, 0.02)


if __name__ == "__main__":
    attack.main(batches)
