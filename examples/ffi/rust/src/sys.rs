// Made of the headers in include/kosmonaut by scripts/generate; do not edit.

//! The C declarations, one for one. `kosmonaut/*.h` says what each function does; everything here
//! is for the rest of the crate.

#![allow(non_camel_case_types, missing_docs)]

use std::marker::{PhantomData, PhantomPinned};
use std::os::raw::{c_char, c_int, c_void};

pub type kn_status = i32;

macro_rules! opaque {
    ($($name:ident)*) => {
        $(
            /// Known behind a pointer alone.
            #[repr(C)]
            pub struct $name {
                _data: [u8; 0],
                _marker: PhantomData<(*mut u8, PhantomPinned)>,
            }
        )*
    };
}

opaque! {
    kn_batch
    kn_channels
    kn_client
    kn_error
    kn_event
    kn_options
    kn_result
    kn_subscribers
    kn_worker
}

pub type kn_completion = Option<unsafe extern "C" fn(*const kn_result, *mut c_void)>;
pub type kn_error_handler = Option<unsafe extern "C" fn(*const kn_error, *mut c_void)>;
pub type kn_handler = Option<unsafe extern "C" fn(*mut kn_event, *mut c_void)>;
pub type kn_log_handler = Option<unsafe extern "C" fn(i32, *const c_char, *mut c_void)>;
pub type kn_destroy = Option<unsafe extern "C" fn(*mut c_void)>;

