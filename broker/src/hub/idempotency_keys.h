// Which calls of a vhost's backends have had their effect, by the keys that the callers gave them:
// one that is made again has none.
#pragma once

#include "base/hash128.h"
#include "net/held_memory.h"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace webrocket {

class MemoryBudget;

struct KeyLimits {
    std::size_t keys_max = 100000;
};

// A call that a key was given to. What it is to do tells another call with the same key from a
// repetition.
struct KeyedCall {
    std::string_view target; // the channel
    std::string_view key;
    std::string_view event;
    std::string_view data; // JSON, as it was written
};

// What is left of such a call when it has taken effect.
struct RememberedKey {
    Hash128 call;    // of the target and the key
    Hash128 meaning; // of the event and the data
    std::chrono::system_clock::time_point taken;
};

// Under which keys hash: the same after a restart, or what was remembered before is never found.
struct KeyHashing {
    Hash128 calls = random_key128();
    Hash128 meanings = random_key128();
};

// Who is told of each key that is remembered, before the call is answered, so that it outlives the
// process. Any thread; no lock is held.
class KeyKeeper {
  public:
    KeyKeeper() = default;
    virtual ~KeyKeeper() = default;
    KeyKeeper(const KeyKeeper &) = delete;
    KeyKeeper &operator=(const KeyKeeper &) = delete;

    virtual void keep(const RememberedKey &key) = 0;
};

// Any thread may use it, but for what says otherwise.
class IdempotencyKeys {
  private:
    struct Entry;
    using Node = std::pair<const Hash128, Entry>;

  public:
    static constexpr std::chrono::minutes lifetime{5};

    // A call that has come. As long as it is there, others with its key wait for what becomes of
    // it.
    class Claim {
      public:
        enum class Kind {
            first,    // it is to be carried out
            repeated, // one like it has taken effect
            other     // one that meant something else has
        };

        Claim(Claim &&other) noexcept
            : keys_(other.keys_), node_(std::exchange(other.node_, nullptr)), kind_(other.kind_) {}
        // The key stays unused, unless the call took effect.
        ~Claim();
        Claim(const Claim &) = delete;
        Claim &operator=(const Claim &) = delete;
        Claim &operator=(Claim &&) = delete;

        Kind kind() const { return kind_; }
        // Needs no memory.
        void took_effect();

      private:
        friend class IdempotencyKeys;
        Claim(IdempotencyKeys &keys, Kind kind, Node *node)
            : keys_(keys), node_(node), kind_(kind) {}

        IdempotencyKeys &keys_;
        Node *node_; // of the first
        Kind kind_;
    };

    // What all of them hold together is a part of `memory`, which outlives it.
    IdempotencyKeys(const KeyLimits &limits, const MemoryBudget &memory)
        : keys_max_(limits.keys_max), memory_(memory) {}
    ~IdempotencyKeys();
    IdempotencyKeys(const IdempotencyKeys &) = delete;
    IdempotencyKeys &operator=(const IdempotencyKeys &) = delete;

    // For what is remembered from now on.
    void set_limits(const KeyLimits &limits) { keys_max_ = limits.keys_max; }
    // Before the first call. The keeper outlives it.
    void keep_with(const KeyHashing &hashing, KeyKeeper *keeper);
    // What was kept, the oldest first, before the first call.
    void restore(const RememberedKey &kept);

    // Waits where a call with the same key is being carried out, on another thread: whoever has a
    // claim must make no other, and wait for nothing.
    Claim claim(const KeyedCall &call);
    // Of those that nobody asks for any more, a few thousand at most.
    void forget_old();

    std::size_t count() const { return count_.load(std::memory_order_relaxed); }
    // Calls that had no effect, since they had had it.
    std::uint64_t repeated() const { return repeated_.load(std::memory_order_relaxed); }
    // Keys that were forgotten before their time, since there were too many.
    std::uint64_t displaced() const { return displaced_.load(std::memory_order_relaxed); }

  private:
    using Clock = std::chrono::steady_clock;
    // From the oldest to the youngest; those that are being carried out are not in the line.
    struct Entry {
        Hash128 meaning;
        Clock::time_point taken;
        bool is_under_way = true;
        Node *older = nullptr;
        Node *younger = nullptr;
    };
    struct Spread {
        std::size_t operator()(const Hash128 &hash) const noexcept { return hash.low; }
    };

    bool is_old(const Entry &entry, Clock::time_point now) const {
        return now - entry.taken >= lifetime;
    }
    bool has_room() const;
    void make_room(Clock::time_point now);
    Node &insert(const Hash128 &call, const Hash128 &meaning);
    void append(Node &node, Clock::time_point taken);
    void unlink(Node &node);
    void erase(Node &node);
    void settle(Node &node, bool took_effect);

    std::atomic<std::size_t> keys_max_;
    const MemoryBudget &memory_;
    KeyHashing hashing_;
    KeyKeeper *keeper_ = nullptr;
    std::atomic<std::size_t> count_ = 0;
    std::atomic<std::uint64_t> repeated_ = 0;
    std::atomic<std::uint64_t> displaced_ = 0;

    std::mutex mutex_; // guards what follows
    std::condition_variable settled_;
    std::size_t waiting_ = 0;
    std::unordered_map<Hash128, Entry, Spread, std::equal_to<>, CountingAllocator<Node>> entries_;
    Node *oldest_ = nullptr;
    Node *youngest_ = nullptr;
};

} // namespace webrocket
