-- The scenario's program in LuaJIT: answers private-room/ask by itself, and does what it is told in
-- JSON lines on standard input. Both in one loop: LuaJIT has no threads.
--
--     luajit scenario.lua http://wr:TOKEN@127.0.0.1:8080/VHOST

local here = arg[0]:match("^(.*/)") or "./"
package.path = here .. "?.lua;" .. here .. "../../../examples/ffi/luajit/?.lua;" .. package.path
local ffi = require("ffi")
local json = require("json")
local kosmonaut = require("kosmonaut")

ffi.cdef [[
intptr_t read(int fd, void *buffer, size_t size);
]]

local STDIN, POLLIN = 0, 1

local url = arg[1]
local client = kosmonaut.client(url)
local worker = kosmonaut.worker(url, { reconnect_delay_ms = { 100, 500 } })
worker:on("private-room/ask", function(event)
  local answer = { to = event.uid or json.null, n = json.decode(event.data).n }
  client:trigger(event.channel, "answer", json.encode(answer))
end)

-- Without a look at the rest of the data, which may be anything.
worker:on("private-room/who", function(event)
  local sender = { uid = event.uid or json.null, sid = event.sid or json.null }
  client:trigger(event.channel, "sender", json.encode(sender))
end)

local function say(answer)
  io.write(json.encode(answer), "\n")
  io.flush()
end

local commands = {}

function commands.open(command)
  client:open_channel(command.channel)
end

function commands.close_channel(command)
  client:close_channel(command.channel)
end

function commands.trigger(command)
  client:trigger(command.channel, command.event, json.encode(command.data))
end

function commands.token(command)
  return { token = client:request_token(command.uid, command.channels) }
end

function commands.open_as(command)
  local other = kosmonaut.client(command.url)
  local is_fine, failure = pcall(other.open_channel, other, command.channel)
  other:close()
  if not is_fine then
    error(failure, 0)
  end
end

function commands.state()
  return { state = worker:state(), events = worker:events(), reconnects = worker:reconnects() }
end

function commands.quit()
  assert(worker:close(5000) == kosmonaut.status.KN_OK, "the worker does not close")
  client:close()
end

local function obey(command)
  local is_fine, answer = pcall(commands[command["do"]], command)
  if is_fine then
    answer = answer or {}
    answer.ok = true
  elseif kosmonaut.is_error(answer) then
    answer = { error = answer.name, http_status = answer.http_status, message = answer.message }
  else
    error(answer, 0)
  end
  say(answer)
  if command["do"] == "quit" then
    os.exit(0, true)
  end
end

local buffer, unread = ffi.new("char[4096]"), ""

local function read_commands()
  local size = tonumber(ffi.C.read(STDIN, buffer, ffi.sizeof(buffer)))
  if size <= 0 then
    error("the input ended without quit", 0)
  end
  unread = unread .. ffi.string(buffer, size)
  while true do
    local line, rest = unread:match("^([^\n]*)\n(.*)$")
    if not line then
      return
    end
    unread = rest
    obey(json.decode(line))
  end
end

local watched = ffi.new("struct pollfd[2]", {
  { fd = worker:fd(), events = POLLIN }, { fd = STDIN, events = POLLIN },
})

local function loop()
  say({ ready = true })
  while true do
    ffi.C.poll(watched, 2, -1)
    if watched[0].revents ~= 0 and worker:dispatch() == kosmonaut.status.KN_CLOSED then
      error("the worker has ended", 0)
    end
    if watched[1].revents ~= 0 then
      read_commands()
    end
  end
end

local _, failure = pcall(loop)
io.stderr:write(tostring(failure), "\n")
os.exit(1)
