"""A worker that acknowledges, and pages whose events it gets."""

import http.client
import json
import urllib.parse

from harness import DEADLINE, EventStream


class GroupWorker(EventStream):
    """A member's connection. The constructor returns once it is a member."""

    def __init__(self, vhost, group="g", worker="w", **query):
        self.vhost, self.group = vhost, group
        query = {"group": group, "worker": worker, "ack": "explicit", **query}
        self.connection = http.client.HTTPConnection(*vhost.broker.addr, timeout=DEADLINE)
        self.connection.request("GET", vhost.path + "/events?" + urllib.parse.urlencode(query),
                                headers=vhost.headers())
        self.response = self.connection.getresponse()
        assert self.response.status == 200, self.response.read()
        self.id = self.response.headers["X-WebRocket-Worker-Id"]
        self.terms = dict(term.split("=") for term in
                          self.response.headers["X-WebRocket-Delivery"].split("; ")[1:])
        assert self.record() == {"retry": "1000"}

    def next(self):
        """The next record that is no comment; None at the end."""
        while True:
            record = self.record()
            if record is None or "event" in record:
                return record

    def next_topics(self, count):
        return [self.next()["event"] for _ in range(count)]

    def post(self, what, **body):
        body = {"group": self.group, "stream": self.id, **body}
        response = self.vhost.request("POST", "/events/" + what, json.dumps(body))
        assert response.status == 202, (response.status, response.body)
        return response.json()["ignored"]

    def ack(self, upto=None, ids=()):
        body = {} if upto is None else {"upto": int(upto)}
        return self.post("ack", **body, **({"ids": list(ids)} if ids else {}))

    def nack(self, *ids, delay_ms=0, unhandled=False):
        return self.post("nack", ids=list(ids), delay_ms=delay_ms, unhandled=unhandled)

    def extend(self, *ids):
        return self.post("extend", ids=list(ids))

    def cut(self):
        """As a process that is killed does."""
        self.connection.sock.close() if self.connection.sock else None
        self.close()


def put_group(broker, vhost, group="g", **settings):
    response = broker.admin("PUT", f"{vhost.path}/groups/{group}", body=json.dumps(settings))
    assert response.status == 200, (response.status, response.body)
    return response.json()["group"]


def group_of(broker, vhost, group="g"):
    response = broker.admin("GET", f"{vhost.path}/groups/{group}")
    assert response.status == 200, (response.status, response.body)
    return response.json()["group"]


def taken(page, count):
    """The refs of the next events that were taken, in order, and which of them nobody keeps."""
    refs, unkept = [], []
    while len(refs) < count:
        told = page.hear()
        if ":accepted" in told:
            refs += told[":accepted"]["refs"]
            unkept += told[":accepted"].get("unkept", [])
        else:
            assert ":error" not in told, told
    return refs, unkept


def accepted(page, count):
    return taken(page, count)[0]
