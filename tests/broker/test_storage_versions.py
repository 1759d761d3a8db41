"""A storage that others wrote: an older broker, or somebody by hand."""

import os
import sqlite3

from harness import main
from node import Node
from storage import StorageTest, snapshot


class OlderVersions(StorageTest):
    """A file of schema 1, as brokers without groups wrote it."""

    SCHEMA = """
CREATE TABLE vhost (path TEXT PRIMARY KEY, access_token TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE channel (
    vhost TEXT NOT NULL REFERENCES vhost (path) ON DELETE CASCADE,
    name TEXT NOT NULL,
    PRIMARY KEY (vhost, name)
) WITHOUT ROWID;
PRAGMA user_version = 1;
"""

    def stored(self):
        node = Node()
        self.addCleanup(node.close)
        node.stop()
        os.unlink(node.database)
        self.change(node, self.SCHEMA + f"INSERT INTO vhost VALUES ('/moon', '{'0' * 40}');"
                    "INSERT INTO channel VALUES ('/moon', 'a'); INSERT INTO channel VALUES ('/moon', 'b');")
        return node

    @staticmethod
    def change(node, script):
        database = sqlite3.connect(node.database)
        database.executescript(script)
        database.close()

    def version(self, node):
        database = sqlite3.connect(node.database)
        try:
            return database.execute("PRAGMA user_version").fetchone()[0]
        finally:
            database.close()

    def test_it_is_brought_up_to_date(self):
        node = self.stored()
        node.start()
        before = {"/moon": ("0" * 40, ["a", "b"])}
        self.assertEqual(snapshot(node), before)
        self.assertEqual(node.admin("PUT", "/moon/groups/g", body='{"max_deliver":2}').status, 200)
        node.kill()
        node.start()
        self.assertEqual(snapshot(node), before)
        self.assertEqual(node.admin("GET", "/moon/groups/g").json()["group"]["settings"]["max_deliver"], 2)
        node.stop()
        self.assertEqual(self.version(node), 2)

    def test_one_that_cannot_be_stays_as_it_is(self):
        node = self.stored()
        self.change(node, "CREATE TABLE dead_letter (of TEXT)")
        self.assertFalse(self.attempt(node))
        self.assertIn(node.database, node.log_text().splitlines()[-1])
        self.assertEqual(self.version(node), 1)
        self.change(node, "DROP TABLE dead_letter")
        node.start()
        self.assertEqual(snapshot(node), {"/moon": ("0" * 40, ["a", "b"])})


class GroupsByHand(StorageTest):
    def test_what_is_no_value_is_left_out(self):
        node = Node()
        self.addCleanup(node.close)
        node.vhost("/moon")
        self.assertEqual(node.admin("PUT", "/moon/groups/g", body='{"max_deliver":2,"order":"sid"}').status, 200)
        node.stop()
        for statement, line in (
                ("UPDATE worker_group SET max_deliver = 0", 'max_deliver is not a number from 1 to 100: "0"'),
                ("UPDATE worker_group SET \"order\" = 'x'", 'order is none of none, sid, uid, channel: "x"')):
            OlderVersions.change(node, statement)
            node.start()
            self.assertIn(f" error the stored setting of group g of /moon is left out: {line}\n", node.log_text())
            node.stop()
        node.start()
        settings = node.admin("GET", "/moon/groups/g").json()["group"]["settings"]
        self.assertEqual((settings["max_deliver"], settings["order"]), (5, "none"))

    def test_a_name_that_is_none_is_left_out(self):
        node = Node()
        self.addCleanup(node.close)
        node.vhost("/moon")
        self.assertEqual(node.admin("PUT", "/moon/groups/g").status, 200)
        node.stop()
        OlderVersions.change(node, "UPDATE worker_group SET name = 'a\"b'")
        node.start()
        self.assertEqual(node.admin("GET", "/moon/groups").json()["groups"], [])
        self.assertIn(' error the stored group "a\\"b" of "/moon" is left out: its name is none\n', node.log_text())

    def test_of_no_vhost_there_is_none(self):
        node = Node()
        self.addCleanup(node.close)
        node.vhost("/moon")
        self.assertEqual(node.admin("PUT", "/moon/groups/g").status, 200)
        node.stop()
        OlderVersions.change(node, "DELETE FROM vhost")
        node.start()
        node.vhost("/moon")
        self.assertEqual(node.admin("GET", "/moon/groups").json()["groups"], [])


if __name__ == "__main__":
    main()
