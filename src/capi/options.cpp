#include <algorithm>

#include <sys/un.h>

#include "backend/names.h"
#include "base/text.h"
#include "capi/boundary.h"
#include "capi/handles.h"
#include "http/extra_header.h"
#include "http/proxy.h"

using kn::Failure;
using kn::milliseconds;
using kn::capi::guarded;
using kn::capi::required;
using kn::capi::required_text;

namespace {

milliseconds within_a_century(int64_t ms) { return std::min(milliseconds(ms), kn::century); }

/// A limit of time: no call could ever keep one of 0.
milliseconds required_limit(int64_t timeout_ms) {
    if (timeout_ms < -1 || timeout_ms == 0)
        throw Failure(KN_EINVAL, "a time limit is 1 ms or more, or -1 for none");
    return within_a_century(timeout_ms);
}

int64_t required_size(int64_t bytes) {
    if (bytes < 1)
        throw Failure(KN_EINVAL, "a size limit below 1 byte");
    return bytes;
}

int32_t required_count(int32_t count, int32_t most) {
    if (count < 1 || count > most)
        throw Failure(KN_EINVAL, "a count is from 1 to " + std::to_string(most));
    return count;
}

int32_t required_retries(int32_t count) {
    if (count < 0)
        throw Failure(KN_EINVAL, "a number of retries is 0 or more");
    return count;
}

bool required_switch(int32_t value) {
    if (value != 0 && value != 1)
        throw Failure(KN_EINVAL, "a switch is 0 or 1");
    return value == 1;
}

std::string required_path(const char *path, const char *what) {
    const std::string_view text = required_text(path, what);
    kn::require_text(text, what);
    return std::string(text);
}

kn::ProxyChoice required_proxy(std::string_view text) {
    if (text.empty())
        return {};
    if (text == "environment")
        return {kn::ProxyChoice::environment, nullptr};
    kn::require_proxy_url(text);
    kn::Secret url;
    url.reserve(text.size() + 1);
    url.append(text);
    url.append('\0');
    return {kn::ProxyChoice::given, std::make_shared<const kn::Secret>(std::move(url))};
}

kn::ExtraHeader made_header(std::string_view name, std::string_view value) {
    kn::Secret line;
    line.reserve(name.size() + value.size() + 3);
    line.append(name);
    line.append(": ");
    line.append(value);
    line.append('\0');
    return std::make_shared<const kn::Secret>(std::move(line));
}

} // namespace

kn_options *kn_options_new(void) { return kn::capi::made_or_null<kn_options>(); }

void kn_options_free(kn_options *options) {
    kn::DeferredDestroys destroys; // of the log
    delete options;
    destroys.run();
}

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
            throw Failure(KN_EINVAL, "a reconnect delay is 1 ms or more, and its bounds in order");
        options->values.reconnect_delay_min = within_a_century(min_ms);
        options->values.reconnect_delay_max = within_a_century(max_ms);
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
        options->values.max_event_size = required_size(bytes);
        return KN_OK;
    });
}

kn_status kn_options_set_max_response_size(kn_options *options, int64_t bytes) {
    return guarded([&] {
        required(options, "options")->values.max_response_size = required_size(bytes);
        return KN_OK;
    });
}

kn_status kn_options_set_max_connections(kn_options *options, int32_t count) {
    return guarded([&] {
        required(options, "options")->values.max_connections = required_count(count, 1024);
        return KN_OK;
    });
}

kn_status kn_options_set_max_pending(kn_options *options, int32_t count) {
    return guarded([&] {
        required(options, "options")->values.max_pending = required_count(count, INT32_MAX);
        return KN_OK;
    });
}

kn_status kn_options_set_retries(kn_options *options, int32_t count) {
    return guarded([&] {
        required(options, "options")->values.retries = required_retries(count);
        return KN_OK;
    });
}

kn_status kn_options_set_worker_name(kn_options *options, const char *name) {
    return guarded([&] {
        required(options, "options");
        const std::string_view text = required_text(name, "the worker name");
        kn::require_worker_name(text);
        options->values.worker_name = std::string(text);
        return KN_OK;
    });
}

