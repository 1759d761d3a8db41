-- Made of the headers in include/kosmonaut by scripts/generate; do not edit.
-- The rest is put together of the files in parts/.

--- libkosmonaut for LuaJIT: backends for the WebRocket broker.
--
-- All times are milliseconds; 0 does not wait, and where a time may be left out that means "for
-- ever". All text is UTF-8, and payloads are JSON text: LuaJIT has no JSON of its own. What fails
-- raises an error object (see `Error`). A library that is not where the dynamic linker looks is
-- named by the environment variable KOSMONAUT_LIBRARY.

local ffi = require("ffi")
local jit = require("jit")

ffi.cdef [[
typedef int32_t kn_status;
typedef struct kn_batch kn_batch;
typedef struct kn_channels kn_channels;
typedef struct kn_client kn_client;
typedef struct kn_error kn_error;
typedef struct kn_event kn_event;
typedef struct kn_options kn_options;
typedef struct kn_result kn_result;
typedef struct kn_subscribers kn_subscribers;
typedef struct kn_worker kn_worker;
typedef void (*kn_completion)(const kn_result *result, void *user_data);
typedef void (*kn_error_handler)(const kn_error *error, void *user_data);
typedef void (*kn_handler)(kn_event *event, void *user_data);
typedef void (*kn_log_handler)(int32_t level, const char *message, void *user_data);
kn_batch *kn_batch_new(void);
void kn_batch_free(kn_batch *batch);
kn_status kn_batch_add(kn_batch *batch, const char *channel, const char *event, const char *data,
    size_t data_length);
size_t kn_batch_count(const kn_batch *batch);
void kn_batch_clear(kn_batch *batch);
kn_status kn_result_status(const kn_result *result);
const kn_error *kn_result_error(const kn_result *result);
const char *kn_result_token(const kn_result *result);
const kn_subscribers *kn_result_subscribers(const kn_result *result);
size_t kn_result_count(const kn_result *result);
kn_status kn_result_item_status(const kn_result *result, size_t index);
const kn_error *kn_result_item_error(const kn_result *result, size_t index);
void kn_result_free(kn_result *result);
kn_status kn_client_channels(kn_client *client, const char *prefix, const char *after,
    int32_t limit, kn_channels **page, kn_error **error);
kn_status kn_client_channels_async(kn_client *client, const char *prefix, const char *after,
    int32_t limit, kn_completion fn, void *user_data, void (*destroy)(void *), kn_error **error);
const kn_channels *kn_result_channels(const kn_result *result);
size_t kn_channels_count(const kn_channels *page);
const char *kn_channels_name(const kn_channels *page, size_t index);
const char *kn_channels_type(const kn_channels *page, size_t index);
int64_t kn_channels_subscribers(const kn_channels *page, size_t index);
int64_t kn_channels_members(const kn_channels *page, size_t index);
const char *kn_channels_next(const kn_channels *page);
void kn_channels_free(kn_channels *page);
kn_status kn_client_new(const char *url, const kn_options *options, kn_client **client,
    kn_error **error);
void kn_client_free(kn_client *client);
kn_status kn_client_open_channel(kn_client *client, const char *channel, kn_error **error);
kn_status kn_client_close_channel(kn_client *client, const char *channel, kn_error **error);
kn_status kn_client_trigger(kn_client *client, const char *channel, const char *event,
    const char *data, size_t data_length, kn_error **error);
kn_status kn_client_request_token(kn_client *client, const char *uid, const char *channels,
    char **token, kn_error **error);
kn_status kn_client_trigger_batch(kn_client *client, const kn_batch *batch, kn_result **result,
    kn_error **error);
kn_status kn_client_subscribers(kn_client *client, const char *channel, const char *after,
    int32_t limit, kn_subscribers **page, kn_error **error);
kn_status kn_client_open_channel_async(kn_client *client, const char *channel, kn_completion fn,
    void *user_data, void (*destroy)(void *), kn_error **error);
kn_status kn_client_close_channel_async(kn_client *client, const char *channel, kn_completion fn,
    void *user_data, void (*destroy)(void *), kn_error **error);
kn_status kn_client_trigger_async(kn_client *client, const char *channel, const char *event,
    const char *data, size_t data_length, kn_completion fn, void *user_data,
    void (*destroy)(void *), kn_error **error);
kn_status kn_client_request_token_async(kn_client *client, const char *uid, const char *channels,
    kn_completion fn, void *user_data, void (*destroy)(void *), kn_error **error);
kn_status kn_client_trigger_batch_async(kn_client *client, const kn_batch *batch, kn_completion fn,
    void *user_data, void (*destroy)(void *), kn_error **error);
kn_status kn_client_subscribers_async(kn_client *client, const char *channel, const char *after,
    int32_t limit, kn_completion fn, void *user_data, void (*destroy)(void *), kn_error **error);
kn_status kn_client_dispatch(kn_client *client, kn_error **error);
kn_status kn_client_flush(kn_client *client, int64_t timeout_ms, kn_error **error);
int kn_client_fd(const kn_client *client);
kn_status kn_client_interrupt(kn_client *client);
size_t kn_client_pending(const kn_client *client);
int64_t kn_client_requests(const kn_client *client);
int64_t kn_client_requests_with_status(const kn_client *client, kn_status status);
int32_t kn_client_connections(const kn_client *client);
kn_status kn_client_stats(kn_client *client, char **json, kn_error **error);
kn_status kn_error_status(const kn_error *error);
const char *kn_error_message(const kn_error *error);
int32_t kn_error_http_status(const kn_error *error);
int32_t kn_error_server_code(const kn_error *error);
int64_t kn_error_retry_after_ms(const kn_error *error);
void kn_error_free(kn_error *error);
void kn_string_free(char *string);
int32_t kn_event_kind(const kn_event *event);
int32_t kn_event_attempt(const kn_event *event);
const char *kn_event_topic(const kn_event *event);
const char *kn_event_channel(const kn_event *event);
const char *kn_event_name(const kn_event *event);
const char *kn_event_id(const kn_event *event);
const char *kn_event_uid(const kn_event *event);
const char *kn_event_sid(const kn_event *event);
const char *kn_event_data(const kn_event *event, size_t *length);
const char *kn_event_ref(const kn_event *event);
int64_t kn_event_time_ms(const kn_event *event);
kn_event *kn_event_retain(kn_event *event);
void kn_event_free(kn_event *event);
kn_status kn_event_defer(kn_event *event);
kn_status kn_event_ack(kn_event *event);
kn_status kn_event_nack(kn_event *event, int64_t delay_ms);
kn_status kn_event_decline(kn_event *event, int64_t delay_ms);
kn_status kn_event_extend(kn_event *event);
kn_options *kn_options_new(void);
void kn_options_free(kn_options *options);
kn_status kn_options_set_connect_timeout_ms(kn_options *options, int64_t timeout_ms);
kn_status kn_options_set_request_timeout_ms(kn_options *options, int64_t timeout_ms);
kn_status kn_options_set_idle_timeout_ms(kn_options *options, int64_t timeout_ms);
kn_status kn_options_set_reconnect_delay_ms(kn_options *options, int64_t min_ms, int64_t max_ms);
kn_status kn_options_set_filter(kn_options *options, const char *regex);
kn_status kn_options_set_max_event_size(kn_options *options, int64_t bytes);
kn_status kn_options_set_max_response_size(kn_options *options, int64_t bytes);
kn_status kn_options_set_max_connections(kn_options *options, int32_t count);
kn_status kn_options_set_max_pending(kn_options *options, int32_t count);
kn_status kn_options_set_retries(kn_options *options, int32_t count);
kn_status kn_options_set_worker_name(kn_options *options, const char *name);
kn_status kn_options_set_delivery(kn_options *options, int32_t delivery);
kn_status kn_options_set_group(kn_options *options, const char *group);
kn_status kn_options_set_window(kn_options *options, int32_t count);
kn_status kn_options_set_order(kn_options *options, int32_t order);
kn_status kn_options_set_auto_ack(kn_options *options, int32_t acknowledge);
kn_status kn_options_set_ca_file(kn_options *options, const char *path);
kn_status kn_options_set_client_certificate(kn_options *options, const char *cert_file,
    const char *key_file);
kn_status kn_options_set_verify(kn_options *options, int32_t verify);
kn_status kn_options_set_proxy(kn_options *options, const char *url);
kn_status kn_options_set_unix_socket(kn_options *options, const char *path);
kn_status kn_options_add_header(kn_options *options, const char *name, const char *value);
kn_status kn_options_set_user_agent(kn_options *options, const char *user_agent);
kn_status kn_options_set_log(kn_options *options, int32_t level, kn_log_handler fn, void *user_data,
    void (*destroy)(void *));
const char *kn_status_name(kn_status status);
const char *kn_status_message(kn_status status);
int32_t kn_status_is_retriable(kn_status status);
size_t kn_subscribers_count(const kn_subscribers *page);
const char *kn_subscribers_sid(const kn_subscribers *page, size_t index);
const char *kn_subscribers_uid(const kn_subscribers *page, size_t index);
int32_t kn_subscribers_hidden(const kn_subscribers *page, size_t index);
const char *kn_subscribers_data(const kn_subscribers *page, size_t index, size_t *length);
const char *kn_subscribers_next(const kn_subscribers *page);
void kn_subscribers_free(kn_subscribers *page);
kn_status kn_worker_new(const char *url, const kn_options *options, kn_worker **worker,
    kn_error **error);
void kn_worker_free(kn_worker *worker);
kn_status kn_worker_on(kn_worker *worker, const char *pattern, kn_handler fn, void *user_data,
    void (*destroy)(void *), kn_error **error);
kn_status kn_worker_on_error(kn_worker *worker, kn_error_handler fn, void *user_data,
    void (*destroy)(void *), kn_error **error);
kn_status kn_worker_next(kn_worker *worker, int64_t timeout_ms, kn_event **event, kn_error **error);
kn_status kn_worker_run(kn_worker *worker, kn_error **error);
kn_status kn_worker_dispatch(kn_worker *worker, kn_error **error);
int kn_worker_fd(const kn_worker *worker);
int32_t kn_worker_state(const kn_worker *worker);
kn_status kn_worker_interrupt(kn_worker *worker);
kn_status kn_worker_close(kn_worker *worker, int64_t timeout_ms, kn_error **error);
int64_t kn_worker_events(const kn_worker *worker);
int64_t kn_worker_bytes(const kn_worker *worker);
int64_t kn_worker_reconnects(const kn_worker *worker);
int64_t kn_worker_lag_ms(const kn_worker *worker);
kn_error *kn_worker_last_error(const kn_worker *worker);
kn_status kn_worker_stats(kn_worker *worker, char **json, kn_error **error);
const char *kn_version(void);
int32_t kn_version_number(void);
]]

