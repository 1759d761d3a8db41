"""What the tests of the Admin API share: asking, and reading its answers."""

import re

from harness import BrokerTest

UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class AdminTest(BrokerTest):
    def admin(self, method, path, **kwargs):
        return self.broker.admin(method, path, **kwargs)

    def get(self, path):
        """The document behind a path."""
        response = self.admin("GET", path)
        self.assertEqual(response.status, 200, (path, response.body))
        self.is_kept_to_oneself(response)
        self.assertEqual(response.headers["Content-Type"], "application/json")
        return response.json()

    def is_kept_to_oneself(self, response):
        """By caches; and no answer repeats the secret that it was asked with."""
        self.assertEqual(response.headers["Cache-Control"], "no-store")
        self.assertNotIn(self.broker.cookie, str(response.headers) + response.body.decode())

    def succeeds(self, response, status, location=None):
        """An empty answer, with a Location or without one."""
        self.assertEqual((response.status, response.body), (status, b""))
        self.assertEqual(response.headers["Location"], location)
        self.assertEqual(response.headers["Content-Type"], "application/json")
        self.assertEqual(response.headers["Content-Length"], "0")
        self.is_kept_to_oneself(response)

    def fails(self, response, status, text):
        self.assertEqual((response.status, response.json()), (status, {"error": text}))
        self.assertEqual(response.headers["Content-Type"], "application/json")
        self.is_kept_to_oneself(response)

    def fails_plainly(self, response, status, text):
        self.assertEqual((response.status, response.body.decode()), (status, text + "\n"))
        self.assertEqual(response.headers["Content-Type"], "text/plain; charset=utf-8")
        self.assertEqual(response.headers["X-Content-Type-Options"], "nosniff")
        self.is_kept_to_oneself(response)

    def no_vhost(self, response):
        self.fails(response, 404, "vhost doesn't exist")

    def no_channel(self, response):
        self.fails(response, 404, "channel doesn't exist")

    def no_page(self, response):
        self.fails_plainly(response, 404, "404 page not found")

    def wrong_method(self, response, allowed):
        self.fails_plainly(response, 405, "Method Not Allowed")
        self.assertEqual(set(response.headers["Allow"].split(", ")), allowed)
