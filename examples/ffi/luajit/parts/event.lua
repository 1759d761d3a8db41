-- Events ------------------------------------------------------------------------------------------

--- An event has `topic`, `channel`, `name`, `id`, `uid` and `sid` (nil: not told), `data` (JSON
-- text), `kind` (0: a message, 1: a gap) and `attempt`; at least once also `ref` and `time_ms`, or
-- nil. It outlives its worker.
local Event = {}
Event.__index = Event

local function time_of(time_ms)
  return time_ms >= 0 and tonumber(time_ms) or nil
end

local function event_of(handle)
  local length = ffi.new("size_t[1]")
  local data = library.kn_event_data(handle, length)
  return setmetatable({
    box = owned_event(handle),
    topic = text_of(library.kn_event_topic(handle)),
    channel = text_of(library.kn_event_channel(handle)),
    name = text_of(library.kn_event_name(handle)),
    id = text_of(library.kn_event_id(handle)),
    uid = text_of(library.kn_event_uid(handle)),
    sid = text_of(library.kn_event_sid(handle)),
    data = ffi.string(data, length[0]),
    kind = library.kn_event_kind(handle),
    attempt = library.kn_event_attempt(handle),
    ref = text_of(library.kn_event_ref(handle)),
    time_ms = time_of(library.kn_event_time_ms(handle)),
  }, Event)
end

--- Acknowledges the event. Where delivery is at most once that does nothing. Returns a status.
function Event:ack()
  self.is_answered = true
  return checked(library.kn_event_ack(open_handle(self)))
end

--- Gives the event back, to be delivered again. KN_ESTATE: delivery is at most once.
function Event:nack(delay_ms)
  local status = checked(library.kn_event_nack(open_handle(self), delay_ms or 0))
  self.is_answered = true
  return status
end

--- Gives the event back because this program has nothing for it: that does not count against it.
function Event:decline(delay_ms)
  local status = checked(library.kn_event_decline(open_handle(self), delay_ms or 0))
  self.is_answered = true
  return status
end

--- Asks for more time: the broker's deadline for the answer begins anew. Returns a status.
function Event:extend()
  return checked(library.kn_event_extend(open_handle(self)))
end

--- In a handler: the answer will come later. Otherwise the event is acknowledged when its last
-- handler has returned, and given back if one of them fails.
function Event:defer()
  self.is_kept = true
end

--- Keeps what the answer needs beyond the handler. Returns the event.
function Event:retain()
  self.is_kept = true
  return self
end

--- Lets go of the event; what it says can still be read.
function Event:free()
  release(self.box, event_free)
end

local function settle(event)
  if not event.is_kept then
    if not event.is_answered and event.box.handle ~= nil then
      library.kn_event_ack(event.box.handle)
    end
    event:free()
  end
end
