// Made of the headers in include/kosmonaut by scripts/generate; do not edit.

package org.kosmonaut;

import com.sun.jna.Callback;
import com.sun.jna.Library;
import com.sun.jna.Native;
import com.sun.jna.NativeLibrary;
import com.sun.jna.Pointer;
import com.sun.jna.ptr.PointerByReference;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.kosmonaut.CTypes.SizeT;

/**
 * The C declarations, one for one. {@code kosmonaut/*.h} says what each function does; everything
 * here is for the rest of the package.
 */
final class Kn {
    private Kn() {}

    static {
        // Of the ABI that these declarations are for. Texts are UTF-8, whatever the platform's is.
        Native.register(Kn.class, NativeLibrary.getInstance("libkosmonaut.so.1",
                Map.of(Library.OPTION_STRING_ENCODING, StandardCharsets.UTF_8.name())));
    }

    interface Completion extends Callback {
        void invoke(Pointer result, Pointer userData);
    }

    interface ErrorHandler extends Callback {
        void invoke(Pointer error, Pointer userData);
    }

    interface Handler extends Callback {
        void invoke(Pointer event, Pointer userData);
    }

    interface LogHandler extends Callback {
        void invoke(int level, Pointer message, Pointer userData);
    }

    interface Destroy extends Callback {
        void invoke(Pointer userData);
    }

