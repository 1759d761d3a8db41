"""Bad input over HTTP: what is no request, what lies about itself, what never ends."""

import json
import threading

from bad_http import EVENT, LIMIT, BadHttpTest
from harness import RawConnection, main, wait_until


class RequestLines(BadHttpTest):
    def test_no_requests(self):
        for line in ("GET", "GET /", "GET  / HTTP/1.1", "GET /\tHTTP/1.1", "GET / HTTP/1.1 x",
                     "/ HTTP/1.1", " GET / HTTP/1.1", "G@T / HTTP/1.1", "GET  HTTP/1.1",
                     "GET / http/1.1", "GET / HTTP", "GET / HTTP/1", "GET / HTTP/11", "GET / XTTP/1.1",
                     "GET / HTTP/0.9", "GET / HTTP/1.2", "GET / HTTP/2.0", "PRI * HTTP/2.0",
                     "GET /\0 HTTP/1.1", "GET /\x7f HTTP/1.1", "GET /\x01 HTTP/1.1", "\0", "\n"):
            self.refused(line + "\r\nHost: x\r\n\r\n")

    def test_other_protocols(self):
        tls = bytes.fromhex("16030100c8010000c40303") + bytes(190)
        for hello in (tls, b"SSH-2.0-OpenSSH_9.2\r\n", b"*1\r\n$4\r\nPING\r\n", b"EHLO x\r\n\r\n"):
            self.refused(hello)

    def test_line_ends(self):
        self.refused("GET / HTTP/1.1\nHost: x\n\n")
        self.refused("GET / HTTP/1.1\rHost: x\r\r")

    def test_targets_that_name_no_vhost(self):
        for target in ("*", "x", "x:80", "//", "/%zz", "/%", "http://", "http://x", "://x",
                       "x?u=http://h" + self.vhost.path, "/\xc5\xbc", "/" + "a/" * 5000):
            answers = self.answers(f"POST {target} HTTP/1.1\r\nHost: x\r\n\r\n")
            self.assertEqual(answers, [(404, 455)], target[:80])

    def test_empty_lines_before_a_request_are_skipped(self):
        request = "\r\n\r\n" + self.head("GET", "/bogus")
        self.assertEqual(self.answers(request), [(404, 404)])
        with RawConnection(self.broker.addr) as raw:
            for byte in request.encode():
                raw.send(bytes([byte]))
            self.assertEqual(raw.response()[0], 404)
        # Nothing else is.
        self.refused("\r" + request)


class Headers(BadHttpTest):
    def test_broken_headers(self):
        for header in ("no colon", ": no name", "A : b", "A\t: b", "A: \x01",
                       "A: \0", "A: b\rc", "A\x01: b", "A(: b", "\xe9: b"):
            self.refused(self.fire_head(header))

    def test_hosts(self):
        self.refused(self.fire_head(host=""))
        self.refused(self.fire_head("Host: x"))
        self.refused(self.fire_head("Host: x", version="HTTP/1.0"))
        body = f"Content-Length: {len(EVENT)}"
        self.assertEqual(self.answers(self.fire_head(body, host="", version="HTTP/1.0") + EVENT),
                         [(202, b"")])
        self.assertIn("e", self.listener.hear())

    def test_too_large(self):
        for request in (self.fire_head("A: " + "x" * 17000), self.fire_head(*["A: b"] * 3000),
                        "GET /" + "x" * 17000 + " HTTP/1.1\r\nHost: x\r\n\r\n",
                        # … without ever coming to an end
                        "GET /" + "x" * 17000, "X" * 17000, "GET / HTTP/1.1\r\nA: " + "x" * 17000,
                        "GET / HTTP/1.1\r\n" + "A: b\r\n" * 3000, "GET / HTTP/1.1\r\n" + "x" * 17000,
                        # … or of many lines
                        self.fire_head(*["A: b"] * 198), "GET / HTTP/1.1\r\n" + "A: b\r\n" * 200):
            self.refused(request, 431)

    def test_the_answer_says_how_much_may_come(self):
        for request, status, text in (
                (self.fire_head("A: " + "x" * 17000), 431, "the headers are larger than 16384 bytes, or more than 199"),
                (self.fire_head(f"Content-Length: {LIMIT + 1}"), 413, f"the body is larger than {LIMIT} bytes")):
            with RawConnection(self.broker.addr) as raw:
                raw.send(request)
                answer = raw.response()
                self.assertEqual((answer[0], json.loads(answer[2])), (status, {"error": text, "code": status}))

    def test_large(self):
        request = self.head("GET", "/bogus", "A: " + "x" * 15000)
        self.assertEqual(self.answers(request), [(404, 404)])
        request = self.head("GET", "/bogus", *["A: b"] * 197)
        self.assertEqual(self.answers(request), [(404, 404)])

    def test_credentials(self):
        for value in ("", "Basic", "Basic ", "Basic !", "Basic ====", "Basic " + "A" * 8000,
                      "Basic dwr6", "Basic  ", "Basic \xff\xff\xff\xff", "Digest x", "wr"):
            answers = self.answers(f"POST {self.vhost.path}/channels/c HTTP/1.1\r\nHost: x\r\n"
                                   f"Authorization: {value}\r\n\r\n")
            self.assertEqual(answers, [(401, 402)], value[:20])


