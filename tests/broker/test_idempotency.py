"""A backend's call has one effect, by the key that it gives it: in each answer, and in what pages hear."""

import json
import threading

from harness import BrokerTest, RawConnection, Vhost, main


def body(event="e", data=None):
    return json.dumps({"trigger": {"event": event, "data": {} if data is None else data}})


class KeysTest(BrokerTest):
    FLAGS = ()

    def setUp(self):
        super().setUp()
        for channel in ("c", "d"):
            self.vhost.open(channel)
        self.page = self.browser()
        for channel in ("c", "d"):
            self.page.subscribe(channel)

    def post(self, suffix, text, key=None, vhost=None):
        vhost = vhost or self.vhost
        headers = vhost.headers() if key is None else {**vhost.headers(), "Idempotency-Key": key}
        return vhost.request("POST", suffix, text, headers)

    def fire(self, key=None, channel="c", event="e", data=None, vhost=None):
        return self.post(f"/channels/{channel}/events", body(event, data), key, vhost).status

    def batch(self, *triggers, key=None):
        response = self.post("/events", json.dumps({"triggers": triggers}), key)
        self.assertEqual(response.status, 200)
        return [result["status"] for result in response.json()["results"]]

    def heard(self):
        """All that the page was told, as (event, data without the channel)."""
        self.page.say("auth")  # is answered last, with an error
        messages = []
        while True:
            event, data = next(iter(self.page.hear().items()))
            if event == ":error":
                return messages
            messages.append((event, {name: value for name, value in data.items() if name != "channel"}))

    def figure_of(self, name, vhost=None):
        text = self.broker.admin("GET", "/metrics").body.decode()
        line, = [line for line in text.splitlines() if line.startswith(f'{name}{{vhost="{(vhost or self.vhost).path}"}}')]
        return int(line.split()[1])


