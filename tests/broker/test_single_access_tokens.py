"""What a backend asks for on behalf of a page: single access tokens."""

import re

from harness import BrokerTest, main, wait_past


class Tokens(BrokerTest):
    def test_answer(self):
        response = self.vhost.request("GET", "/token?uid=alice&channels=private-.*")
        self.assertEqual(response.status, 200)
        self.assertEqual(response.headers["Content-Type"], "application/json")
        self.assertEqual(response.headers["Cache-Control"], "no-store")
        self.assertRegex(response.body.decode(), r'^\{"token":"[0-9a-f]{128}"\}$')

    def test_head(self):
        get = self.vhost.request("GET", "/token?uid=a&channels=b")
        head = self.vhost.request("HEAD", "/token?uid=a&channels=b")
        self.assertEqual((head.status, head.body), (200, b""))
        self.assertEqual(head.headers["Content-Length"], get.headers["Content-Length"])

    def test_bad_parameters(self):
        for query in ("", "?", "?uid=a", "?channels=b", "?uid=&channels=b", "?uid=a&channels=",
                      "?uid=a&channels=(", "?uid=a&channels=%28", "?uid=a&channels=[", "?UID=a&channels=b",
                      "?uid=a&channels=a)|(b", "?uid=a&channels=%", "?uid=a&channels=%zz",
                      "?uid=%ff&channels=b", "?uid=a%00b&channels=b", "?uid=a&channels=" + "x" * 4097,
                      "?uid=a&channels=((a{100}){100}){100}", "?uid=a&channels=(%3F=a)"):
            response = self.vhost.request("GET", "/token" + query)
            self.assertEqual((response.status, response.json()["code"]), (400, 400), query[:60])

    def test_decoding(self):
        raw = self.vhost.request("GET", "/token?x=1&uid=a+b%26c&channels=(private|presence)-.*&y")
        self.assertEqual(raw.status, 200)
        self.vhost.open("private-x")
        browser = self.browser()
        browser.ask("auth", token=raw.json()["token"])
        self.assertEqual(browser.subscribe("private-x")["uid"], "a b&c")

    def test_unusual_uid(self):
        self.vhost.open("private-x")
        for uid in ('"quoted\\', "żółw", "a\nb", "{}"):
            browser = self.browser(uid)
            self.assertEqual(browser.subscribe("private-x")["uid"], uid)

    def test_tokens_differ(self):
        tokens = {self.vhost.access_token() for _ in range(50)}
        self.assertEqual(len(tokens), 50)

    def test_no_token_in_the_log(self):
        token = self.vhost.access_token()
        browser = self.browser()
        browser.ask("auth", token=token)
        log = self.broker.log_text()
        self.assertNotIn(token, log)
        self.assertNotIn(self.vhost.token, log)
        self.assertNotIn(self.broker.cookie, log)
        self.assertIsNone(re.search(r"[0-9a-f]{40}", log))


class TokenLimits(BrokerTest):
    FLAGS = ("--token-lifetime-ms", "1", "--max-tokens", "10")

    def test_expiry(self):
        token = self.vhost.access_token()
        wait_past(0.001)
        self.assertEqual(self.browser().error("auth", token=token), 402)


class TokenCap(BrokerTest):
    FLAGS = ("--max-tokens", "10")

    def test_oldest_go(self):
        tokens = [self.vhost.access_token() for _ in range(11)]
        self.assertEqual(self.browser().error("auth", token=tokens[0]), 402)
        self.assertEqual(self.browser().ask("auth", token=tokens[1]), {":authenticated": {}})
        self.assertEqual(self.browser().ask("auth", token=tokens[10]), {":authenticated": {}})


if __name__ == "__main__":
    main()
