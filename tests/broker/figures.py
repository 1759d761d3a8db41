"""Asking a broker how it does: its health, its figures."""

import http.client

from harness import DEADLINE, Response


def get(addr, path, **headers):
    connection = http.client.HTTPConnection(*addr, timeout=DEADLINE)
    connection.request("GET", path, headers=headers)
    response = Response(connection.getresponse())
    connection.close()
    return response


def figure(broker, reason, port="service"):
    """How often that was the reason of a refusal."""
    start = f'webrocket_refusals_total{{port="{port}",reason="{reason}"}} '
    for line in broker.admin("GET", "/metrics").body.decode().splitlines():
        if line.startswith(start):
            return int(line[len(start):])
    return 0
