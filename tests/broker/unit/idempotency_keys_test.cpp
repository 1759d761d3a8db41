#include "hub/idempotency_keys.h"

#include "net/event_loops.h"

#include <atomic>
#include <chrono>
#include <gtest/gtest.h>
#include <string>
#include <thread>
#include <vector>

namespace {

using namespace webrocket;
using Kind = IdempotencyKeys::Claim::Kind;

KeyedCall call(std::string_view key, std::string_view data = "{}") {
    return {"news", key, "hello", data};
}

class idempotency_keys : public testing::Test {
  protected:
    Kind carry_out(const KeyedCall &what) {
        auto claim = keys.claim(what);
        claim.took_effect();
        return claim.kind();
    }

    EventLoops loops{1};
    IdempotencyKeys keys{{}, loops.memory()};
};

TEST_F(idempotency_keys, a_call_takes_effect_once) {
    EXPECT_EQ(carry_out(call("k")), Kind::first);
    EXPECT_EQ(carry_out(call("k")), Kind::repeated);
    EXPECT_EQ(carry_out(call("k")), Kind::repeated);
    EXPECT_EQ(carry_out(call("other")), Kind::first);
    EXPECT_EQ(keys.repeated(), 2U);
    EXPECT_EQ(keys.count(), 2U);
}

TEST_F(idempotency_keys, a_key_is_its_target_s) {
    EXPECT_EQ(carry_out({"a", "bc", "hello", "{}"}), Kind::first);
    EXPECT_EQ(carry_out({"ab", "c", "hello", "{}"}), Kind::first);
    EXPECT_EQ(carry_out({"b", "bc", "hello", "{}"}), Kind::first);
}

TEST_F(idempotency_keys, one_that_means_something_else_is_told) {
    EXPECT_EQ(carry_out(call("k", R"({"n":1})")), Kind::first);
    EXPECT_EQ(carry_out(call("k", R"({"n":2})")), Kind::other);
    EXPECT_EQ(carry_out({"news", "k", "bye", R"({"n":1})"}), Kind::other);
    EXPECT_EQ(carry_out(call("k", R"({"n":1})")), Kind::repeated);
    EXPECT_EQ(keys.repeated(), 1U);
}

TEST_F(idempotency_keys, what_had_no_effect_leaves_the_key_unused) {
    { const auto claim = keys.claim(call("k")); }
    EXPECT_EQ(keys.count(), 0U);
    EXPECT_EQ(carry_out(call("k", R"({"n":2})")), Kind::first);
}

TEST_F(idempotency_keys, while_one_is_carried_out_the_next_waits) {
    std::atomic<bool> is_answered = false;
    std::atomic<bool> has_begun = false;
    Kind answer = Kind::first;
    std::thread second;
    {
        auto first = keys.claim(call("k"));
        second = std::thread([&] {
            has_begun = true;
            answer = keys.claim(call("k")).kind();
            is_answered = true;
        });
        while (!has_begun)
            std::this_thread::yield();
        EXPECT_FALSE(is_answered);
        first.took_effect();
    }
    second.join();
    EXPECT_EQ(answer, Kind::repeated);
}

TEST_F(idempotency_keys, one_of_those_that_wait_goes_on_where_the_first_had_no_effect) {
    constexpr int many = 8;
    std::atomic<int> effects = 0;
    for (int round = 0; round < 100; ++round) {
        std::vector<std::thread> threads;
        const std::string key = std::to_string(round);
        for (int i = 0; i < many; ++i)
            threads.emplace_back([&, i] {
                auto claim = keys.claim(call(key));
                // The first half fails.
                if (claim.kind() == Kind::first && (i >= many / 2)) {
                    ++effects;
                    claim.took_effect();
                }
            });
        for (auto &thread : threads)
            thread.join();
        ASSERT_EQ(effects, round + 1);
    }
}

TEST_F(idempotency_keys, the_oldest_give_way_and_are_counted) {
    keys.set_limits({3});
    for (const char *key : {"a", "b", "c", "d"})
        EXPECT_EQ(carry_out(call(key)), Kind::first);
    EXPECT_EQ(keys.count(), 3U);
    EXPECT_EQ(keys.displaced(), 1U);
    EXPECT_EQ(carry_out(call("d")), Kind::repeated);
    EXPECT_EQ(carry_out(call("b")), Kind::repeated);
    EXPECT_EQ(carry_out(call("a")), Kind::first);
}

TEST_F(idempotency_keys, where_memory_is_short_a_vhost_keeps_a_thousand) {
    loops.memory().set_limit(0);
    for (int i = 0; i < 3000; ++i)
        EXPECT_EQ(carry_out(call(std::to_string(i))), Kind::first);
    EXPECT_EQ(keys.count(), 1000U);
    EXPECT_EQ(carry_out(call("2999")), Kind::repeated);
    EXPECT_EQ(carry_out(call("0")), Kind::first);
}

TEST_F(idempotency_keys, are_held_memory) {
    const auto before = held_memory::total();
    {
        IdempotencyKeys others({}, loops.memory());
        for (int i = 0; i < 1000; ++i)
            others.claim(call(std::to_string(i))).took_effect();
        EXPECT_GT(held_memory::total(), before + 1000 * sizeof(Hash128) * 2);
    }
    EXPECT_EQ(held_memory::total(), before);
}

// What is remembered outlives the process where somebody keeps it.
class Shelf final : public KeyKeeper {
  public:
    void keep(const RememberedKey &key) override { kept.push_back(key); }

