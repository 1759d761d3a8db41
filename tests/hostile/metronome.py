"""Sends back what it is sent: the simplest of servers, on the broker's core and more urgent than it. When
it is late, the machine is, whatever the broker does.

    metronome.py

It prints its port, and serves one connection until its standard input ends.
"""

import select
import socket
import sys

import machine


def main():
    machine.place_metronome()
    with socket.create_server(("127.0.0.1", 0)) as server:
        print(server.getsockname()[1], flush=True)
        connection, _ = server.accept()
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    while True:
        readable, _, _ = select.select([connection, sys.stdin], [], [])
        if sys.stdin in readable:
            return
        data = connection.recv(1 << 16)
        if not data:
            return
        connection.sendall(data)


if __name__ == "__main__":
    main()
