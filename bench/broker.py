#!/usr/bin/env python3
"""Measures the broker beside its rivals, over loopback.

    bench/broker.py                  builds in build/bench, and measures everything: most of an hour
    bench/broker.py --only posts     one thing: fan-out, idle, posts, worker, round-trips or threads
    bench/broker.py --runs 3         instead of nine
    bench/broker.py --quick          once, and with fewer subscribers: does everything work?

WEBROCKET_SERVER in the environment names a broker that is built already, UWEBSOCKETS_SERVER a rival that
bench/uwebsockets/server.cpp tells how to build: it is measured where it is there.

scripts/install-dependencies bench installs the rivals: nginx with nchan, nats-server, and npm, from
which Socket.IO comes. They have their default settings, but for what servers.py says. Every measurement
starts its server anew and stops it; they take turns, A B C A B C ...
The server has one processor to itself, the load another. Each line shows the median with the lowest
and the highest in parentheses, and so do the ratios, which are taken run by run, each against the
rival's of the same round. The A/A line is the same server against itself: how far from 1 chance alone
gets on this machine.
"""

import argparse
import contextlib
import functools
import json
import os
import platform
import resource
import signal
import subprocess
import sys

from measuring import PEER, PROGRAM, build, in_turn, pin, processors, ratio, spread
from servers import Nats, Nginx, SocketIo, UWebSockets, WebRocket, require_rivals

PUBLISHERS = 8
WINDOW = 32
CONNECTIONS = 64


# ---- Measurements: each is a function that starts a server, puts a load on it, and returns figures ----

class Load:
    def __init__(self, directory, seconds):
        self.directory = directory
        self.seconds = seconds

    def program(self, name):
        return os.path.join(self.directory, "bench", f"bench_{name}")

    def run(self, scenario, server, **wishes):
        words = {**server.told(), "port": server.port, "seconds": self.seconds,
                 "processes": ",".join(map(str, server.processes)), **wishes}
        done = subprocess.run([self.program("load"), scenario,
                               *(f"{name}={value}" for name, value in words.items())],
                              stdout=subprocess.PIPE, text=True, timeout=900, preexec_fn=pin(PROGRAM))
        if done.returncode != 0:
            sys.exit(f"{scenario} with {type(server).__name__} failed")
        return json.loads(done.stdout)

    def rates(self, scenario, server, **wishes):
        figures = self.run(scenario, server, **wishes)
        return {"rate": figures["operations"] / figures["seconds"],
                "cpu": figures["cpu_seconds"] / figures["operations"],
                "busy": figures["cpu_seconds"] / figures["seconds"],
                "load busy": figures["load_cpu_seconds"] / figures["seconds"]}


def fan_out(load, make_server, posts, **wishes):
    with make_server() as server:
        return load.rates("fan-out", server, **(server.posting() if posts else {}), **wishes)


def idle(load, make_server, subscribers):
    with make_server() as server:
        figures = load.run("idle", server, subscribers=subscribers)
        return {"bytes": figures["kilobytes"] * 1024 / figures["connections"]}


def posts(load, make_server, asked):
    with make_server() as server:
        return load.rates("posts", server, connections=CONNECTIONS, **asked(server))


def worker(load, make_server, echo, tokens=False):
    with make_server() as server:
        return load.rates("worker", server, publishers=PUBLISHERS, window=WINDOW,
                          echo="yes" if echo else "no", **server.streaming(),
                          **(server.tokens(PUBLISHERS) if tokens else {}))


@contextlib.contextmanager
def answering_worker(load, server):
    process = subprocess.Popen([load.program("answering_worker"), server.url, "bench"],
                               stdout=subprocess.PIPE, text=True, preexec_fn=pin(PROGRAM))
    try:
        if process.stdout.readline() != "connected\n":
            sys.exit("the worker did not connect")
        yield
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def round_trips(load, make_server, count, works):
    with make_server() as server:
        with answering_worker(load, server) if works else contextlib.nullcontext():
            return load.run("round-trips", server, round_trips=count,
                            **(server.tokens(1) if works else {}))


# ---- Tables ----

def written(values, form):
    middle, low, high = (form.format(value) for value in spread(values))
    return f"{middle} ({low} to {high})"


def written_ratio(runs, others, figure):
    middle, low, high = ratio(runs, others, figure)
    return f"{middle:.2f} ({low:.2f} to {high:.2f})"


class Column:
    """A figure of every line; with a name for its ratio, lines are compared in it."""

    def __init__(self, title, figure, form, scale=1, compared_as=None):
        self.title, self.figure, self.form, self.scale = title, figure, form, scale
        self.compared_as = compared_as

    def text(self, runs):
        return written((run[self.figure] * self.scale for run in runs), self.form)


