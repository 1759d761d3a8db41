/**
 * @file client.hpp
 * @brief The client: plain requests to the broker.
 */
#ifndef KOSMONAUT_CPP_CLIENT_HPP
#define KOSMONAUT_CPP_CLIENT_HPP

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <type_traits>
#include <utility>

#include <kosmonaut/client.h>
#include <kosmonaut/cpp/batch.hpp>
#include <kosmonaut/cpp/detail.hpp>
#include <kosmonaut/cpp/driven.hpp>
#include <kosmonaut/cpp/options.hpp>
#include <kosmonaut/cpp/subscribers.hpp>

namespace kosmonaut {
inline namespace v1 {

namespace detail {

using client_core = driven<kn_client, kn_client_interrupt>;

/** A completion with the client it belongs to; the C library owns it. */
template <class Function>
struct completion {
    completion(Function &&function, std::shared_ptr<client_core> of)
        : fn(std::move(function)), core(std::move(of)) {}
    completion(const Function &function, std::shared_ptr<client_core> of)
        : fn(function), core(std::move(of)) {}

    static void on_end(const kn_result *ended, void *data) {
        auto *self = static_cast<completion *>(data);
        call_user([&] { self->fn(result_ref(ended)); }, [&] { self->core->caught(); });
    }

    static void destroy(void *data) noexcept { delete static_cast<completion *>(data); }

    Function fn;
    std::shared_ptr<client_core> core;
};

/** Calls @p call with @p after as the C API wants it. */
template <class Call>
kn_status with_after(std::optional<std::string_view> after, Call &&call) {
    if (!after) {
        return call(nullptr);
    }
    // One that cannot be a C string is not absent: that would begin from the beginning.
    const c_text text(*after);
    return call(text != nullptr ? static_cast<const char *>(text) : "");
}

} // namespace detail

/**
 * @brief All subscribers of a channel, from client::subscribers(): asks for page after page while
 * it is gone through.
 *
 * It can be gone through once. Each subscriber is borrowed until the next one is asked for. The
 * client may be moved meanwhile, but has to be there.
 *
 * @par Threads
 * one thread at a time for each object.
 * @since 1.0
 */
class subscriber_range {
  public:
    /** Goes over all of them. @since 1.0 */
    class iterator {
      public:
        /** What it can do: one pass. @since 1.0 */
        using iterator_category = std::input_iterator_tag;
        /** What it goes over. @since 1.0 */
        using value_type = subscriber_ref;
        /** Of no use for one pass, but asked for by the standard library. @since 1.0 */
        using difference_type = std::ptrdiff_t;
        /** What its arrow gives. @since 1.0 */
        using pointer = const subscriber_ref *;
        /** What its star gives. @since 1.0 */
        using reference = const subscriber_ref &;

        /** The end. @since 1.0 */
        iterator() noexcept = default;

        /** The subscriber. @since 1.0 */
        reference operator*() const noexcept { return range_->at_; }
        /** The subscriber. @since 1.0 */
        pointer operator->() const noexcept { return &range_->at_; }
        /** @throws error as client::subscribers_page(), where another page begins. @since 1.0 */
        iterator &operator++() {
            range_->advance();
            range_ = range_->is_over() ? nullptr : range_;
            return *this;
        }
        /** As the other one; what it leaves behind is of no use. @since 1.0 */
        void operator++(int) { ++*this; }
        /** Whether they are at the same place. @since 1.0 */
        friend bool operator==(const iterator &left, const iterator &right) noexcept {
            return left.range_ == right.range_;
        }
        /** Whether they are at different places. @since 1.0 */
        friend bool operator!=(const iterator &left, const iterator &right) noexcept {
            return !(left == right);
        }

      private:
        friend class subscriber_range;
        explicit iterator(subscriber_range *range) noexcept : range_(range) {}

        subscriber_range *range_ = nullptr;
    };

    subscriber_range(const subscriber_range &) = delete; // iterators know where it is
    subscriber_range &operator=(const subscriber_range &) = delete;

    /** @throws error as client::subscribers_page(). @since 1.0 */
    [[nodiscard]] iterator begin() {
        if (!has_begun_) {
            ask(std::nullopt);
        }
        return is_over() ? iterator() : iterator(this);
    }
    /** @since 1.0 */
    [[nodiscard]] static iterator end() noexcept { return {}; }

  private:
    friend class client;

    subscriber_range(std::shared_ptr<detail::client_core> core, std::string_view channel,
                     std::int32_t page_size)
        : core_(std::move(core)), channel_(channel), page_size_(page_size) {}

    [[nodiscard]] bool is_over() const noexcept { return index_ == page_.size(); }

    void advance() {
        ++index_;
        at_ = page_[index_];
        if (is_over() && page_.next()) {
            ask(page_.next());
        }
    }

    // The page may be empty: everyone else has gone. Then it is the last.
    void ask(std::optional<std::string_view> after) {
        kn_subscribers *page = nullptr;
        detail::call_or_throw([&](kn_error **details) {
            return detail::with_after(after, [&](const char *text) {
                return kn_client_subscribers(core_ ? core_->handle : nullptr,
                                             detail::c_text(channel_), text, page_size_, &page,
                                             details);
            });
        });
        has_begun_ = true;
        page_ = subscriber_page(page);
        index_ = 0;
        at_ = page_[index_];
    }

    std::shared_ptr<detail::client_core> core_;
    std::string channel_;
    std::int32_t page_size_;
    bool has_begun_ = false;
    subscriber_page page_{nullptr};
    std::size_t index_ = 0;
    subscriber_ref at_{nullptr, 0};
};

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
class client {
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
        : core_(handle != nullptr ? std::make_shared<detail::client_core>(handle) : nullptr) {}

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
     * @brief All who are on a channel, those who hide from the others included.
     *
     * Nothing is sent yet: the range asks for a page when it is gone through, and throws then what
     * subscribers_page() may throw. `for (auto &subscriber : client.subscribers("room"))`
     *
     * @param channel as for open_channel(); copied.
     * @param page_size how many to ask for at a time, from 1 to the server's limit (1000); 0: as
     *        many as the server sees fit.
     * @since 1.0
     */
    [[nodiscard]] subscriber_range subscribers(std::string_view channel,
                                               std::int32_t page_size = 0) {
        return subscriber_range(core_, channel, page_size);
    }

    /**
     * @brief One page of who is on a channel, in the order of their sids.
     * @param channel as for open_channel().
     * @param after begins behind this sid, such as the next() of the page before; empty: from the
     *        beginning.
     * @param limit how many there may be on the page; 0: as many as the server sees fit.
     * @return the page; empty (of nobody) when the call that takes an error code failed, too.
     * @throws error status::no_channel; status::bad_request: the server's limit is lower;
     *         status::too_big: ask for a smaller page; status::invalid; status::protocol: the
     * server does not tell; or what any request may fail with.
     * @since 1.0
     */
    [[nodiscard]] subscriber_page
    subscribers_page(std::string_view channel, std::optional<std::string_view> after = std::nullopt,
                     std::int32_t limit = 0) {
        kn_subscribers *page = nullptr;
        detail::call_or_throw(
            [&](kn_error **details) { return who_is_on(channel, after, limit, page, details); });
        return subscriber_page(page);
    }
    /** The same, with an error code. @since 1.0 */
    [[nodiscard]] subscriber_page subscribers_page(std::string_view channel,
                                                   std::optional<std::string_view> after,
                                                   std::int32_t limit,
                                                   std::error_code &code) noexcept {
        kn_subscribers *page = nullptr;
        detail::attempt(code, [&](kn_error **details) {
            return who_is_on(channel, after, limit, page, details);
        });
        return subscriber_page(page);
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
        hand_in(std::forward<Function>(fn),
                [&](auto told, auto *data, auto destroy, auto **details) {
                    return kn_client_open_channel_async(handle(), detail::c_text(channel), told,
                                                        data, destroy, details);
                });
    }
    /** As open_channel_async(). @since 1.0 */
    template <class Function = std::nullptr_t>
    void close_channel_async(std::string_view channel, Function &&fn = nullptr) {
        hand_in(std::forward<Function>(fn),
                [&](auto told, auto *data, auto destroy, auto **details) {
                    return kn_client_close_channel_async(handle(), detail::c_text(channel), told,
                                                         data, destroy, details);
                });
    }
    /** As open_channel_async(); also throws status::json. @since 1.0 */
    template <class Function = std::nullptr_t>
    void trigger_async(std::string_view channel, std::string_view event, std::string_view data,
                       Function &&fn = nullptr) {
        hand_in(std::forward<Function>(fn), [&](auto told, auto *box, auto destroy,
                                                auto **details) {
            return kn_client_trigger_async(handle(), detail::c_text(channel), detail::c_text(event),
                                           data.empty() ? "" : data.data(), data.size(), told, box,
                                           destroy, details);
        });
    }
    /** As open_channel_async(); the token is in the result. @since 1.0 */
    template <class Function>
    void request_token_async(std::string_view uid, std::string_view channels, Function &&fn) {
        hand_in(std::forward<Function>(fn),
                [&](auto told, auto *data, auto destroy, auto **details) {
                    return kn_client_request_token_async(handle(), detail::c_text(uid),
                                                         detail::c_text(channels), told, data,
                                                         destroy, details);
                });
    }
    /** As open_channel_async(); each trigger's status is in the result. @since 1.0 */
    template <class Function = std::nullptr_t>
    void trigger_batch_async(const batch &batch, Function &&fn = nullptr) {
        hand_in(std::forward<Function>(fn),
                [&](auto told, auto *data, auto destroy, auto **details) {
                    return kn_client_trigger_batch_async(handle(), batch.handle(), told, data,
                                                         destroy, details);
                });
    }

    /** As open_channel_async(); the page is in the result. @since 1.0 */
    template <class Function>
    void subscribers_async(std::string_view channel, std::optional<std::string_view> after,
                           std::int32_t limit, Function &&fn) {
        hand_in(std::forward<Function>(fn),
                [&](auto told, auto *data, auto destroy, auto **details) {
                    return detail::with_after(after, [&](const char *text) {
                        return kn_client_subscribers_async(handle(), detail::c_text(channel), text,
                                                           limit, told, data, destroy, details);
                    });
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
        return drive([](kn_client *driven, kn_error **details) {
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
        return drive([timeout](kn_client *driven, kn_error **details) {
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
        detail::call_or_throw(
            [&](kn_error **details) { return make(detail::c_text(url), options, details); });
    }

    client(std::string_view url, const options *options, std::error_code &code) noexcept {
        detail::attempt(
            code, [&](kn_error **details) { return make(detail::c_text(url), options, details); });
    }

    kn_status make(const char *url, const options *options, kn_error **details) {
        const kn_options *given = options != nullptr ? options->handle() : nullptr;
        if (options != nullptr && given == nullptr) {
            return KN_EINVAL; // to the C API, NULL would stand for the defaults
        }
        auto core = std::make_shared<detail::client_core>(nullptr);
        const kn_status status = kn_client_new(url, given, &core->handle, details);
        if (status == KN_OK) {
            core_ = std::move(core);
        }
        return status;
    }

    // call makes the C API's call with a completion, its data and the end of that.
    template <class Function, class Call>
    void hand_in(Function &&fn, Call &&call) {
        detail::call_or_throw([&](kn_error **details) {
            if constexpr (std::is_same_v<std::decay_t<Function>, std::nullptr_t>) {
                using destroyer = void (*)(void *);
                return call(kn_completion(nullptr), static_cast<void *>(nullptr),
                            destroyer(nullptr), details);
            } else {
                using completion = detail::completion<std::decay_t<Function>>;
                static_assert(std::is_invocable_v<std::decay_t<Function> &, result_ref>,
                              "a completion is called as fn(result_ref)");
                auto boxed = std::make_unique<completion>(std::forward<Function>(fn), core_);
                return call(&completion::on_end, boxed.release(), &completion::destroy, details);
            }
        });
    }

    template <class Call>
    kosmonaut::status drive(Call &&call) {
        return static_cast<kosmonaut::status>(detail::call_or_throw([&](kn_error **details) {
            const std::shared_ptr<detail::client_core> core = core_;
            return core ? core->watched([&] { return call(core->handle, details); },
                                        [] { return false; })
                        : call(nullptr, details);
        }));
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

    kn_status who_is_on(std::string_view channel, std::optional<std::string_view> after,
                        std::int32_t limit, kn_subscribers *&page, kn_error **details) {
        return detail::with_after(after, [&](const char *text) {
            return kn_client_subscribers(handle(), detail::c_text(channel), text, limit, &page,
                                         details);
        });
    }

    std::shared_ptr<detail::client_core> core_;
};

} // namespace v1
} // namespace kosmonaut

#endif
