-- Callbacks ---------------------------------------------------------------------------------------

-- LuaJIT has few callbacks to give away, so the whole program has two. They only note what
-- there is to tell: the program's own functions run when the library's call has returned. An error
-- must not pass through C.

local ended = {} -- number => result
local told = {} -- number of a worker => list of errors

local function number_of(user_data)
  return tonumber(ffi.cast("intptr_t", user_data))
end

local note_completion = ffi.cast("kn_completion", function(result, user_data)
  local is_read, read = pcall(result_of, result)
  ended[number_of(user_data)] = is_read and read or { status = status_of.KN_EINTERNAL, errors = {} }
end)

local note_failure = ffi.cast("kn_error_handler", function(details, user_data)
  local is_read, read = pcall(error_of, library.kn_error_status(details), details)
  local list = told[number_of(user_data)]
  if is_read and list then
    list[#list + 1] = read
  end
end)

-- Compiled code must not call what calls back.
local function call_that_calls_back(call, ...)
  return call(...)
end
jit.off(call_that_calls_back)

local last_number = 0

local function next_number()
  last_number = last_number + 1
  return last_number
end

local function user_data_of(number)
  return ffi.cast("void *", ffi.cast("intptr_t", number))
end