class Bodies(BadHttpTest):
    def test_content_lengths_that_are_none(self):
        for value in ("-1", "+5", "5x", "x", "", "5.0", "0x5", "99999999999999999999999", "5 5", "5, 6"):
            self.refused(self.fire_head("Content-Length: " + value) + EVENT)
        size = len(EVENT)
        self.refused(self.fire_head(f"Content-Length: {size}", f"Content-Length: {size + 1}") + EVENT)

    def test_two_ways_to_say_where_a_body_ends(self):
        length, chunked = f"Content-Length: {len(EVENT)}", "Transfer-Encoding: chunked"
        for headers in ((length, chunked), (chunked, length)):
            self.refused(self.fire_head(*headers) + EVENT)
            self.refused(self.fire_head(*headers) + f"{len(EVENT):x}\r\n{EVENT}\r\n0\r\n\r\n")

    def test_unknown_transfer_codings(self):
        chunks = f"{len(EVENT):x}\r\n{EVENT}\r\n0\r\n\r\n"
        for coding in ("gzip", "gzip, chunked", "chunked, gzip", "identity", "xchunked", "chunked;q=1"):
            self.refused(self.fire_head("Transfer-Encoding: " + coding) + chunks)
        self.refused(self.fire_head("Transfer-Encoding: chunked", version="HTTP/1.0") + chunks)
        self.refused(self.fire_head(*["Transfer-Encoding: chunked"] * 2) + chunks)

    def test_length_says_less_than_there_is(self):
        request = self.fire_head(f"Content-Length: {len(EVENT) - 3}") + EVENT
        self.assertEqual(self.answers(request, half_close=False), [(400, 400), (400, 400)])

    def test_length_says_more_than_there_is(self):
        # Whoever hangs up in the middle of a request has asked for nothing.
        self.assertEqual(self.answers(self.fire_head(f"Content-Length: {len(EVENT) + 1}") + EVENT), [])

    def test_too_large(self):
        self.refused(self.fire_head(f"Content-Length: {LIMIT + 1}"), 413)
        self.refused(self.fire_head("Content-Length: 18446744073709551615"), 413)
        # The answer gets through to those who send everything before they listen.
        self.refused(self.fire_head(f"Content-Length: {8 * LIMIT}") + "x" * (8 * LIMIT), 413)
        # It comes before the body for those who ask first.
        self.refused(self.fire_head(f"Content-Length: {LIMIT + 1}", "Expect: 100-continue"), 413)

    def test_what_is_only_promised_takes_no_memory(self):
        head = self.fire_head(f"Content-Length: {LIMIT}", "Expect: 100-continue")
        promising = [RawConnection(self.broker.addr) for _ in range(100)]
        before = self.broker.data_bytes()
        for raw in promising:
            raw.send(head + "{")
        for raw in promising:
            self.assertEqual(raw.head(), (100, {}))
        taken = self.broker.data_bytes() - before
        for raw in promising:
            raw.close()
        self.assertLess(taken, 20 * LIMIT)

    def test_the_limit_holds_for_bodies_that_nobody_reads(self):
        self.refused(self.head("POST", "/channels/d", f"Content-Length: {LIMIT + 1}"), 413)
        self.assertEqual(self.vhost.request("DELETE", "/channels/d").status, 404)

    def test_chunks_that_are_none(self):
        head = self.fire_head("Transfer-Encoding: chunked")
        for chunks in ("zz\r\n", "-1\r\n", "\r\n", "1\r\nab\r\n", "1\r\na0\r\n", "ffffffffffffffffff\r\n",
                       " 1\r\na\r\n", "0x1\r\na\r\n", "0\r\nno colon\r\n\r\n", "0\r\nA: \0\r\n\r\n"):
            self.refused(head + chunks + "\r\n0\r\n\r\n")

    def test_chunks_that_do_not_end(self):
        head = self.fire_head("Transfer-Encoding: chunked")
        for chunks in ("1;" + "x" * 20000, "0\r\nA: " + "x" * 20000, "0" * 20000):
            self.refused(head + chunks)

    def test_chunks_that_add_up_to_too_much(self):
        head = self.fire_head("Transfer-Encoding: chunked")
        for chunks in (f"{LIMIT + 1:x}\r\n", "7fffffffffffffff\r\n",
                       f"{LIMIT:x}\r\n" + "x" * LIMIT + "\r\n1\r\nx\r\n"):
            self.refused(head + chunks, 413)
        piece = f"{1024:x}\r\n" + "x" * 1024 + "\r\n"
        self.refused(head + piece * 1025, 413)


