/**
 * @file application.hpp
 * @brief A backend in one object: what browsers send goes to handlers, which can answer.
 */
#ifndef KOSMONAUT_CPP_APPLICATION_HPP
#define KOSMONAUT_CPP_APPLICATION_HPP

#include <chrono>
#include <exception>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <kosmonaut/cpp/client.hpp>
#include <kosmonaut/cpp/event.hpp>
#include <kosmonaut/cpp/worker.hpp>

namespace kosmonaut {
inline namespace v1 {

/**
 * @brief An event that a handler of an application is given, with a way to answer it.
 *
 * It can do all that an event_ref can, and like one it is borrowed for the call.
 *
 * @par Threads
 * any thread, any time.
 * @since 1.0
 */
class received_event : public event_ref {
  public:
    /** Lends an event and the client that answers it. @since 1.0 */
    received_event(event_ref event, client &answers) noexcept
        : event_ref(event), client_(&answers) {}

    /**
     * @brief Triggers an event on a channel; client::trigger() says what that may throw.
     * @since 1.0
     */
    void reply(std::string_view channel, std::string_view name,
               std::string_view data = "{}") const {
        client_->trigger(channel, name, data);
    }

    /**
     * @brief Triggers the event itself on a channel: its name (or another one), and its data as
     * they came, the sender's `sid` and `uid` among them.
     * @since 1.0
     */
    void broadcast_copy(std::string_view channel) const { reply(channel, name(), data()); }
    /** The same, under another name. @since 1.0 */
    void broadcast_copy(std::string_view channel, std::string_view as) const {
        reply(channel, as, data());
    }

  private:
    client *client_;
};

/**
 * @brief The handlers of one part of an application: `chat/save` goes to the handler `save` of what
 * is used as "chat".
 * @since 1.0
 */
class backend {
  public:
    /** What deals with an event. @since 1.0 */
    using handler = std::function<void(const received_event &)>;

    /** Gives an event a handler; "*" stands for every event. @since 1.0 */
    backend &on(std::string event, handler fn) {
        handlers_.emplace_back(std::move(event), std::move(fn));
        return *this;
    }

    /** What was given, in that order. @since 1.0 */
    [[nodiscard]] const std::vector<std::pair<std::string, handler>> &handlers() const noexcept {
        return handlers_;
    }

  private:
    std::vector<std::pair<std::string, handler>> handlers_;
};

/**
 * @brief A worker whose handlers answer through a client: a whole backend.
 *
 * It asks the broker for just the events that it has handlers for.
 *
 * *Failures.* One that the worker retries goes to on_error(). What a handler throws goes to
 * on_exception(), and the application goes on; without that hook it comes out of run(). Either way
 * the event is given back to the broker (at least once).
 *
 * @par Threads
 * stop() and the client: any thread. The others: one thread at a time.
 * @since 1.0
 */
class application {
  public:
    /**
     * @brief Makes an application. Nothing is sent yet.
     * @param url the vhost's, for the worker and the client alike.
     * @throws error status::invalid; status::no_memory.
     * @since 1.0
     */
    explicit application(std::string_view url) : client_(url), worker_(url) {}
    /** The same, with options. @since 1.0 */
    application(std::string_view url, const options &options)
        : client_(url, options), worker_(url, options) {}
    application(const application &) = delete; // its handlers know where it is
    application &operator=(const application &) = delete;

    /**
     * @brief Routes the events of a name, `NAME/EVENT`, to the handlers of a backend.
     * @param name what stands before the slash: a channel, or what browsers put into `trigger`; "*"
     *        stands for every one.
     * @param backend its handlers are copied.
     * @throws error status::invalid: not a pattern; status::state: the application ran already.
     * @since 1.0
     */
    application &use(std::string_view name, const backend &backend) {
        for (const auto &[event, fn] : backend.handlers()) {
            std::string pattern(name);
            pattern += '/';
            pattern += event;
            worker_.on(pattern, [this, handler = fn](event_ref event_given) {
                handle(handler, received_event(event_given, client_));
            });
        }
        return *this;
    }

    /** Hears of failures that the worker will retry. @since 1.0 */
    application &on_error(std::function<void(const error &)> hook) {
        worker_.on_error(std::move(hook));
        return *this;
    }

    /** Hears what handlers throw, and of which event; call std::rethrow_exception() on it.
     * @since 1.0 */
    application &
    on_exception(std::function<void(std::exception_ptr, const received_event &)> hook) {
        exception_hook_ = std::move(hook);
        return *this;
    }

    /** Hands events to their handlers until stop(); worker::run(). @since 1.0 */
    kosmonaut::status run() { return worker_.run(); } // NOLINT(modernize-use-nodiscard)
    /** Hands over what is ready, for a loop that watches worker().fd(); worker::dispatch().
     * @since 1.0 */
    [[nodiscard]] kosmonaut::status dispatch() { return worker_.dispatch(); }
    /** Makes run() return, status::interrupted. Any thread, and a signal handler. @since 1.0 */
    void stop() noexcept { worker_.interrupt(); }

    /** The client that answers, for every other use too. @since 1.0 */
    [[nodiscard]] kosmonaut::client &client() noexcept { return client_; }
    /** The worker that receives. @since 1.0 */
    [[nodiscard]] kosmonaut::worker &worker() noexcept { return worker_; }

  private:
    void handle(const backend::handler &fn, const received_event &given) {
        if (!exception_hook_) {
            fn(given);
            return;
        }
        std::exception_ptr thrown;
        detail::call_user([&] { fn(given); }, [&] { thrown = std::current_exception(); });
        if (thrown) {
            std::error_code at_most_once;
            given.nack(std::chrono::milliseconds(0), at_most_once);
            exception_hook_(thrown, given);
        }
    }

    kosmonaut::client client_;
    kosmonaut::worker worker_;
    std::function<void(std::exception_ptr, const received_event &)> exception_hook_;
};

} // namespace v1
} // namespace kosmonaut

#endif
