-- Client ------------------------------------------------------------------------------------------

--- A client sends requests: kosmonaut.client(url, options).
local Client = {}
Client.__index = Client

--- Makes a client. `url` is the vhost's address with its token: http://wr:TOKEN@HOST[:PORT]/VHOST.
-- `options` is a table, or nil: connect_timeout_ms, request_timeout_ms, max_response_size,
-- max_connections, max_pending, retries, ca_file, client_certificate ({ file, key file }), verify,
-- proxy, unix_socket, headers ({ [name] = value }), user_agent; what they mean stands in options.h.
function kosmonaut.client(url, options)
  local box = made(library.kn_client_new, url, options, "kn_client", owned_client)
  return setmetatable({ box = box, functions = {} }, Client)
end

--- Opens a channel. Like all plain calls it waits for the answer, up to the request timeout.
function Client:open_channel(channel)
  local details = error_place()
  checked(library.kn_client_open_channel(open_handle(self), c_text(channel, "the channel"),
                                         details), details)
end

--- Closes a channel. KN_ENOCHANNEL: it was not open.
function Client:close_channel(channel)
  local details = error_place()
  checked(library.kn_client_close_channel(open_handle(self), c_text(channel, "the channel"),
                                          details), details)
end

--- Triggers an event. `data` is a JSON object as text; nil stands for {}.
function Client:trigger(channel, event, data)
  local details = error_place()
  checked(library.kn_client_trigger(open_handle(self), c_text(channel, "the channel"),
                                    c_text(event, "the event"), data, data and #data or 0,
                                    details), details)
end

--- Triggers all of a batch. Returns a table: `error` (nil: all went well), and `errors`, which
-- has an error or false for each trigger.
function Client:trigger_batch(batch)
  local place, details = ffi.new("kn_result *[1]"), error_place()
  checked(library.kn_client_trigger_batch(open_handle(self), batch.box.handle, place, details),
          details)
  return result_of(ffi.gc(place[0], library.kn_result_free))
end

--- Asks for a single access token for a browser of the user `uid`; `channels` is a regular
-- expression that the names of its private and presence channels have to match as a whole.
function Client:request_token(uid, channels)
  local place, details = ffi.new("char *[1]"), error_place()
  checked(library.kn_client_request_token(open_handle(self), c_text(uid, "the user's id"),
                                          c_text(channels, "the pattern"), place, details), details)
  return taken_text(place)
end

-- Hands a call in. `fn`, or nil, is called with the result in client:dispatch() or client:flush().
local function hand_in(self, fn, call)
  local number, details = next_number(), error_place()
  checked(call(open_handle(self), fn and note_completion or nil, user_data_of(number), details),
          details)
  if fn then
    self.functions[number] = fn
  end
end

--- Hands in a call without waiting. `fn(result)`, which may be left out, hears how it ended:
-- `result.error` is nil when it went well. KN_EFULL: nothing was taken.
function Client:open_channel_async(channel, fn)
  c_text(channel, "the channel")
  hand_in(self, fn, function(client, note, number, details)
    return library.kn_client_open_channel_async(client, channel, note, number, nil, details)
  end)
end

function Client:close_channel_async(channel, fn)
  c_text(channel, "the channel")
  hand_in(self, fn, function(client, note, number, details)
    return library.kn_client_close_channel_async(client, channel, note, number, nil, details)
  end)
end

function Client:trigger_async(channel, event, data, fn)
  c_text(channel, "the channel")
  c_text(event, "the event")
  hand_in(self, fn, function(client, note, number, details)
    return library.kn_client_trigger_async(client, channel, event, data, data and #data or 0,
                                           note, number, nil, details)
  end)
end

--- `result.token` has the token.
function Client:request_token_async(uid, channels, fn)
  c_text(uid, "the user's id")
  c_text(channels, "the pattern")
  hand_in(self, fn, function(client, note, number, details)
    return library.kn_client_request_token_async(client, uid, channels, note, number, nil, details)
  end)
end

--- `result.errors` has an error or false for each trigger. The batch is copied.
function Client:trigger_batch_async(batch, fn)
  hand_in(self, fn, function(client, note, number, details)
    return library.kn_client_trigger_batch_async(client, batch.box.handle, note, number, nil,
                                                 details)
  end)
end

local function run_completions(self)
  for number, fn in pairs(self.functions) do
    local result = ended[number]
    if result then
      ended[number] = nil
      self.functions[number] = nil
      fn(result)
    end
  end
end

--- Moves the calls on that were handed in, without waiting. Returns KN_OK (some have ended),
-- KN_AGAIN (none has) or KN_INTERRUPTED.
function Client:dispatch()
  local details = error_place()
  local status = checked(call_that_calls_back(library.kn_client_dispatch, open_handle(self),
                                              details), details)
  run_completions(self)
  return status
end

--- Moves the calls on until none is pending any more. Returns KN_OK, KN_AGAIN (time is up) or
-- KN_INTERRUPTED.
function Client:flush(timeout_ms)
  local deadline = deadline_after(timeout_ms)
  while true do
    local status = self:dispatch()
    if status == status_of.KN_INTERRUPTED or status == status_of.KN_CLOSED then
      return status
    elseif self.box.handle == nil or self:pending() == 0 then
      return status_of.KN_OK
    elseif now_ms() >= deadline then
      return status_of.KN_AGAIN
    end
    wait_readable(self:fd(), deadline)
  end
end
jit.off(Client.flush)

--- Makes the dispatch or flush that comes next return KN_INTERRUPTED.
function Client:interrupt()
  checked(library.kn_client_interrupt(open_handle(self)))
end

--- The descriptor to poll for reading: client:dispatch() has something to do.
function Client:fd()
  local fd = library.kn_client_fd(open_handle(self))
  if fd < 0 then
    error(failure(status_of.KN_EFORK), 0)
  end
  return fd
end

function Client:pending()
  return tonumber(library.kn_client_pending(open_handle(self)))
end

--- How many calls have ended, or, with a status, how many with that one.
function Client:requests(status)
  local client = open_handle(self)
  return tonumber(status and library.kn_client_requests_with_status(client, status) or
                  library.kn_client_requests(client))
end

function Client:connections()
  return library.kn_client_connections(open_handle(self))
end

--- All figures, as JSON text.
function Client:stats()
  local place, details = ffi.new("char *[1]"), error_place()
  checked(library.kn_client_stats(open_handle(self), place, details), details)
  return taken_text(place)
end

--- Frees the client. What was handed in and has not ended is dropped.
function Client:close()
  release(self.box, client_free)
  self.functions = {}
end
