-- Pages -------------------------------------------------------------------------------------------

-- Text for C that may be nil.
local function text_or_nil(text, what)
  return text and c_text(text, what) or nil
end

-- C would cut a number that is none of its own.
local function limit_of(limit)
  limit = limit or 0
  if type(limit) ~= "number" or limit % 1 ~= 0 or limit < 0 or limit >= 2 ^ 31 then
    error(failure(status_of.KN_EINVAL, "the limit has to be a whole number"), 0)
  end
  return limit
end

-- The page that `call` asks for, which is freed.
local function page_taken(kind, call)
  local place, details = ffi.new("kn_" .. kind .. " *[1]"), error_place()
  checked(call(place, details), details)
  return pages[kind](ffi.gc(place[0], library["kn_" .. kind .. "_free"]))
end

-- An iterator over the rows of all pages; `ask(after)` has the page behind a row.
local function walk(ask)
  local page, index
  return function()
    if not page or (index == #page and page.next) then
      page, index = ask(page and page.next), 0
    end
    index = math.min(index + 1, #page + 1)
    return page[index]
  end
end

function pages.subscribers(page)
  local length = ffi.new("size_t[1]")
  return rows_of("subscribers", page, function(index)
    local data = library.kn_subscribers_data(page, index, length)
    return {
      sid = text_of(library.kn_subscribers_sid(page, index)),
      uid = text_of(library.kn_subscribers_uid(page, index)),
      hidden = library.kn_subscribers_hidden(page, index) == 1,
      data = ffi.string(data, length[0]),
    }
  end)
end

--- One page of who is on a channel, those who hide from the others included: a list of
-- { sid, uid (nil: not authenticated), hidden, data (the browser's own word, JSON text) }. `after`,
-- or nil, is the sid that it begins behind, such as `next` of the page before, which is nil where
-- there is no other. `limit`, or nil, is how many there may be on it.
function Client:subscribers_page(channel, after, limit)
  return page_taken("subscribers", function(place, details)
    return library.kn_client_subscribers(open_handle(self), c_text(channel, "the channel"),
                                         text_or_nil(after, "the sid to begin after"),
                                         limit_of(limit), place, details)
  end)
end

--- All who are on a channel: `for subscriber in client:subscribers("presence-room") do`. Asks for a
-- page, of at most `page_size` (nil: what the broker sees fit), whenever the one before is used up.
-- Of whoever stays meanwhile none is left out and none comes twice.
function Client:subscribers(channel, page_size)
  return walk(function(after)
    return self:subscribers_page(channel, after, page_size)
  end)
end

--- `result.page` has the page. `after` and `limit` may be nil.
function Client:subscribers_async(channel, after, limit, fn)
  c_text(channel, "the channel")
  after, limit = text_or_nil(after, "the sid to begin after"), limit_of(limit)
  hand_in(self, fn, function(client, note, number, details)
    return library.kn_client_subscribers_async(client, channel, after, limit, note, number, nil,
                                               details)
  end)
end

function pages.channels(page)
  return rows_of("channels", page, function(index)
    local members = tonumber(library.kn_channels_members(page, index))
    return {
      name = text_of(library.kn_channels_name(page, index)),
      type = text_of(library.kn_channels_type(page, index)),
      subscribers = tonumber(library.kn_channels_subscribers(page, index)),
      members = members >= 0 and members or nil,
    }
  end)
end

--- One page of the channels whose names begin with `prefix` (nil: all): a list of { name, type
-- ("normal", "private", "presence"), subscribers, members (nil: no presence channel) }. `after` and
-- `limit` as for client:subscribers_page(); `after` is a name.
function Client:channels_page(prefix, after, limit)
  return page_taken("channels", function(place, details)
    return library.kn_client_channels(open_handle(self), text_or_nil(prefix, "the prefix"),
                                      text_or_nil(after, "the name to begin after"),
                                      limit_of(limit), place, details)
  end)
end

--- All of them: `for channel in client:channels("room-") do`, page after page.
function Client:channels(prefix, page_size)
  return walk(function(after)
    return self:channels_page(prefix, after, page_size)
  end)
end

--- `result.page` has the page. `prefix`, `after` and `limit` may be nil.
function Client:channels_async(prefix, after, limit, fn)
  prefix, after = text_or_nil(prefix, "the prefix"), text_or_nil(after, "the name to begin after")
  limit = limit_of(limit)
  hand_in(self, fn, function(client, note, number, details)
    return library.kn_client_channels_async(client, prefix, after, limit, note, number, nil,
                                            details)
  end)
end
