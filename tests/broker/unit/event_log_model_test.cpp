// Anything at random, beside a model that keeps everything in a map: after every start the log has
// what the model has.
#include "event_log/event_log.h"

#include "event_log_reader.h"

#include <algorithm>
#include <cerrno>
#include <gtest/gtest.h>
#include <map>
#include <random>
#include <set>
#include <string>

namespace {

using namespace webrocket;
using namespace webrocket::test;

struct Waiting {
    std::string record;
    std::set<std::uint32_t> groups;
    std::map<std::uint32_t, std::uint32_t> attempts;
};

class World {
  public:
    explicit World(unsigned seed)
        : random_(seed), log_(std::make_unique<MemoryLogFiles>(), options(seed)) {}

    void live(int steps) {
        for (int step = 0; step < steps && !testing::Test::HasFailure(); ++step)
            act();
        restart();
    }

  private:
    static LogOptions options(unsigned seed) {
        LogOptions options = LogInMemory::small();
        options.segment_bytes = 2048;
        options.slack_bytes = seed % 3 == 0 ? 1024 : 16384;
        options.durability = seed % 2 == 0 ? Durability::batch : Durability::full;
        return options;
    }

    std::uint32_t pick(std::uint32_t count) {
        return std::uniform_int_distribution<std::uint32_t>(0, count - 1)(random_);
    }
    std::uint64_t some_sequence() {
        if (events_.empty())
            return 1;
        auto place = events_.begin();
        std::advance(place, pick(static_cast<std::uint32_t>(events_.size())));
        return place->first;
    }

    void act() {
        const std::uint32_t what = pick(100);
        if (what < 45)
            append();
        else if (what < 80)
            settle();
        else if (what < 90)
            attempt();
        else if (what < 93)
            read();
        else if (what < 94)
            requeue();
        else if (what < 98)
            fail_and_recover();
        else if (what < 99 && !is_removed_)
            remove_group();
        else
            restart();
    }

    void append() {
        std::vector<std::uint32_t> groups;
        for (std::uint32_t group = 1; group <= 40; group += 1 + pick(20))
            groups.push_back(group);
        const std::string record(pick(300), static_cast<char>('a' + pick(26)));
        const std::uint64_t sequence = log_.append(groups, record);
        if (sequence == 0) {
            ASSERT_TRUE(may_fail_);
            return;
        }
        ASSERT_GT(sequence, highest_);
        highest_ = sequence;
        Waiting &waiting = events_[sequence];
        waiting.record = record;
        for (const std::uint32_t group : groups)
            if (!is_removed_ || group != removed_)
                waiting.groups.insert(group);
        forget(sequence);
    }

    void settle() {
        const std::uint32_t group = 1 + pick(40);
        const std::uint64_t first = some_sequence();
        const std::uint64_t last = first + pick(20);
        ASSERT_TRUE(log_.settle(group, first, last));
        for (std::uint64_t sequence = first; sequence <= last; ++sequence)
            settled(group, sequence);
    }

    void settled(std::uint32_t group, std::uint64_t sequence) {
        const auto found = events_.find(sequence);
        if (found == events_.end())
            return;
        found->second.groups.erase(group);
        found->second.attempts.erase(group);
        forget(sequence);
    }
    void forget(std::uint64_t sequence) {
        if (events_.at(sequence).groups.empty())
            events_.erase(sequence);
    }

    void attempt() {
        const std::uint64_t sequence = some_sequence();
        const std::uint32_t number = 2 + pick(4);
        const auto found = events_.find(sequence);
        const std::uint32_t group =
            found == events_.end() ? 1 + pick(40) : *found->second.groups.begin();
        ASSERT_TRUE(log_.attempt(group, sequence, number));
        if (found != events_.end())
            found->second.attempts[group] = number;
    }

    void read() {
        const std::uint64_t sequence = some_sequence();
        const auto found = events_.find(sequence);
        ASSERT_EQ(log_.read(sequence), found == events_.end() ? "" : found->second.record);
    }