class BodiesForNobody(BadHttpTest):
    """Whatever is wrong with a head is answered before its body has come, which nobody keeps."""

    BODY = "x" * LIMIT

    def strange_heads(self, *headers):
        """With the answers."""
        head = f"POST {{}} HTTP/1.1\r\nHost: x\r\n" + "".join(line + "\r\n" for line in headers)
        path = self.vhost.path
        return ((head.format("/nobody/channels/c/events") + "\r\n", 404, 455),
                (head.format(path + "/channels/c/events") + "\r\n", 401, 402),
                (head.format(path + "/events") + "Authorization: Basic eDp5\r\n\r\n", 401, 402),
                (self.head("POST", "/bogus", *headers), 404, 404),
                (self.head("POST", "/channels/nope/events", *headers), 404, 454),
                (self.head("PUT", "/channels/c", *headers), 405, 405))

    def test_the_answer_does_not_wait(self):
        for promise in (f"Content-Length: {LIMIT}", "Transfer-Encoding: chunked"):
            for head, status, code in self.strange_heads(promise):
                with RawConnection(self.broker.addr) as raw:
                    raw.send(head)
                    answer = raw.response()
                    self.assertEqual((answer[0], json.loads(answer[2])["code"]), (status, code), head)

    def test_nor_is_the_body_asked_for(self):
        for head, status, code in self.strange_heads(f"Content-Length: {LIMIT}", "Expect: 100-continue"):
            self.refused(head, status, code)

    def test_whoever_sends_all_of_it_first_reads_the_answer(self):
        for head, status, code in self.strange_heads(f"Content-Length: {LIMIT}"):
            self.assertEqual(self.answers(head + self.BODY), [(status, code)], head)
        # … and what follows is a request of its own.
        for head, status, code in self.strange_heads(f"Content-Length: {LIMIT}"):
            answers = self.answers(head + self.BODY + self.head("GET", "/bogus"))
            self.assertEqual(answers, [(status, code), (404, 404)], head)
        chunk = f"{LIMIT:x}\r\n{self.BODY}\r\n"
        for head, status, code in self.strange_heads("Transfer-Encoding: chunked"):
            answers = self.answers(head + chunk + "0\r\n\r\n" + self.head("GET", "/bogus"))
            self.assertEqual(answers, [(status, code), (404, 404)], head)

    def test_one_answer_is_enough(self):
        # A body that goes wrong, or on and on, behind its answer ends the connection.
        head = self.strange_heads("Transfer-Encoding: chunked")[0][0]
        for body in ("zz\r\n", f"{LIMIT:x}\r\n{self.BODY}\r\n1\r\nx\r\n"):
            with RawConnection(self.broker.addr) as raw:
                raw.send(head)
                self.assertEqual(raw.response()[0], 404)
                raw.send(body)
                self.assertTrue(raw.is_closed())

    def test_it_takes_no_memory(self):
        heads = [head for head, _, _ in self.strange_heads(f"Content-Length: {LIMIT}")]
        # Bodies that nobody reads are none the better for being allowed.
        heads += [self.head("GET", "/token?uid=a&channels=b", f"Content-Length: {LIMIT}"),
                  f"GET {self.vhost.path} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n"
                  f"Content-Length: {LIMIT}\r\n\r\n",
                  f"GET /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: {LIMIT}\r\n\r\n"]
        before = self.broker.data_bytes()
        senders = []
        for head in heads * 10:
            raw = RawConnection(self.broker.addr)
            self.addCleanup(raw.close)
            raw.send(head + self.BODY[1:])
            senders.append(raw)
        # It has been read when there is no more to be read.
        wait_until(lambda: self.received_bytes() >= len(senders) * (LIMIT - 1), "all of it to be read")
        self.assertLess(self.broker.data_bytes() - before, 20 * LIMIT)

    def received_bytes(self):
        for line in self.broker.admin("GET", "/metrics").body.decode().splitlines():
            if line.startswith("webrocket_received_bytes_total "):
                return int(line.split()[1])

    def test_the_administrator_s_port(self):
        for promise in (f"Content-Length: {LIMIT}", "Transfer-Encoding: chunked"):
            with RawConnection(self.broker.admin_addr) as raw:
                raw.send(f"POST /moon HTTP/1.1\r\nHost: x\r\n{promise}\r\n\r\n")
                self.assertEqual(raw.response()[0], 403)
        with RawConnection(self.broker.admin_addr) as raw:
            raw.send(f"POST /moon HTTP/1.1\r\nHost: x\r\nContent-Length: {LIMIT}\r\n"
                     "Expect: 100-continue\r\n\r\n")
            self.assertEqual(raw.response()[0], 403)
            self.assertTrue(raw.is_closed())


