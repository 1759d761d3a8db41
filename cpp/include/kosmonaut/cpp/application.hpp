/**
 * @file application.hpp
 * @brief A backend in one object: what browsers send goes to handlers, which can answer.
 */
#ifndef KOSMONAUT_CPP_APPLICATION_HPP
#define KOSMONAUT_CPP_APPLICATION_HPP

#include <chrono>
#include <cstddef>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include <kosmonaut/cpp/client.hpp>
#include <kosmonaut/cpp/event.hpp>
#include <kosmonaut/cpp/event_threads.hpp>
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
 * the event is given back to the broker (at least once), to come again after 1, 5, 20 or 60 s by
 * its attempt.
 *
 * *Order.* Handlers run one after the other, on the thread that calls run(), unless threads() says
 * otherwise.
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
            const auto place = routes_.size();
            worker_.on(pattern, [this, place](event_ref given) { receive(place, given); });
            routes_.push_back({std::string(name), event, fn});
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

    /**
     * @brief Has events dealt with on threads of their own, several at a time.
     *
     * All handlers of an event run on one of them, one after the other. At least once, the order of
     * the group holds over all threads: of one key the broker hands out one event at a time. At
     * most once, the events of a session stay in order. An event is acknowledged when its handlers
     * have returned, unless they answered it; what they throw goes to on_exception() on that
     * thread.
     *
     * @param count how many; 0: none, which is the default.
     * @throws error status::state: the application ran already.
     * @since 1.0
     */
    application &threads(std::size_t count) {
        if (worker_.state() != worker_state::idle) {
            throw error(status::state);
        }
        pool_.reset();
        if (count != 0) {
            pool_ = std::make_unique<detail::event_threads>(
                count, [this](const event &given) { deal(given); });
        }
        return *this;
    }

    /** Hands events to their handlers until stop(); worker::run(). What waits for a thread then
     * stays for the next run(). @since 1.0 */
    kosmonaut::status run() { // NOLINT(modernize-use-nodiscard)
        const pool_pause pause(pool_.get());
        const kosmonaut::status answer = worker_.run();
        pause.begin();
        rethrow();
        return answer;
    }
    /** Hands over what is ready, for a loop that watches worker().fd(); worker::dispatch().
     * @since 1.0 */
    [[nodiscard]] kosmonaut::status dispatch() {
        const kosmonaut::status answer = worker_.dispatch();
        rethrow();
        return answer;
    }
    /** Closes the worker when the threads have dealt with what they have; worker::close(). Not
     * beside run(). @since 1.0 */
    bool close(std::chrono::milliseconds timeout = no_limit) { // NOLINT(modernize-use-nodiscard)
        if (pool_) {
            pool_->stop();
        }
        return worker_.close(timeout);
    }
    /** Makes run() return, status::interrupted. Any thread, and a signal handler. @since 1.0 */
    void stop() noexcept { worker_.interrupt(); }

    /** The client that answers, for every other use too. @since 1.0 */
    [[nodiscard]] kosmonaut::client &client() noexcept { return client_; }
    /** The worker that receives. @since 1.0 */
    [[nodiscard]] kosmonaut::worker &worker() noexcept { return worker_; }

  private:
    struct route {
        std::string channel;
        std::string event;
        backend::handler fn;

        [[nodiscard]] bool covers(const event_ref &given) const {
            const std::string_view name = given.name();
            return (channel == "*" || channel == given.channel()) &&
                   (event == "*" ? name.substr(0, 1) != ":" : event == name);
        }
    };

    /** The threads pause at the end of a call, however it ends. */
    class pool_pause {
      public:
        explicit pool_pause(detail::event_threads *pool) : pool_(pool) {
            if (pool_ != nullptr) {
                pool_->go_on();
            }
        }
        pool_pause(const pool_pause &) = delete;
        pool_pause &operator=(const pool_pause &) = delete;
        ~pool_pause() { begin(); }
        void begin() const {
            if (pool_ != nullptr) {
                pool_->stop();
            }
        }

      private:
        detail::event_threads *pool_;
    };

    /** With threads, the first route that covers an event hands it on for all of them. */
    void receive(std::size_t place, event_ref given) {
        if (!pool_) {
            handle(routes_[place].fn, received_event(given, client_));
            return;
        }
        for (std::size_t i = 0; i < place; ++i) {
            if (routes_[i].covers(given)) {
                return;
            }
        }
        given.defer();
        pool_->add(given.retain());
    }

    void handle(const backend::handler &fn, const received_event &given) {
        if (!exception_hook_) {
            fn(given);
            return;
        }
        std::exception_ptr thrown;
        detail::call_user([&] { fn(given); }, [&] { thrown = std::current_exception(); });
        if (thrown) {
            give_back(given);
            exception_hook_(thrown, given);
        }
    }

    static void give_back(const event_ref &given) noexcept {
        std::error_code at_most_once;
        given.nack(std::chrono::milliseconds(detail::retry_delay_ms(given.attempt())),
                   at_most_once);
    }

    /** On one of the threads. What nobody hears of comes out of run(). */
    void deal(const event &given) {
        const received_event lent(given, client_);
        std::exception_ptr thrown;
        detail::call_user(
            [&] {
                for (const route &one : routes_) {
                    if (one.covers(lent)) {
                        handle(one.fn, lent);
                    }
                }
            },
            [&] { thrown = std::current_exception(); });
        if (thrown) {
            give_back(lent);
            const std::lock_guard<std::mutex> lock(mutex_);
            if (!thrown_) {
                thrown_ = thrown;
            }
            worker_.interrupt();
            return;
        }
        std::error_code answered;
        given.ack(answered);
    }

    void rethrow() {
        std::exception_ptr thrown;
        {
            const std::lock_guard<std::mutex> lock(mutex_);
            thrown.swap(thrown_);
        }
        if (thrown) {
            std::rethrow_exception(thrown);
        }
    }

    kosmonaut::client client_;
    std::vector<route> routes_;
    std::mutex mutex_;
    std::exception_ptr thrown_; // on a thread, on its way out of run()
    kosmonaut::worker worker_;
    std::function<void(std::exception_ptr, const received_event &)> exception_hook_;
    std::unique_ptr<detail::event_threads> pool_; // goes first
};

} // namespace v1
} // namespace kosmonaut

#endif
