/**
 * @file event_threads.hpp
 * @brief The threads on which an application's handlers run. Nothing here is for users.
 */
#ifndef KOSMONAUT_CPP_EVENT_THREADS_HPP
#define KOSMONAUT_CPP_EVENT_THREADS_HPP

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <kosmonaut/cpp/event.hpp>

namespace kosmonaut {
inline namespace v1 {
namespace detail {

/**
 * Deals with events on some threads. At least once each goes to whichever is free: of those that
 * have an order the broker sends one at a time. At most once it sends all there are, so those of a
 * session stay on one thread.
 */
class event_threads {
  public:
    using work = std::function<void(const event &)>;

    /** @param deal is called on the threads, and throws nothing. */
    event_threads(std::size_t count, work deal) : lanes_(count), deal_(std::move(deal)) {}
    event_threads(const event_threads &) = delete;
    event_threads &operator=(const event_threads &) = delete;
    ~event_threads() { stop(); }

    /** Takes an event; waits where too many wait already. */
    void add(event &&given) {
        std::unique_lock<std::mutex> lock(mutex_);
        changed_.wait(lock, [this] { return waiting_ < most_waiting; });
        start();
        const bool has_order_of_broker = kn_event_time_ms(given.handle()) >= 0;
        std::deque<event> &queue = has_order_of_broker ? common_ : lane_of(given).queue;
        queue.push_back(std::move(given));
        ++waiting_;
        changed_.notify_all();
    }

    /** Goes on with what stop() has left. */
    void go_on() {
        const std::lock_guard<std::mutex> lock(mutex_);
        if (waiting_ != 0) {
            start();
        }
    }

    /** Waits for what is being dealt with; what waits stays for go_on() or the next add(). */
    void stop() {
        std::vector<std::thread> ending;
        {
            const std::lock_guard<std::mutex> lock(mutex_);
            is_stopping_ = true;
            ending.swap(threads_);
            changed_.notify_all();
        }
        for (std::thread &thread : ending) {
            thread.join();
        }
        const std::lock_guard<std::mutex> lock(mutex_);
        is_stopping_ = false;
    }

  private:
    struct lane {
        std::deque<event> queue;
    };

    lane &lane_of(const event &given) {
        return lanes_[std::hash<std::string_view>()(given.sid().value_or("")) % lanes_.size()];
    }

    void start() {
        while (threads_.size() < lanes_.size()) {
            lane &own = lanes_[threads_.size()];
            threads_.emplace_back([this, &own] { run(own); });
        }
    }

    void run(lane &own) {
        std::unique_lock<std::mutex> lock(mutex_);
        for (;;) {
            changed_.wait(lock,
                          [&] { return is_stopping_ || !own.queue.empty() || !common_.empty(); });
            if (is_stopping_) {
                return;
            }
            std::deque<event> &queue = own.queue.empty() ? common_ : own.queue;
            event next = std::move(queue.front());
            queue.pop_front();
            --waiting_;
            changed_.notify_all();
            lock.unlock();
            deal_(next);
            { const event freed = std::move(next); }
            lock.lock();
        }
    }

    static constexpr std::size_t most_waiting = 10000; // as large as a window can be

    std::mutex mutex_;
    std::condition_variable changed_;
    bool is_stopping_ = false;
    std::size_t waiting_ = 0;
    std::deque<event> common_;
    std::vector<lane> lanes_;
    std::vector<std::thread> threads_;
    const work deal_;
};

} // namespace detail
} // namespace v1
} // namespace kosmonaut

#endif
