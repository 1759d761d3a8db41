import { kn } from './native.js';
import { Status } from './status.js';

/**
 * A call of the library that failed. `code` is the status's name ('KN_ENOCHANNEL'), `status` its
 * number, `httpStatus` that of the broker's answer (0: there was none), `serverCode` the broker's
 * own number (0: none), `retryAfterMs` how many milliseconds the server asks to wait (null: it does
 * not say), `isRetriable` whether the same call may well succeed later.
 */
export class KosmonautError extends Error {
  constructor(status, message, details = {}) {
    super(message);
    this.status = status;
    this.code = kn.kn_status_name(status);
    this.httpStatus = details.httpStatus ?? 0;
    this.serverCode = details.serverCode ?? 0;
    this.retryAfterMs = details.retryAfterMs ?? null;
    this.isRetriable = kn.kn_status_is_retriable(status) !== 0;
  }

  get name() {
    return this.constructor.name;
  }
}

/** A bad argument, JSON that is none, a size over a limit, no memory: nothing was sent. */
export class ArgumentError extends KosmonautError {}

/** The connection: the name, TCP, TLS, a time limit, a peer that is no broker. */
export class ConnectionError extends KosmonautError {}

/** The broker refused. */
export class ResponseError extends KosmonautError {}

/**
 * The call is not allowed now: another is running, too many wait, a forked process, it is closed.
 */
export class StateError extends KosmonautError {}

const FAMILIES = new Map([[1, ArgumentError], [2, ConnectionError], [3, ResponseError],
  [4, StateError]]);

function classOf(status) {
  if (status > 0) return StateError;
  return FAMILIES.get(Math.trunc(-status / 100)) ?? KosmonautError;
}

/** An error for a call that has no `kn_error` to give. */
export function failure(status, message = kn.kn_status_message(status)) {
  return new (classOf(status))(status, message);
}

/** A copy of a borrowed `kn_error`; without one, what the status says. */
export function copyOf(pointer, status) {
  if (!pointer) return failure(status);
  const own = kn.kn_error_status(pointer);
  const retryAfter = Number(kn.kn_error_retry_after_ms(pointer));
  return new (classOf(own))(own, kn.kn_error_message(pointer), {
    httpStatus: kn.kn_error_http_status(pointer),
    serverCode: kn.kn_error_server_code(pointer),
    retryAfterMs: retryAfter < 0 ? null : retryAfter,
  });
}

/** Throws what a `kn_result` says of a call that failed. */
export function requireOk(result) {
  const status = kn.kn_result_status(result);
  if (status < 0) throw copyOf(kn.kn_result_error(result), status);
}

/** As copyOf(), of a `kn_error` that was handed over, which is freed. */
export function take(pointer, status) {
  try {
    return copyOf(pointer, status);
  } finally {
    kn.kn_error_free(pointer);
  }
}

/**
 * Makes a call whose last argument is `kn_error **`; returns its status unless that is a failure.
 */
export function call(fn, ...args) {
  const error = [null];
  const status = fn(...args, error);
  if (status < 0) throw take(error[0], status);
  return status;
}

/** Checks the status of a call without `kn_error **`. */
export function check(status, message) {
  if (status < 0) throw failure(status, message);
  return status;
}

/** `text`, unless it is none, or C would read only a part of it. */
export function checkedText(text, what) {
  if (typeof text !== 'string') throw new TypeError(`${what} is not a string`);
  if (text.includes('\0')) throw failure(Status.KN_EINVAL, `${what} has a NUL in it`);
  return text;
}

/** A time for C: milliseconds; Infinity stands for -1, for ever. */
export function checkedMs(value, what) {
  if (value === Infinity) return -1;
  if (!Number.isSafeInteger(value)) throw new TypeError(`${what} is not a number of milliseconds`);
  if (value < -1) {
    throw failure(Status.KN_EINVAL, `${what} is ${value}; it is 0 or more, or -1 for ever`);
  }
  return value;
}
