"""Who changes what the broker stores. Each has a part of it for himself, makes one change at a time, and
knows what was acknowledged; of the change that was under way when the broker died, both outcomes will do.

A part of what is stored is {vhost: (token, {channels})}.
"""

import base64
import copy
import http.client
import json
import random
import threading

DEADLINE = 20.0


class Died(Exception):
    """The broker hung up before it had answered."""


class Writer(threading.Thread):
    """Ends when the broker does."""

    def __init__(self, number, seed):
        self.root = f"/{type(self).__name__.lower()}{number}"
        self.random = random.Random(f"{seed} {self.root}")
        self.stored = {}      # what has been acknowledged
        self.either = None    # what there would be if the change under way had been made, too
        self.acknowledged = 0
        self.complaint = None
        self.connection = None
        self.admin_connection = None

    def begin(self, broker):
        """Afresh, once the broker is there again."""
        threading.Thread.__init__(self)
        self.either = None
        self.connection = http.client.HTTPConnection(*broker.addr, timeout=DEADLINE)
        self.admin_connection = http.client.HTTPConnection(*broker.admin_addr, timeout=DEADLINE)
        self.cookie = broker.cookie
        self.start()

    def run(self):
        try:
            self.set_up()
            while True:
                self.change()
        except Died:
            pass
        except Exception as complaint:
            self.complaint = complaint
        finally:
            self.connection.close()
            self.admin_connection.close()

    def set_up(self):
        pass

    def owns(self, vhost):
        return vhost == self.root or vhost.startswith(self.root + "/")

    def exchange(self, connection, method, path, headers):
        try:
            connection.request(method, path, headers=headers)
            response = connection.getresponse()
            return response.status, response.read()
        except TimeoutError:
            raise
        except (OSError, http.client.HTTPException) as error:
            raise Died from error

    def admin(self, method, path):
        return self.exchange(self.admin_connection, method, path, {"X-WebRocket-Cookie": self.cookie})

    def backend(self, method, vhost, suffix):
        credentials = base64.b64encode(f"wr:{self.stored[vhost][0]}".encode()).decode()
        return self.exchange(self.connection, method, vhost + suffix,
                             {"Authorization": "Basic " + credentials})

    def acknowledge(self, status, good, change):
        """The answer to a change, which was begun by `under_way`."""
        if status not in good:
            raise AssertionError(f"{self.root}: {change} was answered {status}")
        self.stored, self.either = self.either, None
        self.acknowledged += 1

    def under_way(self):
        """What is stored, to be changed as it will be if the change is made."""
        self.either = copy.deepcopy(self.stored)
        return self.either

    # Changes

    def add_vhost(self, vhost):
        self.under_way()[vhost] = (None, set())
        status, _ = self.admin("POST", vhost.replace("/", "%2F").replace("%2F", "/", 1))
        self.acknowledge(status, [302], "adding " + vhost)
        self.learn_token(vhost)

    def remove_vhost(self, vhost):
        del self.under_way()[vhost]
        status, _ = self.admin("DELETE", vhost)
        self.acknowledge(status, [202], "removing " + vhost)

    def renew_token(self, vhost):
        old = self.stored[vhost][0]
        self.under_way()[vhost] = (("not", old), self.stored[vhost][1])
        status, _ = self.admin("PUT", vhost + "/token")
        self.acknowledge(status, [302], "renewing the token of " + vhost)
        self.learn_token(vhost)

    def learn_token(self, vhost):
        """Until then it is only known that it is another one."""
        status, body = self.admin("GET", vhost)
        token = json.loads(body)["vhost"]["accessToken"]
        before = self.stored[vhost][0]
        if status != 200 or not agrees(before, token):
            raise AssertionError(f"{vhost} has the token of before")
        self.stored[vhost] = (token, self.stored[vhost][1])

    def open_channel(self, vhost, name, backend):
        self.under_way()[vhost][1].add(name)
        ask, good = ((lambda: self.backend("POST", vhost, "/channels/" + name), [202]) if backend else
                     (lambda: self.admin("POST", f"{vhost}/channels/{name}"), [302]))
        self.acknowledge(ask()[0], good, f"opening {name}")

    def close_channel(self, vhost, name, backend):
        self.under_way()[vhost][1].discard(name)
        status, _ = (self.backend("DELETE", vhost, "/channels/" + name) if backend else
                     self.admin("DELETE", f"{vhost}/channels/{name}"))
        self.acknowledge(status, [202], f"closing {name}")

    def close_all_channels(self, vhost):
        self.under_way()[vhost][1].clear()
        status, _ = self.admin("DELETE", vhost + "/channels")
        self.acknowledge(status, [202], "closing all channels of " + vhost)

    # After the broker is back

    def compare(self, stored):
        """Takes what is stored for what there is, if that is what it may be."""
        mine = {vhost: value for vhost, value in stored.items() if self.owns(vhost)}
        if not agree(self.stored, mine) and not (self.either is not None and agree(self.either, mine)):
            raise AssertionError(f"{self.root}: there is\n  {mine}\nwhere there should be\n  {self.stored}\n"
                                 f"or, perhaps,\n  {self.either}")
        was_made = not agree(self.stored, mine)
        self.stored = mine
        return was_made


def agrees(expected, token):
    """A token of None is any, ("not", T) any but T."""
    if expected is None:
        return True
    if isinstance(expected, tuple):
        return token != expected[1]
    return token == expected


def agree(expected, stored):
    return expected.keys() == stored.keys() and all(
        agrees(token, stored[vhost][0]) and channels == stored[vhost][1]
        for vhost, (token, channels) in expected.items())


class Backend(Writer):
    """Opens and closes channels, like a backend."""

    def set_up(self):
        if self.root not in self.stored:
            self.add_vhost(self.root)

    def change(self):
        name = f"private-c{self.random.randrange(30)}"
        if name in self.stored[self.root][1]:
            self.close_channel(self.root, name, backend=True)
        else:
            self.open_channel(self.root, name, backend=True)


class Administrator(Writer):
    """Adds and removes vhosts, with the channels in them; now and then all channels of one."""

    def change(self):
        vhost = f"{self.root}/{self.random.randrange(6)}"
        if vhost not in self.stored:
            self.add_vhost(vhost)
            return
        name = f"c{self.random.randrange(8)}"
        kind = self.random.randrange(12)
        if kind == 0:
            self.remove_vhost(vhost)
        elif kind == 1:
            self.close_all_channels(vhost)
        elif kind == 2:
            self.renew_token(vhost)
        elif name in self.stored[vhost][1]:
            self.close_channel(vhost, name, backend=kind % 2)
        else:
            self.open_channel(vhost, name, backend=kind % 2)


class Renewer(Writer):
    """Renews one token, over and over."""

    def set_up(self):
        if self.root not in self.stored:
            self.add_vhost(self.root)
        self.use()

    def change(self):
        self.renew_token(self.root)
        self.use()

    def use(self):
        """What is stored has to be what the broker goes by as well."""
        status, _ = self.backend("GET", self.root, "/bogus")
        if status != 404:
            raise AssertionError(f"the token of {self.root} is answered {status}")
