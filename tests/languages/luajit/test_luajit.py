#!/usr/bin/env python3
"""LuaJIT's module kosmonaut.lua: its declarations against abi/kosmonaut.json, and what it does with
a broker. WEBROCKET_SERVER and LD_LIBRARY_PATH say where broker and library are."""

import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "tests" / "broker"))

from harness import DEADLINE, Broker, wait_until  # noqa: E402

MODULES = ROOT / "examples" / "ffi" / "luajit"
PRELUDE = f"""
package.path = "{MODULES}/?.lua;{ROOT}/tests/languages/luajit/?.lua;" .. package.path
local kosmonaut = require("kosmonaut")
local json = require("json")
local ffi = require("ffi")
local S = kosmonaut.status
local url = os.getenv("URL")
local function name_of(fn, ...)
  local is_fine, failure = pcall(fn, ...)
  if is_fine then return "fine" end
  return kosmonaut.is_error(failure) and failure.name or tostring(failure)
end
local function connected(worker)
  while worker:state() ~= kosmonaut.state.KN_WORKER_CONNECTED do
    assert(worker:next(10) == nil)
  end
  print("ready") io.flush()
end
"""


def canonical(text):
    """A C type without the names and spaces that do not matter."""
    return re.sub(r"\s*\*\s*", "*", " ".join(text.split())).strip()


def parameters_of(text):
    """The types of a declaration's parameters."""
    parts, depth, begin = [], 0, 0
    for at, char in enumerate(text + ","):
        depth += (char == "(") - (char == ")")
        if char == "," and depth == 0:
            parts.append((text + ",")[begin:at])
            begin = at + 1
    if [part.strip() for part in parts] == ["void"]:
        return []
    return [canonical(re.sub(r"\(\*\w*\)", "(*)", part) if "(" in part else
                      re.sub(r"\w+$", "", part.strip())) for part in parts]


class Declarations(unittest.TestCase):
    def setUp(self):
        self.abi = json.loads((ROOT / "abi" / "kosmonaut.json").read_text())
        self.lua = (MODULES / "kosmonaut.lua").read_text()

    def test_every_function_is_declared_as_it_is(self):
        cdef = re.search(r"ffi\.cdef \[\[(.*?)\]\]", self.lua, re.S)[1]
        declared = {}
        for statement in cdef.split(";"):
            found = re.fullmatch(r"\s*([\w\s*]+?)\b(kn_\w+)\((.*)\)\s*", statement, re.S)
            if found and "typedef" not in found[1]:
                declared[found[2]] = (canonical(found[1]), parameters_of(found[3]))
        expected = {function["name"]: (canonical(function["returns"]["type"]),
                                       [canonical(parameter["type"])
                                        for parameter in function["parameters"]])
                    for function in self.abi["functions"]}
        self.maxDiff = None
        self.assertGreater(len(expected), 80)
        self.assertEqual(declared, expected)

    def test_every_status_and_state_has_its_value(self):
        constants = {constant["name"]: constant["value"] for constant in self.abi["constants"]
                     if re.fullmatch(r"KN_(E[A-Z]+|OK|AGAIN|CLOSED|INTERRUPTED|WORKER_[A-Z]+)",
                                     constant["name"])}
        known = {name: int(value)
                 for name, value in re.findall(r"\b(KN_[A-Z_]+) = (-?\d+)", self.lua)}
        self.assertEqual(known, constants)


class Json(unittest.TestCase):
    def test_there_and_back(self):
        values = [{}, {"a": 1}, [1, 2, [3, -4.5e3]], "żółw \" \\ \n \u0001", True, False,
                  {"deep": [{"er": "😀"}]}, 0, -0.25]
        for value in values:
            self.assertEqual(self.through_lua(json.dumps(value)), value)
            self.assertEqual(self.through_lua(json.dumps(value, ensure_ascii=False)), value)

    def test_what_is_none(self):
        for text in ("", "{", "[1,]", "{\"a\"}", "01", "1 2", "\"\n\"", "nul", "\"\\x\"", "+1"):
            done = self.lua(text)
            self.assertNotEqual(done.returncode, 0, text)
            self.assertIn("no JSON", done.stderr)

    def lua(self, text):
        program = (f'package.path = "{ROOT}/tests/languages/luajit/?.lua"\n'
                   'local json = require("json")\n'
                   'io.write(json.encode(json.decode(io.read("*a"))))')
        return subprocess.run(["luajit", "-e", program], input=text, text=True,
                              capture_output=True, timeout=DEADLINE)

    def through_lua(self, text):
        done = self.lua(text)
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout)


