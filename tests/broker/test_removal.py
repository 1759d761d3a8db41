"""Channels and vhosts that are removed under a thousand subscribers in full traffic: everybody is told,
nothing hangs, and nothing is left behind."""

import itertools
import json
import os
import resource
import selectors
import struct
import threading
import time
import unittest

from harness import (CLOSE, DEADLINE, PING, PONG, TEXT, UNLIMITED, Broker, Browser, BrokerTest, Vhost, frame,
                     main, wait_until)

CROWD = 1000


class Subscriber(Browser):
    """One of many, read by whoever has time: notes what matters, and complains of what must not be."""

    def __init__(self, addr, path, channels):
        super().__init__(addr, path)
        for channel in channels:
            self.subscribe(channel)
        self.socket.setblocking(False)
        self.buffer = b""
        self.told = []          # channels, as they were closed
        self.next = {}          # channel to the number of the event that has to come next
        self.close_frame = None
        self.ended = False
        self.complaint = None

    def fileno(self):
        return self.socket.fileno()

    def read(self):
        try:
            data = self.socket.recv(1 << 18)
        except ConnectionError:
            data = b""
        if not data:
            self.ended = True
            return
        self.buffer += data
        at = 0
        while len(self.buffer) - at >= 2:
            size, begin = self.buffer[at + 1], at + 2
            if size == 126:
                if len(self.buffer) < at + 4:
                    break
                size, begin = struct.unpack_from("!H", self.buffer, begin)[0], begin + 2
            if len(self.buffer) < begin + size:
                break
            self.hear_frame(self.buffer[at] & 0x0F, self.buffer[begin:begin + size])
            at = begin + size
        self.buffer = self.buffer[at:]

    def hear_frame(self, opcode, payload):
        if self.close_frame is not None:
            self.complaint = f"after the close frame: {payload}"
        elif opcode == CLOSE:
            self.close_frame = payload
        elif opcode == PING:
            self.socket.send(frame(PONG, payload))
        else:
            (event, data), = json.loads(payload).items()
            if event == ":unsubscribed":
                self.told.append(data["channel"])
            elif event == "n":
                channel, number = data["channel"], data["i"]
                if channel in self.told:
                    self.complaint = f"{number} on {channel}, which was closed"
                elif number != self.next.get(channel, number):
                    self.complaint = f"{number} on {channel} instead of {self.next[channel]}"
                self.next[channel] = number + 1
            elif event != "said":
                self.complaint = f"{event} {data}"


class Crowd:
    """Subscribers, and a thread that reads for them all."""

    def __init__(self, vhost, channels, count=CROWD):
        self.subscribers = [Subscriber(vhost.broker.addr, vhost.path, channels) for _ in range(count)]
        self.selector = selectors.DefaultSelector()
        for subscriber in self.subscribers:
            self.selector.register(subscriber, selectors.EVENT_READ)
        self.leave = False
        self.thread = threading.Thread(target=self.read)
        self.thread.start()

    def read(self):
        while not self.leave and self.selector.get_map():
            for key, _ in self.selector.select(0.1):
                try:
                    key.fileobj.read()
                except Exception as complaint:
                    key.fileobj.complaint = key.fileobj.complaint or complaint
                    key.fileobj.ended = True
                if key.fileobj.ended:
                    self.selector.unregister(key.fileobj)

    def all(self, condition):
        return all(map(condition, self.subscribers))

    def complaints(self):
        return {str(subscriber.complaint) for subscriber in self.subscribers if subscriber.complaint}

    def close(self):
        self.leave = True
        self.thread.join()
        self.selector.close()
        for subscriber in self.subscribers:
            subscriber.close()