    static native Pointer kn_batch_new();
    static native void kn_batch_free(Pointer batch);
    static native int kn_batch_add(
            Pointer batch, String channel, String event, byte[] data, SizeT dataLength);
    static native SizeT kn_batch_count(Pointer batch);
    static native void kn_batch_clear(Pointer batch);
    static native int kn_result_status(Pointer result);
    static native Pointer kn_result_error(Pointer result);
    static native Pointer kn_result_token(Pointer result);
    static native Pointer kn_result_subscribers(Pointer result);
    static native SizeT kn_result_count(Pointer result);
    static native int kn_result_item_status(Pointer result, SizeT index);
    static native Pointer kn_result_item_error(Pointer result, SizeT index);
    static native void kn_result_free(Pointer result);
    static native int kn_client_channels(
            Pointer client, String prefix, String after, int limit, PointerByReference page,
            PointerByReference error);
    static native int kn_client_channels_async(
            Pointer client, String prefix, String after, int limit, Completion fn, Pointer userData,
            Destroy destroy, PointerByReference error);
    static native Pointer kn_result_channels(Pointer result);
    static native SizeT kn_channels_count(Pointer page);
    static native Pointer kn_channels_name(Pointer page, SizeT index);
    static native Pointer kn_channels_type(Pointer page, SizeT index);
    static native long kn_channels_subscribers(Pointer page, SizeT index);
    static native long kn_channels_members(Pointer page, SizeT index);
    static native Pointer kn_channels_next(Pointer page);
    static native void kn_channels_free(Pointer page);
    static native int kn_client_new(
            String url, Pointer options, PointerByReference client, PointerByReference error);
    static native void kn_client_free(Pointer client);
    static native int kn_client_open_channel(
            Pointer client, String channel, PointerByReference error);
    static native int kn_client_close_channel(
            Pointer client, String channel, PointerByReference error);
    static native int kn_client_trigger(
            Pointer client, String channel, String event, byte[] data, SizeT dataLength,
            PointerByReference error);
    static native int kn_client_request_token(
            Pointer client, String uid, String channels, PointerByReference token,
            PointerByReference error);
    static native int kn_client_trigger_batch(
            Pointer client, Pointer batch, PointerByReference result, PointerByReference error);
    static native int kn_client_subscribers(
            Pointer client, String channel, String after, int limit, PointerByReference page,
            PointerByReference error);
    static native int kn_client_open_channel_async(
            Pointer client, String channel, Completion fn, Pointer userData, Destroy destroy,
            PointerByReference error);
    static native int kn_client_close_channel_async(
            Pointer client, String channel, Completion fn, Pointer userData, Destroy destroy,
            PointerByReference error);
    static native int kn_client_trigger_async(
            Pointer client, String channel, String event, byte[] data, SizeT dataLength,
            Completion fn, Pointer userData, Destroy destroy, PointerByReference error);
    static native int kn_client_request_token_async(
            Pointer client, String uid, String channels, Completion fn, Pointer userData,
            Destroy destroy, PointerByReference error);
    static native int kn_client_trigger_batch_async(
            Pointer client, Pointer batch, Completion fn, Pointer userData, Destroy destroy,
            PointerByReference error);
    static native int kn_client_subscribers_async(
            Pointer client, String channel, String after, int limit, Completion fn,
            Pointer userData, Destroy destroy, PointerByReference error);
    static native int kn_client_dispatch(Pointer client, PointerByReference error);
    static native int kn_client_flush(Pointer client, long timeoutMs, PointerByReference error);
    static native int kn_client_fd(Pointer client);
    static native int kn_client_interrupt(Pointer client);
    static native SizeT kn_client_pending(Pointer client);
    static native long kn_client_requests(Pointer client);
    static native long kn_client_requests_with_status(Pointer client, int status);
    static native int kn_client_connections(Pointer client);
    static native int kn_client_stats(
            Pointer client, PointerByReference json, PointerByReference error);
    static native int kn_error_status(Pointer error);
    static native Pointer kn_error_message(Pointer error);
    static native int kn_error_http_status(Pointer error);
    static native int kn_error_server_code(Pointer error);
    static native long kn_error_retry_after_ms(Pointer error);
    static native void kn_error_free(Pointer error);
    static native void kn_string_free(Pointer string);
    static native int kn_event_kind(Pointer event);
    static native int kn_event_attempt(Pointer event);
    static native Pointer kn_event_topic(Pointer event);
    static native Pointer kn_event_channel(Pointer event);
    static native Pointer kn_event_name(Pointer event);
    static native Pointer kn_event_id(Pointer event);
    static native Pointer kn_event_uid(Pointer event);
    static native Pointer kn_event_sid(Pointer event);
    static native Pointer kn_event_data(Pointer event, SizeT.ByReference length);
    static native Pointer kn_event_ref(Pointer event);
    static native long kn_event_time_ms(Pointer event);
    static native Pointer kn_event_retain(Pointer event);
    static native void kn_event_free(Pointer event);
    static native int kn_event_defer(Pointer event);
    static native int kn_event_ack(Pointer event);
    static native int kn_event_nack(Pointer event, long delayMs);
    static native int kn_event_decline(Pointer event, long delayMs);
    static native int kn_event_extend(Pointer event);
    static native Pointer kn_options_new();
    static native void kn_options_free(Pointer options);
    static native int kn_options_set_connect_timeout_ms(Pointer options, long timeoutMs);
    static native int kn_options_set_request_timeout_ms(Pointer options, long timeoutMs);
    static native int kn_options_set_idle_timeout_ms(Pointer options, long timeoutMs);
    static native int kn_options_set_reconnect_delay_ms(Pointer options, long minMs, long maxMs);
    static native int kn_options_set_filter(Pointer options, String regex);
    static native int kn_options_set_max_event_size(Pointer options, long bytes);
    static native int kn_options_set_max_response_size(Pointer options, long bytes);
    static native int kn_options_set_max_connections(Pointer options, int count);
    static native int kn_options_set_max_pending(Pointer options, int count);
    static native int kn_options_set_retries(Pointer options, int count);
    static native int kn_options_set_worker_name(Pointer options, String name);
    static native int kn_options_set_delivery(Pointer options, int delivery);
    static native int kn_options_set_group(Pointer options, String group);
    static native int kn_options_set_window(Pointer options, int count);
    static native int kn_options_set_order(Pointer options, int order);
    static native int kn_options_set_auto_ack(Pointer options, int acknowledge);
    static native int kn_options_set_ca_file(Pointer options, String path);
    static native int kn_options_set_client_certificate(
            Pointer options, String certFile, String keyFile);
    static native int kn_options_set_verify(Pointer options, int verify);
    static native int kn_options_set_proxy(Pointer options, String url);
    static native int kn_options_set_unix_socket(Pointer options, String path);
    static native int kn_options_add_header(Pointer options, String name, String value);
    static native int kn_options_set_user_agent(Pointer options, String userAgent);
    static native int kn_options_set_log(
            Pointer options, int level, LogHandler fn, Pointer userData, Destroy destroy);
    static native Pointer kn_status_name(int status);
    static native Pointer kn_status_message(int status);
    static native int kn_status_is_retriable(int status);
    static native SizeT kn_subscribers_count(Pointer page);
    static native Pointer kn_subscribers_sid(Pointer page, SizeT index);
    static native Pointer kn_subscribers_uid(Pointer page, SizeT index);
    static native int kn_subscribers_hidden(Pointer page, SizeT index);
    static native Pointer kn_subscribers_data(Pointer page, SizeT index, SizeT.ByReference length);
    static native Pointer kn_subscribers_next(Pointer page);
    static native void kn_subscribers_free(Pointer page);
    static native int kn_worker_new(
            String url, Pointer options, PointerByReference worker, PointerByReference error);
    static native void kn_worker_free(Pointer worker);
    static native int kn_worker_on(
            Pointer worker, String pattern, Handler fn, Pointer userData, Destroy destroy,
            PointerByReference error);
    static native int kn_worker_on_error(
            Pointer worker, ErrorHandler fn, Pointer userData, Destroy destroy,
            PointerByReference error);
    static native int kn_worker_next(
            Pointer worker, long timeoutMs, PointerByReference event, PointerByReference error);
    static native int kn_worker_run(Pointer worker, PointerByReference error);
    static native int kn_worker_dispatch(Pointer worker, PointerByReference error);
    static native int kn_worker_fd(Pointer worker);
    static native int kn_worker_state(Pointer worker);
    static native int kn_worker_interrupt(Pointer worker);
    static native int kn_worker_close(Pointer worker, long timeoutMs, PointerByReference error);
    static native long kn_worker_events(Pointer worker);
    static native long kn_worker_bytes(Pointer worker);
    static native long kn_worker_reconnects(Pointer worker);
    static native long kn_worker_lag_ms(Pointer worker);
    static native Pointer kn_worker_last_error(Pointer worker);
    static native int kn_worker_stats(
            Pointer worker, PointerByReference json, PointerByReference error);
    static native Pointer kn_version();
    static native int kn_version_number();
}
