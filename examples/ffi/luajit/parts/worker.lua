-- Worker ------------------------------------------------------------------------------------------

--- A worker receives what browsers send: kosmonaut.worker(url, options).
local Worker = {}
Worker.__index = Worker

--- Makes a worker. `options`, besides those of kosmonaut.client(): idle_timeout_ms,
-- reconnect_delay_ms ({ first, at most }), filter, max_event_size, worker_name.
function kosmonaut.worker(url, options)
  local box = made(library.kn_worker_new, url, options, "kn_worker", owned_worker)
  return setmetatable({ box = box, routes = {}, number = next_number(), is_inside = false }, Worker)
end

-- The library judges the patterns and forms the filter that the broker is asked for. It calls
-- handlers in kn_worker_run and kn_worker_dispatch alone, which are not used here, so any
-- function will do.
local some_handler = ffi.cast("kn_handler", library.kn_event_defer)

local function declare(self, pattern, handler)
  local details = error_place()
  local status = checked(library.kn_worker_on(open_handle(self), c_text(pattern, "the pattern"),
                                              handler, nil, nil, details), details)
  if status == status_of.KN_CLOSED then
    error(failure(status_of.KN_ESTATE, "the worker was closed"), 0)
  end
end

local function place_of(routes, pattern)
  for place, route in ipairs(routes) do
    if route.pattern == pattern then
      return place
    end
  end
  return #routes + 1
end

--- Gives the events that match `pattern` a handler, fn(event), or takes it away (nil). A pattern is
-- "channel/event"; either part may be "*". All that match run, the oldest pattern first. Patterns
-- have to be there before the worker's first use.
function Worker:on(pattern, fn)
  declare(self, pattern, fn and some_handler or nil)
  local routes = {}
  for place, route in ipairs(self.routes) do -- a copy: a handler may be looking at it
    routes[place] = route
  end
  local place = place_of(routes, pattern)
  if fn then
    local channel, event = pattern:match("^([^/]*)/(.*)$")
    routes[place] = { pattern = pattern, channel = channel, event = event, fn = fn }
  elseif routes[place] then
    table.remove(routes, place)
  end
  self.routes = routes
end

--- fn(error) hears of the failures that the worker retries; nil: nobody.
function Worker:on_error(fn)
  local details = error_place()
  checked(library.kn_worker_on_error(open_handle(self), fn and note_failure or nil,
                                     user_data_of(self.number), nil, details), details)
  self.error_handler = fn
end

--- fn(problem, event) hears of what handlers raise, and the worker goes on with the next event; nil:
-- nobody, and what a handler raises comes out of run and dispatch. Ctrl-C comes out in any case.
function Worker:on_exception(fn)
  self.exception_handler = fn
end

-- One call of kn_worker_next that does not wait: a status, and the event with KN_OK.
local function take(self)
  local place, details = ffi.new("kn_event *[1]"), error_place()
  local list = self.error_handler and {} or nil
  told[self.number] = list
  local status = call_that_calls_back(library.kn_worker_next, open_handle(self), 0, place, details)
  told[self.number] = nil
  local event = status == status_of.KN_OK and event_of(place[0]) or nil
  if list and #list > 0 then
    self.kept = event -- should the handler raise, the next call has it
    for _, what in ipairs(list) do
      self.error_handler(what)
    end
    self.kept = nil
  end
  return checked(status, details), event
end

local function next_event(self, timeout_ms)
  local deadline = deadline_after(timeout_ms)
  local kept = self.kept
  if kept then
    self.kept = nil
    return status_of.KN_OK, kept
  end
  while true do
    if self.box.handle == nil then
      return status_of.KN_CLOSED
    end
    local status, event = take(self)
    if status ~= status_of.KN_AGAIN or now_ms() >= deadline then
      return status, event
    end
    if self.box.handle ~= nil then
      wait_readable(self:fd(), deadline)
    end
  end
end
jit.off(next_event)

--- The next event, and KN_OK; or nil, and KN_AGAIN (time is up), KN_CLOSED or KN_INTERRUPTED. It
-- does not look at handlers. A failure for good is raised, once.
function Worker:next(timeout_ms)
  local status, event = next_event(self, timeout_ms)
  return event, status
end

local UNHANDLED_MS = 1000

local function covers(route, event)
  if route.channel ~= "*" and route.channel ~= event.channel then
    return false
  elseif route.event == "*" then
    return event.name:sub(1, 1) ~= ":"
  end
  return route.event == event.name
end

-- LuaJIT's own way to end a program at Ctrl-C: it raises this wherever Lua happens to be.
local function is_by_ctrl_c(problem)
  return type(problem) == "string" and problem:find(":%d+: interrupted!$") ~= nil