class Single(KeysTest):
    def test_a_call_has_one_effect(self):
        for _ in range(3):
            self.assertEqual(self.fire("key-1", data={"n": 1}), 202)
        self.assertEqual(self.fire("key-2", data={"n": 1}), 202)
        self.assertEqual(self.heard(), [("e", {"n": 1})] * 2)
        self.assertEqual(self.figure_of("webrocket_repeated_calls_total"), 2)
        self.assertEqual(self.figure_of("webrocket_idempotency_keys"), 2)

    def test_without_a_key_each_call_has_its_own(self):
        for _ in range(3):
            self.assertEqual(self.fire(data={"n": 1}), 202)
        self.assertEqual(len(self.heard()), 3)
        self.assertEqual(self.figure_of("webrocket_idempotency_keys"), 0)

    def test_another_event_or_other_data_is_a_conflict(self):
        self.assertEqual(self.fire("k", data={"n": 1}), 202)
        for event, data in (("e", {"n": 2}), ("f", {"n": 1}), ("e", {})):
            response = self.post("/channels/c/events", body(event, data), "k")
            self.assertEqual((response.status, response.json()["code"]), (409, 409))
            self.assertIn("another event", response.json()["error"])
        self.assertEqual(self.fire("k", data={"n": 1}), 202)
        self.assertEqual(self.heard(), [("e", {"n": 1})])

    def test_what_is_meant_counts_and_not_how_it_is_put(self):
        texts = ('{"trigger":{"event":"e"}}', '{"trigger":{"data":{},"event":"\\u0065"}}',
                 '{ "trigger" : {"event":"e", "data":null}}')
        for text in texts:
            self.assertEqual(self.post("/channels/c/events", text, "k").status, 202)
        self.assertEqual(self.heard(), [("e", {})])

    def test_a_key_is_its_channel_s_and_its_vhost_s(self):
        other = self.broker.vhost(self.vhost.path + "-other")
        other.open("c")
        self.assertEqual(self.fire("k", data={"n": 1}), 202)
        self.assertEqual(self.fire("k", channel="d", data={"n": 2}), 202)
        self.assertEqual(self.fire("k", data={"n": 3}, vhost=other), 202)
        self.assertEqual(self.heard(), [("e", {"n": 1}), ("e", {"n": 2})])
        self.assertEqual(self.figure_of("webrocket_idempotency_keys", other), 1)

    def test_bare_or_in_quotes(self):
        for key in ("k", '"k"'):
            self.assertEqual(self.fire(key), 202)
        longest = "x" * 128
        for key in (longest, f'"{longest}"', "AZaz09._:~-"):
            self.assertEqual(self.fire(key), 202)
        self.assertEqual(len(self.heard()), 3)

    def test_what_is_no_key(self):
        for key in ("", '""', '"', "x" * 129, '"k', "k\"", "a b", "a,b", "a/1", "k;x", "clé", "'k'"):
            for suffix in ("/channels/c/events", "/events"):
                response = self.post(suffix, body(), key.encode())
                self.assertEqual((response.status, response.json()["code"]), (400, 400), key)
                self.assertIn("Idempotency-Key", response.json()["error"])
        self.assertEqual(self.heard(), [])

    def test_one_header(self):
        credentials = self.vhost.headers()["Authorization"]
        with RawConnection(self.broker.addr) as connection:
            text = body()
            connection.send(f"POST {self.vhost.path}/channels/c/events HTTP/1.1\r\nHost: x\r\n"
                            f"Authorization: {credentials}\r\nIdempotency-Key: k\r\nidempotency-key: k\r\n"
                            f"Content-Length: {len(text)}\r\n\r\n{text}")
            status, _, answer = connection.response()
        self.assertEqual(status, 400)
        self.assertIn("2 headers Idempotency-Key", json.loads(answer)["error"])
        self.assertEqual(self.heard(), [])

    def test_what_had_no_effect_leaves_the_key_unused(self):
        self.assertEqual(self.fire("k", channel="nowhere"), 404)
        self.assertEqual(self.fire("k", event=":e"), 400)
        self.assertEqual(self.post("/channels/c/events", "{}", "k").status, 400)
        self.vhost.open("nowhere")
        self.assertEqual(self.fire("k", channel="nowhere", data={"n": 1}), 202)
        self.assertEqual(self.fire("k", data={"n": 2}), 202)
        self.assertEqual(self.heard(), [("e", {"n": 2})])

    def test_a_repetition_is_answered_when_the_channel_is_closed(self):
        self.assertEqual(self.fire("k"), 202)
        self.assertEqual(self.vhost.request("DELETE", "/channels/c").status, 202)
        self.assertEqual(self.fire("k"), 202)
        self.assertEqual(self.fire("other"), 404)
        self.vhost.open("c")
        self.assertEqual(self.fire("k"), 202)
        self.assertEqual([event for event, _ in self.heard()], ["e", ":unsubscribed"])

    def test_other_requests_take_no_notice(self):
        for _ in range(2):
            self.assertEqual(self.post("/channels/new", None, "k").status, 202)
        self.assertEqual(self.figure_of("webrocket_idempotency_keys"), 0)


