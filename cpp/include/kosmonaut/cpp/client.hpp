/**
 * @file client.hpp
 * @brief The client: plain requests to the broker.
 */
#ifndef KOSMONAUT_CPP_CLIENT_HPP
#define KOSMONAUT_CPP_CLIENT_HPP

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include <kosmonaut/client.h>
#include <kosmonaut/cpp/batch.hpp>
#include <kosmonaut/cpp/client_core.hpp>
#include <kosmonaut/cpp/detail.hpp>
#include <kosmonaut/cpp/options.hpp>
#include <kosmonaut/cpp/pages.hpp>

namespace kosmonaut {
inline namespace v1 {

/**
 * @brief A client of one vhost: it opens and closes channels, triggers events on them, asks who is
 * there, and asks for the single access tokens with which browsers prove who they are.
 *
 * Each call takes as long as the limits in the options allow and no longer. What a request may fail
 * with is listed at kn_client_open_channel().
 *
 * @par Threads
 * any thread, any time: one client serves them all at once.
 * @since 1.0
 */
class client : public page_calls {
  public:
    /**
     * @brief Makes a client. Nothing is sent yet.
     * @param url `http[s]://wr:TOKEN@HOST[:PORT]/VHOST`; see kn_client_new().
     * @throws error status::invalid: the URL is not of that form; status::no_memory.
     * @since 1.0
     */
    explicit client(std::string_view url) : client(url, nullptr) {}
    /** The same, with options; those that were moved from are status::invalid. @since 1.0 */
    client(std::string_view url, const options &options) : client(url, &options) {}
    /** The same, with an error code. @since 1.0 */
    client(std::string_view url, std::error_code &code) noexcept : client(url, nullptr, code) {}
    /** The same, with options and an error code. @since 1.0 */
    client(std::string_view url, const options &options, std::error_code &code) noexcept
        : client(url, &options, code) {}

    /** Takes over what kn_client_new() made, unless it throws std::bad_alloc. @since 1.0 */
    explicit client(kn_client *handle)
        : page_calls(handle != nullptr ? std::make_shared<detail::client_core>(handle) : nullptr) {}

    /** Takes everything over; what was moved from holds nothing. @since 1.0 */
    client(client &&) noexcept = default;
    /** Lets go of what it held. @since 1.0 */
    client &operator=(client &&other) noexcept {
        client(std::move(other)).swap(*this);
        return *this;
    }
    client(const client &) = delete;
    client &operator=(const client &) = delete;
    /** What was handed in and has not ended is dropped. */
    ~client() {
        if (core_) {
            kn_client_free(std::exchange(core_->handle, nullptr));
        }
    }

    /**
     * @brief Opens a channel, of the type that its name says; one that is open already stays so.
     * @param channel letters, digits, `_`, `-` and `.`, beginning with a letter, a digit or `_`.
     * @throws error status::invalid, status::bad_channel, or what any request may fail with.
     * @since 1.0
     */
    void open_channel(std::string_view channel) {
        detail::call_or_throw([&](kn_error **details) {
            return kn_client_open_channel(handle(), detail::c_text(channel), details);
        });
    }
    /** The same, with an error code. @since 1.0 */
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
        detail::call_or_throw([&](kn_error **details) {
            return kn_client_close_channel(handle(), detail::c_text(channel), details);
        });
    }
    /** The same, with an error code. @since 1.0 */
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
        detail::call_or_throw(
            [&](kn_error **details) { return send(channel, event, data, details); });
    }
    /** The same, with an error code. @since 1.0 */
    void trigger(std::string_view channel, std::string_view event, std::string_view data,
                 std::error_code &code) noexcept {
        detail::attempt(code,
                        [&](kn_error **details) { return send(channel, event, data, details); });
    }
    /** The same without data, with an error code. @since 1.0 */
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
        detail::call_or_throw(
            [&](kn_error **details) { return ask(uid, channels, token, details); });
        return token.get();
    }
    /** The same, with an error code. @since 1.0 */
    [[nodiscard]] std::string request_token(std::string_view uid, std::string_view channels,
                                            std::error_code &code) {
        owned_text token;
        detail::attempt(code,
                        [&](kn_error **details) { return ask(uid, channels, token, details); });
        return token ? token.get() : std::string();
    }

    /**
     * @brief Triggers many events in one request, in the order of the batch.
     * @param batch not empty; left as it is.
     * @return how each trigger ended; empty (a result of nothing) only when the call that takes an
     *         error code failed.
     * @throws error what any request may fail with: then no trigger has a status of its own.
     * @since 1.0
     */
    [[nodiscard]] result trigger_batch(const batch &batch) {
        kn_result *ended = nullptr;
        detail::call_or_throw([&](kn_error **details) {
            return kn_client_trigger_batch(handle(), batch.handle(), &ended, details);
        });
        return result(ended);
    }
    /** The same, with an error code. @since 1.0 */
    [[nodiscard]] result trigger_batch(const batch &batch, std::error_code &code) noexcept {
        kn_result *ended = nullptr;
        detail::assign(code, kn_client_trigger_batch(handle(), batch.handle(), &ended, nullptr));
        return result(ended);
    }

    /**
     * @brief Hands in a request without waiting; kn_client_open_channel_async() says what that
     * means.
     *
     * Requests move, and completions run, inside dispatch() and flush(). What a completion throws
     * comes out of the call that ran it, intact.
     *
     * @param channel as for open_channel().
     * @param fn called as `fn(result_ref)` with how the request ended, at most once. It is moved
     *        in. Leave it out where nobody asks.
     * @throws error status::full: too many are pending already; status::invalid; status::no_memory;
     *         status::fork. Then nothing was taken.
     * @par Threads
     * any thread, any time.
     * @since 1.0
     */
    template <class Function = std::nullptr_t>
    void open_channel_async(std::string_view channel, Function &&fn = nullptr) {
        detail::hand_in(core_, std::forward<Function>(fn),
                        [&](auto told, auto *data, auto destroy, auto **details) {
                            return kn_client_open_channel_async(handle(), detail::c_text(channel),
                                                                told, data, destroy, details);
                        });
    }
    /** As open_channel_async(). @since 1.0 */
    template <class Function = std::nullptr_t>
    void close_channel_async(std::string_view channel, Function &&fn = nullptr) {
        detail::hand_in(core_, std::forward<Function>(fn),
                        [&](auto told, auto *data, auto destroy, auto **details) {
                            return kn_client_close_channel_async(handle(), detail::c_text(channel),
                                                                 told, data, destroy, details);
                        });
    }
    /** As open_channel_async(); also throws status::json. @since 1.0 */
    template <class Function = std::nullptr_t>
    void trigger_async(std::string_view channel, std::string_view event, std::string_view data,
                       Function &&fn = nullptr) {
        detail::hand_in(core_, std::forward<Function>(fn),
                        [&](auto told, auto *box, auto destroy, auto **details) {
                            return kn_client_trigger_async(
                                handle(), detail::c_text(channel), detail::c_text(event),
                                data.empty() ? "" : data.data(), data.size(), told, box, destroy,
                                details);
                        });
    }
    /** As open_channel_async(); the token is in the result. @since 1.0 */
    template <class Function>
    void request_token_async(std::string_view uid, std::string_view channels, Function &&fn) {
        detail::hand_in(core_, std::forward<Function>(fn),
                        [&](auto told, auto *data, auto destroy, auto **details) {
                            return kn_client_request_token_async(handle(), detail::c_text(uid),
                                                                 detail::c_text(channels), told,
                                                                 data, destroy, details);
                        });
    }
    /** As open_channel_async(); each trigger's status is in the result. @since 1.0 */
    template <class Function = std::nullptr_t>
    void trigger_batch_async(const batch &batch, Function &&fn = nullptr) {
        detail::hand_in(core_, std::forward<Function>(fn),
                        [&](auto told, auto *data, auto destroy, auto **details) {
                            return kn_client_trigger_batch_async(handle(), batch.handle(), told,
                                                                 data, destroy, details);
                        });
    }

    /**
     * @brief Moves the calls on that were handed in, with what is ready, without waiting.
     * @return status::ok: at least one has ended; status::again; status::interrupted;
     * status::closed.
     * @throws error status::state: another thread, or a completion, is inside dispatch() or flush()
     *         already; status::no_memory; status::fork. And what a completion throws.
     * @par Threads
     * one thread at a time.
     * @since 1.0
     */
    [[nodiscard]] kosmonaut::status dispatch() {
        return detail::drive(core_, [](kn_client *driven, kn_error **details) {
            return kn_client_dispatch(driven, details);
        });
    }

    /**
     * @brief Moves the calls on until all that were handed in before have ended.
     * @return status::ok; status::again: time is up; status::interrupted; status::closed.
     * @throws error as dispatch(). And what a completion throws.
     * @par Threads
     * one thread at a time.
     * @since 1.0
     */
    kosmonaut::status flush(std::chrono::milliseconds timeout = no_limit) { // NOLINT
        return detail::drive(core_, [timeout](kn_client *driven, kn_error **details) {
            return kn_client_flush(driven, timeout.count(), details);
        });
    }

    /** One descriptor to poll for reading; kn_client_fd(). @since 1.0 */
    [[nodiscard]] int fd() const noexcept { return kn_client_fd(handle()); }

    /**
     * @brief Makes the dispatch() or flush() that is running, or else the next one, say
     * status::interrupted.
     * @par Threads
     * any thread, any time, and inside a signal handler.
     * @since 1.0
     */
    kosmonaut::status interrupt() noexcept { // NOLINT(modernize-use-nodiscard)
        return static_cast<kosmonaut::status>(core_ ? core_->interrupt() : KN_EINVAL);
    }

    /** How many calls were handed in and have not ended. @since 1.0 */
    [[nodiscard]] std::size_t pending() const noexcept { return kn_client_pending(handle()); }
    /** How many calls have ended. @since 1.0 */
    [[nodiscard]] std::int64_t requests() const noexcept { return kn_client_requests(handle()); }
    /** How many calls have ended with a status. @since 1.0 */
    [[nodiscard]] std::int64_t requests(kosmonaut::status status) const noexcept {
        return kn_client_requests_with_status(handle(), static_cast<kn_status>(status));
    }
    /** How many connections are open now. @since 1.0 */
    [[nodiscard]] std::int32_t connections() const noexcept {
        return kn_client_connections(handle());
    }
    /** All of its figures in one JSON text; kn_client_stats(). @throws error. @since 1.0 */
    [[nodiscard]] std::string stats() const {
        return detail::required_text([&](char **text, kn_error **details) {
            return kn_client_stats(handle(), text, details);
        });
    }

    /**
     * @brief Lends the C API's handle; nullptr when moved from.
     *
     * Interrupt with interrupt(), not through this: where a completion throws,
     * kn_client_interrupt() is what brings its exception out of the call, and the library cannot
     * tell a second one from that.
     *
     * @since 1.0
     */
    [[nodiscard]] kn_client *handle() const noexcept { return core_ ? core_->handle : nullptr; }

    /** Hands the handle over; the caller frees it with kn_client_free(). @since 1.0 */
    [[nodiscard]] kn_client *release() noexcept {
        const std::shared_ptr<detail::client_core> core = std::move(core_);
        return core ? core->handle : nullptr;
    }

    /** @since 1.0 */
    void swap(client &other) noexcept { core_.swap(other.core_); }
    /** @since 1.0 */
    friend void swap(client &left, client &right) noexcept { left.swap(right); }

  private:
    using owned_text = std::unique_ptr<char, detail::freed_by<kn_string_free>>;

    client(std::string_view url, const options *options) {
        detail::call_or_throw([&](kn_error **details) {
            return detail::make_client(detail::c_text(url), options, core_, details);
        });
    }

    client(std::string_view url, const options *options, std::error_code &code) noexcept {
        detail::attempt(code, [&](kn_error **details) {
            return detail::make_client(detail::c_text(url), options, core_, details);
        });
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
};

} // namespace v1
} // namespace kosmonaut

#endif
