// How many bytes the process holds for its peers: what waits for those that do not read, and what
// has come of messages and requests that are not whole yet.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>

namespace webrocket {

// Each thread counts for itself, in what no other one writes. What one of them has taken another
// may give back: only the sum says anything.
namespace held_memory {

// The calling thread's own: what it has taken, without what it has given back. It may be negative.
using Count = std::atomic<std::int64_t>;
inline constinit thread_local Count *own_count = nullptr;
// A thread's first.
Count &begin_to_count() noexcept;
inline Count &count_of_this_thread() noexcept {
    return own_count != nullptr ? *own_count : begin_to_count();
}

inline void change(std::int64_t bytes) noexcept {
    Count &count = count_of_this_thread();
    count.store(count.load(std::memory_order_relaxed) + bytes, std::memory_order_relaxed);
}

// Any thread, all of these.
inline void add(std::size_t bytes) noexcept { change(static_cast<std::int64_t>(bytes)); }
inline void subtract(std::size_t bytes) noexcept { change(-static_cast<std::int64_t>(bytes)); }
inline std::int64_t of_this_thread() noexcept {
    return count_of_this_thread().load(std::memory_order_relaxed);
}
std::uint64_t total() noexcept;

} // namespace held_memory

// What one holder has by now, and gives back when it is gone. `Size` is large enough for it.
template <typename Size = std::size_t>
class HeldBytes {
  public:
    HeldBytes() = default;
    ~HeldBytes() { set(0); }
    HeldBytes(const HeldBytes &) = delete;
    HeldBytes &operator=(const HeldBytes &) = delete;

    std::size_t bytes() const { return bytes_; }
    void set(std::size_t bytes) noexcept {
        if (bytes > bytes_)
            held_memory::add(bytes - bytes_);
        else if (bytes < bytes_)
            held_memory::subtract(bytes_ - bytes);
        bytes_ = static_cast<Size>(bytes);
    }

  private:
    Size bytes_ = 0;
};

// For lists that peers make long.
template <typename T>
struct CountingAllocator {
    using value_type = T;

    CountingAllocator() = default;
    template <typename Other>
    CountingAllocator(const CountingAllocator<Other> &) noexcept {}

    T *allocate(std::size_t count) {
        T *const memory = std::allocator<T>().allocate(count);
        held_memory::add(count * sizeof(T));
        return memory;
    }
    void deallocate(T *memory, std::size_t count) noexcept {
        held_memory::subtract(count * sizeof(T));
        std::allocator<T>().deallocate(memory, count);
    }
    friend bool operator==(const CountingAllocator &, const CountingAllocator &) = default;
};

} // namespace webrocket
