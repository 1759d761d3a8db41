#include "http/connection_pool.hpp"

namespace kn {

std::unique_ptr<connection> connection_pool::take() {
    {
        const std::lock_guard lock(mutex_);
        if (!idle_.empty()) {
            std::unique_ptr<connection> warmest = std::move(idle_.back());
            idle_.pop_back();
            return warmest;
        }
    }
    return std::make_unique<connection>(where_, options_);
}

void connection_pool::give_back(std::unique_ptr<connection> idle) noexcept {
    try {
        const std::lock_guard lock(mutex_);
        idle_.push_back(std::move(idle));
    } catch (const std::bad_alloc &) { // NOLINT(bugprone-empty-catch): it is closed, no more
    }
}

} // namespace kn
