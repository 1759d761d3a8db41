import { check, checkedMs, checkedText, failure } from './errors.js';
import { callbackOf, kn } from './native.js';
import { LogLevel, Status } from './status.js';

// ---- The log ----

const logs = new Map(); // user_data to the function that hears the lines
let lastLog = 0n;

// The line is handed on later: a log handler may not call the library, and this is inside one of
// its calls.
const hear = callbackOf('kn_log_handler', (level, message, id) => {
  const handler = logs.get(id);
  if (handler !== undefined) process.nextTick(handler, level, message);
});

const forget = callbackOf('kn_destroy', (id) => {
  logs.delete(id);
});

function setLog(options, log) {
  const { level = LogLevel.WARNING, handler } = log;
  if (typeof handler !== 'function') throw new TypeError('log.handler is not a function');
  lastLog += 1n;
  logs.set(lastLog, handler);
  return kn.kn_options_set_log(options, whole(level, 'log.level'), hear, lastLog, forget);
}

// ---- Everything else ----

function whole(value, what) {
  if (!Number.isSafeInteger(value)) throw new TypeError(`${what} is not a whole number`);
  return value;
}

/** For an int32_t: what does not fit cannot be, and must not become something else on the way. */
function whole32(value, what) {
  if (whole(value, what) !== (value | 0)) throw failure(Status.KN_EINVAL, `${what} is too large`);
  return value;
}

function time(setter) {
  return (options, value, what) => setter(options, checkedMs(value, what));
}

function size(setter) {
  return (options, value, what) => setter(options, whole(value, what));
}

function count(setter) {
  return (options, value, what) => setter(options, whole32(value, what));
}

function text(setter) {
  return (options, value, what) => setter(options, checkedText(value, what));
}

function setReconnectDelay(options, { minMs = 1000, maxMs = 30000 }) {
  return kn.kn_options_set_reconnect_delay_ms(options,
    whole(minMs, 'reconnectDelay.minMs'), whole(maxMs, 'reconnectDelay.maxMs'));
}

function setClientCertificate(options, { certFile, keyFile = null }) {
  return kn.kn_options_set_client_certificate(options,
    checkedText(certFile, 'clientCertificate.certFile'),
    keyFile === null ? null : checkedText(keyFile, 'clientCertificate.keyFile'));
}

function addHeaders(options, headers) {
  for (const [name, value] of Object.entries(headers)) {
    const status = kn.kn_options_add_header(options, checkedText(name, 'a header\'s name'),
      checkedText(value, `the header ${name}`));
    check(status, `the header '${name}' cannot be that: ${kn.kn_status_message(status)}`);
  }
  return Status.KN_OK;
}

const SETTERS = {
  connectTimeoutMs: time(kn.kn_options_set_connect_timeout_ms),
  requestTimeoutMs: time(kn.kn_options_set_request_timeout_ms),
  idleTimeoutMs: time(kn.kn_options_set_idle_timeout_ms),
  reconnectDelay: setReconnectDelay,
  filter: text(kn.kn_options_set_filter),
  maxEventSize: size(kn.kn_options_set_max_event_size),
  maxResponseSize: size(kn.kn_options_set_max_response_size),
  maxConnections: count(kn.kn_options_set_max_connections),
  maxPending: count(kn.kn_options_set_max_pending),
  retries: count(kn.kn_options_set_retries),
  workerName: text(kn.kn_options_set_worker_name),
  delivery: count(kn.kn_options_set_delivery),
  group: text(kn.kn_options_set_group),
  window: count(kn.kn_options_set_window),
  order: count(kn.kn_options_set_order),
  autoAck: (options, value) => kn.kn_options_set_auto_ack(options, value ? 1 : 0),
  caFile: text(kn.kn_options_set_ca_file),
  clientCertificate: setClientCertificate,
  verify: (options, value) => kn.kn_options_set_verify(options, value ? 1 : 0),
  proxy: text(kn.kn_options_set_proxy),
  unixSocket: text(kn.kn_options_set_unix_socket),
  headers: addHeaders,
  userAgent: text(kn.kn_options_set_user_agent),
  log: setLog,
};

function set(pointer, settings) {
  for (const [name, value] of Object.entries(settings)) {
    if (value === undefined) continue;
    const setter = Object.hasOwn(SETTERS, name) ? SETTERS[name] : undefined;
    if (setter === undefined) throw new TypeError(`there is no option '${name}'`);
    const status = setter(pointer, value, name);
    check(status, `the option '${name}' cannot be that: ${kn.kn_status_message(status)}`);
  }
}

/** Calls `use` with a `kn_options` of these settings, which is freed again. */
export function withOptions(settings, use) {
  const pointer = kn.kn_options_new();
  if (pointer === null) throw failure(Status.KN_ENOMEM);
  try {
    set(pointer, settings);
    return use(pointer);
  } finally {
    kn.kn_options_free(pointer);
  }
}
