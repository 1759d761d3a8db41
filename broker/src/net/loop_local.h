// What those above a loop keep on it, because only one of them runs at a time.
#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <vector>

namespace webrocket {

// One of each type, made when it is first asked for. For the loop's own thread.
class LoopLocals {
  public:
    template <typename T>
    T &get() {
        const std::size_t index = index_of<T>();
        if (index >= slots_.size())
            slots_.resize(index + 1);
        auto &slot = slots_[index];
        if (slot == nullptr)
            slot = std::make_shared<T>();
        return *static_cast<T *>(slot.get());
    }

  private:
    template <typename T>
    static std::size_t index_of() {
        static const std::size_t index = next_index_++;
        return index;
    }

    static inline std::atomic<std::size_t> next_index_ = 0;
    std::vector<std::shared_ptr<void>> slots_;
};

} // namespace webrocket
