--- libkosmonaut for LuaJIT: backends for the WebRocket broker.
--
-- All times are milliseconds; 0 does not wait, and where a time may be left out that means "for
-- ever". All text is UTF-8, and payloads are JSON text: LuaJIT has no JSON of its own. What fails
-- raises an error object (see `Error`). A library that is not where the dynamic linker looks is
-- named by the environment variable KOSMONAUT_LIBRARY.

local ffi = require("ffi")
local jit = require("jit")