end

-- What a handler raises goes to the function for it, or else to the caller of run or dispatch, and
-- the event is given back.
local function hand_over(self, event)
  local is_covered = false
  for _, route in ipairs(self.routes) do
    if covers(route, event) then
      is_covered = true
      local is_fine, what = pcall(route.fn, event)
      if not is_fine then
        local hear = self.exception_handler
        if hear and not is_by_ctrl_c(what) then
          is_fine, what = pcall(hear, what, event)
        end
        if not event.is_kept then
          event:free()
        end
        if not is_fine then
          error(what, 0)
        end
        return
      elseif self.box.handle == nil then
        break
      end
    end
  end
  if not is_covered then
    -- For another worker to have. At most once that does nothing.
    library.kn_event_decline(event.box.handle, UNHANDLED_MS)
  end
  settle(event)
end

-- Handlers must not drive their own worker.
local function driven(self, drive)
  if self.is_inside then
    error(failure(status_of.KN_ESTATE, "a handler is inside this worker"), 0)
  elseif #self.routes == 0 then
    error(failure(status_of.KN_ESTATE, "the worker has no handlers"), 0)
  end
  self.is_inside = true
  local is_fine, what = pcall(drive)
  self.is_inside = false
  if not is_fine then
    error(what, 0)
  end
  return what
end

--- Hands events to their handlers until the worker is closed or interrupted; returns KN_CLOSED or
-- KN_INTERRUPTED.
function Worker:run()
  return driven(self, function()
    while true do
      local status, event = next_event(self)
      if status ~= status_of.KN_OK then
        return status
      end
      hand_over(self, event)
    end
  end)
end

local DISPATCHED_AT_ONCE = 100

--- Hands what is ready to the handlers, without waiting. Returns KN_OK (there may be more),
-- KN_AGAIN, KN_CLOSED or KN_INTERRUPTED.
function Worker:dispatch()
  return driven(self, function()
    for handed_over = 0, DISPATCHED_AT_ONCE - 1 do
      local status, event = next_event(self, 0)
      if status == status_of.KN_AGAIN and handed_over > 0 then
        return status_of.KN_OK
      elseif status ~= status_of.KN_OK then
        return status
      end
      hand_over(self, event)
    end
    return status_of.KN_OK
  end)
end

--- Makes the call that comes next, or the run that a handler is in, return KN_INTERRUPTED.
function Worker:interrupt()
  checked(library.kn_worker_interrupt(open_handle(self)))
end

--- The descriptor to poll for reading: worker:dispatch() or worker:next(0) has something to do.
-- Take it out of the loop before worker:close().
function Worker:fd()
  local fd = library.kn_worker_fd(open_handle(self))
  if fd < 0 then
    error(failure(status_of.KN_EFORK), 0)
  end
  return fd
end

--- One of the numbers in kosmonaut.state.
function Worker:state()
  local handle = self.box.handle
  return handle ~= nil and library.kn_worker_state(handle) or kosmonaut.state.KN_WORKER_CLOSED
end

local name_of_state = {}
for name, state in pairs(kosmonaut.state) do
  name_of_state[state] = name:sub(#"KN_WORKER_" + 1):lower()
end

--- Its name, such as "connected".
function Worker:state_name()
  return name_of_state[self:state()]
end

function Worker:events()
  return tonumber(library.kn_worker_events(open_handle(self)))
end

function Worker:bytes()
  return tonumber(library.kn_worker_bytes(open_handle(self)))
end

function Worker:reconnects()
  return tonumber(library.kn_worker_reconnects(open_handle(self)))
end

function Worker:lag_ms()
  return tonumber(library.kn_worker_lag_ms(open_handle(self)))
end

--- The failure that ended a connection last, or nil.
function Worker:last_error()
  local details = library.kn_worker_last_error(open_handle(self))
  if details == nil then
    return nil
  end
  ffi.gc(details, library.kn_error_free)
  return error_of(library.kn_error_status(details), details)
end

--- All figures, as JSON text.
function Worker:stats()
  local place, details = ffi.new("char *[1]"), error_place()
  checked(library.kn_worker_stats(open_handle(self), place, details), details)
  return taken_text(place)
end

--- Closes the worker, within that time, and frees it. Returns KN_OK, or KN_AGAIN: time was up.
function Worker:close(timeout_ms)
  local handle = self.box.handle
  if handle == nil then
    return status_of.KN_OK
  end
  local status = library.kn_worker_close(handle, timeout_ms or -1, nil)
  release(self.box, worker_free)
  return status
end

return kosmonaut
