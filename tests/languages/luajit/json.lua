--- JSON for Lua: json.decode(text) and json.encode(value).
--
-- Objects and arrays become tables, null becomes json.null. A table is encoded as an array if it
-- has an element 1, and as an object otherwise. What is no JSON raises an error with its place.

local json = { null = setmetatable({}, { __tostring = function() return "null" end }) }

local ESCAPES = { b = "\b", f = "\f", n = "\n", r = "\r", t = "\t", ['"'] = '"', ["\\"] = "\\",
                  ["/"] = "/" }
local MAXIMAL_DEPTH = 200

local function fail(place, what)
  error(("no JSON at byte %d: %s"):format(place, what), 0)
end

local function skip_space(text, place)
  return text:find("[^ \t\r\n]", place) or #text + 1
end

local function utf8(code)
  if code < 0x80 then
    return string.char(code)
  elseif code < 0x800 then
    return string.char(0xC0 + math.floor(code / 0x40), 0x80 + code % 0x40)
  elseif code < 0x10000 then
    return string.char(0xE0 + math.floor(code / 0x1000), 0x80 + math.floor(code / 0x40) % 0x40,
                       0x80 + code % 0x40)
  end
  return string.char(0xF0 + math.floor(code / 0x40000), 0x80 + math.floor(code / 0x1000) % 0x40,
                     0x80 + math.floor(code / 0x40) % 0x40, 0x80 + code % 0x40)
end

-- The four digits after a \u, whose place is given.
local function code_unit(text, place)
  local digits = text:match("^%x%x%x%x", place) or fail(place, "four hexadecimal digits are due")
  return tonumber(digits, 16)
end

-- The text of a \u escape, and where it ends.
local function unicode_escape(text, place)
  local unit = code_unit(text, place)
  if unit >= 0xD800 and unit < 0xDC00 and text:sub(place + 4, place + 5) == "\\u" then
    local low = code_unit(text, place + 6)
    if low >= 0xDC00 and low < 0xE000 then
      return utf8(0x10000 + (unit - 0xD800) * 0x400 + low - 0xDC00), place + 10
    end
  end
  if unit >= 0xD800 and unit < 0xE000 then
    unit = 0xFFFD -- half of a pair
  end
  return utf8(unit), place + 4
end

local function read_string(text, place)
  local parts = {}
  place = place + 1
  while true do
    local stop = text:find('["\\%c]', place) or fail(#text, "the text does not end")
    parts[#parts + 1] = text:sub(place, stop - 1)
    local char = text:sub(stop, stop)
    if char == '"' then
      return table.concat(parts), stop + 1
    elseif char == "\127" then
      parts[#parts + 1] = char
      place = stop + 1
    elseif char ~= "\\" then
      fail(stop, "a control character")
    elseif text:sub(stop + 1, stop + 1) == "u" then
      parts[#parts + 1], place = unicode_escape(text, stop + 2)
    else
      parts[#parts + 1] = ESCAPES[text:sub(stop + 1, stop + 1)] or fail(stop, "a wrong escape")
      place = stop + 2
    end
  end
end

local function read_number(text, place)
  local whole = text:match("^-?0", place) or text:match("^-?[1-9]%d*", place)
  if not whole then
    fail(place, "a value is due")
  end
  local stop = place + #whole
  stop = stop + #(text:match("^%.%d+", stop) or "")
  stop = stop + #(text:match("^[eE][+-]?%d+", stop) or "")
  return tonumber(text:sub(place, stop - 1)), stop
end

local read_value

-- What is between brackets: read_item reads one item from a place and returns where it ends.
local function read_items(text, place, close, read_item)
  place = skip_space(text, place + 1)
  if text:sub(place, place) == close then
    return place + 1
  end
  while true do
    place = skip_space(text, read_item(skip_space(text, place)))
    local char = text:sub(place, place)
    if char == close then
      return place + 1
    elseif char ~= "," then
      fail(place, "a comma or " .. close .. " is due")
    end
    place = place + 1
  end
end

local function read_array(text, place, depth)
  local array = {}
  local stop = read_items(text, place, "]", function(at)
    local value, after = read_value(text, at, depth)
    array[#array + 1] = value
    return after
  end)
  return array, stop
end

local function read_object(text, place, depth)
  local object = {}
  local stop = read_items(text, place, "}", function(at)
    if text:sub(at, at) ~= '"' then
      fail(at, "a name is due")
    end
    local name, after = read_string(text, at)
    after = skip_space(text, after)
    if text:sub(after, after) ~= ":" then
      fail(after, "a colon is due")
    end
    object[name], after = read_value(text, skip_space(text, after + 1), depth)
    return after
  end)
  return object, stop
end

local WORDS = { ["true"] = true, ["false"] = false, null = json.null }

function read_value(text, place, depth)
  if depth > MAXIMAL_DEPTH then
    fail(place, "too deep")
  end
  local char = text:sub(place, place)
  if char == '"' then
    return read_string(text, place)
  elseif char == "{" then
    return read_object(text, place, depth + 1)
  elseif char == "[" then
    return read_array(text, place, depth + 1)
  end
  local word = text:match("^%l+", place)
  if word and WORDS[word] ~= nil then
    return WORDS[word], place + #word
  end
  return read_number(text, place)
end

function json.decode(text)
  local value, stop = read_value(text, skip_space(text, 1), 1)
  stop = skip_space(text, stop)
  if stop <= #text then
    fail(stop, "something follows")
  end
  return value
end

local function encode_string(value)
  return '"' .. value:gsub('[%c"\\]', function(char)
    return ("\\u%04x"):format(char:byte())
  end) .. '"'
end

local function encode_number(value)
  if value ~= value or value == math.huge or value == -math.huge then
    error("JSON has no such number: " .. tostring(value), 0)
  end
  return ("%.17g"):format(value)
end

local function encode_table(value)
  local parts = {}
  if value[1] ~= nil then
    for place, item in ipairs(value) do
      parts[place] = json.encode(item)
    end
    return "[" .. table.concat(parts, ",") .. "]"
  end
  for name, item in pairs(value) do
    parts[#parts + 1] = encode_string(tostring(name)) .. ":" .. json.encode(item)
  end
  return "{" .. table.concat(parts, ",") .. "}"
end

function json.encode(value)
  if value == json.null then
    return "null"
  elseif type(value) == "string" then
    return encode_string(value)
  elseif type(value) == "number" then
    return encode_number(value)
  elseif type(value) == "boolean" then
    return tostring(value)
  elseif type(value) == "table" then
    return encode_table(value)
  end
  error("JSON has no such value: " .. type(value), 0)
end

return json
