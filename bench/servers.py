"""The servers that bench/broker.py measures: ours and its rivals. Each is a context manager: on a port
of its own of the loopback interface while inside, gone afterwards, with what it had written.

A server says which processes are it, and what bench_load has to know to speak to it.
"""

import base64
import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time

from measuring import PEER, ROOT, processors

sys.path.insert(0, os.path.join(ROOT, "tests", "broker"))

from harness import Broker  # noqa: E402

DEADLINE = 20.0


@contextlib.contextmanager
def running_on(chosen):
    """What is started inside inherits these processors."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, chosen)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def wait_until(condition, process):
    end = time.monotonic() + DEADLINE
    while True:
        value = condition()
        if value:
            return value
        if process.poll() is not None or time.monotonic() > end:
            raise RuntimeError(f"{process.args[0]} did not start")
        time.sleep(0.01)


def children_of(process):
    with open(f"/proc/{process}/task/{process}/children") as file:
        return [int(child) for child in file.read().split()]


def unused_port():
    """For servers that cannot choose one by themselves. Nobody else gets it meanwhile: the kernel hands
    out the ports that were free longest."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def listens(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def require_rivals():
    missing = [path for path in (Nginx.PROGRAM, Nginx.NCHAN, Nats.PROGRAM) if not os.path.exists(path)]
    missing += [name for name in ("node", "npm") if shutil.which(name) is None]
    if missing:
        sys.exit(f"scripts/install-dependencies bench installs what is missing: {', '.join(missing)}")


def without_limits():
    """For what is measured: one machine that is a crowd, and pages that speak as fast as they can. Older
    servers do not know all of these."""
    said = subprocess.run([os.environ["WEBROCKET_SERVER"], "--help"], capture_output=True, text=True,
                          timeout=20).stdout
    limits = {"--max-connections-per-address": "1000000", "--max-messages-per-second": "0",
              "--max-bytes-per-second": "0"}
    return [word for flag, value in limits.items() if flag + " " in said for word in (flag, value)]


class WebRocket:
    def __init__(self, *flags, on=None):
        self.flags = (*without_limits(), *flags)
        self.on = on or processors(PEER)

    def __enter__(self):
        with running_on(self.on):
            self.broker = Broker(*self.flags, server=os.environ["WEBROCKET_SERVER"])
        self.vhost = self.broker.vhost("/bench")
        self.vhost.open("bench")
        self.vhost.disconnect()
        self.processes = [self.broker.process.pid]
        host, self.port = self.broker.addr
        self.url = f"http://wr:{self.vhost.token}@{host}:{self.port}/bench"
        return self

    def __exit__(self, *_):
        # Abruptly, as the load has ended: thousands of connections are nothing to take leave of.
        self.broker.kill()
        shutil.rmtree(self.broker.dir, ignore_errors=True)

    def told(self):
        credentials = base64.b64encode(f"wr:{self.vhost.token}".encode()).decode()
        return {"dialect": "webrocket", "authorization": "Basic " + credentials}

    def posting(self):
        return {"target": "/bench/channels/bench/events"}

    def streaming(self):
        return {"stream": "/bench/events"}

    def tokens(self, count):
        """For browsers that authenticate."""
        found = [self.vhost.access_token("bench") for _ in range(count)]
        self.vhost.disconnect()
        return {"tokens": ",".join(found)}


class Program:
    """A rival: a program with a directory of its own."""

    def __enter__(self):
        self.directory = tempfile.mkdtemp(prefix="webrocket-bench-")
        self.log = open(os.path.join(self.directory, "log"), "w+")
        try:
            with running_on(processors(PEER)):
                self.process = subprocess.Popen(self.command(), stdout=subprocess.PIPE, stderr=self.log,
                                                text=True, cwd=self.directory)
            self.wait_until_ready()
            self.processes = [self.process.pid, *children_of(self.process.pid)]
        except Exception:
            self.log.seek(0)
            sys.stderr.write(self.log.read())
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        process = getattr(self, "process", None)
        if process:
            process.terminate()
            try:
                process.wait(DEADLINE)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            process.stdout.close()
        self.log.close()
        shutil.rmtree(self.directory, ignore_errors=True)


