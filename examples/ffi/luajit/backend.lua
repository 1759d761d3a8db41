-- A backend in LuaJIT: greets whoever says hello on the channel "greetings", until Ctrl-C.
-- Run: VHOST_URL=http://wr:TOKEN@127.0.0.1:8080/VHOST luajit backend.lua

package.path = (arg[0]:match("^(.*/)") or "./") .. "?.lua;" .. package.path
local kosmonaut = require("kosmonaut")

local url = os.getenv("VHOST_URL") -- not an argument: everybody may read those
if not url then
  io.stderr:write("VHOST_URL is not set: http://wr:TOKEN@HOST:PORT/VHOST\n")
  os.exit(2)
end

local client = kosmonaut.client(url)
local worker = kosmonaut.worker(url)

worker:on("greetings/hello", function(event)
  print(event.topic, event.data)
  io.flush()
  client:trigger(event.channel, "welcome")
end)
worker:on_error(function(failure)
  io.stderr:write(tostring(failure), "; trying again\n")
end)
worker:on_exception(function(problem, event) -- whatever a browser sends must not end the backend
  io.stderr:write(event.topic, ": ", tostring(problem), "\n")
end)

local is_fine, failure = pcall(function()
  client:open_channel("greetings")
  worker:run()
end)
worker:close(1000)
client:close()
if not is_fine and not tostring(failure):find("interrupted!", 1, true) then -- by Ctrl-C
  io.stderr:write(tostring(failure), "\n")
  os.exit(1)
end
