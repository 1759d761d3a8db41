/**
 * @file options.hpp
 * @brief Everything about a client or a worker that has a default.
 */
#ifndef KOSMONAUT_CPP_OPTIONS_HPP
#define KOSMONAUT_CPP_OPTIONS_HPP

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>
#include <type_traits>
#include <utility>

#include <kosmonaut/cpp/detail.hpp>
#include <kosmonaut/options.h>

namespace kosmonaut {
inline namespace v1 {

/** As a time limit: none. @since 1.0 */
inline constexpr std::chrono::milliseconds no_limit{-1};

#ifndef forever // which is a macro of Qt's
/** The same, where that is no macro. @since 1.0 */
inline constexpr std::chrono::milliseconds forever = no_limit;
#endif

/** How much a log handler wants to hear; a level includes those above it. @since 1.0 */
enum class log_level : std::int32_t {
    error = KN_LOG_ERROR,
    warning = KN_LOG_WARNING,
    info = KN_LOG_INFO,
    debug = KN_LOG_DEBUG
};

/** Whether a worker loses events that it was sent, or gets some again. @since 1.0 */
enum class delivery : std::int32_t {
    at_most_once = KN_AT_MOST_ONCE,
    at_least_once = KN_AT_LEAST_ONCE
};

/** The key of which a group's workers deal with one event at a time. @since 1.0 */
enum class event_order : std::int32_t {
    none = KN_ORDER_NONE,
    sid = KN_ORDER_SID,
    uid = KN_ORDER_UID,
    channel = KN_ORDER_CHANNEL
};

/**
 * @brief Options, while they are being put together.
 *
 * Setters return the object, so they can be strung together, also where a client is made:
 * `client c(url, options().connect_timeout(2s).request_timeout(5s));`. A client or a worker copies
 * what it is given and ignores what it has no use for.
 *
 * A setting that cannot be throws status::invalid at its setter and changes nothing.
 *
 * @par Threads
 * one thread at a time for each object.
 * @since 1.0
 */
class options {
  public:
    /** Everything at its default. @throws error status::no_memory. @since 1.0 */
    options() : handle_(kn_options_new()) {
        if (!handle_) {
            throw error(status::no_memory);
        }
    }

    /** Takes over what kn_options_new() made. @since 1.0 */
    explicit options(kn_options *handle) noexcept : handle_(handle) {}

    /**
     * @brief How long connecting may take: resolution, TCP and TLS together.
     * @param timeout 1 ms or more, or no_limit. Default: 5 s.
     * @since 1.0
     */
    options &connect_timeout(std::chrono::milliseconds timeout) {
        return set("connect_timeout", kn_options_set_connect_timeout_ms(handle(), timeout.count()));
    }
    /** The same, with an error code. @since 1.0 */
    options &connect_timeout(std::chrono::milliseconds timeout, std::error_code &code) noexcept {
        return set(kn_options_set_connect_timeout_ms(handle(), timeout.count()), code);
    }

    /**
     * @brief How long a client's call may take in all, connecting included.
     * @param timeout 1 ms or more, or no_limit. Default: 10 s.
     * @since 1.0
     */
    options &request_timeout(std::chrono::milliseconds timeout) {
        return set("request_timeout", kn_options_set_request_timeout_ms(handle(), timeout.count()));
    }
    /** The same, with an error code. @since 1.0 */
    options &request_timeout(std::chrono::milliseconds timeout, std::error_code &code) noexcept {
        return set(kn_options_set_request_timeout_ms(handle(), timeout.count()), code);
    }

    /**
     * @brief How long a worker's stream may be silent before it is taken for dead and made anew.
     * @param timeout 1 ms or more, or no_limit. Default: 45 s, three of the broker's heartbeats.
     * @since 1.0
     */
    options &idle_timeout(std::chrono::milliseconds timeout) {
        return set("idle_timeout", kn_options_set_idle_timeout_ms(handle(), timeout.count()));
    }
    /** The same, with an error code. @since 1.0 */
    options &idle_timeout(std::chrono::milliseconds timeout, std::error_code &code) noexcept {
        return set(kn_options_set_idle_timeout_ms(handle(), timeout.count()), code);
    }

    /**
     * @brief How long a worker waits before it connects again; kn_options_set_reconnect_delay_ms().
     * @param min 1 ms or more. Default: 1 s.
     * @param max not below @p min. Default: 30 s.
     * @since 1.0
     */
    options &reconnect_delay(std::chrono::milliseconds min, std::chrono::milliseconds max) {
        return set("reconnect_delay",
                   kn_options_set_reconnect_delay_ms(handle(), min.count(), max.count()));
    }
    /** The same, with an error code. @since 1.0 */
    options &reconnect_delay(std::chrono::milliseconds min, std::chrono::milliseconds max,
                             std::error_code &code) noexcept {
        return set(kn_options_set_reconnect_delay_ms(handle(), min.count(), max.count()), code);
    }

    /**
     * @brief Which topics a worker asks the broker for.
     * @param regex in RE2's syntax, matching a topic as a whole, such as `chat/(save|remove)`; ""
     *        asks for every topic. Without it a worker asks for what its handlers cover.
     * @since 1.0
     */
    options &filter(std::string_view regex) {
        return set("filter", kn_options_set_filter(handle(), detail::c_text(regex)));
    }
    /** The same, with an error code. @since 1.0 */
    options &filter(std::string_view regex, std::error_code &code) noexcept {
        detail::attempt(code, [&](kn_error ** /*details*/) {
            return kn_options_set_filter(handle(), detail::c_text(regex));
        });
        return *this;
    }

    /**
     * @brief How large an event a worker accepts; a larger one goes to its error handler.
     * @param bytes 1 or more, of topic, id and data together. Default: 16 MiB.
     * @since 1.0
     */
    options &max_event_size(std::int64_t bytes) {
        return set("max_event_size", kn_options_set_max_event_size(handle(), bytes));
    }
    /** The same, with an error code. @since 1.0 */
    options &max_event_size(std::int64_t bytes, std::error_code &code) noexcept {
        return set(kn_options_set_max_event_size(handle(), bytes), code);
    }

    /** How large an answer a client accepts, in bytes. Default: 1 MiB. @since 1.0 */
    options &max_response_size(std::int64_t bytes) {
        return set("max_response_size", kn_options_set_max_response_size(handle(), bytes));
    }
    /** The same, with an error code. @since 1.0 */
    options &max_response_size(std::int64_t bytes, std::error_code &code) noexcept {
        return set(kn_options_set_max_response_size(handle(), bytes), code);
    }

    /** How many connections a client opens at most; kn_options_set_max_connections(). Default: 32.
     * @since 1.0 */
    options &max_connections(std::int32_t count) {
        return set("max_connections", kn_options_set_max_connections(handle(), count));
    }
    /** The same, with an error code. @since 1.0 */
    options &max_connections(std::int32_t count, std::error_code &code) noexcept {
        return set(kn_options_set_max_connections(handle(), count), code);
    }

    /** How many calls may be pending. Default: 10000. @since 1.0 */
    options &max_pending(std::int32_t count) {
        return set("max_pending", kn_options_set_max_pending(handle(), count));
    }
    /** The same, with an error code. @since 1.0 */
    options &max_pending(std::int32_t count, std::error_code &code) noexcept {
        return set(kn_options_set_max_pending(handle(), count), code);
    }

    /** How often a client's call is tried again; kn_options_set_retries(). Default: 4. @since 1.0
     */
    options &retries(std::int32_t count) {
        return set("retries", kn_options_set_retries(handle(), count));
    }
    /** The same, with an error code. @since 1.0 */
    options &retries(std::int32_t count, std::error_code &code) noexcept {
        return set(kn_options_set_retries(handle(), count), code);
    }

    /**
     * @brief Whether a worker loses events that it was sent, or gets some again;
     * kn_options_set_delivery(). At least once takes a group().
     * @since 1.0
     */
    options &delivery(kosmonaut::delivery kind) {
        return set("delivery", kn_options_set_delivery(handle(), static_cast<std::int32_t>(kind)));
    }
    /** The same, with an error code. @since 1.0 */
    options &delivery(kosmonaut::delivery kind, std::error_code &code) noexcept {
        return set(kn_options_set_delivery(handle(), static_cast<std::int32_t>(kind)), code);
    }

    /** The group whose events a worker shares, at least once. @since 1.0 */
    options &group(std::string_view name) {
        return set("group", kn_options_set_group(handle(), detail::c_text(name)));
    }
    /** The same, with an error code. @since 1.0 */
    options &group(std::string_view name, std::error_code &code) noexcept {
        detail::attempt(code, [&](kn_error ** /*details*/) {
            return kn_options_set_group(handle(), detail::c_text(name));
        });
        return *this;
    }

    /** How many events a worker has unacknowledged at most: 1 to 10000. Default: 256. @since 1.0 */
    options &window(std::int32_t count) {
        return set("window", kn_options_set_window(handle(), count));
    }
    /** The same, with an error code. @since 1.0 */
    options &window(std::int32_t count, std::error_code &code) noexcept {
        return set(kn_options_set_window(handle(), count), code);
    }

    /** Which events are dealt with one after the other. Default: the group's. @since 1.0 */
    options &order(event_order key) {
        return set("order", kn_options_set_order(handle(), static_cast<std::int32_t>(key)));
    }
    /** The same, with an error code. @since 1.0 */
    options &order(event_order key, std::error_code &code) noexcept {
        return set(kn_options_set_order(handle(), static_cast<std::int32_t>(key)), code);
    }

    /** Whether a handler's return acknowledges its event. Default: true. @since 1.0 */
    options &auto_ack(bool acknowledge) {
        return set("auto_ack", kn_options_set_auto_ack(handle(), acknowledge ? 1 : 0));
    }
    /** The same, with an error code. @since 1.0 */
    options &auto_ack(bool acknowledge, std::error_code &code) noexcept {
        return set(kn_options_set_auto_ack(handle(), acknowledge ? 1 : 0), code);
    }

    /** The name under which the broker lists a worker. @since 1.0 */
    options &worker_name(std::string_view name) {
        return set("worker_name", kn_options_set_worker_name(handle(), detail::c_text(name)));
    }
    /** The same, with an error code. @since 1.0 */
    options &worker_name(std::string_view name, std::error_code &code) noexcept {
        detail::attempt(code, [&](kn_error ** /*details*/) {
            return kn_options_set_worker_name(handle(), detail::c_text(name));
        });
        return *this;
    }

    /** The certificate authorities to trust, in a PEM file, instead of the system's. @since 1.0 */
    options &ca_file(std::string_view path) {
        return set("ca_file", kn_options_set_ca_file(handle(), detail::c_text(path)));
    }
    /** The same, with an error code. @since 1.0 */
    options &ca_file(std::string_view path, std::error_code &code) noexcept {
        detail::attempt(code, [&](kn_error ** /*details*/) {
            return kn_options_set_ca_file(handle(), detail::c_text(path));
        });
        return *this;
    }

    /** The certificate with which this side proves who it is, and its key: PEM files. @since 1.0 */
    options &client_certificate(std::string_view cert_file, std::string_view key_file) {
        return set("client_certificate",
                   kn_options_set_client_certificate(handle(), detail::c_text(cert_file),
                                                     detail::c_text(key_file)));
    }
    /** The same, with an error code. @since 1.0 */
    options &client_certificate(std::string_view cert_file, std::string_view key_file,
                                std::error_code &code) noexcept {
        detail::attempt(code, [&](kn_error ** /*details*/) {
            return kn_options_set_client_certificate(handle(), detail::c_text(cert_file),
                                                     detail::c_text(key_file));
        });
        return *this;
    }

    /** Whether the server's certificate and name are verified. Default: true. @since 1.0 */
    options &verify_server(bool on) {
        return set("verify_server", kn_options_set_verify(handle(), on ? 1 : 0));
    }
    /** The same, with an error code. @since 1.0 */
    options &verify_server(bool on, std::error_code &code) noexcept {
        return set(kn_options_set_verify(handle(), on ? 1 : 0), code);
    }

    // In brackets, for the name is a macro of Apple's AssertMacros.h and of Unreal's.
    /** As verify_server(), where that name is no macro. @since 1.0 */
    options &(verify)(bool on) { return verify_server(on); }
    /** The same, with an error code. @since 1.0 */
    options &(verify)(bool on, std::error_code &code) noexcept { return verify_server(on, code); }

    /** The proxy to go through: a URL, "" for none (the default), or "environment". @since 1.0 */
    options &proxy(std::string_view url) {
        return set("proxy", kn_options_set_proxy(handle(), detail::c_text(url)));
    }
    /** The same, with an error code. @since 1.0 */
    options &proxy(std::string_view url, std::error_code &code) noexcept {
        detail::attempt(code, [&](kn_error ** /*details*/) {
            return kn_options_set_proxy(handle(), detail::c_text(url));
        });
        return *this;
    }

    /** A unix socket to connect to, instead of the URL's host and port. @since 1.0 */
    options &unix_socket(std::string_view path) {
        return set("unix_socket", kn_options_set_unix_socket(handle(), detail::c_text(path)));
    }
    /** The same, with an error code. @since 1.0 */
    options &unix_socket(std::string_view path, std::error_code &code) noexcept {
        detail::attempt(code, [&](kn_error ** /*details*/) {
            return kn_options_set_unix_socket(handle(), detail::c_text(path));
        });
        return *this;
    }

    /** One more header for every request; kn_options_add_header(). @since 1.0 */
    options &add_header(std::string_view name, std::string_view value) {
        return set("add_header",
                   kn_options_add_header(handle(), detail::c_text(name), detail::c_text(value)));
    }
    /** The same, with an error code. @since 1.0 */
    options &add_header(std::string_view name, std::string_view value,
                        std::error_code &code) noexcept {
        detail::attempt(code, [&](kn_error ** /*details*/) {
            return kn_options_add_header(handle(), detail::c_text(name), detail::c_text(value));
        });
        return *this;
    }

    /** How requests call themselves. @since 1.0 */
    options &user_agent(std::string_view text) {
        return set("user_agent", kn_options_set_user_agent(handle(), detail::c_text(text)));
    }
    /** The same, with an error code. @since 1.0 */
    options &user_agent(std::string_view text, std::error_code &code) noexcept {
        detail::attempt(code, [&](kn_error ** /*details*/) {
            return kn_options_set_user_agent(handle(), detail::c_text(text));
        });
        return *this;
    }

    /**
     * @brief Where the log goes. Without it there is none.
     *
     * @param level the most talkative level wanted.
     * @param fn called as `fn(log_level, std::string_view)` with one line without a newline, which
     * is borrowed for the call and never holds a token. It is moved in, and destroyed when the last
     * handle made with these options goes. A client may call it on several threads at once. It must
     * not call the library; what it throws is swallowed.
     * @since 1.0
     */
    template <class Function>
    options &log(log_level level, Function &&fn) {
        return set("log", set_log(level, std::make_unique<std::decay_t<Function>>(
                                             std::forward<Function>(fn))));
    }
    /** The same, with an error code. @since 1.0 */
    template <class Function>
    options &log(log_level level, Function &&fn, std::error_code &code) {
        return set(
            set_log(level, std::make_unique<std::decay_t<Function>>(std::forward<Function>(fn))),
            code);
    }

    /** Turns the log off. @since 1.0 */
    options &log(std::nullptr_t) {
        return set("log", kn_options_set_log(handle(), KN_LOG_ERROR, nullptr, nullptr, nullptr));
    }

    /** Lends the C API's handle; nullptr when moved from. @since 1.0 */
    [[nodiscard]] kn_options *handle() const noexcept { return handle_.get(); }

    /** Hands the handle over; the caller frees it with kn_options_free(). @since 1.0 */
    [[nodiscard]] kn_options *release() noexcept { return handle_.release(); }

    /** @since 1.0 */
    void swap(options &other) noexcept { handle_.swap(other.handle_); }
    /** @since 1.0 */
    friend void swap(options &left, options &right) noexcept { left.swap(right); }

  private:
    options &set(const char *name, kn_status status) {
        if (status < 0) { // without the value, which may be somebody's secret
            throw error(static_cast<kosmonaut::status>(status), std::string("the option ") + name);
        }
        return *this;
    }

    options &set(kn_status status, std::error_code &code) noexcept {
        detail::assign(code, status);
        return *this;
    }

    template <class Function>
    kn_status set_log(log_level level, std::unique_ptr<Function> fn) noexcept {
        static_assert(std::is_invocable_v<Function &, log_level, std::string_view>,
                      "a log handler is called as fn(log_level, std::string_view)");
        return kn_options_set_log(
            handle(), static_cast<std::int32_t>(level),
            [](std::int32_t line_level, const char *line, void *data) {
                detail::call_user(
                    [&] {
                        (*static_cast<Function *>(data))(static_cast<log_level>(line_level),
                                                         std::string_view(line));
                    },
                    [] {}); // a log is no reason to stop
            },
            fn.release(), [](void *data) { delete static_cast<Function *>(data); });
    }

    std::unique_ptr<kn_options, detail::freed_by<kn_options_free>> handle_;
};

} // namespace v1
} // namespace kosmonaut

#endif