class Batches(KeysTest):
    def trigger(self, n, channel="c", **more):
        return {"channel": channel, "event": "e", "data": {"n": n}, **more}

    def numbers(self):
        return [data["n"] for _, data in self.heard()]

    def test_the_same_batch_has_one_effect(self):
        triggers = [self.trigger(1), self.trigger(2, "nowhere"), self.trigger(3, "d")]
        self.assertEqual(self.batch(*triggers, key="k"), [202, 404, 202])
        self.vhost.open("nowhere")
        # Only what had its effect is remembered.
        self.assertEqual(self.batch(*triggers, key="k"), [202, 202, 202])
        self.assertEqual(self.numbers(), [1, 3])

    def test_a_trigger_has_its_own_key_or_the_request_s(self):
        self.assertEqual(self.batch(self.trigger(1, key="a"), self.trigger(2), key="k"), [202, 202])
        self.assertEqual(self.batch(self.trigger(9, "d"), self.trigger(2), self.trigger(1, key="a"), key="k"),
                         [202, 202, 202])
        self.assertEqual(self.batch(self.trigger(1, key="a"), self.trigger(3)), [202, 202])
        self.assertEqual(self.numbers(), [1, 2, 9, 3])

    def test_a_trigger_and_a_single_call_are_the_same_call(self):
        self.assertEqual(self.batch(self.trigger(1, key="a")), [202])
        self.assertEqual(self.fire("a", data={"n": 1}), 202)
        self.assertEqual(self.fire("a", data={"n": 2}), 409)
        self.assertEqual(self.fire("b", data={"n": 2}), 202)
        self.assertEqual(self.batch(self.trigger(2, key="b"), self.trigger(3, key="b")), [202, 409])
        self.assertEqual(self.numbers(), [1, 2])

    def test_one_key_twice_in_a_batch(self):
        self.assertEqual(self.batch(self.trigger(1, key="a"), self.trigger(1, key="a"), self.trigger(2, key="a")),
                         [202, 202, 409])
        self.assertEqual(self.numbers(), [1])

    def test_what_is_no_key(self):
        for key in ("", "x" * 129, "a b", "k/0", '"k"', 5, None, {}):
            self.assertEqual(self.batch(self.trigger(1, key=key)), [400], key)
        self.assertEqual(self.numbers(), [])


class Bounds(KeysTest):
    FLAGS = ("--keys-max", "10")

    def test_the_oldest_go(self):
        for n in range(25):
            self.assertEqual(self.fire(f"k{n}", data={"n": n}), 202)
        self.assertEqual(self.figure_of("webrocket_idempotency_keys"), 10)
        self.assertEqual(self.figure_of("webrocket_idempotency_keys_displaced_total"), 15)
        self.assertEqual(self.fire("k24", data={"n": 24}), 202)
        self.assertEqual(self.fire("k15", data={"n": 15}), 202)
        self.assertEqual(self.fire("k14", data={"n": 14}), 202)
        self.assertEqual([data["n"] for _, data in self.heard()], [*range(25), 14])


class Features(KeysTest):
    def test_each_answer_names_them(self):
        for method, suffix, text in (("POST", "/channels/c", None), ("POST", "/channels/c/events", body()),
                                     ("POST", "/events", '{"triggers":[]}'), ("GET", "/channels", None),
                                     ("GET", "/token?uid=a&channels=b", None), ("GET", "/bogus", None),
                                     ("POST", "/channels/c/events", "{"), ("DELETE", "/channels/d", None)):
            response = self.vhost.request(method, suffix, text)
            features = response.headers.get_all("X-WebRocket-Features")
            self.assertEqual(len(features), 1, suffix)
            self.assertLessEqual({"idempotency", "batch"}, set(features[0].split()))
        worker = self.worker()
        self.assertIn("idempotency", worker.response.headers["X-WebRocket-Features"])


class SeveralLoops(KeysTest):
    FLAGS = ("--threads", "3")

    def test_one_of_many_at_once_has_an_effect(self):
        """Connections of all loops, each of which makes every call."""
        calls, failed = 200, []

        def make_all():
            vhost = Vhost(self.broker, self.vhost.path, self.vhost.token)
            try:
                for n in range(calls):
                    if self.fire(f"k{n}", data={"n": n}, vhost=vhost) != 202:
                        failed.append(n)
            finally:
                vhost.disconnect()

        threads = [threading.Thread(target=make_all) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(failed, [])
        heard = [self.page.hear()["e"]["n"] for _ in range(calls)]
        self.assertTrue(self.page.silent())
        self.assertEqual(sorted(heard), list(range(calls)))
        self.assertEqual(self.figure_of("webrocket_repeated_calls_total"), 5 * calls)


if __name__ == "__main__":
    main()
