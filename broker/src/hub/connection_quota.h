// How many connections a vhost has, of those that it may have.
#pragma once

#include <atomic>
#include <cstddef>
#include <memory>

namespace webrocket {

// Any thread may use it.
class ConnectionQuota {
  public:
    using Slot = std::shared_ptr<const void>; // given back with the last copy

    explicit ConnectionQuota(std::size_t max) : max_(max) {}

    // Those that are taken stay, even if they are more than that.
    void set_max(std::size_t max) { max_ = max; }
    std::size_t taken() const { return taken_->load(); }
    // Null when all are taken.
    Slot take();

  private:
    std::atomic<std::size_t> max_;
    // A connection may outlive its vhost.
    const std::shared_ptr<std::atomic<std::size_t>> taken_ =
        std::make_shared<std::atomic<std::size_t>>(0);
};

} // namespace webrocket
