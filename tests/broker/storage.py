"""What the tests of the storage share: what there is, what is done to it, and servers that may not start."""

from harness import DEADLINE
from node import LifecycleTest

CHANGES = (("POST", "/sun"), ("POST", "/moon/channels/new"), ("PUT", "/moon/token"), ("PUT", "/moon/groups/new"),
           ("DELETE", "/moon/channels/old"), ("DELETE", "/moon/channels"), ("DELETE", "/moon"), ("DELETE", "/"))


def snapshot(node):
    return {vhost["path"]: (vhost["accessToken"], [
        channel["name"] for channel in node.admin("GET", vhost["path"] + "/channels").json()["channels"]])
        for vhost in node.admin("GET", "/").json()["vhosts"]}


class StorageTest(LifecycleTest):
    def attempt(self, node):
        """Whether it starts. If not, it has said why in one line that names what is the matter with."""
        try:
            node.start()
            return True
        except AssertionError:
            self.assertEqual(node.process.wait(DEADLINE), 1, node.log_text()[-500:])
            node.process = None
            node.log.close()
            last = node.log_text().splitlines()[-1]
            self.assertTrue(last.startswith("webrocket-server: ") and node.storage in last, last)
            return False

    def refuses_all_changes(self, node, reason):
        """Each is answered 500, none has happened, and the log says why."""
        before = snapshot(node)
        for method, path in CHANGES:
            response = node.admin(method, path)
            self.assertEqual((response.status, response.json()), (500, {"error": "internal error"}),
                             (method, path))
            self.assertEqual(snapshot(node), before, (method, path))
        vhost = node.vhosts[0]
        self.assertEqual(vhost.request("POST", "/channels/new").json()["code"], 597)
        self.assertEqual(vhost.request("DELETE", "/channels/old").json()["code"], 597)
        self.assertEqual(snapshot(node), before)
        self.assertRegex(node.log_text(), f"cannot store in {node.database}: [^\n]*{reason}")
        # What needs no storage goes on.
        browser = vhost.browser("alice")
        browser.subscribe("old")
        vhost.fire("old", "e")
        self.assertEqual(browser.hear(), {"e": {"channel": "old"}})
        browser.close()

    def works_again(self, node):
        for method, path in CHANGES:
            self.assertIn(node.admin(method, path).status, (200, 202, 302), (method, path))
        self.assertEqual(snapshot(node), {})

    def survives(self, node):
        """What there is now is there after a crash as well."""
        before = snapshot(node)
        node.kill()
        node.start()
        self.assertEqual(snapshot(node), before)