class Traffic:
    """A backend that triggers numbered events on channels, and browsers that talk on the first of them,
    as fast as the crowd listens: of a longer backlog only the machine's speed would be seen."""

    TALKERS = 3
    AHEAD = 20  # numbers, at most, of the crowd

    def __init__(self, vhost, channels, crowd):
        self.channels = channels
        self.listeners = crowd.subscribers[::100]
        self.acknowledged = {channel: 0 for channel in channels}
        self.refusals = {channel: set() for channel in channels}  # (status, code)
        self.heard = set()    # codes of :error, and how the connections ended
        self.leave = False
        self.complaint = None
        backend = Vhost(vhost.broker, vhost.path, vhost.token)
        talkers = [vhost.browser() for _ in range(self.TALKERS)]
        for talker in talkers:
            talker.subscribe(channels[0])
        self.threads = [threading.Thread(target=self.guard, args=(work, *arguments)) for work, *arguments in (
            (self.fire, backend), *((self.talk, talker) for talker in talkers))]
        for thread in self.threads:
            thread.start()

    def guard(self, work, connection):
        try:
            work(connection)
        except Exception as complaint:
            self.complaint = complaint

    def is_ahead(self):
        return any(self.acknowledged[channel] - listener.next.get(channel, 0) > self.AHEAD
                   for channel in self.channels if not self.refusals[channel] for listener in self.listeners)

    def wait_for_crowd(self):
        while not self.leave and self.is_ahead():
            time.sleep(0.001)

    def fire(self, backend):
        numbers = itertools.count()
        while not self.leave:
            self.wait_for_crowd()
            number = next(numbers)
            for channel in self.channels:
                response = backend.fire(channel, "n", {"i": number})
                if response.status == 202:
                    self.acknowledged[channel] = number + 1
                else:
                    self.refusals[channel].add((response.status, response.json()["code"]))
        backend.disconnect()

    def talk(self, talker):
        """Waits for its own message before it sends the next, like a person."""
        with talker:
            self.talk_until_told(talker)

    def talk_until_told(self, talker):
        while not self.leave:
            self.wait_for_crowd()
            talker.say("broadcast", channel=self.channels[0], event="said")
            try:
                while True:
                    opcode, _, payload = talker.read_frame()
                    if opcode == CLOSE:
                        self.heard.add(struct.unpack("!H", payload[:2])[0])
                        return
                    if opcode != TEXT:
                        continue
                    (event, data), = json.loads(payload).items()
                    if event == ":error":
                        self.heard.add(data["code"])
                    if event == ":error" or (event == "said" and data.get("sid") == talker.sid):
                        break
            except ConnectionError:
                self.heard.add("reset")
                return

    def stop(self):
        self.leave = True
        for thread in self.threads:
            thread.join(DEADLINE)
        assert not any(thread.is_alive() for thread in self.threads), "somebody still waits for an answer"
        complaint, self.complaint = self.complaint, None
        if complaint:
            raise complaint


class RemovalTest(BrokerTest):
    FLAGS = UNLIMITED  # its talkers stand for many

    @classmethod
    def setUpClass(cls):
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        wanted = 2 * CROWD + 500  # here; the broker inherits it
        if hard < wanted:
            raise unittest.SkipTest(f"{hard} descriptors are not enough")
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted), hard))
        super().setUpClass()

    def begin(self, channels, count=CROWD):
        """Subscribers of all the channels, in full traffic."""
        for channel in channels:
            self.vhost.open(channel)
        crowd = Crowd(self.vhost, channels, count)
        self.addCleanup(crowd.close)
        traffic = Traffic(self.vhost, channels, crowd)
        self.addCleanup(traffic.stop)
        wait_until(lambda: min(traffic.acknowledged.values()) > 20 and
                   crowd.all(lambda subscriber: set(subscriber.next) == set(channels)), "the traffic")
        return crowd, traffic

    def everybody_heard_all_until(self, crowd, channel, least):
        """What was acknowledged before the removal has been heard."""
        self.assertEqual(crowd.complaints(), set())
        self.assertGreaterEqual(min(subscriber.next[channel] for subscriber in crowd.subscribers), least)

    def returns_to(self, descriptors):
        wait_until(lambda: self.broker.descriptors() <= descriptors,
                   f"the descriptors to return to {descriptors}")


class RemovedChannels(RemovalTest):
    def remove(self, remove):
        before = self.broker.descriptors()
        crowd, traffic = self.begin(["busy", "other"])
        least = traffic.acknowledged["busy"]
        self.assertEqual(remove(), 202)
        wait_until(lambda: crowd.all(lambda subscriber: "busy" in subscriber.told), "everybody to be told")
        wait_until(lambda: traffic.refusals["busy"] == {(404, 454)}, "the backend to be refused")
        wait_until(lambda: traffic.heard == {454}, "the talkers to be refused")
        return crowd, traffic, before, least

    def is_over(self, crowd, traffic, before, least):
        self.everybody_heard_all_until(crowd, "busy", least)
        traffic.stop()
        crowd.close()
        self.vhost.disconnect()
        self.returns_to(before)

    def test_by_a_backend(self):
        crowd, traffic, before, least = self.remove(
            lambda: self.vhost.request("DELETE", "/channels/busy").status)
        # The other channel goes on, without a gap.
        already = traffic.acknowledged["other"]
        wait_until(lambda: crowd.all(lambda subscriber: subscriber.next["other"] > already), "more events")
        self.assertEqual(traffic.refusals["other"], set())
        self.assertTrue(crowd.all(lambda subscriber: subscriber.told == ["busy"]))
        self.is_over(crowd, traffic, before, least)
        # One that is opened anew has nobody on it.
        self.vhost.open("busy")
        self.assertEqual(self.vhost.subscribers("busy"), 0)

    def test_all_by_the_administrator(self):
        crowd, traffic, before, least = self.remove(
            lambda: self.broker.admin("DELETE", self.vhost.path + "/channels").status)
        wait_until(lambda: crowd.all(lambda subscriber: sorted(subscriber.told) == ["busy", "other"]),
                   "everybody to be told of both")
        wait_until(lambda: traffic.refusals["other"] == {(404, 454)}, "the backend to be refused")
        self.is_over(crowd, traffic, before, least)

    def test_again_and_again(self):
        """A channel that is closed and opened under its users."""
        crowd, traffic = self.begin(["busy"], 50)
        for _ in range(30):
            self.assertEqual(self.vhost.request("DELETE", "/channels/busy").status, 202)
            self.vhost.open("busy")
        wait_until(lambda: traffic.heard == {453} or traffic.heard == {453, 454}, "the talkers to be refused")
        wait_until(lambda: crowd.all(lambda subscriber: subscriber.told), "everybody to be told")
        self.assertTrue(crowd.all(lambda subscriber: subscriber.told == ["busy"]))
        self.assertEqual(crowd.complaints(), set())
        self.assertEqual(self.vhost.subscribers("busy"), 0)


