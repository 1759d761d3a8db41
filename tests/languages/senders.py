#!/usr/bin/env python3
"""Who sent an event, in whichever language it is asked, beside the worst that a page could send.

    senders.py LANGUAGE COMMAND…     COMMAND is started with one argument more, the vhost's URL

A server that is no broker, for a broker refuses most of these, sends the payloads of
tests/vectors/senders.json as `private-room/who`. The program of driver.py triggers `sender` for each,
with the `uid` and `sid` that its library tells, and is alive after the last one.
"""

import http.server
import json
import pathlib
import queue
import sys
import threading

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from driver import DEADLINE, Program  # noqa: E402

VECTORS = pathlib.Path(__file__).resolve().parents[1] / "vectors" / "senders.json"


def joined(parts):
    """Text in parts; one that is a list stands there many times."""
    return "".join(part if isinstance(part, str) else part[0] * part[1] for part in parts)


def vectors():
    for vector in json.loads(VECTORS.read_text()):
        if isinstance(vector["uid"], list):
            vector["uid"] = joined(vector["uid"])
        yield {**vector, "payload": joined(vector["payload"])}


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_GET(self):
        """The event stream: each payload as soon as the one before was answered."""
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("X-WebRocket-Worker-Id", "none")
        self.end_headers()
        self.close_connection = True
        for payload in iter(self.server.payloads.get, None):
            self.wfile.write(b"event: private-room/who\ndata: " + payload.encode() + b"\n\n")
            self.wfile.flush()

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.answers.put(json.loads(body)["trigger"])
        self.send_response(202)
        self.send_header("Content-Length", "0")
        self.end_headers()


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.payloads = queue.Queue()
        self.answers = queue.Queue()
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def told_of(self, payload):
        self.payloads.put(payload)
        answer = self.answers.get(timeout=DEADLINE)
        assert answer["event"] == "sender", answer
        # Where a language has no other word for nobody it is the empty text.
        return answer["data"]["uid"] or None, answer["data"]["sid"] or None

    def stop(self):
        self.payloads.put(None)
        self.shutdown()
        self.server_close()


def main(language, *command):
    server = Server()
    program = Program(command, f"http://wr:{'0' * 40}@127.0.0.1:{server.server_port}/languages")
    wrong = []
    count = 0
    try:
        assert program.said() == {"ready": True}
        for count, vector in enumerate(vectors(), 1):
            told = server.told_of(vector["payload"])
            if told != (vector["uid"], vector["sid"]):
                wrong.append(f"{vector['why']}: {told}")
        program.do("quit")
        assert program.process.wait(DEADLINE) == 0
    except Exception as failure:
        sys.exit(f"{language}: after {count} payloads: {type(failure).__name__}: {failure}")
    finally:
        program.kill()
        server.stop()
    if wrong:
        sys.exit(f"{language}: " + "; ".join(wrong))
    print(f"{language}: all {count} senders")


if __name__ == "__main__":
    main(*sys.argv[1:])