    // A group that has settled an event gets it again.
    void requeue() {
        const std::uint64_t sequence = some_sequence();
        const auto found = events_.find(sequence);
        if (found == events_.end() || log_.log->is_failing())
            return;
        const std::vector<std::uint32_t> groups{50};
        LogEvent event = event_for(groups, found->second.record);
        event.sequence = sequence;
        const LogEntry entry = event;
        if (log_.log->append({&entry, 1}).is_done) {
            found->second.groups.insert(50);
            found->second.attempts.erase(50);
            ASSERT_TRUE(log_.attempt(50, sequence, 9));
            found->second.attempts[50] = 9;
        }
    }

    void fail_and_recover() {
        may_fail_ = true;
        if (pick(2) == 0)
            log_.files->sync_error = EIO;
        else
            log_.files->write_error = EIO;
        for (int i = 0; i < 10; ++i) {
            append();
            settle();
            attempt();
        }
        log_.files->sync_error = 0;
        log_.files->write_error = 0;
        ASSERT_TRUE(comes_true([&] { return !log_.log->is_failing(); }));
        may_fail_ = false;
        // A sync that failed may be known only now.
        if (log_.append({60}, "the end of it") == 0) {
            ASSERT_TRUE(comes_true([&] { return !log_.log->is_failing(); }));
            ASSERT_NE(log_.append({60}, "the end of it"), 0U);
        }
        log_.settle(60, 0, ~std::uint64_t{0});
        log_.wait_synced();
        ASSERT_TRUE(comes_true([&] { return !log_.log->is_failing(); }));
    }

    void remove_group() {
        is_removed_ = true;
        removed_ = 1 + pick(40);
        log_.log->remove_group(removed_);
        std::vector<std::uint64_t> sequences;
        for (const auto &[sequence, waiting] : events_)
            sequences.push_back(sequence);
        for (const std::uint64_t sequence : sequences)
            settled(removed_, sequence);
    }

    void restart() {
        const std::uint32_t how = pick(3);
        if (how == 0) {
            log_.stop_well();
            log_.start();
            ASSERT_TRUE(log_.log->start().is_clean);
        } else if (how == 1) {
            log_.kill();
        } else {
            log_.append({1}, "synced with all that is before it");
            log_.settle(1, highest_ + 1, ~std::uint64_t{0});
            ASSERT_TRUE(log_.wait_synced());
            log_.cut_power();
        }
        if (is_removed_) // a number that nobody knows
            log_.log->remove_group(removed_);
        ASSERT_TRUE(log_.log->start().damage.empty());
        compare();
    }

    void compare() {
        for (const auto &[sequence, waiting] : events_) {
            const auto found = log_.found.events.find(sequence);
            ASSERT_NE(found, log_.found.events.end()) << sequence;
            const FoundEvent &event = found->second;
            std::set<std::uint32_t> groups(event.groups.begin(), event.groups.end());
            groups.erase(removed_); // what was appended for it later may name it
            ASSERT_EQ(groups, waiting.groups) << sequence;
            ASSERT_EQ(event.record, waiting.record);
            ASSERT_EQ(event.attempts, waiting.attempts) << sequence;
        }
        for (const auto &[sequence, event] : log_.found.events)
            ASSERT_TRUE(events_.contains(sequence) ||
                        event.groups == std::vector<std::uint32_t>{removed_})
                << sequence;
        ASSERT_TRUE(std::is_sorted(log_.found.order.begin(), log_.found.order.end()));
    }

    std::mt19937 random_;
    LogInMemory log_;
    std::map<std::uint64_t, Waiting> events_;
    std::uint64_t highest_ = 0;
    bool may_fail_ = false;
    bool is_removed_ = false;
    std::uint32_t removed_ = 0;
};

TEST(event_log_model, has_what_the_model_has) {
    for (unsigned seed = 1; seed <= 60 && !HasFailure(); ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        World(seed).live(800);
    }
}

} // namespace