class RemovedVhosts(RemovalTest):
    def drop(self):
        self.assertEqual(self.broker.admin("DELETE", self.vhost.path).status, 202)

    def test_everybody_is_sent_away(self):
        neighbour = self.broker.vhost(self.vhost.path + "/next")
        neighbour.open("c")
        witness = neighbour.browser()
        self.addCleanup(witness.close)
        witness.subscribe("c")
        before = self.broker.descriptors()
        crowd, traffic = self.begin(["busy", "other"])
        worker = self.worker("none")
        least = traffic.acknowledged["busy"]
        self.drop()
        wait_until(lambda: crowd.all(lambda subscriber: subscriber.ended), "everybody to be disconnected")
        self.assertEqual({subscriber.close_frame for subscriber in crowd.subscribers},
                         {struct.pack("!H", 1000)})
        self.assertIsNone(worker.event())
        wait_until(lambda: traffic.refusals["busy"] == {(404, 455)}, "the backend to be refused")
        wait_until(lambda: 1000 in traffic.heard, "the talkers to be disconnected")
        self.everybody_heard_all_until(crowd, "busy", least)
        traffic.stop()
        self.assertEqual(traffic.heard, {1000})  # and not that its channel is gone
        crowd.close()
        worker.close()
        self.vhost.disconnect()
        self.returns_to(before)
        # The neighbour has not noticed, and a new vhost of that name has nothing of the old one.
        neighbour.fire("c", "after")
        self.assertEqual(witness.hear(), {"after": {"channel": "c"}})
        neighbour.disconnect()
        self.vhost = self.broker.vhost(self.vhost.path)
        self.assertEqual(self.broker.admin("GET", self.vhost.path + "/channels").json(), {"channels": []})

    def test_those_who_do_not_read_are_not_waited_for(self):
        """Neither by whoever removes the vhost nor by the broker."""
        before = self.broker.descriptors()
        self.vhost.open("busy")
        deaf = [Browser(self.broker.addr, self.vhost.path, receive_buffer=4096) for _ in range(50)]
        for browser in deaf:
            self.addCleanup(browser.close)
            browser.subscribe("busy")
        crowd, traffic = self.begin(["busy"], 50)
        for _ in range(20):
            self.assertEqual(self.vhost.fire("busy", "said", {"filler": "x" * 50000}).status, 202)
        self.drop()
        wait_until(lambda: crowd.all(lambda subscriber: subscriber.ended), "everybody to be disconnected")
        traffic.stop()
        self.vhost.disconnect()
        # The deaf have not hung up.
        self.returns_to(before)
        self.vhost = self.broker.vhost(self.vhost.path)


class Memory(unittest.TestCase):
    """What a crowd needs is found again by the next one."""

    def resident(self):
        with open(f"/proc/{self.broker.process.pid}/statm") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    def is_sanitized(self):
        with open(f"/proc/{self.broker.process.pid}/maps") as file:
            return any(name in line for line in file for name in ("libasan", "libtsan", "libclang_rt"))

    def round(self):
        vhost = self.broker.vhost("/moon")
        vhost.open("busy")
        crowd = Crowd(vhost, ["busy"])
        try:
            for number in range(20):
                vhost.fire("busy", "n", {"i": number})
            self.assertEqual(self.broker.admin("DELETE", "/moon/channels/busy").status, 202)
            wait_until(lambda: crowd.all(lambda subscriber: subscriber.told == ["busy"]), "everybody to be told")
            self.assertEqual(self.broker.admin("DELETE", "/moon").status, 202)
            wait_until(lambda: crowd.all(lambda subscriber: subscriber.ended), "everybody to be disconnected")
        finally:
            crowd.close()
            vhost.disconnect()
            self.broker.vhosts.remove(vhost)
        wait_until(lambda: self.broker.descriptors() <= self.before, "the connections to end")
        return self.resident()

    def test_of_many_crowds(self):
        self.broker = Broker(*UNLIMITED)
        self.addCleanup(self.broker.close)
        if self.is_sanitized():
            self.skipTest("a sanitizer keeps what was freed")
        self.before = self.broker.descriptors()
        initial = self.resident()
        first, *_, last = [self.round() for _ in range(4)]
        self.assertLess(last - first, 2 << 20)
        self.assertLess(last - initial, 16 << 20)


if __name__ == "__main__":
    main()
