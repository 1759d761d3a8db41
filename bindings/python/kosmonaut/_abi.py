"""The functions of libkosmonaut as its C headers declare them, and nothing else.

Made of the headers in include/kosmonaut by scripts/generate; do not edit.

Handles are `c_void_p`, and so is what a handle or a text is written to. Borrowed text is
`c_char_p`; text that has to be freed and payloads, which have a length, are `c_void_p`.
"""

from __future__ import annotations

from ctypes import CFUNCTYPE, POINTER, c_char_p, c_int, c_int32, c_int64, c_size_t, c_void_p
from typing import Any, Dict, Tuple

Completion = CFUNCTYPE(None, c_void_p, c_void_p)
ErrorHandler = CFUNCTYPE(None, c_void_p, c_void_p)
Handler = CFUNCTYPE(None, c_void_p, c_void_p)
LogHandler = CFUNCTYPE(None, c_int32, c_char_p, c_void_p)
Destroy = CFUNCTYPE(None, c_void_p)

CALLBACKS: Dict[str, Any] = {
    "kn_completion": Completion,
    "kn_error_handler": ErrorHandler,
    "kn_handler": Handler,
    "kn_log_handler": LogHandler,
}

_status = c_int32
_output = POINTER(c_void_p)
_length = POINTER(c_size_t)
_handed_in = (Completion, c_void_p, Destroy, _output)

