#include "net/event_loops.h"

#include <algorithm>
#include <boost/asio/executor_work_guard.hpp>
#include <csignal>
#include <pthread.h>

namespace webrocket {
namespace {

// Signals are for the first loop, which waits for them.
class SignalsBlocked {
  public:
    SignalsBlocked() {
        sigset_t all;
        sigfillset(&all);
        pthread_sigmask(SIG_BLOCK, &all, &before_);
    }
    ~SignalsBlocked() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
    SignalsBlocked(const SignalsBlocked &) = delete;
    SignalsBlocked &operator=(const SignalsBlocked &) = delete;

  private:
    sigset_t before_{};
};

} // namespace

EventLoops::EventLoops(std::size_t count, const ConnectionTimes &times) : times_(times) {
    for (std::size_t i = 0; i < count; ++i)
        loops_.push_back(std::make_unique<EventLoop>(i, refusals_, memory_));
}

EventLoops::~EventLoops() {
    stop();
    for (auto &thread : threads_)
        thread.join();
}

EventLoop &EventLoops::next() {
    EventLoop &loop = *loops_[next_];
    next_ = (next_ + 1) % loops_.size();
    return loop;
}

bool EventLoops::are_crowded() const {
    return std::any_of(loops_.begin(), loops_.end(),
                       [](const auto &loop) { return loop->is_crowded(); });
}

std::uint64_t EventLoops::connections_accepted(Port port) const {
    std::uint64_t accepted = 0;
    for (const auto &loop : loops_)
        accepted += loop->figures().at(port).connections_accepted.value();
    return accepted;
}

// The ended ones are counted first: one more that is accepted in between must not make it negative.
std::uint64_t EventLoops::open_connections(Port port) const {
    std::uint64_t ended = 0;
    for (const auto &loop : loops_)
        ended += loop->figures().at(port).connections_ended.value();
    return connections_accepted(port) - ended;
}

void EventLoops::run_loop(EventLoop &loop) {
    const auto work = boost::asio::make_work_guard(loop.io());
    // What goes wrong with one connection ends that one. What is left, and comes this far, is
    // nobody's in particular: the others go on.
    while (!loop.io().stopped())
        without_exceptions([&loop] { loop.io().run(); });
}

void EventLoops::run() {
    {
        const SignalsBlocked blocked;
        for (std::size_t i = 1; i < loops_.size(); ++i)
            threads_.emplace_back([this, i] { run_loop(*loops_[i]); });
    }
    run_loop(first());
    for (auto &thread : threads_)
        thread.join();
    threads_.clear();
}

void EventLoops::stop() {
    for (auto &loop : loops_)
        loop->io().stop();
}

void EventLoops::on_each(const std::function<void(EventLoop &)> &action) {
    for (auto &loop : loops_)
        loop->post([action, &loop = *loop] { action(loop); });
}

} // namespace webrocket
