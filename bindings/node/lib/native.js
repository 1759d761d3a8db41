// The library's functions as koffi declares them, one line for each function of the headers, and
// the few of the C library that waiting needs.

import koffi from 'koffi';

const HANDLES = ['kn_batch', 'kn_client', 'kn_error', 'kn_event', 'kn_options', 'kn_result',
  'kn_subscribers', 'kn_worker'];

const CALLBACKS = [
  'void kn_completion(const kn_result *result, void *user_data)',
  'void kn_error_handler(const kn_error *error, void *user_data)',
  'void kn_handler(kn_event *event, void *user_data)',
  'void kn_log_handler(int32_t level, const char *message, void *user_data)',
  'void kn_destroy(void *user_data)',
];

// Text that the caller owns (`char **`) and payloads are `void *` here: koffi would make a string
// of them and forget the pointer, or stop at the first NUL.
const FUNCTIONS = [
  'kn_batch *kn_batch_new()',
  'void kn_batch_free(kn_batch *batch)',
  `kn_status kn_batch_add(kn_batch *batch, const char *channel, const char *event,
    const void *data, size_t data_length)`,
  'size_t kn_batch_count(const kn_batch *batch)',
  'void kn_batch_clear(kn_batch *batch)',
  'kn_status kn_result_status(const kn_result *result)',
  'const kn_error *kn_result_error(const kn_result *result)',
  'const char *kn_result_token(const kn_result *result)',
  'const kn_subscribers *kn_result_subscribers(const kn_result *result)',
  'size_t kn_result_count(const kn_result *result)',
  'kn_status kn_result_item_status(const kn_result *result, size_t index)',
  'const kn_error *kn_result_item_error(const kn_result *result, size_t index)',
  'void kn_result_free(kn_result *result)',

  `kn_status kn_client_new(const char *url, const kn_options *options, _Out_ kn_client **client,
    _Out_ kn_error **error)`,
  'void kn_client_free(kn_client *client)',
  `kn_status kn_client_open_channel(kn_client *client, const char *channel,
    _Out_ kn_error **error)`,
  `kn_status kn_client_close_channel(kn_client *client, const char *channel,
    _Out_ kn_error **error)`,
  `kn_status kn_client_trigger(kn_client *client, const char *channel, const char *event,
    const void *data, size_t data_length, _Out_ kn_error **error)`,
  `kn_status kn_client_request_token(kn_client *client, const char *uid, const char *channels,
    _Out_ void **token, _Out_ kn_error **error)`,
  `kn_status kn_client_trigger_batch(kn_client *client, const kn_batch *batch,
    _Out_ kn_result **result, _Out_ kn_error **error)`,
  `kn_status kn_client_subscribers(kn_client *client, const char *channel, const char *after,
    int32_t limit, _Out_ kn_subscribers **page, _Out_ kn_error **error)`,
  `kn_status kn_client_open_channel_async(kn_client *client, const char *channel,
    kn_completion *fn, void *user_data, kn_destroy *destroy, _Out_ kn_error **error)`,
  `kn_status kn_client_close_channel_async(kn_client *client, const char *channel,
    kn_completion *fn, void *user_data, kn_destroy *destroy, _Out_ kn_error **error)`,
  `kn_status kn_client_trigger_async(kn_client *client, const char *channel, const char *event,
    const void *data, size_t data_length, kn_completion *fn, void *user_data, kn_destroy *destroy,
    _Out_ kn_error **error)`,
  `kn_status kn_client_request_token_async(kn_client *client, const char *uid,
    const char *channels, kn_completion *fn, void *user_data, kn_destroy *destroy,
    _Out_ kn_error **error)`,
  `kn_status kn_client_trigger_batch_async(kn_client *client, const kn_batch *batch,
    kn_completion *fn, void *user_data, kn_destroy *destroy, _Out_ kn_error **error)`,
  `kn_status kn_client_subscribers_async(kn_client *client, const char *channel,
    const char *after, int32_t limit, kn_completion *fn, void *user_data, kn_destroy *destroy,
    _Out_ kn_error **error)`,
  'kn_status kn_client_dispatch(kn_client *client, _Out_ kn_error **error)',
  'kn_status kn_client_flush(kn_client *client, int64_t timeout_ms, _Out_ kn_error **error)',
  'int kn_client_fd(const kn_client *client)',
  'kn_status kn_client_interrupt(kn_client *client)',
  'size_t kn_client_pending(const kn_client *client)',
  'int64_t kn_client_requests(const kn_client *client)',
  'int64_t kn_client_requests_with_status(const kn_client *client, kn_status status)',
  'int32_t kn_client_connections(const kn_client *client)',
  'kn_status kn_client_stats(kn_client *client, _Out_ void **json, _Out_ kn_error **error)',

  'kn_status kn_error_status(const kn_error *error)',
  'const char *kn_error_message(const kn_error *error)',
  'int32_t kn_error_http_status(const kn_error *error)',
  'int32_t kn_error_server_code(const kn_error *error)',
  'int64_t kn_error_retry_after_ms(const kn_error *error)',
  'void kn_error_free(kn_error *error)',
  'void kn_string_free(void *string)',

  'int32_t kn_event_kind(const kn_event *event)',
  'int32_t kn_event_attempt(const kn_event *event)',
  'const char *kn_event_topic(const kn_event *event)',
  'const char *kn_event_channel(const kn_event *event)',
  'const char *kn_event_name(const kn_event *event)',
  'const char *kn_event_id(const kn_event *event)',
  'const char *kn_event_uid(const kn_event *event)',
  'const char *kn_event_sid(const kn_event *event)',
  'const void *kn_event_data(const kn_event *event, _Out_ size_t *length)',
  'kn_event *kn_event_retain(kn_event *event)',
  'void kn_event_free(kn_event *event)',
  'kn_status kn_event_defer(kn_event *event)',
  'kn_status kn_event_ack(kn_event *event)',
  'kn_status kn_event_nack(kn_event *event, int64_t delay_ms)',

  'kn_options *kn_options_new()',
  'void kn_options_free(kn_options *options)',
  'kn_status kn_options_set_connect_timeout_ms(kn_options *options, int64_t timeout_ms)',
  'kn_status kn_options_set_request_timeout_ms(kn_options *options, int64_t timeout_ms)',
  'kn_status kn_options_set_idle_timeout_ms(kn_options *options, int64_t timeout_ms)',
  `kn_status kn_options_set_reconnect_delay_ms(kn_options *options, int64_t min_ms,
    int64_t max_ms)`,
  'kn_status kn_options_set_filter(kn_options *options, const char *regex)',
  'kn_status kn_options_set_max_event_size(kn_options *options, int64_t bytes)',
  'kn_status kn_options_set_max_response_size(kn_options *options, int64_t bytes)',
  'kn_status kn_options_set_max_connections(kn_options *options, int32_t count)',
  'kn_status kn_options_set_max_pending(kn_options *options, int32_t count)',
  'kn_status kn_options_set_worker_name(kn_options *options, const char *name)',
  'kn_status kn_options_set_ca_file(kn_options *options, const char *path)',
  `kn_status kn_options_set_client_certificate(kn_options *options, const char *cert_file,
    const char *key_file)`,
  'kn_status kn_options_set_verify(kn_options *options, int32_t verify)',
  'kn_status kn_options_set_proxy(kn_options *options, const char *url)',
  'kn_status kn_options_set_unix_socket(kn_options *options, const char *path)',
  'kn_status kn_options_add_header(kn_options *options, const char *name, const char *value)',
  'kn_status kn_options_set_user_agent(kn_options *options, const char *user_agent)',
  `kn_status kn_options_set_log(kn_options *options, int32_t level, kn_log_handler *fn,
    void *user_data, kn_destroy *destroy)`,

  'const char *kn_status_name(kn_status status)',
  'const char *kn_status_message(kn_status status)',
  'int32_t kn_status_is_retriable(kn_status status)',

  'size_t kn_subscribers_count(const kn_subscribers *page)',
  'const char *kn_subscribers_sid(const kn_subscribers *page, size_t index)',
  'const char *kn_subscribers_uid(const kn_subscribers *page, size_t index)',
  'int32_t kn_subscribers_hidden(const kn_subscribers *page, size_t index)',
  `const void *kn_subscribers_data(const kn_subscribers *page, size_t index,
    _Out_ size_t *length)`,
  'const char *kn_subscribers_next(const kn_subscribers *page)',
  'void kn_subscribers_free(kn_subscribers *page)',

  `kn_status kn_worker_new(const char *url, const kn_options *options, _Out_ kn_worker **worker,
    _Out_ kn_error **error)`,
  'void kn_worker_free(kn_worker *worker)',
  `kn_status kn_worker_on(kn_worker *worker, const char *pattern, kn_handler *fn,
    void *user_data, kn_destroy *destroy, _Out_ kn_error **error)`,
  `kn_status kn_worker_on_error(kn_worker *worker, kn_error_handler *fn, void *user_data,
    kn_destroy *destroy, _Out_ kn_error **error)`,
  `kn_status kn_worker_next(kn_worker *worker, int64_t timeout_ms, _Out_ kn_event **event,
    _Out_ kn_error **error)`,
  'kn_status kn_worker_run(kn_worker *worker, _Out_ kn_error **error)',
  'kn_status kn_worker_dispatch(kn_worker *worker, _Out_ kn_error **error)',
  'int kn_worker_fd(const kn_worker *worker)',
  'int32_t kn_worker_state(const kn_worker *worker)',
  'kn_status kn_worker_interrupt(kn_worker *worker)',
  'kn_status kn_worker_close(kn_worker *worker, int64_t timeout_ms, _Out_ kn_error **error)',
  'int64_t kn_worker_events(const kn_worker *worker)',
  'int64_t kn_worker_bytes(const kn_worker *worker)',
  'int64_t kn_worker_reconnects(const kn_worker *worker)',
  'int64_t kn_worker_lag_ms(const kn_worker *worker)',
  'kn_error *kn_worker_last_error(const kn_worker *worker)',
  'kn_status kn_worker_stats(kn_worker *worker, _Out_ void **json, _Out_ kn_error **error)',

  'const char *kn_version()',
  'int32_t kn_version_number()',
];