def rate_columns(unit):
    plural = {"delivery": "deliveries"}.get(unit, unit + "s")
    return (Column(f"{plural}/s", "rate", "{:,.0f}", compared_as=f"{plural}/s"),
            Column(f"server CPU, µs/{unit}", "cpu", "{:.2f}", 1e6, compared_as="CPU"),
            Column("server busy", "busy", "{:.0%}"),
            Column("load busy", "load busy", "{:.0%}"))


def compare(title, runs, columns, lines):
    """lines: name to (measure, the names of those it is compared with), in the columns' figures."""
    results = in_turn(runs, {name: measure for name, (measure, _) in lines.items()})
    compared = [column for column in columns if column.compared_as]
    print(f"\n### {title}\n")
    print("| | " + " | ".join([column.title for column in columns] +
                              [f"ratio: {column.compared_as}" for column in compared]) + " |")
    print("|---" * (1 + len(columns) + len(compared)) + "|")
    for name, (_, rivals) in lines.items():
        ratios = ["; ".join(f"{written_ratio(results[name], results[rival], column.figure)} × {rival}"
                            for rival in rivals) for column in compared]
        print("| " + " | ".join([name] + [column.text(results[name]) for column in columns] + ratios) + " |")
    sys.stdout.flush()


class Bench:
    def __init__(self, load, options):
        self.load = load
        self.options = options
        self.crowds = options.subscribers or ((200, 1000) if options.quick else (2000, 10_000))

    def compare(self, title, columns, lines):
        compare(title, self.options.runs, columns, lines)

    @staticmethod
    def with_uwebsockets(measure, lines):
        """Measured before ours, which is compared with it as well."""
        if UWebSockets.PROGRAM is None:
            return lines
        ours, rivals = lines["WebRocket"]
        return {"uWebSockets": (measure, []), **lines, "WebRocket": (ours, [*rivals, "uWebSockets"])}

    @staticmethod
    def described(subscribers, publishers, window):
        how = f"{subscribers:,} subscribers, {publishers} publisher"
        return how if publishers == 1 else how + f"s, {window} on the way of each"

    def fan_out(self):
        for subscribers in self.crowds:
            for publishers, window in ((1, 1), (PUBLISHERS, 1), (PUBLISHERS, WINDOW)):
                how = self.described(subscribers, publishers, window)
                measure = functools.partial(fan_out, self.load, subscribers=subscribers,
                                            publishers=publishers, window=window)
                lines = {"nchan": (functools.partial(measure, Nginx, True), []),
                         "WebRocket": (functools.partial(measure, WebRocket, True), ["nchan"]),
                         "WebRocket, A/A": (functools.partial(measure, WebRocket, True), ["WebRocket"])}
                self.compare(f"fan-out: {how}, by POST", rate_columns("delivery"),
                             self.with_uwebsockets(functools.partial(measure, UWebSockets, True), lines))
                if publishers > 1 and window == 1:
                    continue
                self.compare(f"fan-out: {how}, by WebSocket", rate_columns("delivery"), {
                    "nats-server": (functools.partial(measure, Nats, False), []),
                    "Socket.IO": (functools.partial(measure, SocketIo, False), []),
                    "WebRocket": (functools.partial(measure, WebRocket, False),
                                  ["nats-server", "Socket.IO"]),
                    "WebRocket, A/A": (functools.partial(measure, WebRocket, False), ["WebRocket"])})

    def idle(self):
        subscribers = self.crowds[-1]
        measure = functools.partial(idle, self.load, subscribers=subscribers)
        lines = {"nchan": (functools.partial(measure, Nginx), []),
                 "nats-server": (functools.partial(measure, Nats), []),
                 "Socket.IO": (functools.partial(measure, SocketIo), []),
                 "WebRocket": (functools.partial(measure, WebRocket), ["nchan", "nats-server", "Socket.IO"]),
                 "WebRocket, A/A": (functools.partial(measure, WebRocket), ["WebRocket"])}
        self.compare(f"idle: memory of each of {subscribers:,} connections that are subscribed",
                     [Column("bytes", "bytes", "{:,.0f}", compared_as="bytes")],
                     self.with_uwebsockets(functools.partial(measure, UWebSockets), lines))

    def posts(self):
        def accepting(make_server):
            return functools.partial(posts, self.load, make_server, lambda server: server.accepting())

        ours = functools.partial(posts, self.load, WebRocket, lambda server: server.posting())
        lines = {"nginx, return 202": (accepting(Nginx), []),
                 "WebRocket": (ours, ["nginx, return 202"]),
                 "WebRocket, A/A": (ours, ["WebRocket"])}
        self.compare(f"posts: of an event that nobody hears, on {CONNECTIONS} connections",
                     rate_columns("request"), self.with_uwebsockets(accepting(UWebSockets), lines))

    def worker(self):
        measure = functools.partial(worker, self.load)
        triggered = functools.partial(measure, WebRocket, echo=False, tokens=True)
        broadcast = functools.partial(measure, WebRocket, echo=True)
        plain = "nats-server"
        echoing = "nats-server, the publishers subscribed"
        self.compare(f"worker: events of {PUBLISHERS} browsers, {WINDOW} on the way of each, to one worker",
                     rate_columns("event"), {
                         plain: (functools.partial(measure, Nats, echo=False), []),
                         echoing: (functools.partial(measure, Nats, echo=True), []),
                         "WebRocket, trigger": (triggered, [plain]),
                         "WebRocket, trigger, A/A": (triggered, ["WebRocket, trigger"]),
                         "WebRocket, broadcast": (broadcast, [echoing, plain]),
                         "WebRocket, broadcast, A/A": (broadcast, ["WebRocket, broadcast"])})

    def round_trips(self):
        count = 200 if self.options.quick else 5000
        ours = functools.partial(round_trips, self.load, WebRocket, count, True)
        self.compare("round-trips: browser, server, backend and back, one after the other",
                     [Column("median, µs", "median_us", "{:,.0f}", compared_as="median"),
                      Column("99th percentile, µs", "percentile_99_us", "{:,.0f}",
                             compared_as="99th percentile")], {
                         "Socket.IO, answered by the server": (functools.partial(
                             round_trips, self.load, SocketIo, count, False), []),
                         "WebRocket, answered by a worker": (
                             ours, ["Socket.IO, answered by the server"]),
                         "WebRocket, A/A": (ours, ["WebRocket, answered by a worker"])})

    def threads(self):
        if not knows_threads():
            print("\nthreads: left out, this server does not know --threads")
            return
        subscribers = self.crowds[0]
        both = processors(PEER) | processors(PROGRAM)
        for publishers, window in ((1, 1), (PUBLISHERS, WINDOW)):
            for where, on in (("one processor", processors(PEER)), ("both processors", both)):
                one, two = (functools.partial(
                    fan_out, self.load, functools.partial(WebRocket, "--threads", count, on=on), True,
                    subscribers=subscribers, publishers=publishers, window=window)
                    for count in ("1", "2"))
                self.compare(f"threads: {self.described(subscribers, publishers, window)}, by POST, on {where}",
                             rate_columns("delivery"), {
                                 "one loop": (one, []),
                                 "one loop, A/A": (one, ["one loop"]),
                                 "two loops": (two, ["one loop"])})