#[link(name = "kosmonaut")]
extern "C" {
    pub fn kn_batch_new() -> *mut kn_batch;
    pub fn kn_batch_free(batch: *mut kn_batch);
    pub fn kn_batch_add(
        batch: *mut kn_batch,
        channel: *const c_char,
        event: *const c_char,
        data: *const c_char,
        data_length: usize,
    ) -> kn_status;
    pub fn kn_batch_count(batch: *const kn_batch) -> usize;
    pub fn kn_batch_clear(batch: *mut kn_batch);
    pub fn kn_result_status(result: *const kn_result) -> kn_status;
    pub fn kn_result_error(result: *const kn_result) -> *const kn_error;
    pub fn kn_result_token(result: *const kn_result) -> *const c_char;
    pub fn kn_result_subscribers(result: *const kn_result) -> *const kn_subscribers;
    pub fn kn_result_count(result: *const kn_result) -> usize;
    pub fn kn_result_item_status(result: *const kn_result, index: usize) -> kn_status;
    pub fn kn_result_item_error(result: *const kn_result, index: usize) -> *const kn_error;
    pub fn kn_result_free(result: *mut kn_result);
    pub fn kn_client_channels(
        client: *mut kn_client,
        prefix: *const c_char,
        after: *const c_char,
        limit: i32,
        page: *mut *mut kn_channels,
        error: *mut *mut kn_error,
    ) -> kn_status;
    pub fn kn_client_channels_async(
        client: *mut kn_client,
        prefix: *const c_char,
        after: *const c_char,
        limit: i32,
        callback: kn_completion,
        user_data: *mut c_void,
        destroy: kn_destroy,
        error: *mut *mut kn_error,
    ) -> kn_status;
    pub fn kn_result_channels(result: *const kn_result) -> *const kn_channels;
    pub fn kn_channels_count(page: *const kn_channels) -> usize;
    pub fn kn_channels_name(page: *const kn_channels, index: usize) -> *const c_char;
    pub fn kn_channels_type(page: *const kn_channels, index: usize) -> *const c_char;
    pub fn kn_channels_subscribers(page: *const kn_channels, index: usize) -> i64;
    pub fn kn_channels_members(page: *const kn_channels, index: usize) -> i64;
    pub fn kn_channels_next(page: *const kn_channels) -> *const c_char;
    pub fn kn_channels_free(page: *mut kn_channels);
    pub fn kn_client_new(
        url: *const c_char,
        options: *const kn_options,
        client: *mut *mut kn_client,
        error: *mut *mut kn_error,
    ) -> kn_status;
    pub fn kn_client_free(client: *mut kn_client);
    pub fn kn_client_open_channel(
        client: *mut kn_client,
        channel: *const c_char,
        error: *mut *mut kn_error,
    ) -> kn_status;
    pub fn kn_client_close_channel(
        client: *mut kn_client,
        channel: *const c_char,
        error: *mut *mut kn_error,
    ) -> kn_status;
    pub fn kn_client_trigger(
        client: *mut kn_client,
        channel: *const c_char,
        event: *const c_char,
        data: *const c_char,
        data_length: usize,
        error: *mut *mut kn_error,
    ) -> kn_status;
    pub fn kn_client_request_token(
        client: *mut kn_client,
        uid: *const c_char,
        channels: *const c_char,
        token: *mut *mut c_char,
        error: *mut *mut kn_error,
    ) -> kn_status;
    pub fn kn_client_trigger_batch(
        client: *mut kn_client,
        batch: *const kn_batch,
        result: *mut *mut kn_result,
        error: *mut *mut kn_error,
    ) -> kn_status;
    pub fn kn_client_subscribers(
        client: *mut kn_client,
        channel: *const c_char,
        after: *const c_char,
        limit: i32,
        page: *mut *mut kn_subscribers,
        error: *mut *mut kn_error,
    ) -> kn_status;
    pub fn kn_client_open_channel_async(
        client: *mut kn_client,
        channel: *const c_char,
        callback: kn_completion,
        user_data: *mut c_void,
        destroy: kn_destroy,
        error: *mut *mut kn_error,
    ) -> kn_status;
    pub fn kn_client_close_channel_async(
        client: *mut kn_client,
        channel: *const c_char,
        callback: kn_completion,
        user_data: *mut c_void,
        destroy: kn_destroy,
        error: *mut *mut kn_error,
    ) -> kn_status;
    pub fn kn_client_trigger_async(
        client: *mut kn_client,
        channel: *const c_char,
        event: *const c_char,
        data: *const c_char,
        data_length: usize,
        callback: kn_completion,
        user_data: *mut c_void,
        destroy: kn_destroy,
        error: *mut *mut kn_error,
    ) -> kn_status;
    pub fn kn_client_request_token_async(
        client: *mut kn_client,
        uid: *const c_char,
        channels: *const c_char,
        callback: kn_completion,
        user_data: *mut c_void,
        destroy: kn_destroy,
        error: *mut *mut kn_error,
    ) -> kn_status;
    pub fn kn_client_trigger_batch_async(
        client: *mut kn_client,
        batch: *const kn_batch,
        callback: kn_completion,
        user_data: *mut c_void,
        destroy: kn_destroy,
        error: *mut *mut kn_error,
    ) -> kn_status;
    pub fn kn_client_subscribers_async(
        client: *mut kn_client,
        channel: *const c_char,
        after: *const c_char,
        limit: i32,
        callback: kn_completion,
        user_data: *mut c_void,
        destroy: kn_destroy,
        error: *mut *mut kn_error,
    ) -> kn_status;
    pub fn kn_client_dispatch(client: *mut kn_client, error: *mut *mut kn_error) -> kn_status;
    pub fn kn_client_flush(
        client: *mut kn_client,
        timeout_ms: i64,
        error: *mut *mut kn_error,
    ) -> kn_status;
    pub fn kn_client_fd(client: *const kn_client) -> c_int;
    pub fn kn_client_interrupt(client: *mut kn_client) -> kn_status;
    pub fn kn_client_pending(client: *const kn_client) -> usize;
    pub fn kn_client_requests(client: *const kn_client) -> i64;
    pub fn kn_client_requests_with_status(client: *const kn_client, status: kn_status) -> i64;
    pub fn kn_client_connections(client: *const kn_client) -> i32;
    pub fn kn_client_stats(
        client: *mut kn_client,
        json: *mut *mut c_char,
        error: *mut *mut kn_error,
    ) -> kn_status;
    pub fn kn_error_status(error: *const kn_error) -> kn_status;
    pub fn kn_error_message(error: *const kn_error) -> *const c_char;
    pub fn kn_error_http_status(error: *const kn_error) -> i32;
    pub fn kn_error_server_code(error: *const kn_error) -> i32;
    pub fn kn_error_retry_after_ms(error: *const kn_error) -> i64;
    pub fn kn_error_free(error: *mut kn_error);
    pub fn kn_string_free(string: *mut c_char);
    pub fn kn_event_kind(event: *const kn_event) -> i32;
    pub fn kn_event_attempt(event: *const kn_event) -> i32;
    pub fn kn_event_topic(event: *const kn_event) -> *const c_char;
    pub fn kn_event_channel(event: *const kn_event) -> *const c_char;
    pub fn kn_event_name(event: *const kn_event) -> *const c_char;
    pub fn kn_event_id(event: *const kn_event) -> *const c_char;
    pub fn kn_event_uid(event: *const kn_event) -> *const c_char;
    pub fn kn_event_sid(event: *const kn_event) -> *const c_char;
    pub fn kn_event_data(event: *const kn_event, length: *mut usize) -> *const c_char;
    pub fn kn_event_ref(event: *const kn_event) -> *const c_char;
    pub fn kn_event_time_ms(event: *const kn_event) -> i64;
    pub fn kn_event_retain(event: *mut kn_event) -> *mut kn_event;
    pub fn kn_event_free(event: *mut kn_event);
    pub fn kn_event_defer(event: *mut kn_event) -> kn_status;
    pub fn kn_event_ack(event: *mut kn_event) -> kn_status;
    pub fn kn_event_nack(event: *mut kn_event, delay_ms: i64) -> kn_status;
    pub fn kn_event_decline(event: *mut kn_event, delay_ms: i64) -> kn_status;
    pub fn kn_event_extend(event: *mut kn_event) -> kn_status;
    pub fn kn_options_new() -> *mut kn_options;
    pub fn kn_options_free(options: *mut kn_options);
    pub fn kn_options_set_connect_timeout_ms(
        options: *mut kn_options,
        timeout_ms: i64,
    ) -> kn_status;
    pub fn kn_options_set_request_timeout_ms(
        options: *mut kn_options,
        timeout_ms: i64,
    ) -> kn_status;
    pub fn kn_options_set_idle_timeout_ms(options: *mut kn_options, timeout_ms: i64) -> kn_status;
    pub fn kn_options_set_reconnect_delay_ms(
        options: *mut kn_options,
        min_ms: i64,
        max_ms: i64,
    ) -> kn_status;
    pub fn kn_options_set_filter(options: *mut kn_options, regex: *const c_char) -> kn_status;
    pub fn kn_options_set_max_event_size(options: *mut kn_options, bytes: i64) -> kn_status;
    pub fn kn_options_set_max_response_size(options: *mut kn_options, bytes: i64) -> kn_status;
    pub fn kn_options_set_max_connections(options: *mut kn_options, count: i32) -> kn_status;
    pub fn kn_options_set_max_pending(options: *mut kn_options, count: i32) -> kn_status;
    pub fn kn_options_set_retries(options: *mut kn_options, count: i32) -> kn_status;
    pub fn kn_options_set_worker_name(options: *mut kn_options, name: *const c_char) -> kn_status;
    pub fn kn_options_set_delivery(options: *mut kn_options, delivery: i32) -> kn_status;
    pub fn kn_options_set_group(options: *mut kn_options, group: *const c_char) -> kn_status;
    pub fn kn_options_set_window(options: *mut kn_options, count: i32) -> kn_status;
    pub fn kn_options_set_order(options: *mut kn_options, order: i32) -> kn_status;
    pub fn kn_options_set_auto_ack(options: *mut kn_options, acknowledge: i32) -> kn_status;
    pub fn kn_options_set_ca_file(options: *mut kn_options, path: *const c_char) -> kn_status;
    pub fn kn_options_set_client_certificate(
        options: *mut kn_options,
        cert_file: *const c_char,
        key_file: *const c_char,
    ) -> kn_status;
    pub fn kn_options_set_verify(options: *mut kn_options, verify: i32) -> kn_status;
    pub fn kn_options_set_proxy(options: *mut kn_options, url: *const c_char) -> kn_status;
    pub fn kn_options_set_unix_socket(options: *mut kn_options, path: *const c_char) -> kn_status;
    pub fn kn_options_add_header(
        options: *mut kn_options,
        name: *const c_char,
        value: *const c_char,
    ) -> kn_status;
    pub fn kn_options_set_user_agent(
        options: *mut kn_options,
        user_agent: *const c_char,
    ) -> kn_status;
    pub fn kn_options_set_log(
        options: *mut kn_options,
        level: i32,
        callback: kn_log_handler,
        user_data: *mut c_void,
        destroy: kn_destroy,
    ) -> kn_status;
    pub fn kn_status_name(status: kn_status) -> *const c_char;
    pub fn kn_status_message(status: kn_status) -> *const c_char;
    pub fn kn_status_is_retriable(status: kn_status) -> i32;
    pub fn kn_subscribers_count(page: *const kn_subscribers) -> usize;
    pub fn kn_subscribers_sid(page: *const kn_subscribers, index: usize) -> *const c_char;
    pub fn kn_subscribers_uid(page: *const kn_subscribers, index: usize) -> *const c_char;
    pub fn kn_subscribers_hidden(page: *const kn_subscribers, index: usize) -> i32;
    pub fn kn_subscribers_data(
        page: *const kn_subscribers,
        index: usize,
        length: *mut usize,
    ) -> *const c_char;
    pub fn kn_subscribers_next(page: *const kn_subscribers) -> *const c_char;
    pub fn kn_subscribers_free(page: *mut kn_subscribers);
    pub fn kn_worker_new(
        url: *const c_char,
        options: *const kn_options,
        worker: *mut *mut kn_worker,
        error: *mut *mut kn_error,
    ) -> kn_status;
    pub fn kn_worker_free(worker: *mut kn_worker);
    pub fn kn_worker_on(
        worker: *mut kn_worker,
        pattern: *const c_char,
        callback: kn_handler,
        user_data: *mut c_void,
        destroy: kn_destroy,
        error: *mut *mut kn_error,
    ) -> kn_status;
    pub fn kn_worker_on_error(
        worker: *mut kn_worker,
        callback: kn_error_handler,
        user_data: *mut c_void,
        destroy: kn_destroy,
        error: *mut *mut kn_error,
    ) -> kn_status;
    pub fn kn_worker_next(
        worker: *mut kn_worker,
        timeout_ms: i64,
        event: *mut *mut kn_event,
        error: *mut *mut kn_error,
    ) -> kn_status;
    pub fn kn_worker_run(worker: *mut kn_worker, error: *mut *mut kn_error) -> kn_status;
    pub fn kn_worker_dispatch(worker: *mut kn_worker, error: *mut *mut kn_error) -> kn_status;
    pub fn kn_worker_fd(worker: *const kn_worker) -> c_int;
    pub fn kn_worker_state(worker: *const kn_worker) -> i32;
    pub fn kn_worker_interrupt(worker: *mut kn_worker) -> kn_status;
    pub fn kn_worker_close(
        worker: *mut kn_worker,
        timeout_ms: i64,
        error: *mut *mut kn_error,
    ) -> kn_status;
    pub fn kn_worker_events(worker: *const kn_worker) -> i64;
    pub fn kn_worker_bytes(worker: *const kn_worker) -> i64;
    pub fn kn_worker_reconnects(worker: *const kn_worker) -> i64;
    pub fn kn_worker_lag_ms(worker: *const kn_worker) -> i64;
    pub fn kn_worker_last_error(worker: *const kn_worker) -> *mut kn_error;
    pub fn kn_worker_stats(
        worker: *mut kn_worker,
        json: *mut *mut c_char,
        error: *mut *mut kn_error,
    ) -> kn_status;
    pub fn kn_version() -> *const c_char;
    pub fn kn_version_number() -> i32;
}
