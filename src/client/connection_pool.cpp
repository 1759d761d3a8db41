#include "client/connection_pool.h"

#include <algorithm>

#include "base/failure.h"

namespace kn {

void ConnectionPool::await_free(std::unique_lock<std::mutex> &lock, const Deadline &until) {
    const auto is_one_free = [this] { return free_ > 0; };
    if (!until)
        given_back_.wait(lock, is_one_free);
    else if (!given_back_.wait_until(lock, *until, is_one_free))
        throw Failure(KN_ETIMEOUT, "all " + std::to_string(options_.max_connections) +
                                       " connections of the client were in use until the call's "
                                       "time was up");
}

std::unique_ptr<BlockingConnection> ConnectionPool::take(const Deadline &until) {
    {
        std::unique_lock lock(mutex_);
        await_free(lock, until);
        --free_;
        if (!idle_.empty()) {
            std::unique_ptr<BlockingConnection> warmest = std::move(idle_.back());
            idle_.pop_back();
            return warmest;
        }
    }
    try {
        return std::make_unique<BlockingConnection>(where_, options_, observer_);
    } catch (...) {
        give_back(nullptr);
        throw;
    }
}

void ConnectionPool::give_back(std::unique_ptr<BlockingConnection> used) noexcept {
    const std::lock_guard lock(mutex_);
    ++free_;
    given_back_.notify_one();
    if (!used)
        return;
    // Whatever forgot a connection, such as a firewall, forgot those that were as long at rest.
    if (const auto since = used->silent_since())
        idle_.erase(std::remove_if(idle_.begin(), idle_.end(),
                                   [&](const std::unique_ptr<BlockingConnection> &one) {
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
