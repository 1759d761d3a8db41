-- Batches and results -----------------------------------------------------------------------------

--- Triggers that go out in one request: kosmonaut.batch().
local Batch = {}
Batch.__index = Batch

function kosmonaut.batch()
  local handle = library.kn_batch_new()
  if handle == nil then
    error(failure(status_of.KN_ENOMEM), 0)
  end
  return setmetatable({ box = owned_batch(handle) }, Batch)
end

--- Adds a trigger; arguments as for client:trigger(). Returns the batch. After an error nothing
-- was added.
function Batch:add(channel, event, data)
  local status = library.kn_batch_add(self.box.handle, c_text(channel, "the channel"),
                                      c_text(event, "the event"), data, data and #data or 0)
  if status < 0 then
    -- By its place: what was given for a name may be a token that went astray.
    error(failure(status, string.format("trigger %d cannot be: %s", self:count() + 1,
                                        ffi.string(library.kn_status_message(status)))), 0)
  end
  return self
end

function Batch:count()
  return tonumber(library.kn_batch_count(self.box.handle))
end

--- Takes all triggers out.
function Batch:clear()
  library.kn_batch_clear(self.box.handle)
  return self
end

-- What reads a page, by the name of its kind.
local pages = {}

-- The rows of a page, as `row_of` reads them; `next` is nil when there is no other page.
local function rows_of(kind, page, row_of)
  local rows = { next = text_of(library["kn_" .. kind .. "_next"](page)) }
  for index = 0, tonumber(library["kn_" .. kind .. "_count"](page)) - 1 do
    rows[index + 1] = row_of(index)
  end
  return rows
end

-- A table { status, error, token, page, errors }: `error` is nil when all went well; `errors[i]` is
-- that of the batch's trigger i, or false.
local function result_of(result)
  local status = library.kn_result_status(result)
  local read = { status = status, token = text_of(library.kn_result_token(result)), errors = {} }
  if status < 0 then
    read.error = error_of(status, library.kn_result_error(result))
  end
  for kind, page_of in pairs(pages) do
    local page = library["kn_result_" .. kind](result)
    if page ~= nil then
      read.page = page_of(page)
    end
  end
  for index = 0, tonumber(library.kn_result_count(result)) - 1 do
    local item = library.kn_result_item_status(result, index)
    read.errors[index + 1] = item < 0 and
      error_of(item, library.kn_result_item_error(result, index))
  end
  return read
end
