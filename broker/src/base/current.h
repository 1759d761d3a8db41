// A value that is replaced while others use what they have read.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <utility>

namespace webrocket {

// Any thread may use it.
template <typename Value>
class Current {
  public:
    explicit Current(Value value) : value_(std::make_shared<const Value>(std::move(value))) {}

    // Stays what it is for whoever holds it.
    std::shared_ptr<const Value> get() const {
        const std::lock_guard lock(mutex_);
        return value_;
    }
    void set(Value value) {
        auto fresh = std::make_shared<const Value>(std::move(value));
        const std::lock_guard lock(mutex_);
        value_ = std::move(fresh);
        version_.fetch_add(1, std::memory_order_release);
    }

    // For a thread that reads often: it takes the lock only where there is another value.
    class Reader {
      public:
        explicit Reader(const Current &current) : current_(current) {}

        // Stays what it is until the next call.
        const Value &get() { return *shared(); }
        // Likewise, for who keeps it.
        const std::shared_ptr<const Value> &shared() {
            const auto version = current_.version_.load(std::memory_order_acquire);
            if (version != version_) {
                value_ = current_.get();
                version_ = version;
            }
            return value_;
        }

      private:
        const Current &current_;
        std::shared_ptr<const Value> value_;
        std::uint64_t version_ = 0;
    };

  private:
    mutable std::mutex mutex_;
    std::shared_ptr<const Value> value_;
    std::atomic<std::uint64_t> version_ = 1;
};

} // namespace webrocket
