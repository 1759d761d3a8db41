// The event log on a disk that is full or fails.
#include "event_log/event_log.h"

#include "event_log_reader.h"

#include <cerrno>
#include <future>
#include <gtest/gtest.h>
#include <string>
#include <thread>

namespace {

using namespace webrocket;
using namespace webrocket::test;

TEST(event_log_failure, of_a_write_refuses_events_and_takes_what_is_settled) {
    LogInMemory log;
    EXPECT_EQ(log.append({1}, "one"), 1U);
    EXPECT_EQ(log.append({1}, "two"), 2U);
    log.files->write_error = EIO;
    EXPECT_EQ(log.append({1}, "refused"), 0U);
    EXPECT_TRUE(log.log->is_failing());
    EXPECT_NE(log.log->failure().find("Input/output error"), std::string::npos)
        << log.log->failure();
    EXPECT_EQ(log.append({1}, "refused"), 0U);
    EXPECT_TRUE(log.settle(1, 1, 1));
    EXPECT_EQ(log.read(1), "");
    EXPECT_EQ(log.read(2), "two") << "read as before";
    EXPECT_GT(log.log->figures().unwritten_bytes, 0U);
    EXPECT_GT(log.log->figures().failures, 0U);

    log.files->write_error = 0;
    ASSERT_TRUE(comes_true([&] { return !log.log->is_failing(); }));
    EXPECT_EQ(log.log->failure(), "");
    EXPECT_EQ(log.log->figures().unwritten_bytes, 0U);
    const std::uint64_t next = log.append({1}, "next");
    EXPECT_GT(next, 2U);
    log.kill();
    EXPECT_EQ(log.found.order, (std::vector<std::uint64_t>{2, next}));
}

TEST(event_log_failure, what_was_refused_is_not_found_afterwards) {
    for (const std::size_t written : {0U, 1U, 40U, 150U}) {
        LogInMemory log;
        log.append({1}, "one");
        log.files->write_max = written;
        log.files->writes_before_error = written == 0 ? 0 : 1;
        log.files->write_error = ENOSPC;
        log.files->free = 0;
        const std::vector<std::uint32_t> groups{1};
        const std::string text(100, 'x');
        const std::vector<LogEntry> two{event_for(groups, text), event_for(groups, text)};
        EXPECT_FALSE(log.log->append(two).is_done);
        log.kill();
        EXPECT_EQ(log.found.order, std::vector<std::uint64_t>{1});
        EXPECT_GT(log.append({1}, "next"), 3U);
    }
}

TEST(event_log_failure, short_writes_are_no_failure) {
    LogInMemory log;
    log.files->write_max = 7;
    for (int i = 0; i < 50; ++i)
        EXPECT_GT(log.append({1}, "some text"), 0U);
    EXPECT_TRUE(log.settle(1, 1, 10));
    log.kill();
    EXPECT_EQ(log.found.events.size(), 40U);
}

TEST(event_log_failure, a_full_disk_ends_when_enough_is_free) {
    LogInMemory log;
    log.append({1}, "one");
    log.files->write_error = ENOSPC;
    log.files->free = 1000;
    EXPECT_EQ(log.append({1}, "refused"), 0U);
    log.files->write_error = 0;
    const std::size_t writes = log.files->writes;
    std::this_thread::sleep_for(std::chrono::milliseconds(20)); // ten tries
    EXPECT_TRUE(log.log->is_failing());
    EXPECT_EQ(log.files->writes, writes) << "not even tried";
    log.files->free = std::int64_t{64} << 20;
    ASSERT_TRUE(comes_true([&] { return !log.log->is_failing(); }));
    EXPECT_GT(log.append({1}, "next"), 0U);
}

TEST(event_log_failure, of_a_sync_is_never_taken_for_done) {
    LogOptions options = LogInMemory::small();
    options.durability = Durability::full;
    LogInMemory log(std::make_unique<MemoryLogFiles>(), options);
    log.append({1}, "one");
    ASSERT_TRUE(log.wait_synced());
    log.files->sync_error = EIO;
    log.append({1}, "two");
    EXPECT_FALSE(log.wait_synced());
    EXPECT_TRUE(log.log->is_failing());
    EXPECT_EQ(log.append({1}, "refused"), 0U);
    EXPECT_FALSE(log.wait_synced());
    log.files->sync_error = 0;
    ASSERT_TRUE(comes_true([&] { return !log.log->is_failing(); }));
    EXPECT_EQ(log.log->figures().files, 2U) << "nothing is written behind what was not synced";
    log.settle(1, 1, 1);
    log.append({1}, "next");
    ASSERT_TRUE(log.wait_synced());
    // What had been written and not synced has been written anew.
    log.cut_power();
    ASSERT_EQ(log.found.events.size(), 2U);
    EXPECT_EQ(log.found.events.at(2).record, "two");
    EXPECT_TRUE(log.log->start().damage.empty());
}

TEST(event_log_failure, tells_all_who_wait) {
    LogOptions options = LogInMemory::small();
    options.sync_delay = std::chrono::hours(1);
    auto files = std::make_unique<MemoryLogFiles>();
    LogInMemory log(std::move(files), options);
    log.append({1}, "one");
    const auto synced = std::make_shared<std::promise<bool>>();
    log.log->when_synced(log.last_end, [=](bool is_on_disk) { synced->set_value(is_on_disk); });
    log.files->write_error = EIO;
    EXPECT_EQ(log.append({1}, "refused"), 0U);
    EXPECT_FALSE(synced->get_future().get());
}

TEST(event_log_failure, everything_else_stays_as_it_was) {
    LogInMemory log;
    const std::vector<std::uint32_t> groups{1, 2};
    for (int i = 0; i < 100; ++i)
        log.append(groups, "event " + std::to_string(i));
    log.attempt(1, 7, 3);
    log.log->remove_group(2);
    log.files->sync_error = EIO;
    ASSERT_TRUE(comes_true([&] { return log.log->is_failing(); }));
    log.settle(1, 50, 59);
    log.attempt(1, 8, 4);
    log.files->sync_error = 0;
    ASSERT_TRUE(comes_true([&] { return !log.log->is_failing(); }));
    log.append({1, 2}, "next");
    ASSERT_TRUE(log.wait_synced());
    EXPECT_EQ(log.read(1), "event 0");
    log.cut_power();
    EXPECT_EQ(log.found.events.size(), 91U);
    EXPECT_EQ(log.found.events.at(7).attempts.at(1), 3U);
    EXPECT_EQ(log.found.events.at(8).attempts.at(1), 4U);
    for (const auto &[sequence, event] : log.found.events)
        EXPECT_EQ(event.groups, std::vector<std::uint32_t>{1});
}

TEST(event_log_failure, at_the_start_is_one_that_ends) {
    LogInMemory log;
    log.append({1}, "one");
    auto files = log.files->after_kill();
    files->create_error = EIO;
    log.go_on_with(std::move(files));
    EXPECT_TRUE(log.log->is_failing());
    EXPECT_EQ(log.found.events.size(), 1U);
    EXPECT_EQ(log.read(1), "one");
    EXPECT_EQ(log.append({1}, "refused"), 0U);
    EXPECT_EQ(log.log->take_sequences(1), 0U) << "none is reserved";
    EXPECT_TRUE(log.settle(1, 1, 1));
    log.files->create_error = 0;
    ASSERT_TRUE(comes_true([&] { return !log.log->is_failing(); }));
    EXPECT_GT(log.append({1}, "next"), 1U);
    log.kill();
    EXPECT_EQ(log.found.events.size(), 1U);
    EXPECT_EQ(log.found.events.begin()->second.record, "next");
}

TEST(event_log_failure, a_stop_during_it_is_not_in_good_order) {
    LogInMemory log;
    log.append({1}, "one");
    log.files->write_error = EIO;
    log.append({1}, "refused");
    const std::uint64_t taken = log.log->take_sequences(5);
    EXPECT_GT(taken, 1U);
    log.stop_well();
    log.files->write_error = 0;
    log.start();
    EXPECT_FALSE(log.log->start().is_clean);
    EXPECT_GT(log.append({1}, "next"), taken + 4);
}

TEST(event_log_failure, a_sync_that_takes_long_holds_nobody_up) {
    auto files = std::make_unique<MemoryLogFiles>();
    std::promise<void> go_on;
    std::shared_future<void> may_go_on = go_on.get_future().share();
    std::atomic<bool> is_stalled = false;
    std::atomic<bool> stalls = false;
    files->before_sync = [&] {
        if (stalls) {
            is_stalled = true;
            may_go_on.wait();
        }
    };
    LogInMemory log(std::move(files));
    log.append({1}, "one");
    ASSERT_TRUE(log.wait_synced());
    stalls = true;
    log.append({1}, "two");
    ASSERT_TRUE(comes_true([&] { return is_stalled.load(); }));
    EXPECT_EQ(log.append({1}, "three"), 3U);
    EXPECT_EQ(log.read(3), "three");
    for (int i = 0; i < 100; ++i) // several files
        EXPECT_GT(log.append({1}, std::string(300, 'x')), 3U);
    EXPECT_GT(log.files->segments().size(), 5U);
    stalls = false;
    go_on.set_value();
    EXPECT_TRUE(log.wait_synced());
}

} // namespace