class Json(BadHttpTest):
    """What is wrong with a document is answered, and the connection goes on."""

    def fire_text(self, body):
        response = self.vhost.request("POST", "/channels/c/events", body=body)
        if response.status != 202:
            self.assertEqual((response.status, response.json()["code"]), (400, 400), body)
        return response.status

    def test_every_beginning_of_a_document(self):
        text = EVENT.encode()
        for length in range(len(text)):
            self.assertEqual(self.fire_text(text[:length]), 400, text[:length])

    def test_every_byte_replaced(self):
        text = EVENT.encode()
        accepted = 0
        for position in range(len(text)):
            for byte in b'\x00\x09\x1f"\\{}[],:0\x7f\x80\xc3\xff':
                body = text[:position] + bytes([byte]) + text[position + 1:]
                try:
                    trigger = json.loads(body, parse_constant=lambda _: 1 / 0)["trigger"]
                    valid = isinstance(trigger["event"], str) and isinstance(
                        trigger.get("data", {}), dict) and self.is_name(trigger["event"])
                except (ValueError, KeyError, TypeError, ZeroDivisionError):
                    valid = False
                self.assertEqual(self.fire_text(body), 202 if valid else 400, body)
                accepted += valid
        heard = [self.listener.hear() for _ in range(accepted)]
        self.assertGreater(len(heard), 10)

    @staticmethod
    def is_name(event):
        return event != "" and event[0] != ":" and all(c >= " " and c != "\x7f" for c in event)

    def test_every_kind_of_value_everywhere(self):
        values = ("{}", "[]", '""', '"x"', "0", "-1.5", "true", "false", "null", "[{}]")
        for value in values:
            self.assertEqual(self.fire_text(value), 400)
            self.assertEqual(self.fire_text('{"trigger":%s}' % value), 400)
            self.assertEqual(self.fire_text('{"trigger":{"event":%s}}' % value),
                             202 if value == '"x"' else 400)
            self.assertEqual(self.fire_text('{"trigger":{"event":"d","data":%s}}' % value),
                             202 if value in ("{}", "null") else 400)
        self.assertEqual([list(self.listener.hear()) for _ in range(3)], [["d"], ["x"], ["d"]])

    def test_event_names(self):
        for code in (*range(0x20), 0x7F):
            self.assertEqual(self.fire_text(json.dumps({"trigger": {"event": f"a{chr(code)}b"}})), 400)
        for name in ("", ":", ":a", ":memberJoined"):
            self.assertEqual(self.fire_text(json.dumps({"trigger": {"event": name}})), 400)

    def test_many_members(self):
        data = ",".join('"":0' for _ in range(200000))
        self.assertEqual(self.fire_text('{"trigger":{"event":"e","data":{%s}}}' % data), 202)
        self.assertEqual(self.listener.hear(), {"e": {"": 0, "channel": "c"}})
        self.assertEqual(self.fire_text("{%s}" % data), 400)

    def test_deep_nesting(self):
        for text in ("[" * LIMIT, '{"a":' * (LIMIT // 5), '{"trigger":' * 50000 + "}" * 50000,
                     '{"trigger":{"event":"e","data":{"a":' + "[" * 500000 + "]" * 500000 + "}}}"):
            self.assertEqual(self.fire_text(text), 400)


class Paths(BadHttpTest):
    def request(self, method, suffix):
        (answer,) = self.answers(self.head(method, suffix))
        return answer

    def test_broken_escapes(self):
        for escape in ("%", "%4", "%zz", "%4g", "%%41", "a%"):
            for suffix in (f"/channels/{escape}", f"/{escape}", f"/channels/{escape}/events",
                           f"/{escape}/token", f"/channels/c/{escape}"):
                for method in ("GET", "POST", "DELETE"):
                    self.assertEqual(self.request(method, suffix), (400, 400), suffix)

    def test_broken_escapes_need_credentials_all_the_same(self):
        self.assertEqual(self.answers(f"POST {self.vhost.path}/channels/% HTTP/1.1\r\nHost: x\r\n\r\n"),
                         [(401, 402)])

    def test_escapes_that_make_no_name(self):
        for name in ("%00", "%0A", "%0d%0aX:%20y", "%2F", "a%2Fb", "%C5%BC", "%ff", "%20", "%25", "a%00"):
            self.assertEqual(self.request("POST", f"/channels/{name}"), (400, 451), name)
            self.assertEqual(self.request("DELETE", f"/channels/{name}"), (404, 454), name)
            self.assertEqual(self.request("POST", f"/channels/{name}/events"), (404, 454), name)

    def test_empty_segments(self):
        for suffix in ("/", "//", "/channels/", "/channels//events", "/token/", "//token",
                       "/channels/c/", "/channels/c/events/", "/channels//c"):
            for method in ("GET", "POST", "DELETE"):
                self.assertEqual(self.request(method, suffix), (404, 404), suffix)

    def test_broken_queries(self):
        for query in ("%", "uid=a&channels=%", "uid=%z&channels=b", "uid=a&channels=b&x=%",
                      "uid=a&channels=b&%=x", "uid=a%&channels=b"):
            self.assertEqual(self.request("GET", "/token?" + query), (400, 400), query)
        for query in ("filter=%", "filter=a&filter=%", "fil%74er=%zz", "%=", "filter=%ff", "filter=%28",
                      "filter=a%"):
            self.assertEqual(self.request("GET", "/events?" + query), (400, 400), query)
        self.assertEqual(self.broker.admin("GET", self.vhost.path + "/workers").json(), {"workers": []})

    def test_wrong_methods(self):
        methods = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW", "get"}
        of_channels = {"GET", "HEAD", "POST", "DELETE"}
        for suffix, allowed in (("/channels/c", of_channels), ("/channels/nope", of_channels),
                                ("/channels", {"GET", "HEAD"}),
                                ("/channels/c/events", {"POST"}), ("/channels/nope/events", {"POST"}),
                                ("/token", {"GET", "HEAD"}), ("/events", {"GET", "POST"}),
                                ("", {"GET", "HEAD"})):
            for method in methods - allowed:
                with RawConnection(self.broker.addr) as raw:
                    raw.send(self.head(method, suffix, "Content-Length: 0"))
                    status, headers = raw.head()
                    self.assertEqual(status, 405, (method, suffix))
                    self.assertEqual(set(headers["allow"].split(", ")), allowed)
                    self.assertEqual(self.vhost.request(method, suffix, headers={}).status, 401)


class Pipelines(BadHttpTest):
    def test_a_bad_request_ends_the_pipeline(self):
        answers = self.answers(self.head("POST", "/channels/before") + self.head("GET", "/bogus") +
                               "nonsense\r\n\r\n" + self.head("POST", "/channels/behind"),
                               half_close=False)
        self.assertEqual(answers, [(202, b""), (404, 404), (400, 400)])
        self.assertEqual(self.vhost.request("DELETE", "/channels/before").status, 202)
        self.assertEqual(self.vhost.request("DELETE", "/channels/behind").status, 404)

    def test_nothing_follows_a_request_to_close(self):
        answers = self.answers(self.head("GET", "/bogus", "Connection: close") +
                               self.head("POST", "/channels/behind"), half_close=False)
        self.assertEqual(answers, [(404, 404)])
        self.assertEqual(self.vhost.request("DELETE", "/channels/behind").status, 404)

    def test_one_that_sends_much_before_it_reads(self):
        # More answers than all buffers on the way hold: the server has to stop reading meanwhile.
        count = 30000
        request = self.head("GET", "/token?uid=%d&channels=x").encode()
        with RawConnection(self.broker.addr) as raw:
            sender = threading.Thread(
                target=lambda: raw.send(b"".join(request % number for number in range(count))))
            sender.start()
            for _ in range(count):
                self.assertEqual(raw.response()[0], 200)
            sender.join()

    def test_requests_behind_the_stream_are_nobody_s(self):
        with RawConnection(self.broker.addr) as raw:
            raw.send(self.head("GET", "/events") + self.head("POST", "/channels/behind"))
            self.assertEqual(raw.head()[0], 200)
            raw.send(b"\xff" * 100000)
            self.assertEqual(self.vhost.request("DELETE", "/channels/behind").status, 404)
            self.assertEqual(len(self.broker.admin("GET", self.vhost.path + "/workers").json()["workers"]), 1)


if __name__ == "__main__":
    main()
