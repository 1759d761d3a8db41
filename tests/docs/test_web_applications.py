#!/usr/bin/env python3
"""The programs of docs/web-applications.md, each with four web processes and its worker, beside a real broker:
every process gives tokens, and what a page says is answered once, in its order.

A framework that is not installed is left out; scripts/check-web-applications installs all of them.

It needs in the environment: WEBROCKET_SERVER, KOSMONAUT_LIBRARY.
"""

import concurrent.futures
import http.client
import importlib.util
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "broker"))

from harness import DEADLINE, Broker, wait_until  # noqa: E402
from pages import ROOT, Page  # noqa: E402

PAGE = Page(ROOT / "docs" / "web-applications.md")
NODE = ROOT / "bindings" / "node"
EXPRESS = pathlib.Path("/usr/share/nodejs/express")
PYTHON = "/usr/bin/python3"

# Section to the files that its blocks are, in their order.
FILES = {
    "FastAPI": ["web.py", "worker.py"],
    "Django": ["desk/views.py", "desk/management/commands/work.py"],
    "Express": ["web.mjs", "worker.mjs"],
    "Rails, and whatever else runs on Puma": ["config.ru", "desk.rb", "worker.rb"],
}

# What is around the two files of the page in every Django project.
DJANGO = {
    "manage.py": "import os, sys\n"
                 "from django.core.management import execute_from_command_line\n"
                 "os.environ['DJANGO_SETTINGS_MODULE'] = 'desk.settings'\n"
                 "execute_from_command_line(sys.argv)\n",
    "desk/__init__.py": "",
    "desk/management/__init__.py": "",
    "desk/management/commands/__init__.py": "",
    "desk/settings.py": "SECRET_KEY = 'of a test'\nROOT_URLCONF = 'desk.urls'\nINSTALLED_APPS = ['desk']\n"
                        "ALLOWED_HOSTS = ['127.0.0.1']\n",
    "desk/urls.py": "from django.urls import path\nfrom . import views\n"
                    "urlpatterns = [path('webrocket/auth.json', views.give_token)]\n",
    "desk/wsgi.py": "import os\nfrom django.core.wsgi import get_wsgi_application\n"
                    "os.environ['DJANGO_SETTINGS_MODULE'] = 'desk.settings'\n"
                    "application = get_wsgi_application()\n",
}


def blocks_of(section):
    begin = PAGE.text.index(f"\n## {section}\n")
    end = PAGE.text.find("\n## ", begin + 1)
    first, last = (PAGE.text.count("\n", 0, place if place >= 0 else None) for place in (begin, end))
    return [block for block in PAGE.blocks if first < block.line <= last + 1]


def free_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


