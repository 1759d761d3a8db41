/**
 * @file client.hpp
 * @brief The client: plain requests to the broker.
 */
#ifndef KOSMONAUT_CPP_CLIENT_HPP
#define KOSMONAUT_CPP_CLIENT_HPP

#include <memory>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include <kosmonaut/client.h>
#include <kosmonaut/cpp/detail.hpp>
#include <kosmonaut/cpp/options.hpp>

namespace kosmonaut {
inline namespace v1 {

/**
 * @brief A client of one vhost: it opens and closes channels, triggers events on them, and asks for
 * the single access tokens with which browsers prove who they are.
 *
 * Each call takes as long as the limits in the options allow and no longer. What a request may fail
 * with is listed at kn_client_open_channel().
 *
 * @par Threads
 * any thread, any time: one client serves them all at once.
 * @since 1.0
 */
class client {
  public:
    /**
     * @brief Makes a client. Nothing is sent yet.
     * @param url `http[s]://wr:TOKEN@HOST[:PORT]/VHOST`; see kn_client_new().
     * @throws error status::invalid: the URL is not of that form; status::no_memory.
     * @since 1.0
     */
    explicit client(std::string_view url) : handle_(make(url, nullptr)) {}
    client(std::string_view url, const options &options) : handle_(make(url, options.handle())) {}
    client(std::string_view url, std::error_code &code) noexcept
        : handle_(make(url, nullptr, code)) {}
    client(std::string_view url, const options &options, std::error_code &code) noexcept
        : handle_(make(url, options.handle(), code)) {}

    /** Takes over what kn_client_new() made. @since 1.0 */
    explicit client(kn_client *handle) noexcept : handle_(handle) {}

    /**
     * @brief Opens a channel, of the type that its name says; one that is open already stays so.
     * @param channel letters, digits, `_`, `-` and `.`, beginning with a letter, a digit or `_`.
     * @throws error status::invalid, status::bad_channel, or what any request may fail with.
     * @since 1.0
     */
    void open_channel(std::string_view channel) {
        detail::require([&](kn_error **details) {
            return kn_client_open_channel(handle(), detail::c_text(channel), details);
        });
    }
    void open_channel(std::string_view channel, std::error_code &code) noexcept {
        detail::attempt(code, [&](kn_error **details) {
            return kn_client_open_channel(handle(), detail::c_text(channel), details);
        });
    }

    /**
     * @brief Closes a channel; its subscribers are told.
     * @throws error status::no_channel: it was not open; or what any request may fail with.
     * @since 1.0
     */
    void close_channel(std::string_view channel) {
        detail::require([&](kn_error **details) {
            return kn_client_close_channel(handle(), detail::c_text(channel), details);
        });
    }
    void close_channel(std::string_view channel, std::error_code &code) noexcept {
        detail::attempt(code, [&](kn_error **details) {
            return kn_client_close_channel(handle(), detail::c_text(channel), details);
        });
    }

    /**
     * @brief Triggers an event on an open channel: every subscriber receives it.
     * @param channel as for open_channel().
     * @param event not empty, without control characters, not beginning with a colon.
     * @param data a JSON object, sent byte for byte as given; without it `{}` is sent.
     * @throws error status::json: not a JSON object, nothing was sent; status::no_channel: the
     *         channel is not open; status::too_big; or what any request may fail with. After
     *         status::timeout and status::io the event may have been delivered.
     * @since 1.0
     */
    void trigger(std::string_view channel, std::string_view event, std::string_view data = "{}") {
        detail::require([&](kn_error **details) { return send(channel, event, data, details); });
    }
    void trigger(std::string_view channel, std::string_view event, std::string_view data,
                 std::error_code &code) noexcept {
        detail::attempt(code,
                        [&](kn_error **details) { return send(channel, event, data, details); });
    }
    void trigger(std::string_view channel, std::string_view event, std::error_code &code) noexcept {
        trigger(channel, event, "{}", code);
    }

    /**
     * @brief Asks for a single access token, with which a browser authenticates once.
     *
     * Give it only to a browser whose user you know.
     *
     * @param uid the user's id.
     * @param channels a regular expression in RE2's syntax that has to match a channel's name as a
     *        whole, such as `private-(chat|news)`.
     * @return the token; empty only when the call that takes an error code failed.
     * @throws error status::bad_request: @p channels is no regular expression; status::invalid; or
     *         what any request may fail with.
     * @since 1.0
     */
    [[nodiscard]] std::string request_token(std::string_view uid, std::string_view channels) {
        owned_text token;
        detail::require([&](kn_error **details) { return ask(uid, channels, token, details); });
        return token.get();
    }
    [[nodiscard]] std::string request_token(std::string_view uid, std::string_view channels,
                                            std::error_code &code) {
        owned_text token;
        detail::attempt(code,
                        [&](kn_error **details) { return ask(uid, channels, token, details); });
        return token ? token.get() : std::string();
    }

    /** Lends the C API's handle; nullptr when moved from. @since 1.0 */
    [[nodiscard]] kn_client *handle() const noexcept { return handle_.get(); }

    /** Hands the handle over; the caller frees it with kn_client_free(). @since 1.0 */
    [[nodiscard]] kn_client *release() noexcept { return handle_.release(); }

    /** @since 1.0 */
    void swap(client &other) noexcept { handle_.swap(other.handle_); }
    friend void swap(client &left, client &right) noexcept { left.swap(right); }

  private:
    using owned_text = std::unique_ptr<char, detail::freed_by<kn_string_free>>;

    static kn_client *make(std::string_view url, const kn_options *options) {
        kn_client *made = nullptr;
        detail::require([&](kn_error **details) {
            return kn_client_new(detail::c_text(url), options, &made, details);
        });
        return made;
    }

    static kn_client *make(std::string_view url, const kn_options *options,
                           std::error_code &code) noexcept {
        kn_client *made = nullptr;
        detail::attempt(code, [&](kn_error **details) {
            return kn_client_new(detail::c_text(url), options, &made, details);
        });
        return made;
    }

    kn_status send(std::string_view channel, std::string_view event, std::string_view data,
                   kn_error **details) {
        // A view of nothing is not NULL, which would stand for {}.
        return kn_client_trigger(handle(), detail::c_text(channel), detail::c_text(event),
                                 data.empty() ? "" : data.data(), data.size(), details);
    }

    kn_status ask(std::string_view uid, std::string_view channels, owned_text &token,
                  kn_error **details) {
        char *text = nullptr;
        const kn_status status = kn_client_request_token(handle(), detail::c_text(uid),
                                                         detail::c_text(channels), &text, details);
        token.reset(text);
        return status;
    }

    std::unique_ptr<kn_client, detail::freed_by<kn_client_free>> handle_;
};

} // namespace v1
} // namespace kosmonaut

#endif