ffi.cdef [[
/* What frees its object when it is collected. */
struct kosmonaut_batch { kn_batch *handle; };
struct kosmonaut_client { kn_client *handle; };
struct kosmonaut_event { kn_event *handle; };
struct kosmonaut_worker { kn_worker *handle; };

struct pollfd { int fd; short events; short revents; };
int poll(struct pollfd *fds, unsigned long nfds, int timeout);
struct kosmonaut_timespec { long seconds; long nanoseconds; };
int clock_gettime(int clock, struct kosmonaut_timespec *time);
]]

local library = ffi.load(os.getenv("KOSMONAUT_LIBRARY") or "libkosmonaut.so.1")

local kosmonaut = {}

--- The numbers of the statuses: kosmonaut.status.KN_ENOCHANNEL.
kosmonaut.status = {
  KN_OK = 0, KN_AGAIN = 1, KN_CLOSED = 2, KN_INTERRUPTED = 3,
  KN_EINVAL = -101, KN_ENOMEM = -102, KN_EJSON = -103, KN_ETOOBIG = -104,
  KN_ECONNECT = -201, KN_ETLS = -202, KN_ETIMEOUT = -203, KN_EIO = -204, KN_EPROTOCOL = -205,
  KN_EBADREQUEST = -301, KN_EUNAUTHORIZED = -302, KN_EFORBIDDEN = -303, KN_ENOVHOST = -304,
  KN_ENOCHANNEL = -305, KN_EBADCHANNEL = -306, KN_ERATELIMIT = -307, KN_EUNAVAILABLE = -308,
  KN_ESERVER = -309, KN_ECONFLICT = -310, KN_EREPLACED = -311,
  KN_ENOGROUP = -313,
  KN_ESTATE = -401, KN_EFORK = -402, KN_EFULL = -403, KN_EINTERNAL = -999,
}
local status_of = kosmonaut.status

--- What worker:state() returns.
kosmonaut.state = {
  KN_WORKER_IDLE = 0, KN_WORKER_CONNECTING = 1, KN_WORKER_CONNECTED = 2, KN_WORKER_WAITING = 3,
  KN_WORKER_CLOSING = 4, KN_WORKER_CLOSED = 5,
}

--- What the options `delivery` and `order` take.
kosmonaut.delivery = { KN_AT_MOST_ONCE = 0, KN_AT_LEAST_ONCE = 1 }
kosmonaut.order = { KN_ORDER_NONE = 0, KN_ORDER_SID = 1, KN_ORDER_UID = 2, KN_ORDER_CHANNEL = 3 }

local POLLIN = 1
local CLOCK_MONOTONIC = 1

-- A signal that comes just before a wait begins would not end it: waits are made of slices.
local SLICE_MS = 100

local function text_of(pointer)
  return pointer ~= nil and ffi.string(pointer) or nil
end

--- The version of the library that is loaded, such as "1.0.0".
function kosmonaut.version()
  return ffi.string(library.kn_version())
end

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