const NEEDED_VERSION = 0x010000;

function load() {
  const path = process.env.KOSMONAUT_LIBRARY || 'libkosmonaut.so.1';
  try {
    return koffi.load(path);
  } catch (cause) {
    throw new Error(`cannot load ${path}: ${cause.message}; install libkosmonaut, or let ` +
      'KOSMONAUT_LIBRARY name the file', { cause });
  }
}

function declare(library) {
  koffi.alias('kn_status', 'int32_t');
  for (const handle of HANDLES) koffi.opaque(handle);
  for (const callback of CALLBACKS) koffi.proto(callback);
  const functions = {};
  for (const prototype of FUNCTIONS) {
    const declared = library.func(prototype);
    functions[declared.info.name] = declared;
  }
  return functions;
}

const library = load();

/** Every function of the headers by its name. What they call a pointer is a bigint or null here. */
export const kn = declare(library);

if (kn.kn_version_number() < NEEDED_VERSION) {
  throw new Error(`libkosmonaut ${kn.kn_version()} is older than this package needs (1.0)`);
}

/**
 * A handler that is never called: `kn_worker_next` does not look at handlers, but the filter that
 * the worker sends is made of their patterns. Any function's address will do, and that of one in
 * the library stays valid for the life of the process, unlike one of koffi's.
 */
export const NEVER_CALLED = library.symbol('kn_event_kind');

/**
 * The address of a JavaScript function for the callback type `name`, for the life of the process.
 */
export function callbackOf(name, fn) {
  return koffi.register(fn, koffi.pointer(koffi.type(name)));
}

/** `length` bytes at `pointer` as text. */
export function textAt(pointer, length) {
  return length === 0 ? '' : koffi.decode.string(pointer, length);
}

/** The text that a call handed over, which is freed. */
export function takeText(pointer) {
  try {
    return koffi.decode.string(pointer);
  } finally {
    kn.kn_string_free(pointer);
  }
}
