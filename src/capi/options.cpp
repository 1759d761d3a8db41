#include "capi/boundary.hpp"
#include "capi/handles.hpp"
#include "names.hpp"

using kn::failure;
using kn::milliseconds;
using kn::capi::guarded;
using kn::capi::required;
using kn::capi::required_text;

namespace {

/// A limit of time: no call could ever keep one of 0.
milliseconds required_limit(int64_t timeout_ms) {
    if (timeout_ms < -1 || timeout_ms == 0)
        throw failure(KN_EINVAL, "a time limit is 1 ms or more, or -1 for none");
    return milliseconds(timeout_ms);
}

} // namespace

kn_options *kn_options_new(void) { return new (std::nothrow) kn_options; }

void kn_options_free(kn_options *options) { delete options; }

kn_status kn_options_set_connect_timeout_ms(kn_options *options, int64_t timeout_ms) {
    return guarded([&] {
        required(options, "options")->values.connect_timeout = required_limit(timeout_ms);
        return KN_OK;
    });
}

kn_status kn_options_set_request_timeout_ms(kn_options *options, int64_t timeout_ms) {
    return guarded([&] {
        required(options, "options")->values.request_timeout = required_limit(timeout_ms);
        return KN_OK;
    });
}

kn_status kn_options_set_idle_timeout_ms(kn_options *options, int64_t timeout_ms) {
    return guarded([&] {
        required(options, "options")->values.idle_timeout = required_limit(timeout_ms);
        return KN_OK;
    });
}

kn_status kn_options_set_reconnect_delay_ms(kn_options *options, int64_t min_ms, int64_t max_ms) {
    return guarded([&] {
        required(options, "options");
        if (min_ms < 1 || max_ms < min_ms)
            throw failure(KN_EINVAL, "a reconnect delay is 1 ms or more, and its bounds in order");
        options->values.reconnect_delay_min = milliseconds(min_ms);
        options->values.reconnect_delay_max = milliseconds(max_ms);
        return KN_OK;
    });
}

kn_status kn_options_set_filter(kn_options *options, const char *regex) {
    return guarded([&] {
        required(options, "options");
        const std::string_view text = required_text(regex, "the filter");
        kn::require_plain(text, "the filter");
        options->values.filter = std::string(text);
        return KN_OK;
    });
}

kn_status kn_options_set_max_event_size(kn_options *options, int64_t bytes) {
    return guarded([&] {
        required(options, "options");
        if (bytes < 1)
            throw failure(KN_EINVAL, "a size limit below 1 byte");
        options->values.max_event_size = bytes;
        return KN_OK;
    });
}

kn_status kn_options_set_log(kn_options *options, int32_t level, kn_log_handler fn, void *user_data,
                             void (*destroy)(void *)) {
    kn::user_data_owner data(user_data, destroy);
    return guarded([&] {
        required(options, "options");
        if (level < KN_LOG_ERROR || level > KN_LOG_DEBUG)
            throw failure(KN_EINVAL, "an unknown log level");
        options->values.logger = kn::log(level, kn::make_callback(fn, std::move(data)));
        return KN_OK;
    });
}