class WebApplications(unittest.TestCase):
    def setUp(self):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="kosmonaut-web-"))
        self.addCleanup(shutil.rmtree, self.directory)
        self.broker = Broker()
        self.addCleanup(self.broker.close)
        self.vhost = self.broker.vhost("/moon")
        self.vhost.open("greetings")
        self.port = free_port()
        self.environment = {
            **os.environ, "PORT": str(self.port), "PYTHONDONTWRITEBYTECODE": "1",
            "KOSMONAUT_URL": "http://wr:{}@{}:{}/moon".format(self.vhost.token, *self.broker.addr),
            "PYTHONPATH": f"{ROOT / 'bindings' / 'python'}:{self.directory}",
            "NODE_PATH": "/usr/share/nodejs",  # where Debian has what its express needs
            "RUBYLIB": str(ROOT / "bindings" / "ruby" / "lib")}

    def needs(self, *commands, modules=(), paths=()):
        missing = [command for command in commands if shutil.which(command) is None]
        missing += [module for module in modules if importlib.util.find_spec(module) is None]
        missing += [str(path) for path in paths if not path.exists()]
        if missing:
            self.skipTest(f"not installed: {' '.join(missing)}")

    def save(self, section):
        blocks = blocks_of(section)
        self.assertEqual(len(blocks), len(FILES[section]))
        for name, block in zip(FILES[section], blocks):
            before = "\n".join(PAGE.text.splitlines()[:block.line - 1])
            self.assertIn(f"`{name}`", before)
            self.write(name, block.text)

    def write(self, name, text):
        path = self.directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def start(self, *command):
        with open(self.directory / "log", "ab") as log:
            process = subprocess.Popen(command, cwd=self.directory, env=self.environment, stdout=log,
                                       stderr=log, stdin=subprocess.DEVNULL, start_new_session=True)
        self.addCleanup(self.kill, process)
        return process

    @staticmethod
    def kill(process):
        """With its children, whether it still runs or not."""
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        process.wait(DEADLINE)

    @property
    def log(self):
        return (self.directory / "log").read_text(errors="replace")

    def token(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=DEADLINE)
        try:
            connection.request("GET", "/webrocket/auth.json")
            response = connection.getresponse()
            return response.status, json.loads(response.read())
        finally:
            connection.close()

    def answers(self, process):
        self.assertIsNone(process.poll(), self.log)
        try:
            return self.token()
        except (OSError, http.client.HTTPException):
            return None  # it is not up yet

    def play(self, web_command, worker_command):
        web = self.start(*web_command)
        wait_until(lambda: self.answers(web), "the web server")
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda _: self.token(), range(32)))
        for status, body in answers:
            self.assertEqual(status, 200, self.log)
            self.assertRegex(body["token"], "^[0-9a-f]{128}$")
        self.assertEqual(len({body["token"] for _, body in answers}), len(answers))

        worker = self.start(*worker_command)

        def is_there():
            self.assertIsNone(worker.poll(), self.log)
            return self.broker.admin("GET", "/moon/workers").json()["workers"]

        wait_until(is_there, "the worker")
        page = self.vhost.browser("alice")
        self.addCleanup(page.close)
        page.subscribe("greetings")
        self.assert_welcomed(page, range(20))
        self.let_handler_fail(page)
        self.assert_welcomed(page, range(20, 22))

        worker.terminate()
        self.assertEqual(worker.wait(DEADLINE), 0, self.log)
        web.terminate()
        web.wait(DEADLINE)

    def assert_welcomed(self, page, numbers):
        for n in numbers:
            page.say("broadcast", channel="greetings", event="hello", data={"n": n})
        heard = [page.hear() for _ in range(2 * len(numbers))]
        self.assertEqual([said["welcome"]["n"] for said in heard if "welcome" in said], list(numbers))

    def let_handler_fail(self, page):
        """The channel is closed while the worker has an event from there."""
        self.assertEqual(self.vhost.request("DELETE", "/channels/greetings").status, 202)
        self.assertIn(":unsubscribed", page.hear())
        page.say("trigger", event="greetings/hello", data={"n": "for nobody"})
        wait_until(lambda: "does not exist" in self.log, "the worker to say what its handler failed with")
        self.vhost.open("greetings")
        page.subscribe("greetings")

    def test_fastapi(self):
        self.needs("uvicorn", modules=["fastapi"])
        self.save("FastAPI")
        self.play(["uvicorn", "web:app", "--workers", "4", "--port", str(self.port)],
                  [PYTHON, "-B", "worker.py"])

    def test_django(self):
        self.needs("gunicorn", modules=["django"])
        for name, text in DJANGO.items():
            self.write(name, text)
        self.save("Django")
        self.play(["gunicorn", "--workers", "4", "--preload", "--bind", f"127.0.0.1:{self.port}", "desk.wsgi"],
                  [PYTHON, "-B", "manage.py", "work"])

    def test_express(self):
        self.needs("node", paths=[EXPRESS, NODE / "node_modules" / "koffi"])
        self.save("Express")
        modules = self.directory / "node_modules"
        modules.mkdir()
        (modules / "express").symlink_to(EXPRESS)
        (modules / "kosmonaut").symlink_to(NODE)
        self.play(["node", "web.mjs"], ["node", "worker.mjs"])

    def test_puma(self):
        self.needs("ruby", "puma")
        self.save("Rails, and whatever else runs on Puma")
        self.play(["puma", "--workers", "4", "--preload", "--bind", f"tcp://127.0.0.1:{self.port}", "config.ru"],
                  ["ruby", "worker.rb"])


class ThePage(unittest.TestCase):
    def test_every_program_is_in_the_table(self):
        self.assertEqual(len(PAGE.blocks), sum(map(len, FILES.values())))


if __name__ == "__main__":
    unittest.main(verbosity=2)
