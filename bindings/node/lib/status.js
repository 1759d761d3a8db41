// The numbers of the headers. They are part of the ABI; abi.test.js compares them.

/** What a call has to say: 0 is done, above 0 nothing to hand over, below 0 failed. */
export const Status = Object.freeze({
  KN_OK: 0,
  KN_AGAIN: 1,
  KN_CLOSED: 2,
  KN_INTERRUPTED: 3,
  KN_EINVAL: -101,
  KN_ENOMEM: -102,
  KN_EJSON: -103,
  KN_ETOOBIG: -104,
  KN_ECONNECT: -201,
  KN_ETLS: -202,
  KN_ETIMEOUT: -203,
  KN_EIO: -204,
  KN_EPROTOCOL: -205,
  KN_EBADREQUEST: -301,
  KN_EUNAUTHORIZED: -302,
  KN_EFORBIDDEN: -303,
  KN_ENOVHOST: -304,
  KN_ENOCHANNEL: -305,
  KN_EBADCHANNEL: -306,
  KN_ERATELIMIT: -307,
  KN_EUNAVAILABLE: -308,
  KN_ESERVER: -309,
  KN_ECONFLICT: -310,
  KN_EREPLACED: -311,
  KN_ENOGROUP: -313,
  KN_ESTATE: -401,
  KN_EFORK: -402,
  KN_EFULL: -403,
  KN_EINTERNAL: -999,
});

/** What a worker is doing. */
export const WorkerState = Object.freeze({
  IDLE: 0,
  CONNECTING: 1,
  CONNECTED: 2,
  WAITING: 3,
  CLOSING: 4,
  CLOSED: 5,
});

/** The kinds of events. */
export const EventKind = Object.freeze({ MESSAGE: 0, GAP: 1 });

/** Whether a worker loses events that it was sent, or gets some again. */
export const Delivery = Object.freeze({ AT_MOST_ONCE: 0, AT_LEAST_ONCE: 1 });

/** The key of which a group's workers deal with one event at a time. */
export const Order = Object.freeze({ NONE: 0, SID: 1, UID: 2, CHANNEL: 3 });

/** How much a log handler wants to hear; a level includes those above it. */
export const LogLevel = Object.freeze({ ERROR: 1, WARNING: 2, INFO: 3, DEBUG: 4 });
