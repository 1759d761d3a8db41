#include "net/held_memory.h"

#include <algorithm>
#include <array>
#include <atomic>

namespace webrocket::held_memory {
namespace {

struct alignas(64) Slot {
    Count bytes = 0;
    std::atomic<bool> is_taken = false;
};

// More than there are threads: the last one is for all that come when none is left, and may then
// be wrong by what two of them count at once.
constexpr std::size_t slots_max = 512;
std::array<Slot, slots_max> slots;
std::atomic<std::size_t> slots_used = 0;

Slot &take_slot() noexcept {
    std::size_t i = 0;
    while (i + 1 < slots.size() && slots[i].is_taken.exchange(true))
        ++i;
    auto used = slots_used.load();
    while (used < i + 1 && !slots_used.compare_exchange_weak(used, i + 1)) {
    }
    return slots[i];
}

// What is in it stays when the thread ends: others have it still, or have given it back.
struct OwnSlot {
    ~OwnSlot() { slot.is_taken.store(false); }

    Slot &slot = take_slot();
};

} // namespace

Count &begin_to_count() noexcept {
    thread_local const OwnSlot own;
    own_count = &own.slot.bytes;
    return *own_count;
}

// What is moved from one thread to the next meanwhile may be missed, or counted twice.
std::uint64_t total() noexcept {
    std::int64_t sum = 0;
    for (std::size_t i = 0; i < slots_used.load(std::memory_order_relaxed); ++i)
        sum += slots[i].bytes.load(std::memory_order_relaxed);
    return static_cast<std::uint64_t>(std::max<std::int64_t>(sum, 0));
}

} // namespace webrocket::held_memory
