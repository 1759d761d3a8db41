#include "client/connection_pool.hpp"

#include <algorithm>

#include "base/failure.hpp"

namespace kn {

void connection_pool::await_free(std::unique_lock<std::mutex> &lock, const deadline &until) {
    const auto is_one_free = [this] { return free_ > 0; };
    if (!until)
        given_back_.wait(lock, is_one_free);
    else if (!given_back_.wait_until(lock, *until, is_one_free))
        throw failure(KN_ETIMEOUT, "all " + std::to_string(options_.max_connections) +
                                       " connections of the client were in use until the call's "
                                       "time was up");
}

std::unique_ptr<blocking_connection> connection_pool::take(const deadline &until) {
    {
        std::unique_lock lock(mutex_);
        await_free(lock, until);
        --free_;
        if (!idle_.empty()) {
            std::unique_ptr<blocking_connection> warmest = std::move(idle_.back());
            idle_.pop_back();
            return warmest;
        }
    }
    try {
        return std::make_unique<blocking_connection>(where_, options_, observer_);
    } catch (...) {
        give_back(nullptr);
        throw;
    }
}

void connection_pool::give_back(std::unique_ptr<blocking_connection> used) noexcept {
    const std::lock_guard lock(mutex_);
    ++free_;
    given_back_.notify_one();
    if (!used)
        return;
    // Whatever forgot a connection, such as a firewall, forgot those that were as long at rest.
    if (const auto since = used->silent_since())
        idle_.erase(std::remove_if(idle_.begin(), idle_.end(),
                                   [&](const std::unique_ptr<blocking_connection> &one) {
                                       return one->answered_at() < *since;
                                   }),
                    idle_.end());
    if (!used->is_sound())
        return;
    try {
        idle_.push_back(std::move(used));
    } catch (const std::bad_alloc &) { // NOLINT(bugprone-empty-catch): it is closed, no more
    }
}

} // namespace kn
