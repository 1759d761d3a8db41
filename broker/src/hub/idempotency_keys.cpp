#include "hub/idempotency_keys.h"

#include "base/without_exceptions.h"
#include "net/memory_budget.h"

namespace webrocket {
namespace {

// Of all vhosts together. About as many bytes as one takes, with what the allocator adds.
std::atomic<std::size_t> keys_in_all = 0;
constexpr std::size_t bytes_of_key = 128;
// What they may take of the memory that is held for peers: connections are let go where it is used
// up, and none should be for keys.
constexpr std::size_t part_of_memory = 8;
// As many a vhost may have whatever the others have.
constexpr std::size_t keys_min = 1000;
// That are forgotten for a new one: it takes no longer than some.
constexpr int forgotten_at_once = 4;
constexpr int forgotten_in_turn = 4096;

} // namespace

IdempotencyKeys::~IdempotencyKeys() { keys_in_all -= entries_.size(); }

void IdempotencyKeys::keep_with(const KeyHashing &hashing, KeyKeeper *keeper) {
    hashing_ = hashing;
    keeper_ = keeper;
}

void IdempotencyKeys::restore(const RememberedKey &kept) {
    const auto age = std::chrono::system_clock::now() - kept.taken;
    const std::lock_guard lock(mutex_);
    if (age >= lifetime || age < Clock::duration::zero() || entries_.contains(kept.call))
        return;
    const auto now = Clock::now();
    make_room(now);
    append(insert(kept.call, kept.meaning), now - std::chrono::duration_cast<Clock::duration>(age));
}

IdempotencyKeys::Claim IdempotencyKeys::claim(const KeyedCall &call) {
    const Hash128 name = hash128(hash128(hashing_.calls, call.target), call.key);
    const Hash128 meaning = hash128(hash128(hashing_.meanings, call.event), call.data);
    const auto now = Clock::now();
    std::unique_lock lock(mutex_);
    for (;;) {
        const auto found = entries_.find(name);
        if (found == entries_.end())
            break;
        if (found->second.is_under_way) {
            ++waiting_;
            settled_.wait(lock);
            --waiting_;
            continue;
        }
        if (is_old(found->second, now)) {
            unlink(*found);
            erase(*found);
            break;
        }
        if (found->second.meaning != meaning)
            return {*this, Claim::Kind::other, nullptr};
        repeated_.fetch_add(1, std::memory_order_relaxed);
        return {*this, Claim::Kind::repeated, nullptr};
    }
    make_room(now);
    return {*this, Claim::Kind::first, &insert(name, meaning)};
}

IdempotencyKeys::Claim::~Claim() {
    if (node_ != nullptr)
        keys_.settle(*node_, false);
}

void IdempotencyKeys::Claim::took_effect() {
    if (node_ != nullptr)
        keys_.settle(*std::exchange(node_, nullptr), true);
}

void IdempotencyKeys::settle(Node &node, bool took_effect) {
    const RememberedKey remembered{node.first, node.second.meaning,
                                   std::chrono::system_clock::now()};
    {
        const std::lock_guard lock(mutex_);
        if (took_effect)
            append(node, Clock::now());
        else
            erase(node);
        if (waiting_ > 0)
            settled_.notify_all();
    }
    if (took_effect && keeper_ != nullptr)
        without_exceptions([&] { keeper_->keep(remembered); });
}

void IdempotencyKeys::forget_old() {
    const auto now = Clock::now();
    constexpr int with_the_lock = 64;
    for (int i = 0; i < forgotten_in_turn; i += with_the_lock) {
        const std::lock_guard lock(mutex_);
        for (int j = 0; j < with_the_lock; ++j) {
            if (oldest_ == nullptr || !is_old(oldest_->second, now))
                return;
            Node &node = *oldest_;
            unlink(node);
            erase(node);
        }
    }
}

bool IdempotencyKeys::has_room() const {
    const std::size_t here = entries_.size();
    if (here >= keys_max_.load(std::memory_order_relaxed))
        return false;
    return here < keys_min || keys_in_all.load(std::memory_order_relaxed) <
                                  memory_.limit() / part_of_memory / bytes_of_key;
}

void IdempotencyKeys::make_room(Clock::time_point now) {
    for (int i = 0; i < forgotten_at_once && oldest_ != nullptr; ++i) {
        const bool is_past = is_old(oldest_->second, now);
        if (!is_past && has_room())
            return;
        if (!is_past)
            displaced_.fetch_add(1, std::memory_order_relaxed);
        Node &node = *oldest_;
        unlink(node);
        erase(node);
    }
}

IdempotencyKeys::Node &IdempotencyKeys::insert(const Hash128 &call, const Hash128 &meaning) {
    Node &node = *entries_.emplace(call, Entry()).first;
    node.second.meaning = meaning;
    count_.store(entries_.size(), std::memory_order_relaxed);
    keys_in_all.fetch_add(1, std::memory_order_relaxed);
    return node;
}

void IdempotencyKeys::append(Node &node, Clock::time_point taken) {
    Entry &entry = node.second;
    entry.taken = taken;
    entry.is_under_way = false;
    entry.older = std::exchange(youngest_, &node);
    (entry.older != nullptr ? entry.older->second.younger : oldest_) = &node;
}

void IdempotencyKeys::unlink(Node &node) {
    const Entry &entry = node.second;
    (entry.older != nullptr ? entry.older->second.younger : oldest_) = entry.younger;
    (entry.younger != nullptr ? entry.younger->second.older : youngest_) = entry.older;
}

void IdempotencyKeys::erase(Node &node) {
    entries_.erase(entries_.find(node.first));
    count_.store(entries_.size(), std::memory_order_relaxed);
    keys_in_all.fetch_sub(1, std::memory_order_relaxed);
}

} // namespace webrocket