# Name: (result, arguments).
FUNCTIONS: Dict[str, Tuple[Any, Tuple[Any, ...]]] = {
    # batch.h
    "kn_batch_new": (c_void_p, ()),
    "kn_batch_free": (None, (c_void_p,)),
    "kn_batch_add": (_status, (c_void_p, c_char_p, c_char_p, c_char_p, c_size_t)),
    "kn_batch_count": (c_size_t, (c_void_p,)),
    "kn_batch_clear": (None, (c_void_p,)),
    "kn_result_status": (_status, (c_void_p,)),
    "kn_result_error": (c_void_p, (c_void_p,)),
    "kn_result_token": (c_char_p, (c_void_p,)),
    "kn_result_subscribers": (c_void_p, (c_void_p,)),
    "kn_result_count": (c_size_t, (c_void_p,)),
    "kn_result_item_status": (_status, (c_void_p, c_size_t)),
    "kn_result_item_error": (c_void_p, (c_void_p, c_size_t)),
    "kn_result_free": (None, (c_void_p,)),
    # channels.h
    "kn_client_channels": (_status, (c_void_p, c_char_p, c_char_p, c_int32, _output, _output)),
    "kn_client_channels_async": (_status, (c_void_p, c_char_p, c_char_p, c_int32, *_handed_in)),
    "kn_result_channels": (c_void_p, (c_void_p,)),
    "kn_channels_count": (c_size_t, (c_void_p,)),
    "kn_channels_name": (c_char_p, (c_void_p, c_size_t)),
    "kn_channels_type": (c_char_p, (c_void_p, c_size_t)),
    "kn_channels_subscribers": (c_int64, (c_void_p, c_size_t)),
    "kn_channels_members": (c_int64, (c_void_p, c_size_t)),
    "kn_channels_next": (c_char_p, (c_void_p,)),
    "kn_channels_free": (None, (c_void_p,)),
    # client.h
    "kn_client_new": (_status, (c_char_p, c_void_p, _output, _output)),
    "kn_client_free": (None, (c_void_p,)),
    "kn_client_open_channel": (_status, (c_void_p, c_char_p, _output)),
    "kn_client_close_channel": (_status, (c_void_p, c_char_p, _output)),
    "kn_client_trigger": (_status, (c_void_p, c_char_p, c_char_p, c_char_p, c_size_t, _output)),
    "kn_client_request_token": (_status, (c_void_p, c_char_p, c_char_p, _output, _output)),
    "kn_client_trigger_batch": (_status, (c_void_p, c_void_p, _output, _output)),
    "kn_client_subscribers": (_status, (c_void_p, c_char_p, c_char_p, c_int32, _output, _output)),
    "kn_client_open_channel_async": (_status, (c_void_p, c_char_p, *_handed_in)),
    "kn_client_close_channel_async": (_status, (c_void_p, c_char_p, *_handed_in)),
    "kn_client_trigger_async": (
        _status, (c_void_p, c_char_p, c_char_p, c_char_p, c_size_t, *_handed_in)),
    "kn_client_request_token_async": (_status, (c_void_p, c_char_p, c_char_p, *_handed_in)),
    "kn_client_trigger_batch_async": (_status, (c_void_p, c_void_p, *_handed_in)),
    "kn_client_subscribers_async": (_status, (c_void_p, c_char_p, c_char_p, c_int32, *_handed_in)),
    "kn_client_dispatch": (_status, (c_void_p, _output)),
    "kn_client_flush": (_status, (c_void_p, c_int64, _output)),
    "kn_client_fd": (c_int, (c_void_p,)),
    "kn_client_interrupt": (_status, (c_void_p,)),
    "kn_client_pending": (c_size_t, (c_void_p,)),
    "kn_client_requests": (c_int64, (c_void_p,)),
    "kn_client_requests_with_status": (c_int64, (c_void_p, _status)),
    "kn_client_connections": (c_int32, (c_void_p,)),
    "kn_client_stats": (_status, (c_void_p, _output, _output)),
    # error.h
    "kn_error_status": (_status, (c_void_p,)),
    "kn_error_message": (c_char_p, (c_void_p,)),
    "kn_error_http_status": (c_int32, (c_void_p,)),
    "kn_error_server_code": (c_int32, (c_void_p,)),
    "kn_error_retry_after_ms": (c_int64, (c_void_p,)),
    "kn_error_free": (None, (c_void_p,)),
    "kn_string_free": (None, (c_void_p,)),
    # event.h
    "kn_event_kind": (c_int32, (c_void_p,)),
    "kn_event_attempt": (c_int32, (c_void_p,)),
    "kn_event_topic": (c_char_p, (c_void_p,)),
    "kn_event_channel": (c_char_p, (c_void_p,)),
    "kn_event_name": (c_char_p, (c_void_p,)),
    "kn_event_id": (c_char_p, (c_void_p,)),
    "kn_event_uid": (c_char_p, (c_void_p,)),
    "kn_event_sid": (c_char_p, (c_void_p,)),
    "kn_event_data": (c_void_p, (c_void_p, _length)),
    "kn_event_ref": (c_char_p, (c_void_p,)),
    "kn_event_time_ms": (c_int64, (c_void_p,)),
    "kn_event_retain": (c_void_p, (c_void_p,)),
    "kn_event_free": (None, (c_void_p,)),
    "kn_event_defer": (_status, (c_void_p,)),
    "kn_event_ack": (_status, (c_void_p,)),
    "kn_event_nack": (_status, (c_void_p, c_int64)),
    "kn_event_decline": (_status, (c_void_p, c_int64)),
    "kn_event_extend": (_status, (c_void_p,)),
    # options.h
    "kn_options_new": (c_void_p, ()),
    "kn_options_free": (None, (c_void_p,)),
    "kn_options_set_connect_timeout_ms": (_status, (c_void_p, c_int64)),
    "kn_options_set_request_timeout_ms": (_status, (c_void_p, c_int64)),
    "kn_options_set_idle_timeout_ms": (_status, (c_void_p, c_int64)),
    "kn_options_set_reconnect_delay_ms": (_status, (c_void_p, c_int64, c_int64)),
    "kn_options_set_filter": (_status, (c_void_p, c_char_p)),
    "kn_options_set_max_event_size": (_status, (c_void_p, c_int64)),
    "kn_options_set_max_response_size": (_status, (c_void_p, c_int64)),
    "kn_options_set_max_connections": (_status, (c_void_p, c_int32)),
    "kn_options_set_max_pending": (_status, (c_void_p, c_int32)),
    "kn_options_set_retries": (_status, (c_void_p, c_int32)),
    "kn_options_set_worker_name": (_status, (c_void_p, c_char_p)),
    "kn_options_set_delivery": (_status, (c_void_p, c_int32)),
    "kn_options_set_group": (_status, (c_void_p, c_char_p)),
    "kn_options_set_window": (_status, (c_void_p, c_int32)),
    "kn_options_set_order": (_status, (c_void_p, c_int32)),
    "kn_options_set_auto_ack": (_status, (c_void_p, c_int32)),
    "kn_options_set_ca_file": (_status, (c_void_p, c_char_p)),
    "kn_options_set_client_certificate": (_status, (c_void_p, c_char_p, c_char_p)),
    "kn_options_set_verify": (_status, (c_void_p, c_int32)),
    "kn_options_set_proxy": (_status, (c_void_p, c_char_p)),
    "kn_options_set_unix_socket": (_status, (c_void_p, c_char_p)),
    "kn_options_add_header": (_status, (c_void_p, c_char_p, c_char_p)),
    "kn_options_set_user_agent": (_status, (c_void_p, c_char_p)),
    "kn_options_set_log": (_status, (c_void_p, c_int32, LogHandler, c_void_p, Destroy)),
    # status.h
    "kn_status_name": (c_char_p, (_status,)),
    "kn_status_message": (c_char_p, (_status,)),
    "kn_status_is_retriable": (c_int32, (_status,)),
    # subscribers.h
    "kn_subscribers_count": (c_size_t, (c_void_p,)),
    "kn_subscribers_sid": (c_char_p, (c_void_p, c_size_t)),
    "kn_subscribers_uid": (c_char_p, (c_void_p, c_size_t)),
    "kn_subscribers_hidden": (c_int32, (c_void_p, c_size_t)),
    "kn_subscribers_data": (c_void_p, (c_void_p, c_size_t, _length)),
    "kn_subscribers_next": (c_char_p, (c_void_p,)),
    "kn_subscribers_free": (None, (c_void_p,)),
    # worker.h
    "kn_worker_new": (_status, (c_char_p, c_void_p, _output, _output)),
    "kn_worker_free": (None, (c_void_p,)),
    "kn_worker_on": (_status, (c_void_p, c_char_p, Handler, c_void_p, Destroy, _output)),
    "kn_worker_on_error": (_status, (c_void_p, ErrorHandler, c_void_p, Destroy, _output)),
    "kn_worker_next": (_status, (c_void_p, c_int64, _output, _output)),
    "kn_worker_run": (_status, (c_void_p, _output)),
    "kn_worker_dispatch": (_status, (c_void_p, _output)),
    "kn_worker_fd": (c_int, (c_void_p,)),
    "kn_worker_state": (c_int32, (c_void_p,)),
    "kn_worker_interrupt": (_status, (c_void_p,)),
    "kn_worker_close": (_status, (c_void_p, c_int64, _output)),
    "kn_worker_events": (c_int64, (c_void_p,)),
    "kn_worker_bytes": (c_int64, (c_void_p,)),
    "kn_worker_reconnects": (c_int64, (c_void_p,)),
    "kn_worker_lag_ms": (c_int64, (c_void_p,)),
    "kn_worker_last_error": (c_void_p, (c_void_p,)),
    "kn_worker_stats": (_status, (c_void_p, _output, _output)),
    # version.h
    "kn_version": (c_char_p, ()),
    "kn_version_number": (c_int32, ()),
}