class Nginx(Program):
    """With nchan's publisher and subscriber, and a location that takes everything with 202."""

    PROGRAM = "/usr/sbin/nginx"
    NCHAN = "/usr/lib/nginx/modules/ngx_nchan_module.so"
    CONFIGURATION = """
        load_module {nchan};
        daemon off;
        worker_processes 1;
        pid nginx.pid;
        events {{ worker_connections 16384; }}
        http {{
            access_log off;
            keepalive_requests 1000000000;
            client_body_temp_path body;
            proxy_temp_path proxy;
            fastcgi_temp_path fastcgi;
            uwsgi_temp_path uwsgi;
            scgi_temp_path scgi;
            server {{
                listen 127.0.0.1:{port} backlog=4096;
                location = /publish {{
                    nchan_publisher;
                    nchan_channel_id bench;
                }}
                location = /subscribe {{
                    nchan_subscriber websocket;
                    nchan_channel_id bench;
                    nchan_subscriber_first_message newest;
                }}
                location = /accepted {{ return 202; }}
            }}
        }}
    """
    def command(self):
        self.port = unused_port()
        path = os.path.join(self.directory, "nginx.conf")
        with open(path, "w") as file:
            file.write(self.CONFIGURATION.format(nchan=self.NCHAN, port=self.port))
        os.chmod(self.directory, 0o755)
        return [self.PROGRAM, "-p", self.directory, "-c", path, "-e", "stderr"]

    def wait_until_ready(self):
        wait_until(lambda: listens(self.port) and children_of(self.process.pid), self.process)

    def told(self):
        return {"dialect": "nchan"}

    def posting(self):
        return {"target": "/publish"}

    def accepting(self):
        return {"target": "/accepted"}


class Nats(Program):
    PROGRAM = "/usr/sbin/nats-server"

    def command(self):
        path = os.path.join(self.directory, "nats.conf")
        with open(path, "w") as file:
            file.write('listen: "127.0.0.1:-1"\n'
                       'websocket { listen: "127.0.0.1:-1", no_tls: true }\n')
        return [self.PROGRAM, "-c", path, "--ports_file_dir", self.directory]

    def wait_until_ready(self):
        path = os.path.join(self.directory, f"nats-server_{self.process.pid}.ports")

        def ports():
            try:
                with open(path) as file:
                    return json.load(file)
            except (FileNotFoundError, json.JSONDecodeError):
                return None

        found = wait_until(ports, self.process)
        self.worker_port, self.port = (int(found[kind][0].rsplit(":", 1)[1])
                                       for kind in ("nats", "websocket"))

    def told(self):
        return {"dialect": "nats"}

    def streaming(self):
        return {"worker_port": self.worker_port}


class SocketIo(Program):
    """Its packages come from npm, into the build directory."""

    SOURCE = os.path.join(ROOT, "bench", "socketio")
    INSTALLED = os.path.join(ROOT, "build", "bench-socketio")

    @classmethod
    def install(cls):
        os.makedirs(cls.INSTALLED, exist_ok=True)
        for name in os.listdir(cls.SOURCE):
            shutil.copy2(os.path.join(cls.SOURCE, name), cls.INSTALLED)
        lock = os.path.join(cls.INSTALLED, "package-lock.json")
        done = os.path.join(cls.INSTALLED, "node_modules", ".package-lock.json")
        if not os.path.exists(done) or os.path.getmtime(done) < os.path.getmtime(lock):
            subprocess.run(["npm", "ci", "--silent"], cwd=cls.INSTALLED, check=True, timeout=300)

    def command(self):
        return ["node", os.path.join(self.INSTALLED, "server.mjs")]

    def wait_until_ready(self):
        self.port = int(self.process.stdout.readline())

    def told(self):
        return {"dialect": "socketio"}


class UWebSockets(Program):
    """Where somebody has built bench/uwebsockets/server.cpp; see there."""

    PROGRAM = os.environ.get("UWEBSOCKETS_SERVER")

    def command(self):
        self.port = unused_port()
        return [self.PROGRAM, str(self.port)]

    def wait_until_ready(self):
        wait_until(lambda: listens(self.port), self.process)

    def told(self):
        return {"dialect": "nchan"}

    def posting(self):
        return {"target": "/publish"}

    def accepting(self):
        return {"target": "/accepted"}