kn_status kn_options_set_delivery(kn_options *options, int32_t delivery) {
    return guarded([&] {
        required(options, "options");
        if (delivery != KN_AT_MOST_ONCE && delivery != KN_AT_LEAST_ONCE)
            throw Failure(KN_EINVAL, "an unknown kind of delivery");
        options->values.at_least_once = delivery == KN_AT_LEAST_ONCE;
        return KN_OK;
    });
}

kn_status kn_options_set_group(kn_options *options, const char *group) {
    return guarded([&] {
        required(options, "options");
        const std::string_view text = required_text(group, "the group name");
        kn::require_group_name(text);
        options->values.group = std::string(text);
        return KN_OK;
    });
}

kn_status kn_options_set_window(kn_options *options, int32_t count) {
    return guarded([&] {
        required(options, "options")->values.window = required_count(count, 10'000);
        return KN_OK;
    });
}

kn_status kn_options_set_order(kn_options *options, int32_t order) {
    return guarded([&] {
        required(options, "options");
        if (order < KN_ORDER_NONE || order > KN_ORDER_CHANNEL)
            throw Failure(KN_EINVAL, "an unknown order");
        options->values.order = order;
        return KN_OK;
    });
}

kn_status kn_options_set_auto_ack(kn_options *options, int32_t acknowledge) {
    return guarded([&] {
        required(options, "options")->values.auto_ack = required_switch(acknowledge);
        return KN_OK;
    });
}

kn_status kn_options_set_ca_file(kn_options *options, const char *path) {
    return guarded([&] {
        required(options, "options")->values.ca_file = required_path(path, "the CA file");
        return KN_OK;
    });
}

kn_status kn_options_set_client_certificate(kn_options *options, const char *cert_file,
                                            const char *key_file) {
    return guarded([&] {
        required(options, "options");
        std::string certificate = required_path(cert_file, "the certificate file");
        std::string key =
            key_file != nullptr ? required_path(key_file, "the key file") : certificate;
        options->values.certificate_file = std::move(certificate);
        options->values.key_file = std::move(key);
        return KN_OK;
    });
}

kn_status kn_options_set_verify(kn_options *options, int32_t verify) {
    return guarded([&] {
        required(options, "options")->values.verify = required_switch(verify);
        return KN_OK;
    });
}

kn_status kn_options_set_proxy(kn_options *options, const char *url) {
    return guarded([&] {
        required(options, "options")->values.proxy =
            required_proxy(required_text(url, "the proxy"));
        return KN_OK;
    });
}

kn_status kn_options_set_unix_socket(kn_options *options, const char *path) {
    return guarded([&] {
        required(options, "options");
        std::string socket = required_path(path, "the unix socket");
        if (socket.size() >= sizeof(sockaddr_un::sun_path))
            throw Failure(KN_EINVAL, "the path of the unix socket is too long for the system");
        options->values.unix_socket = std::move(socket);
        return KN_OK;
    });
}

kn_status kn_options_add_header(kn_options *options, const char *name, const char *value) {
    return guarded([&] {
        required(options, "options");
        const std::string_view header = required_text(name, "the header's name");
        const std::string_view text = required_text(value, "the header's value");
        kn::require_extra_header(header, text);
        options->values.headers.push_back(made_header(header, text));
        return KN_OK;
    });
}

kn_status kn_options_set_user_agent(kn_options *options, const char *user_agent) {
    return guarded([&] {
        required(options, "options");
        const std::string_view text = required_text(user_agent, "the user agent");
        kn::require_text(text, "the user agent");
        options->values.user_agent = std::string(text);
        return KN_OK;
    });
}

kn_status kn_options_set_log(kn_options *options, int32_t level, kn_log_handler fn, void *user_data,
                             void (*destroy)(void *)) {
    return guarded([&] {
        kn::UserDataOwner data(user_data, destroy);
        required(options, "options");
        if (level < KN_LOG_ERROR || level > KN_LOG_DEBUG)
            throw Failure(KN_EINVAL, "an unknown log level");
        options->values.logger = kn::Log(level, kn::make_callback(fn, std::move(data)));
        return KN_OK;
    });
}
