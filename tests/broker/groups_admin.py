"""What the tests of the operator's side of reliable groups share."""

import json

from admin import AdminTest
from group_worker import GroupWorker
from harness import wait_until

DEFAULTS = {"filter": None, "order": "none", "lease_ms": 10000, "ack_deadline_ms": 60000, "max_deliver": 5,
            "max_events": 100000, "max_bytes": 268435456, "max_age_ms": 86400000, "overflow": "refuse",
            "paused": False}


class GroupsTest(AdminTest):
    def setUp(self):
        super().setUp()
        self.groups = self.vhost.path + "/groups"

    def put(self, group, body=None, **settings):
        body = json.dumps(settings) if body is None else body
        return self.admin("PUT", f"{self.groups}/{group}", body=body)

    def shown(self, group="g"):
        return self.get(f"{self.groups}/{group}")["group"]

    def settings(self, group="g"):
        return self.shown(group)["settings"]

    def names(self):
        return [group["name"] for group in self.get(self.groups)["groups"]]

    def no_group(self, response):
        self.fails(response, 404, "group doesn't exist")

    def member(self, *args, **query):
        worker = GroupWorker(self.vhost, *args, **query)
        self.addCleanup(worker.close)
        return worker

    def wait_for(self, what, value, group="g"):
        wait_until(lambda: self.shown(group)[what] == value, f"{what} of {group} to be {value}")
