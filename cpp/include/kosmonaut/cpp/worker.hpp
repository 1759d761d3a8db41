/**
 * @file worker.hpp
 * @brief The worker: the events that browsers send, as they come.
 */
#ifndef KOSMONAUT_CPP_WORKER_HPP
#define KOSMONAUT_CPP_WORKER_HPP

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <type_traits>
#include <utility>

#include <kosmonaut/cpp/detail.hpp>
#include <kosmonaut/cpp/driven.hpp>
#include <kosmonaut/cpp/event.hpp>
#include <kosmonaut/cpp/options.hpp>
#include <kosmonaut/worker.h>

namespace kosmonaut {
inline namespace v1 {

/** What a worker is doing. @since 1.0 */
enum class worker_state : std::int32_t {
    /** Not used yet. */
    idle = KN_WORKER_IDLE,
    /** Resolving, connecting, or waiting for the answer's head. */
    connecting = KN_WORKER_CONNECTING,
    /** The stream is open. */
    connected = KN_WORKER_CONNECTED,
    /** Between two tries. */
    waiting = KN_WORKER_WAITING,
    /** worker::close() was called and has not finished. */
    closing = KN_WORKER_CLOSING,
    /** Closed, ended by the server, or failed for good. */
    closed = KN_WORKER_CLOSED
};

namespace detail {

using worker_core = driven<kn_worker, kn_worker_interrupt>;

/** A callback with the worker it belongs to; the C library owns it. */
template <class Function>
struct callback {
    Function fn;
    std::shared_ptr<worker_core> core;

    static void on_event(kn_event *event, void *data) {
        auto *self = static_cast<callback *>(data);
        call_user([&] { self->fn(event_ref(event)); },
                  [&] {
                      // At most once there is nothing to give back.
                      kn_event_nack(event, retry_delay_ms(kn_event_attempt(event)));
                      self->core->caught();
                  });
    }

    static void on_error(const kn_error *details, void *data) {
        auto *self = static_cast<callback *>(data);
        call_user(
            [&] {
                const error failure(details);
                self->fn(failure);
            },
            [&] { self->core->caught(); });
    }

    static void destroy(void *data) noexcept { delete static_cast<callback *>(data); }
};

} // namespace detail

/**
 * @brief A worker on one vhost.
 *
 * It connects on first use and keeps itself connected. It has no thread of its own: everything
 * happens inside next(), run() and dispatch(), on the thread that calls them. What they say:
 *
 * |            | ok          | again             | closed        | interrupted  | throws |
 * |------------|-------------|-------------------|---------------|--------------|--------|
 * | `next`     | an event    | time is up        | since close() | an interrupt | fatal  |
 * | `dispatch` | handed over | nothing was ready | since close() | an interrupt | fatal  |
 * | `run`      | never       | never             | since close() | an interrupt | fatal  |
 *
 * dispatch() hands over what was ready as it began.
 *
 * A fatal failure is thrown once, after the events that came before it, and then it is closed.
 *
 * *Exceptions of handlers.* What a handler or an error handler throws comes out of the call that
 * ran it, intact. The event is given back to the broker (at least once), to come again after 1, 5,
 * 20 or 60 s by its attempt, and the others stay queued: the worker is as usable as before.
 *
 * @par Threads
 * next(), run(), dispatch(), on(), on_error() and status(): one thread at a time. The others: any
 * thread, any time. A handler may do everything but next(), run() and dispatch(); it may also move
 * its worker, or destroy it.
 * @since 1.0
 */
class worker {
  public:
    /**
     * @brief Makes a worker. Nothing is sent before its first use.
     * @param url as for kosmonaut::client.
     * @throws error status::invalid: the URL is not of that form; status::no_memory.
     * @since 1.0
     */
    explicit worker(std::string_view url) : worker(url, nullptr) {}
    /** The same, with options; those that were moved from are status::invalid. @since 1.0 */
    worker(std::string_view url, const options &options) : worker(url, &options) {}
    /** The same, with an error code. @since 1.0 */
    worker(std::string_view url, std::error_code &code) noexcept : worker(url, nullptr, code) {}
    /** The same, with options and an error code. @since 1.0 */
    worker(std::string_view url, const options &options, std::error_code &code) noexcept
        : worker(url, &options, code) {}

    /** Takes over what kn_worker_new() made, unless it throws std::bad_alloc. @since 1.0 */
    explicit worker(kn_worker *handle)
        : core_(handle != nullptr ? std::make_shared<detail::worker_core>(handle) : nullptr) {}

    /** Takes everything over; what was moved from holds nothing. @since 1.0 */
    worker(worker &&) noexcept = default;
    /** Lets go of what it held. @since 1.0 */
    worker &operator=(worker &&other) noexcept {
        worker(std::move(other)).swap(*this);
        return *this;
    }
    worker(const worker &) = delete;
    worker &operator=(const worker &) = delete;
    /** Never waits; close() does. */
    ~worker() {
        if (core_) {
            kn_worker_free(std::exchange(core_->handle, nullptr));
        }
    }

    /**
     * @brief Gives the events that match a pattern a handler.
     *
     * A pattern is `channel/event`; either part may be `*`. All handlers whose patterns match run,
     * the oldest pattern first. A second handler for a pattern replaces the first. A new pattern
     * has to come before the first use. kn_worker_on() says the rest.
     *
     * @param pattern such as `chat/save`, `chat/` followed by `*`, or `*` followed by `/joined`.
     * @param fn called as `fn(event_ref)`. It is moved in, and destroyed after its last call.
     * @throws error status::invalid: not a pattern; status::state: a new pattern after the first
     *         use, or another thread is inside the worker; status::no_memory; status::fork.
     * @since 1.0
     */
    template <class Function>
    void on(std::string_view pattern, Function &&fn) {
        detail::call_or_throw([&](kn_error **details) {
            return set_handler(pattern, std::forward<Function>(fn), details);
        });
    }
    /** The same, with an error code. @since 1.0 */
    template <class Function>
    void on(std::string_view pattern, Function &&fn, std::error_code &code) {
        detail::assign(code, set_handler(pattern, std::forward<Function>(fn), nullptr));
    }

    /** Takes the handler of a pattern away. @since 1.0 */
    void on(std::string_view pattern, std::nullptr_t) {
        detail::call_or_throw([&](kn_error **details) {
            return kn_worker_on(handle(), detail::c_text(pattern), nullptr, nullptr, nullptr,
                                details);
        });
    }
    /** The same, with an error code. @since 1.0 */
    void on(std::string_view pattern, std::nullptr_t, std::error_code &code) noexcept {
        detail::attempt(code, [&](kn_error **details) {
            return kn_worker_on(handle(), detail::c_text(pattern), nullptr, nullptr, nullptr,
                                details);
        });
    }

    /**
     * @brief Gives the failures that the worker retries a handler; it replaces the one before.
     * @param fn called as `fn(const error &)`, inside next(), run() or dispatch().
     * @throws error status::state: another thread is inside the worker; status::no_memory;
     *         status::fork.
     * @since 1.0
     */
    template <class Function>
    void on_error(Function &&fn) {
        detail::call_or_throw([&](kn_error **details) {
            return set_error_handler(std::forward<Function>(fn), details);
        });
    }
    /** The same, with an error code. @since 1.0 */
    template <class Function>
    void on_error(Function &&fn, std::error_code &code) {
        detail::assign(code, set_error_handler(std::forward<Function>(fn), nullptr));
    }

    /** Takes the error handler away. @since 1.0 */
    void on_error(std::nullptr_t) {
        detail::call_or_throw([&](kn_error **details) {
            return kn_worker_on_error(handle(), nullptr, nullptr, nullptr, details);
        });
    }
    /** The same, with an error code. @since 1.0 */
    void on_error(std::nullptr_t, std::error_code &code) noexcept {
        detail::assign(code, kn_worker_on_error(handle(), nullptr, nullptr, nullptr, nullptr));
    }

    /**
     * @brief Hands over the next event. It does not look at handlers.
     * @param timeout how long to wait for one; 0 does not wait.
     * @return empty when there is none: status() tells why.
     * @throws error a fatal failure, once; status::state: another thread, or a handler, is inside
     *         the worker already; status::invalid; status::no_memory; status::fork. And what the
     *         error handler throws.
     * @since 1.0
     */
    [[nodiscard]] std::optional<event> next(std::chrono::milliseconds timeout = no_limit) {
        std::optional<event> taken;
        detail::failure failure;
        failure.throw_if(pull(timeout, taken, failure.out()));
        return taken;
    }
    /** The same, with an error code. @since 1.0 */
    [[nodiscard]] std::optional<event> next(std::chrono::milliseconds timeout,
                                            std::error_code &code) {
        std::optional<event> taken;
        detail::assign(code, pull(timeout, taken, nullptr));
        return taken;
    }

    /**
     * @brief Hands events to their handlers until the worker is closed or interrupted.
     *
     * Use what it returns, not status(), where a handler may have destroyed the worker.
     *
     * @return status::closed or status::interrupted.
     * @throws error status::state: no handlers, or another thread or a handler is inside the worker
     *         already; otherwise as next(). And what a handler throws.
     * @since 1.0
     */
    kosmonaut::status run() { return drive(kn_worker_run); } // NOLINT(modernize-use-nodiscard)
    /** The same, with an error code. @since 1.0 */
    kosmonaut::status run(std::error_code &code) { return drive(kn_worker_run, code); }

    /**
     * @brief Hands the events that are ready to their handlers, without waiting.
     *
     * For a loop that watches fd().
     *
     * @return status::ok: there may be more; status::again: nothing was ready; status::closed;
     *         status::interrupted.
     * @throws error as run(). And what a handler throws.
     * @since 1.0
     */
    [[nodiscard]] kosmonaut::status dispatch() { return drive(kn_worker_dispatch); }
    /** The same, with an error code. @since 1.0 */
    [[nodiscard]] kosmonaut::status dispatch(std::error_code &code) {
        return drive(kn_worker_dispatch, code);
    }

    /**
     * @brief What the latest next(), run() or dispatch() had to say: after an empty next(), which
     * nothing it was.
     * @since 1.0
     */
    [[nodiscard]] kosmonaut::status status() const noexcept {
        return core_ ? static_cast<kosmonaut::status>(core_->last) : kosmonaut::status::invalid;
    }

    /**
     * @brief One descriptor to poll for reading, the same for the worker's whole life.
     *
     * It is the library's: never read or close it, and take it out of the loop before the worker is
     * destroyed. See kn_worker_fd().
     *
     * @return -1 when moved from, or when the worker belongs to the parent process.
     * @since 1.0
     */
    [[nodiscard]] int fd() const noexcept { return kn_worker_fd(handle()); }

    /** What the worker is doing. @since 1.0 */
    [[nodiscard]] worker_state state() const noexcept {
        return static_cast<worker_state>(kn_worker_state(handle()));
    }

    /**
     * @brief Makes the call that is waiting, or else the next one, say status::interrupted.
     *
     * An interrupt goes before events that wait and loses none of them.
     *
     * @return status::ok; status::invalid when moved from; status::fork.
     * @par Threads
     * any thread, any time, and inside a signal handler.
     * @since 1.0
     */
    kosmonaut::status interrupt() noexcept { // NOLINT(modernize-use-nodiscard)
        return static_cast<kosmonaut::status>(core_ ? core_->interrupt() : KN_EINVAL);
    }

    /**
     * @brief Closes the worker: nothing is handed over any more, and whoever waits is woken.
     *
     * Beside a call that is running it waits for that one first; in a handler it only begins.
     *
     * @param timeout how long to wait; 0 does not, no_limit means the request time limit.
     * @return true: closed, nothing is owed. false: call it again to go on.
     * @throws error status::invalid; status::fork; or why acknowledgements were refused, and then
     *         it is closed.
     * @since 1.0
     */
    bool close(std::chrono::milliseconds timeout = no_limit) { // NOLINT(modernize-use-nodiscard)
        return detail::call_or_throw([&](kn_error **details) {
                   return kn_worker_close(handle(), timeout.count(), details);
               }) != KN_AGAIN;
    }
    /** The same, with an error code. @since 1.0 */
    bool close(std::chrono::milliseconds timeout, std::error_code &code) noexcept {
        const kn_status status = kn_worker_close(handle(), timeout.count(), nullptr);
        detail::assign(code, status);
        return status == KN_OK || status == KN_CLOSED;
    }

    /** How many events it has handed over. @since 1.0 */
    [[nodiscard]] std::int64_t events() const noexcept { return kn_worker_events(handle()); }
    /** How many bytes of the stream it has received. @since 1.0 */
    [[nodiscard]] std::int64_t bytes() const noexcept { return kn_worker_bytes(handle()); }
    /** How many times the stream was opened again after the first time. @since 1.0 */
    [[nodiscard]] std::int64_t reconnects() const noexcept {
        return kn_worker_reconnects(handle());
    }
    /** How long the oldest of what was received and not handed over has been waiting. @since 1.0 */
    [[nodiscard]] std::chrono::milliseconds lag() const noexcept {
        return std::chrono::milliseconds(kn_worker_lag_ms(handle()));
    }
    /** The failure that ended a connection, or the try for one, last. @since 1.0 */
    [[nodiscard]] std::optional<error> last_error() const {
        const std::unique_ptr<kn_error, detail::freed_by<kn_error_free>> last(
            kn_worker_last_error(handle()));
        return last ? std::optional<error>(last.get()) : std::nullopt;
    }
    /** All of its figures in one JSON text; kn_worker_stats(). @throws error. @since 1.0 */
    [[nodiscard]] std::string stats() const {
        return detail::required_text([&](char **text, kn_error **details) {
            return kn_worker_stats(handle(), text, details);
        });
    }

    /**
     * @brief Lends the C API's handle; nullptr when moved from.
     *
     * Interrupt with interrupt(), not through this: where a handler throws, kn_worker_interrupt()
     * is what brings its exception out of the call, and the library cannot tell a second one from
     * that.
     *
     * @since 1.0
     */
    [[nodiscard]] kn_worker *handle() const noexcept { return core_ ? core_->handle : nullptr; }

    /**
     * @brief Hands the handle over; the caller frees it with kn_worker_free().
     *
     * Handlers stay in place. From then on nobody passes on what they throw: the call that runs
     * them says KN_INTERRUPTED, and the exception is lost.
     *
     * @since 1.0
     */
    [[nodiscard]] kn_worker *release() noexcept {
        const std::shared_ptr<detail::worker_core> core = std::move(core_);
        return core ? core->handle : nullptr;
    }

    /** @since 1.0 */
    void swap(worker &other) noexcept { core_.swap(other.core_); }
    /** @since 1.0 */
    friend void swap(worker &left, worker &right) noexcept { left.swap(right); }

  private:
    using driver = kn_status(kn_worker *, kn_error **);

    worker(std::string_view url, const options *options) {
        detail::call_or_throw(
            [&](kn_error **details) { return make(detail::c_text(url), options, details); });
    }

    worker(std::string_view url, const options *options, std::error_code &code) noexcept {
        detail::attempt(
            code, [&](kn_error **details) { return make(detail::c_text(url), options, details); });
    }

    kn_status make(const char *url, const options *options, kn_error **details) {
        const kn_options *given = options != nullptr ? options->handle() : nullptr;
        if (options != nullptr && given == nullptr) {
            return KN_EINVAL; // to the C API, NULL would stand for the defaults
        }
        auto core = std::make_shared<detail::worker_core>(nullptr);
        const kn_status status = kn_worker_new(url, given, &core->handle, details);
        if (status == KN_OK) {
            core_ = std::move(core);
        }
        return status;
    }

    template <class Function>
    kn_status set_handler(std::string_view pattern, Function &&fn, kn_error **details) {
        using callback = detail::callback<std::decay_t<Function>>;
        static_assert(std::is_invocable_v<std::decay_t<Function> &, event_ref>,
                      "a handler is called as fn(event_ref)");
        const detail::c_text text(pattern);
        auto *boxed = new callback{std::forward<Function>(fn), core_};
        if (core_) {
            core_->has_callbacks = true;
        }
        return kn_worker_on(handle(), text, callback::on_event, boxed, callback::destroy, details);
    }

    template <class Function>
    kn_status set_error_handler(Function &&fn, kn_error **details) {
        using callback = detail::callback<std::decay_t<Function>>;
        static_assert(std::is_invocable_v<std::decay_t<Function> &, const error &>,
                      "an error handler is called as fn(const error &)");
        auto *boxed = new callback{std::forward<Function>(fn), core_};
        if (core_) {
            core_->has_callbacks = true;
        }
        return kn_worker_on_error(handle(), callback::on_error, boxed, callback::destroy, details);
    }

    kn_status pull(std::chrono::milliseconds timeout, std::optional<event> &taken,
                   kn_error **details) {
        kn_event *got = nullptr;
        kn_status status = KN_OK;
        if (!core_ || !core_->has_callbacks) { // nobody can destroy or throw anything meanwhile
            status = kn_worker_next(handle(), timeout.count(), &got, details);
            if (core_) {
                core_->last = status;
                if (status == KN_INTERRUPTED) {
                    core_->stopped_by_user = false;
                }
            }
        } else {
            const std::shared_ptr<detail::worker_core> core = core_;
            status = core->watched(
                [&] { return kn_worker_next(core->handle, timeout.count(), &got, details); },
                [&] { return got != nullptr; }); // an event in hand goes first
        }
        if (got != nullptr) {
            taken.emplace(got);
        }
        return status;
    }

    kosmonaut::status drive(driver call) {
        return static_cast<kosmonaut::status>(
            detail::call_or_throw([&](kn_error **details) { return drive(call, details); }));
    }

    kosmonaut::status drive(driver call, std::error_code &code) {
        const kn_status status = drive(call, nullptr);
        detail::assign(code, status);
        return static_cast<kosmonaut::status>(status);
    }

    kn_status drive(driver call, kn_error **details) {
        const std::shared_ptr<detail::worker_core> core = core_;
        return core ? core->watched([&] { return call(core->handle, details); },
                                    [] { return false; })
                    : call(nullptr, details);
    }

    std::shared_ptr<detail::worker_core> core_;
};

} // namespace v1
} // namespace kosmonaut

#endif
