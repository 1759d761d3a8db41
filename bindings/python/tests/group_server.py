"""A broker's side of at-least-once delivery: streams that were written down, and answers that are kept."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


def record(tag, topic="chat/said", data="{}", fields="", name=None):
    return f"id: {name or f'e-{tag}'}\ntag: {tag}\n{fields}event: {topic}\ndata: {data}\n\n"


class Answer:
    """What a worker said of its events."""

    def __init__(self, kind, body):
        self.kind = kind
        self.group = body["group"]
        self.stream = body["stream"]
        self.upto = body.get("upto", 0)
        self.ids = body.get("ids", [])
        self.delay_ms = body.get("delay_ms")
        self.is_unhandled = body.get("unhandled", False)


class GroupServer:
    """Sends `records` on each stream, and takes every answer."""

    def __init__(self, records):
        self._changed = threading.Condition()
        self._is_closed = threading.Event()
        self.answers = []
        self.targets = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                with outer._changed:
                    outer.targets.append(self.path)
                self.send_response(200)
                self.send_header("Content-Type", "text/event-stream")
                self.send_header("X-WebRocket-Worker-Id", "S1")
                self.send_header("X-WebRocket-Delivery",
                                 "explicit; resumed=0; deadline_ms=60000; lease_ms=10000; order=none")
                self.send_header("Connection", "close")
                self.end_headers()
                self.wfile.write(records.encode())
                self.wfile.flush()
                outer._is_closed.wait()

            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                with outer._changed:
                    outer.answers.append(Answer(self.path.rsplit("/", 1)[1], body))
                    outer._changed.notify_all()
                answer = b'{"ignored":0}'
                self.send_response(202)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()

    @property
    def url(self):
        return f"http://wr:{'0' * 40}@127.0.0.1:{self._server.server_address[1]}/moon"

    def close(self):
        self._is_closed.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def of_kind(self, kind):
        with self._changed:
            return [answer for answer in self.answers if answer.kind == kind]

    def has_acknowledged(self, number):
        return any(answer.upto >= number or f"e-{number}" in answer.ids for answer in self.of_kind("ack"))