    std::vector<RememberedKey> kept;
};

TEST_F(idempotency_keys, what_is_kept_is_known_after_a_restart) {
    Shelf shelf;
    const KeyHashing hashing;
    keys.keep_with(hashing, &shelf);
    EXPECT_EQ(carry_out(call("k")), Kind::first);
    EXPECT_EQ(carry_out(call("k")), Kind::repeated);
    { const auto failed = keys.claim(call("failed")); }
    ASSERT_EQ(shelf.kept.size(), 1U);

    IdempotencyKeys later({}, loops.memory());
    later.keep_with(hashing, nullptr);
    later.restore(shelf.kept.front());
    EXPECT_EQ(later.claim(call("k")).kind(), Kind::repeated);
    EXPECT_EQ(later.claim(call("k", R"({"n":1})")).kind(), Kind::other);
}

TEST_F(idempotency_keys, are_forgotten_after_five_minutes) {
    Shelf shelf;
    const KeyHashing hashing;
    keys.keep_with(hashing, &shelf);
    for (const char *key : {"old", "young"})
        carry_out(call(key));
    using namespace std::chrono_literals;
    shelf.kept[0].taken -= 5min - 1s;
    shelf.kept[1].taken -= 1min;

    IdempotencyKeys later({}, loops.memory());
    later.keep_with(hashing, nullptr);
    for (const auto &kept : shelf.kept)
        later.restore(kept);
    EXPECT_EQ(later.count(), 2U);
    const auto end = std::chrono::steady_clock::now() + 20s;
    while (later.count() == 2 && std::chrono::steady_clock::now() < end) {
        later.forget_old();
        std::this_thread::sleep_for(1ms);
    }
    EXPECT_EQ(later.claim(call("young")).kind(), Kind::repeated);
    EXPECT_EQ(later.claim(call("old")).kind(), Kind::first);
    shelf.kept[0].taken -= 1min;
    IdempotencyKeys latest({}, loops.memory());
    latest.restore(shelf.kept[0]);
    EXPECT_EQ(latest.count(), 0U);
    EXPECT_EQ(latest.displaced(), 0U);
}

// Found again when it is past, and not the first in the line.
TEST_F(idempotency_keys, one_that_is_past_is_used_anew) {
    Shelf shelf;
    const KeyHashing hashing;
    keys.keep_with(hashing, &shelf);
    for (int i = 0; i < 20; ++i)
        carry_out(call(std::to_string(i)));
    using namespace std::chrono_literals;
    IdempotencyKeys later({}, loops.memory());
    later.keep_with(hashing, nullptr);
    for (auto &kept : shelf.kept) {
        kept.taken -= 5min - 1s;
        later.restore(kept);
    }
    const auto end = std::chrono::steady_clock::now() + 20s;
    Kind kind = Kind::repeated;
    while (kind == Kind::repeated && std::chrono::steady_clock::now() < end) {
        kind = later.claim(call("19", R"({"n":1})")).kind();
        if (kind == Kind::other)
            kind = Kind::repeated;
    }
    EXPECT_EQ(kind, Kind::first);
    for (int i = 0; i < 20; ++i) {
        auto claim = later.claim(call(std::to_string(i)));
        EXPECT_EQ(claim.kind(), Kind::first);
        claim.took_effect();
    }
    EXPECT_EQ(later.count(), 20U);
}

} // namespace