class WithBroker(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.broker = Broker()
        cls.count = 0

    @classmethod
    def tearDownClass(cls):
        cls.broker.close()

    def setUp(self):
        WithBroker.count += 1
        self.vhost = self.broker.vhost(f"/lua{WithBroker.count}")
        self.vhost.open("greetings")
        self.browser = self.vhost.browser("alice")
        self.browser.subscribe("greetings")
        self.addCleanup(self.browser.close)

    @property
    def url(self):
        return "http://wr:{}@{}:{}{}".format(self.vhost.token, *self.broker.addr, self.vhost.path)

    def start(self, program, prelude=PRELUDE):
        process = subprocess.Popen(["luajit", "-e", prelude + program], text=True,
                                   env={**os.environ, "URL": self.url}, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE)
        self.addCleanup(process.kill)
        return process

    def finish(self, process, status=0):
        output, errors = process.communicate(timeout=3 * DEADLINE)
        self.assertEqual(process.returncode, status, errors)
        return output, errors

    def said(self, program):
        return self.finish(self.start(program))[0].splitlines()

    def greet(self, name="hello", **data):
        self.browser.say("trigger", event="greetings/" + name, data=data)

    def test_client(self):
        said = self.said("""
            local client = kosmonaut.client(url, { request_timeout_ms = 5000 })
            client:open_channel("private-room")
            client:trigger("greetings", "hello", '{"n":1}')
            client:trigger("greetings", "bare")
            print(#client:request_token("bob", "private-.*"))
            local batch = kosmonaut.batch():add("greetings", "one"):add("nowhere", "two")
            local result = client:trigger_batch(batch)
            print(result.error.name, result.errors[1], result.errors[2].server_code, batch:count())
            local is_fine, failure = pcall(client.close_channel, client, "nowhere")
            print(failure.name, failure.status, failure.http_status, failure.retry_after_ms)
            print(tostring(failure):match("^KN_ENOCHANNEL: .+") ~= nil, failure.retriable)
            print(name_of(client.trigger, client, "greetings", "x", "[]"))
            print(name_of(client.open_channel, client, "a\\0b"))
            print(name_of(client.open_channel, client, nil))
            print(name_of(kosmonaut.client, url, { max_connections = 0 }))
            print(client:requests() > 4, client:connections(), json.decode(client:stats()).pending)
            client:close() client:close()
            print(name_of(client.open_channel, client, "a"))
        """)
        self.assertEqual(said, ["128", "KN_ENOCHANNEL\tfalse\t454\t2",
                                "KN_ENOCHANNEL\t-305\t404\t-1", "true\tfalse", "KN_EJSON",
                                "KN_EINVAL", "KN_EINVAL", "KN_EINVAL", "true\t1\t0", "KN_ESTATE"])
        self.assertEqual([list(self.browser.hear())[0] for _ in range(3)], ["hello", "bare", "one"])

    def test_subscribers(self):
        self.vhost.open("presence-room")
        browsers = [self.vhost.browser(uid) for uid in ("bob", "carol", "dave")]
        for browser in browsers:
            self.addCleanup(browser.close)
        browsers[0].subscribe("presence-room", data={"name": "Bób"}, hidden=True)
        for browser in browsers[1:]:
            browser.subscribe("presence-room")
        sids = sorted(browser.sid for browser in browsers)
        said = self.said("""
            local client = kosmonaut.client(url)
            for _, size in ipairs({ 0, 1, 2, 3 }) do
              local found = {}
              for subscriber in client:subscribers("presence-room", size) do
                found[#found + 1] = subscriber.sid
                if subscriber.uid == "bob" then
                  assert(subscriber.hidden and json.decode(subscriber.data).name == "Bób")
                else
                  assert(not subscriber.hidden and subscriber.data == "{}")
                end
              end
              print(table.concat(found, " "))
            end
            local first = client:subscribers_page("presence-room", nil, 2)
            local last = client:subscribers_page("presence-room", first.next)
            print(#first, first.next == first[2].sid, #last, last.next)
            local all, heard = client:subscribers("greetings"), nil
            print(all().uid, all(), all())
            client:open_channel("empty")
            print(client:subscribers("empty")())
            client:subscribers_async("presence-room", first.next, 5, function(r) heard = r end)
            client:flush(10000)
            print(#heard.page, heard.error, heard.token)
            client:subscribers_async("nowhere", nil, nil, function(r) heard = r end)
            client:flush(10000)
            print(heard.page, heard.error.name)
            print(name_of(client:subscribers("nowhere")))
            print(name_of(client.subscribers_page, client, "presence-room", nil, 1001))
            for _, bad in ipairs({ "", "a\\0b", 7 }) do
              print(name_of(client.subscribers_page, client, "presence-room", bad))
            end
            for _, bad in ipairs({ -1, 1.5, 2 ^ 31, "x" }) do
              print(name_of(client.subscribers_page, client, "presence-room", nil, bad))
            end
        """)
        self.assertEqual(said, [" ".join(sids)] * 4 + [
            "2\ttrue\t1\tnil", "alice\tnil\tnil", "nil", "1\tnil\tnil", "nil\tKN_ENOCHANNEL",
            "KN_ENOCHANNEL", "KN_EBADREQUEST"] + ["KN_EINVAL"] * 7)

    def test_channels(self):
        for name in ("listed-a", "listed-b", "listed-c", "presence-listed"):
            self.vhost.open(name)
        browser = self.vhost.browser("bob")
        self.addCleanup(browser.close)
        browser.subscribe("presence-listed", hidden=True)
        said = self.said("""
            local client = kosmonaut.client(url)
            for _, size in ipairs({ 0, 1, 2, 3 }) do
              local found = {}
              for channel in client:channels("listed-", size) do
                found[#found + 1] = channel.name
              end
              print(table.concat(found, " "))
            end
            local first, heard = client:channels_page("listed-", nil, 2), nil
            print(#first, first.next, first[1].type, first[1].subscribers, first[1].members)
            client:channels_async(nil, "presence", nil, function(result) heard = result end)
            client:flush(10000)
            local room = heard.page[1]
            print(room.name, room.type, room.subscribers, room.members, heard.page.next)
            print(name_of(client.channels_page, client, "no/slash"))
            print(name_of(client.channels_page, client, nil, nil, 1001))
        """)
        self.assertEqual(said, ["listed-a listed-b listed-c"] * 4 + [
            "2\tlisted-b\tnormal\t0\tnil", "presence-listed\tpresence\t1\t0\tnil", "KN_EINVAL",
            "KN_EBADREQUEST"])

    def test_calls_that_are_handed_in(self):
        said = self.said("""
            local client = kosmonaut.client(url, { max_connections = 1 })
            local heard = {}
            local function hear(result) heard[#heard + 1] = result end
            client:open_channel_async("room", hear)
            client:trigger_async("room", "hello", nil, hear)
            client:trigger_async("nowhere", "hello", nil, hear)
            client:trigger_async("room", "nobody asks")
            client:request_token_async("bob", ".*", hear)
            client:trigger_batch_async(kosmonaut.batch():add("room", "x"), hear)
            client:close_channel_async("room", hear)
            print(client:pending(), client:flush(10000) == S.KN_OK, client:pending(), #heard)
            print(heard[1].error, heard[3].error.name, #heard[4].token, heard[5].errors[1])
            client:open_channel_async("room", function() error("mine", 0) end)
            print(name_of(client.flush, client, 10000))
            client:interrupt()
            print(client:flush(10000) == S.KN_INTERRUPTED)
        """)
        self.assertEqual(said, ["7\ttrue\t0\t6", "nil\tKN_ENOCHANNEL\t128\tfalse", "mine", "true"])

    def test_what_a_handler_raises_goes_to_its_handler_and_the_worker_goes_on(self):
        process = self.start("""
            local worker = kosmonaut.worker(url)
            worker:on("greetings/hello", function(event) error("mine", 0) end)
            worker:on("greetings/break", function(event) error("x.lua:1: interrupted!", 0) end)
            worker:on_exception(function(problem, event) print(event.name, problem) end)
            connected(worker)
            print(pcall(worker.run, worker))
            worker:on_exception(function() error("of the hook", 0) end)
            print(pcall(worker.run, worker))
            worker:on_exception(nil)
            print(pcall(worker.run, worker))
        """)
        self.assertEqual(process.stdout.readline(), "ready\n")
        for name in ("hello", "hello", "break", "hello", "hello"):
            self.greet(name)
        self.assertEqual(self.finish(process)[0].splitlines(), [
            "hello\tmine", "hello\tmine", "false\tx.lua:1: interrupted!", "false\tof the hook",
            "false\tmine"])

    def test_worker(self):
        process = self.start("""
            local worker = kosmonaut.worker(url)
            local kept
            worker:on("greetings/hello", function(event)
              kept = event:retain()
              print(event.topic, event.channel, event.name, event.uid, #event.sid > 0,
                    #event.id > 0, event.kind, event.attempt, json.decode(event.data).n)
            end)
            worker:on("greetings/*", function(event) print("any", event.name) end)
            worker:on("*/fail", function() error("mine", 0) end)
            worker:on("*/end", function()
              print(name_of(worker.run, worker))
              worker:interrupt()
            end)
            print(name_of(worker.on, worker, "no slash", print))
            connected(worker)
            print(name_of(worker.on, worker, "new/pattern", print))
            print(name_of(worker.run, worker))
            print(worker:run() == S.KN_INTERRUPTED)
            print(kept:ack(), name_of(kept.nack, kept, 1), name_of(kept.nack, kept, -1))
            kept:free() kept:free()
            print(name_of(kept.ack, kept), kept.name)
            print(worker:events(), worker:reconnects(), worker:bytes() > 0, worker:lag_ms(),
                  worker:last_error(), json.decode(worker:stats()).state)
            worker:interrupt()
            print(worker:state_name())
            print(select(2, worker:next()) == S.KN_INTERRUPTED, worker:close(20000), worker:state())
            print(worker:state_name())
        """)
        self.assertEqual(process.stdout.readline(), "KN_EINVAL\n")
        self.assertEqual(process.stdout.readline(), "ready\n")
        for name in ("hello", "fail", "end"):
            self.greet(name, n=7)
        self.assertEqual(self.finish(process)[0].splitlines(), [
            "KN_ESTATE", "greetings/hello\tgreetings\thello\talice\ttrue\ttrue\t0\t1\t7",
            "any\thello", "any\tfail", "mine", "any\tend", "KN_ESTATE", "true",
            "0\tKN_ESTATE\tKN_EINVAL", "KN_ESTATE\thello", "3\t0\ttrue\t0\tnil\tconnected",
            "connected", "true\t0\t5", "closed"])

    def test_failures(self):
        said = self.said("""
            local worker = kosmonaut.worker((url:gsub("wr:%x+", "wr:" .. ("0"):rep(40))))
            print(name_of(worker.next, worker))
            print(select(2, worker:next()) == S.KN_CLOSED)
            local away = kosmonaut.worker("http://wr:t@127.0.0.1:1/moon",
                                          { reconnect_delay_ms = { 1, 1 } })
            local count = 0
            away:on_error(function(failure)
              count = count + 1
              if count == 300 then error(failure, 0) end
            end)
            print(name_of(away.next, away))
            away:on_error(nil)
            print(select(2, away:next(10)) == S.KN_AGAIN, count, away:last_error().name)
        """)
        self.assertEqual(said, ["KN_EUNAUTHORIZED", "true", "KN_ECONNECT",
                                "true\t300\tKN_ECONNECT"])

    def test_what_is_refused_is_named(self):
        said = self.said("""
            local function says(words, fn, ...)
              local _, failure = pcall(fn, ...)
              print(failure.name, (tostring(failure):find(words, 1, true)) ~= nil)
            end
            for name, value in pairs({ request_timeout_ms = -3, idle_timeout_ms = 0 / 0,
                                       max_connections = 2 ^ 32 + 5, max_pending = 1.5 }) do
              says(name, kosmonaut.client, url, { [name] = value })
            end
            says("headers[Host]", kosmonaut.client, url, { headers = { Host = "taken" } })
            local client = kosmonaut.client(url)
            says("the channel 'nowhere' of /", client.trigger, client, "nowhere", "e")
            local batch = kosmonaut.batch()
            says("trigger 1", batch.add, batch, "news", "hello", "no json")
        """)
        self.assertEqual(said, ["KN_EINVAL\ttrue"] * 5 + ["KN_ENOCHANNEL\ttrue", "KN_EJSON\ttrue"])

    def test_ctrl_c(self):
        process = self.start("""
            local worker = kosmonaut.worker(url)
            worker:on("greetings/hello", function() print("running") io.flush() end)
            connected(worker)
            local is_fine, failure = pcall(worker.run, worker)
            print(is_fine, failure, worker:close(20000))
        """)
        self.assertEqual(process.stdout.readline(), "ready\n")
        self.greet()
        self.assertEqual(process.stdout.readline(), "running\n")
        process.send_signal(signal.SIGINT)
        self.assertRegex(self.finish(process)[0], r"^false\t.*interrupted!.*\t0\n$")

    def test_ctrl_c_in_a_handler(self):
        process = self.start("""
            local worker = kosmonaut.worker(url)
            worker:on("greetings/hello", function()
              print("running") io.flush()
              for _ = 1, 1000 do ffi.C.poll(nil, 0, 20) end
            end)
            worker:on_exception(function(problem) print("told of", problem) end)
            connected(worker)
            print(pcall(worker.run, worker))
        """)
        self.assertEqual(process.stdout.readline(), "ready\n")
        self.greet()
        self.assertEqual(process.stdout.readline(), "running\n")
        process.send_signal(signal.SIGINT)
        self.assertRegex(self.finish(process)[0], r"^false\t.*interrupted!\n$")

    def test_fork(self):
        said = self.said("""
            ffi.cdef "int fork(void); int waitpid(int, int *, int); void _exit(int);"
            local client, worker = kosmonaut.client(url), kosmonaut.worker(url)
            client:open_channel("a")
            worker:next(0)
            local child = ffi.C.fork()
            if child == 0 then
              local is_right = name_of(client.open_channel, client, "a") == "KN_EFORK" and
                name_of(worker.next, worker) == "KN_EFORK" and
                name_of(worker.fd, worker) == "KN_EFORK"
              client:close()
              kosmonaut.client(url):trigger("greetings", "child")
              ffi.C._exit(is_right and 0 or 1)
            end
            local status = ffi.new("int[1]")
            ffi.C.waitpid(child, status, 0)
            print(status[0])
            client:open_channel("a")
            print(select(2, worker:next(0)) == S.KN_AGAIN)
        """)
        self.assertEqual(said, ["0", "true"])
        self.assertIn("child", self.browser.hear())

    def test_ten_thousand_handles_leave_nothing_behind(self):
        said = self.said("""
            local function left_behind()
              for _ = 1, 4 do collectgarbage() end
              local memory = io.open("/proc/self/status"):read("*a"):match("VmRSS:%s+(%d+)")
              local count = 0
              local own = io.open("/proc/self/stat"):read("*n")
              for _ in io.popen("ls /proc/" .. own .. "/fd"):lines() do
                count = count + 1
              end
              return tonumber(memory), count
            end
            local function make(count)
              for n = 1, count do
                local client, worker = kosmonaut.client(url), kosmonaut.worker(url)
                worker:on("greetings/*", print)
                worker:on_error(print)
                client:trigger_async("greetings", "x", nil, print)
                kosmonaut.batch():add("greetings", "hello", '{"text":"' .. ("x"):rep(1000) .. '"}')
                if n % 2 == 0 then client:close() worker:close(0) end
                if n % 10 == 1 then worker:next(0) end
              end
            end
            make(1000)
            local memory, descriptors = left_behind()
            make(10000)
            local more_memory, more_descriptors = left_behind()
            print(more_memory - memory < 8192, more_descriptors - descriptors)
        """)
        self.assertRegex(said[-1], r"^true\t-?[0-3]$")

    def test_the_end_of_the_program(self):
        self.assertEqual(self.said("""
            local client, worker = kosmonaut.client(url), kosmonaut.worker(url)
            worker:on("*/*", print)
            client:trigger_async("greetings", "x", nil, print)
            connected(worker)
        """), ["ready"])

    def test_the_example(self):
        process = subprocess.Popen(["luajit", str(MODULES / "backend.lua")], text=True,
                                   env={**os.environ, "VHOST_URL": self.url},
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.addCleanup(process.kill)

        def is_there():
            self.assertIsNone(process.poll())
            return self.broker.admin("GET", self.vhost.path + "/workers").json()["workers"]

        wait_until(is_there, "the worker")
        self.greet("hello", n=1)
        self.assertIn("welcome", self.browser.hear())
        process.send_signal(signal.SIGINT)
        output, errors = self.finish(process, 0)
        self.assertIn("greetings/hello", output)
        self.assertEqual(errors, "")


if __name__ == "__main__":
    unittest.main()