# ---- The machine ----

def knows_threads():
    said = subprocess.run([os.environ["WEBROCKET_SERVER"], "--help"], capture_output=True, text=True,
                          timeout=20)
    return "--threads" in said.stdout


def first_line(*command):
    said = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=20)
    return said.stdout.splitlines()[0]


def describe():
    with open("/proc/cpuinfo") as file:
        model = next((line.split(":")[1].strip() for line in file if line.startswith("model name")), "?")
    nchan = first_line("dpkg-query", "-W", "-f", "${Version}", "libnginx-mod-nchan")
    with open(os.path.join(SocketIo.SOURCE, "package.json")) as file:
        socketio = json.load(file)["dependencies"]["socket.io"]
    print(f"{os.cpu_count()} × {model}, Linux {platform.release()}; {first_line(Nginx.PROGRAM, '-v')}, "
          f"nchan {nchan}, {first_line(Nats.PROGRAM, '-v')}, Socket.IO {socketio} "
          f"on Node.js {first_line('node', '--version')}")


def tell_load():
    print(f"\nload of the machine: {' '.join(f'{value:.2f}' for value in os.getloadavg())}", flush=True)


def build_programs():
    """With the broker, unless there is one to be measured."""
    mine = "WEBROCKET_SERVER" not in os.environ
    return build(f"KOSMONAUT_BUILD_BROKER={'ON' if mine else 'OFF'}",
                 targets=["bench_load", "bench_answering_worker", *(["webrocket-server"] if mine else [])])


def raise_descriptor_limit():
    """For the servers, which inherit it."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    if hard < 12_000:
        sys.exit(f"10,000 connections need more descriptors than {hard}; see ulimit -Hn")


def main():
    names = ("fan-out", "idle", "posts", "worker", "round-trips", "threads")
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("build", nargs="?",
                        help="a build directory with KOSMONAUT_BUILD_BENCHMARKS=ON (default: make one)")
    parser.add_argument("--only", choices=names)
    parser.add_argument("--runs", type=int)
    parser.add_argument("--subscribers", type=int, nargs="+", help="default: 2000 10000")
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_args()
    options.runs = options.runs or (1 if options.quick else 9)

    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # not without stopping the servers
    require_rivals()
    raise_descriptor_limit()
    directory = os.path.abspath(options.build) if options.build else build_programs()
    os.environ.setdefault("WEBROCKET_SERVER", os.path.join(directory, "broker", "webrocket-server"))
    SocketIo.install()
    describe()
    tell_load()
    bench = Bench(Load(directory, 0.3 if options.quick else 1.5), options)
    for name in names:
        if options.only in (None, name):
            getattr(bench, name.replace("-", "_"))()
    tell_load()


if __name__ == "__main__":
    main()
