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
