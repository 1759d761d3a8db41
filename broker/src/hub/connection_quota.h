// How many connections a vhost has, of those that it may have.
#pragma once

#include <atomic>
#include <boost/smart_ptr/intrusive_ptr.hpp>
#include <boost/smart_ptr/intrusive_ref_counter.hpp>
#include <cstddef>
#include <utility>

namespace webrocket {

// Any thread may use it.
class ConnectionQuota {
    struct Count : boost::intrusive_ref_counter<Count> {
        std::atomic<std::size_t> taken = 0;
    };

  public:
    // Given back when it is gone. Small, since each connection has one, and may outlive its vhost.
    class Slot {
      public:
        Slot() = default;
        Slot(Slot &&other) noexcept = default;
        Slot &operator=(Slot &&other) noexcept {
            if (this == &other)
                return *this;
            give_back();
            count_ = std::move(other.count_);
            return *this;
        }
        ~Slot() { give_back(); }

        explicit operator bool() const { return count_ != nullptr; }
        void give_back() noexcept {
            if (const auto count = std::move(count_))
                count->taken.fetch_sub(1);
        }

      private:
        friend class ConnectionQuota;
        explicit Slot(boost::intrusive_ptr<Count> count) : count_(std::move(count)) {}

        boost::intrusive_ptr<Count> count_; // null when there is nothing to give back
    };

    explicit ConnectionQuota(std::size_t max) : max_(max) {}

    // Those that are taken stay, even if they are more than that.
    void set_max(std::size_t max) { max_ = max; }
    std::size_t taken() const { return count_->taken.load(); }
    // None when all are taken.
    Slot take();

  private:
    std::atomic<std::size_t> max_;
    const boost::intrusive_ptr<Count> count_{new Count};
};

} // namespace webrocket
