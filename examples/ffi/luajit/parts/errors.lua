-- Errors ------------------------------------------------------------------------------------------

--- What a failed call raises: `status` (a number), `name` ("KN_ENOCHANNEL"), `message`,
-- `http_status` and `server_code` (0: there was none), `retry_after_ms` (-1: the server did not
-- say) and `retriable`. tostring() makes a line of it.
local Error = {}
Error.__index = Error
kosmonaut.Error = Error

function Error:__tostring()
  return self.name .. ": " .. self.message
end

--- Whether a value is such an error.
function kosmonaut.is_error(value)
  return getmetatable(value) == Error
end

local function error_of(status, details)
  local message = text_of(library.kn_error_message(details))
  return setmetatable({
    status = status,
    name = ffi.string(library.kn_status_name(status)),
    message = message ~= "" and message or ffi.string(library.kn_status_message(status)),
    http_status = library.kn_error_http_status(details),
    server_code = library.kn_error_server_code(details),
    retry_after_ms = tonumber(library.kn_error_retry_after_ms(details)),
    retriable = library.kn_status_is_retriable(status) == 1,
  }, Error)
end

local function failure(status, message)
  local made = error_of(status, nil)
  made.message = message or made.message
  return made
end

-- The status, if it is not below 0; otherwise raises what the place for the details holds.
local function checked(status, place)
  if status >= 0 then
    return status
  end
  local made = error_of(status, place and place[0] or nil)
  if place then
    library.kn_error_free(place[0])
  end
  error(made, 0)
end

local function error_place()
  return ffi.new("kn_error *[1]")
end

-- Text that C would take to end at a NUL is refused.
local function c_text(value, what)
  if type(value) ~= "string" then
    error(failure(status_of.KN_EINVAL, what .. " has to be text"), 0)
  elseif value:find("\0", 1, true) then
    error(failure(status_of.KN_EINVAL, "there is a NUL in " .. what), 0)
  end
  return value
end

local function taken_text(place)
  local text = ffi.string(place[0])
  library.kn_string_free(place[0])
  return text
end

-- What owns an object of the library. The functions that free are looked up now, since at the end
-- of the program the library object may be collected before the handles.
local function owner(name, free)
  return ffi.metatype("struct kosmonaut_" .. name, {
    __gc = function(self)
      local handle = self.handle
      self.handle = nil
      free(handle)
    end,
  })
end

local client_free, worker_free = library.kn_client_free, library.kn_worker_free
local event_free, batch_free = library.kn_event_free, library.kn_batch_free
local owned_client, owned_worker = owner("client", client_free), owner("worker", worker_free)
local owned_event, owned_batch = owner("event", event_free), owner("batch", batch_free)
