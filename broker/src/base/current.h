// A value that is replaced while others use what they have read.
#pragma once

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
    }

  private:
    mutable std::mutex mutex_;
    std::shared_ptr<const Value> value_;
};

} // namespace webrocket
