-- Time --------------------------------------------------------------------------------------------

local function now_ms()
  local time = ffi.new("struct kosmonaut_timespec")
  ffi.C.clock_gettime(CLOCK_MONOTONIC, time)
  return tonumber(time.seconds) * 1000 + tonumber(time.nanoseconds) / 1e6
end

local function deadline_after(timeout_ms)
  return timeout_ms and now_ms() + timeout_ms or math.huge
end

-- Waits until a descriptor is readable, but not longer than a slice. The program's Ctrl-C, which
-- LuaJIT looks at between its instructions, is looked at after it.
local function wait_readable(fd, deadline)
  local watched = ffi.new("struct pollfd[1]", { { fd = fd, events = POLLIN } })
  ffi.C.poll(watched, 1, math.max(0, math.min(SLICE_MS, math.ceil(deadline - now_ms()))))
end
jit.off(wait_readable)

-- Options -----------------------------------------------------------------------------------------

-- A whole number within a C type, which LuaJIT would otherwise cut down to something else.
local function whole(setter, most)
  return function(options, value)
    local is_whole = type(value) == "number" and value == math.floor(value) and
                       math.abs(value) <= most
    return is_whole and setter(options, value) or status_of.KN_EINVAL
  end
end

local function size(setter)
  return whole(setter, 2 ^ 53)
end

local function count(setter)
  return whole(setter, 2 ^ 31 - 1)
end

local function text(setter, what)
  return function(options, value)
    return setter(options, c_text(value, what))
  end
end

local setters = {
  connect_timeout_ms = size(library.kn_options_set_connect_timeout_ms),
  request_timeout_ms = size(library.kn_options_set_request_timeout_ms),
  idle_timeout_ms = size(library.kn_options_set_idle_timeout_ms),
  max_event_size = size(library.kn_options_set_max_event_size),
  max_response_size = size(library.kn_options_set_max_response_size),
  max_connections = count(library.kn_options_set_max_connections),
  max_pending = count(library.kn_options_set_max_pending),
  retries = count(library.kn_options_set_retries),
  filter = text(library.kn_options_set_filter, "the filter"),
  delivery = count(library.kn_options_set_delivery),
  group = text(library.kn_options_set_group, "the group"),
  window = count(library.kn_options_set_window),
  order = count(library.kn_options_set_order),
  worker_name = text(library.kn_options_set_worker_name, "the worker's name"),
  ca_file = text(library.kn_options_set_ca_file, "the file's name"),
  proxy = text(library.kn_options_set_proxy, "the proxy"),
  unix_socket = text(library.kn_options_set_unix_socket, "the socket's path"),
  user_agent = text(library.kn_options_set_user_agent, "the user agent"),
}

function setters.verify(options, value)
  return library.kn_options_set_verify(options, value and 1 or 0)
end

-- { first, at most }
function setters.reconnect_delay_ms(options, value)
  return library.kn_options_set_reconnect_delay_ms(options, value[1], value[2])
end

-- { certificate, key }, or { certificate } with the key in the same file
function setters.client_certificate(options, value)
  local key = value[2] and c_text(value[2], "the key file's name") or nil
  return library.kn_options_set_client_certificate(
    options, c_text(value[1], "the certificate file's name"), key)
end

-- { [name] = value }
function setters.headers(options, value)
  for name, content in pairs(value) do
    local status = library.kn_options_add_header(options, c_text(name, "a header's name"),
                                                 c_text(content, "a header"))
    if status < 0 then
      return status, "[" .. name .. "]"
    end
  end
  return status_of.KN_OK
end

local function options_of(settings)
  local options = library.kn_options_new()
  if options == nil then
    error(failure(status_of.KN_ENOMEM), 0)
  end
  options = ffi.gc(options, library.kn_options_free)
  for name, value in pairs(settings or {}) do
    local setter = setters[name]
    if not setter then
      error("unknown option: " .. tostring(name), 0)
    end
    local status, part = setter(options, value)
    if status < 0 then
      -- Without the value: it may be somebody's secret.
      error(failure(status, "the option " .. name .. (part or "") .. " has an impossible value: " ..
                            ffi.string(library.kn_status_message(status))), 0)
    end
  end
  return options
end

-- Makes a handle. Out of descriptors, there may be some that were dropped and not collected yet.
local function made(new, url, settings, type_name, own)
  c_text(url, "the URL")
  local options = options_of(settings)
  local place, details = ffi.new(type_name .. " *[1]"), error_place()
  local status = new(url, options, place, details)
  if status == status_of.KN_ENOMEM then
    library.kn_error_free(details[0])
    details[0] = nil
    collectgarbage()
    collectgarbage()
    status = new(url, options, place, details)
  end
  checked(status, details)
  return own(place[0])
end

-- Frees what an owner holds, once.
local function release(box, free)
  local handle = box.handle
  box.handle = nil
  free(handle)
end

local function open_handle(self)
  local handle = self.box.handle
  if handle == nil then
    error(failure(status_of.KN_ESTATE, "this object was closed"), 0)
  end
  return handle
end
