#include "event_log/event_log.h"

#include "event_log/log_record.h"
#include "event_log_reader.h"

#include <atomic>
#include <gtest/gtest.h>
#include <numeric>
#include <set>
#include <thread>

namespace {

using namespace webrocket;
using namespace webrocket::test;

constexpr std::uint64_t block = 65536;

TEST(event_log, gives_back_what_was_appended) {
    LogInMemory log;
    EXPECT_TRUE(log.log->start().is_new);
    EXPECT_TRUE(log.log->start().is_clean);
    EXPECT_EQ(log.append({1}, "one"), 1U);
    EXPECT_EQ(log.append({1, 2}, "two"), 2U);
    const std::vector<std::uint32_t> groups{2};
    const std::vector<LogEntry> more{event_for(groups, "three"), event_for(groups, "four")};
    EXPECT_EQ(log.log->append(more).first, 3U);
    const std::vector<std::uint64_t> wanted{4, 1, 77, 2, 3};
    std::string got;
    EXPECT_EQ(log.log->read(wanted,
                            [&](std::size_t index, const LogEvent &event) {
                                got += std::to_string(index) + std::string(event.record) + " ";
                            }),
              4U);
    EXPECT_EQ(got, "0four 1one 3two 4three ");
}

TEST(event_log, forgets_what_is_settled_by_all_its_groups) {
    LogInMemory log;
    log.append({1, 2}, "one");
    log.append({2}, "two");
    log.settle(1, 1, 2);
    EXPECT_EQ(log.read(1), "one");
    EXPECT_EQ(log.read(2), "two");
    log.settle(2, 1, 1);
    EXPECT_EQ(log.read(1), "");
    EXPECT_EQ(log.log->figures().live_events, 1U);
    log.settle(2, 2, 2);
    EXPECT_EQ(log.log->figures().live_events, 0U);
    EXPECT_EQ(log.log->figures().live_bytes, 0U);
}

// All that an event can have.
void append_full(LogInMemory &log) {
    const std::vector<std::uint32_t> groups{7, 9};
    const std::string record(300, 'r');
    LogEvent event = event_for(groups, record);
    event.topic = "orders/new";
    event.uid = "";
    event.channel = "presence-x";
    event.ref = "page.12";
    event.time_ms = 1234567890123;
    const std::vector<LogEntry> entries{event, LogGap{9, 3, 77, 5, 2, 99},
                                        LogGap{7, 1, 2, std::nullopt, 1, 98}};
    ASSERT_TRUE(log.log->append(entries).is_done);
    log.attempt(9, 1, 3);
}

void expect_full(const Found &found) {
    ASSERT_EQ(found.order, (std::vector<std::uint64_t>{1, 2, 3}));
    const FoundEvent &event = found.events.at(1);
    EXPECT_EQ(event.groups, (std::vector<std::uint32_t>{7, 9}));
    EXPECT_EQ(event.topic, "orders/new");
    EXPECT_EQ(event.sid, "a sid");
    EXPECT_EQ(event.uid, "");
    EXPECT_EQ(event.channel, "presence-x");
    EXPECT_EQ(event.address, "::1");
    EXPECT_EQ(event.ref, "page.12");
    EXPECT_EQ(event.record, std::string(300, 'r'));
    EXPECT_EQ(event.time_ms, 1234567890123);
    EXPECT_EQ(event.attempts, (std::map<std::uint32_t, std::uint32_t>{{9, 3}}));
    EXPECT_EQ(found.references, std::vector<std::string>{"page.12"});
    const LogGap &known = found.gaps.at(2);
    EXPECT_EQ(known.group, 9U);
    EXPECT_EQ(known.from, 3U);
    EXPECT_EQ(known.to, 77U);
    EXPECT_EQ(known.count, 5U);
    EXPECT_EQ(known.reason, 2);
    EXPECT_EQ(known.time_ms, 99);
    EXPECT_EQ(found.gaps.at(3).count, std::nullopt);
}

TEST(event_log, knows_everything_after_a_stop_in_good_order) {
    LogInMemory log;
    const std::string epoch = log.log->epoch();
    append_full(log);
    log.stop_well();
    log.start();
    expect_full(log.found);
    EXPECT_TRUE(log.log->start().is_clean);
    EXPECT_FALSE(log.log->start().is_new);
    EXPECT_EQ(log.log->start().last_sequence, 3U);
    EXPECT_EQ(log.log->epoch(), epoch);
    EXPECT_EQ(epoch.size(), 8U);
    EXPECT_EQ(log.append({1}, "next"), 4U);
}

TEST(event_log, knows_everything_after_it_was_killed) {
    LogInMemory log;
    const std::string epoch = log.log->epoch();
    append_full(log);
    log.kill();
    expect_full(log.found);
    EXPECT_FALSE(log.log->start().is_clean);
    EXPECT_FALSE(log.log->start().has_machine_started);
    EXPECT_TRUE(log.log->start().damage.empty());
    EXPECT_EQ(log.log->epoch(), epoch);
    const std::uint64_t next = log.append({1}, "next");
    EXPECT_EQ(next % block, 1U) << "in the next block";
    EXPECT_EQ(log.log->start().reserved, next - 1);
}

TEST(event_log, tells_a_start_of_the_machine_from_one_of_the_process) {
    LogInMemory log;
    log.append({1}, "one");
    ASSERT_TRUE(log.wait_synced());
    log.cut_power();
    EXPECT_EQ(log.found.events.size(), 1U);
    EXPECT_TRUE(log.log->start().has_machine_started);
    log.stop_well();
    log.files->boot = "another";
    log.start();
    EXPECT_FALSE(log.log->start().has_machine_started) << "nothing was missing when it stopped";
}

TEST(event_log, never_gives_a_sequence_twice) {
    LogInMemory log;
    std::uint64_t highest = 0;
    for (int round = 0; round < 12; ++round) {
        for (int i = 0; i < 5; ++i) {
            const std::uint64_t sequence = log.append({1}, "x");
            ASSERT_GT(sequence, highest);
            highest = sequence;
        }
        const std::uint64_t taken = log.log->take_sequences(3);
        ASSERT_GT(taken, highest);
        highest = taken + 2;
        if (round % 3 == 0)
            log.kill();
        else if (round % 3 == 1)
            log.cut_power();
        else
            log.go_on_with((log.stop_well(), log.files->after_kill()));
    }
}

TEST(event_log, reserves_further_blocks) {
    LogInMemory log;
    const std::vector<std::uint32_t> groups{1};
    const std::vector<LogEntry> many(1000, event_for(groups, ""));
    for (std::uint64_t first = 1; first < 3 * block; first += 1000) {
        ASSERT_EQ(log.log->append(many).first, first);
        log.settle(1, first, first + 999);
    }
    const std::uint64_t last = log.append({1}, "last");
    log.kill();
    EXPECT_GT(log.append({1}, "next"), last);
    EXPECT_EQ(log.log->take_sequences(10 * block), 0U) << "more than is reserved";
}

TEST(event_log, has_no_bound_for_an_events_groups) {
    LogInMemory log;
    std::vector<std::uint32_t> groups(100);
    std::iota(groups.begin(), groups.end(), 1);
    EXPECT_EQ(log.append(groups, "for many"), 1U);
    EXPECT_EQ(log.append({1}, "for one"), 2U);
    for (std::uint32_t group = 1; group <= 100; group += 2)
        log.settle(group, 1, 1);
    log.kill();
    ASSERT_EQ(log.found.events.size(), 2U);
    EXPECT_EQ(log.found.events.at(1).groups.size(), 50U);
    for (const std::uint32_t group : log.found.events.at(1).groups)
        EXPECT_EQ(group % 2, 0U);
    for (std::uint32_t group = 2; group <= 100; group += 2) {
        EXPECT_EQ(log.read(1), "for many");
        log.settle(group, 1, 1);
    }
    EXPECT_EQ(log.read(1), "");
}

TEST(event_log, forgets_a_group_that_is_removed) {
    LogInMemory log;
    log.append({1, 2}, "both");
    log.append({1}, "one");
    log.log->remove_group(1);
    log.append({1, 2}, "late");
    EXPECT_EQ(log.append({1}, "too late"), 4U);
    EXPECT_EQ(log.read(2), "");
    EXPECT_EQ(log.log->figures().live_events, 2U);
    log.kill();
    ASSERT_EQ(log.found.events.size(), 2U);
    EXPECT_EQ(log.found.events.at(1).groups, std::vector<std::uint32_t>{2});
    EXPECT_EQ(log.found.events.at(3).groups, std::vector<std::uint32_t>{2});
}

TEST(event_log, takes_an_event_back_under_its_sequence) {
    LogInMemory log;
    log.append({1, 2}, "dead");
    log.append({1}, "another");
    log.settle(1, 1, 1);
    const std::vector<std::uint32_t> groups{1};
    LogEvent again = event_for(groups, "dead");
    again.sequence = 1;
    const LogEntry entry = again;
    EXPECT_TRUE(log.log->append({&entry, 1}).is_done);
    log.attempt(1, 1, 4);
    EXPECT_EQ(log.append({1}, "next"), 3U);
    log.settle(2, 1, 1);
    EXPECT_EQ(log.read(1), "dead");
    log.kill();
    EXPECT_EQ(log.found.order, (std::vector<std::uint64_t>{1, 2, 3}));
    EXPECT_EQ(log.found.events.at(1).groups, groups);
    EXPECT_EQ(log.found.events.at(1).attempts.at(1), 4U);
    log.settle(1, 1, 1);
    EXPECT_EQ(log.read(1), "");
    log.kill();
    EXPECT_EQ(log.found.order, (std::vector<std::uint64_t>{2, 3}));
}

LogKey key_of(std::uint8_t first, std::int64_t time_ms, std::string_view answer) {
    LogKey key{};
    key.key[0] = first;
    key.time_ms = time_ms;
    key.status = 202;
    key.answer = answer;
    return key;
}

TEST(event_log, remembers_keys_for_their_time) {
    std::int64_t now = 1000000;
    LogOptions options = LogInMemory::small();
    options.now = [&] { return now; };
    options.key_window = std::chrono::seconds(10);
    LogInMemory log(std::make_unique<MemoryLogFiles>(), options);
    const std::vector<std::uint32_t> groups{1};
    LogEvent event = event_for(groups, "with a key");
    event.key = key_of(1, now, "");
    const std::vector<LogEntry> entries{event, key_of(2, now - 5000, "{}")};
    EXPECT_TRUE(log.log->append(entries).is_done);
    log.settle(1, 1, 1);
    log.kill();
    EXPECT_EQ(log.found.keys, (std::vector<std::pair<int, std::string>>{{1, ""}, {2, "{}"}}));
    now += 6000;
    log.kill();
    EXPECT_EQ(log.found.keys, (std::vector<std::pair<int, std::string>>{{1, ""}}));
    EXPECT_TRUE(log.found.events.empty());
    now += 6000;
    log.kill();
    EXPECT_TRUE(log.found.keys.empty());
}

TEST(event_log, full_waits_until_it_is_on_the_disk) {
    LogOptions options = LogInMemory::small();
    options.durability = Durability::full;
    options.sync_delay = std::chrono::hours(1);
    LogInMemory log(std::make_unique<MemoryLogFiles>(), options);
    for (int i = 0; i < 200; ++i) {
        log.append({1}, std::string(100, 'x'));
        if (i % 20 == 0) {
            ASSERT_TRUE(log.wait_synced());
            const auto left = log.files->after_power_cut();
            LogOptions other = options;
            other.files = left.get();
            Found found;
            EventLog after("/nowhere", other, found);
            EXPECT_GE(found.events.size(), static_cast<std::size_t>(i) + 1);
        }
    }
    EXPECT_GT(log.log->figures().syncs, 0U);
}

TEST(event_log, batch_syncs_after_its_delay) {
    LogInMemory log;
    log.append({1}, "x");
    EXPECT_TRUE(log.wait_synced());
    EXPECT_TRUE(log.wait_synced()) << "already";
    log.cut_power();
    EXPECT_EQ(log.found.events.size(), 1U);
}

// SEQs of the events in a file, in their order.
std::vector<std::uint64_t> sequences_in(const MemoryLogFiles &files, const std::string &name) {
    std::vector<std::uint64_t> sequences;
    const std::string bytes = files.get(name);
    const auto head = read_segment_head(bytes);
    std::uint64_t at = SegmentHead::size;
    while (const std::size_t size =
               record_size(std::string_view(bytes).substr(at), head->number, at)) {
        const auto record = read_head(std::string_view(bytes).substr(at, size));
        if (record->kind == RecordKind::event && !record->is_again)
            sequences.push_back(record->sequence);
        at += size;
    }
    return sequences;
}

TEST(event_log, threads_append_in_one_order) {
    LogOptions options = LogInMemory::small();
    options.segment_bytes = 1 << 16;
    LogInMemory log(std::make_unique<MemoryLogFiles>(), options);
    std::vector<std::thread> threads;
    std::atomic<bool> is_wrong = false;
    for (std::uint32_t group = 1; group <= 4; ++group)
        threads.emplace_back([&, group] {
            const std::vector<std::uint32_t> groups{group};
            std::uint64_t before = 0;
            for (int i = 0; i < 500; ++i) {
                const std::string record = std::to_string(group) + ":" + std::to_string(i);
                const std::vector<LogEntry> two{event_for(groups, record),
                                                event_for(groups, record)};
                const LogAppended appended = log.log->append(two);
                is_wrong = is_wrong || !appended.is_done || appended.first <= before;
                before = appended.first;
                std::string read;
                log.log->read({&before, 1},
                              [&](std::size_t, const LogEvent &event) { read = event.record; });
                is_wrong = is_wrong || read != record;
            }
        });
    for (std::thread &thread : threads)
        thread.join();
    EXPECT_FALSE(is_wrong);
    std::vector<std::uint64_t> all;
    for (const std::string &name : log.files->segments())
        for (const std::uint64_t sequence : sequences_in(*log.files, name))
            all.push_back(sequence);
    ASSERT_EQ(all.size(), 4000U);
    for (std::size_t i = 0; i < all.size(); ++i)
        ASSERT_EQ(all[i], i + 1);
}

} // namespace
