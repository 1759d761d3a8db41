// When the event log's files come and go.
#include "event_log/event_log.h"

#include "event_log_reader.h"
#include "scratch_directory.hpp"

#include <atomic>
#include <filesystem>
#include <gtest/gtest.h>
#include <string>
#include <sys/stat.h>
#include <thread>

namespace {

using namespace webrocket;
using namespace webrocket::test;

const std::string hundred(100, 'x');

TEST(event_log_files, go_when_nobody_waits_for_what_is_in_them) {
    LogInMemory log;
    for (int i = 0; i < 500; ++i)
        log.append({1}, hundred);
    EXPECT_GE(log.log->figures().files, 10U);
    log.settle(1, 1, 490);
    EXPECT_TRUE(comes_true([&] { return log.log->figures().files <= 2; }));
    EXPECT_EQ(log.read(495), hundred);
    log.kill();
    EXPECT_EQ(log.found.events.size(), 10U);
    EXPECT_TRUE(log.log->start().damage.empty());
}

TEST(event_log_files, go_in_their_order) {
    LogInMemory log;
    for (int i = 0; i < 200; ++i)
        log.append({1}, hundred);
    log.settle(1, 2, 190); // the first one stays
    ASSERT_TRUE(log.wait_synced());
    const std::uint64_t files = log.log->figures().files;
    EXPECT_GE(files, 5U) << "what is settled is said in later ones";
    log.kill();
    EXPECT_EQ(log.found.events.size(), 11U);
}

LogOptions with_little_slack() {
    LogOptions options = LogInMemory::small();
    options.slack_bytes = 8192;
    return options;
}

TEST(event_log_files, events_that_keep_old_files_are_copied_to_the_end) {
    LogInMemory log(std::make_unique<MemoryLogFiles>(), with_little_slack());
    log.append({1, 2, 3}, "the oldest");
    log.append({1}, "with attempts");
    log.attempt(1, 2, 4);
    log.settle(2, 1, 1);
    for (std::uint64_t i = 3; i < 1000; ++i) {
        ASSERT_EQ(log.append({2}, hundred), i);
        log.settle(2, i, i);
    }
    EXPECT_TRUE(comes_true([&] { return log.log->figures().files <= 5; }));
    EXPECT_GT(log.log->figures().copied_records, 0U);
    EXPECT_EQ(log.read(1), "the oldest");
    log.settle(3, 1, 1);
    ASSERT_TRUE(log.wait_synced());
    log.cut_power();
    ASSERT_EQ(log.found.order, (std::vector<std::uint64_t>{1, 2}));
    EXPECT_EQ(log.found.events.at(1).groups, std::vector<std::uint32_t>{1});
    EXPECT_EQ(log.found.events.at(2).attempts.at(1), 4U);
    log.settle(1, 1, 2);
    log.kill();
    EXPECT_TRUE(log.found.events.empty());
}

TEST(event_log_files, stay_within_twice_what_is_waited_for) {
    LogOptions options = with_little_slack();
    LogInMemory log(std::make_unique<MemoryLogFiles>(), options);
    // Every tenth stays, and its neighbours go.
    for (std::uint64_t i = 1; i < 3000; ++i) {
        ASSERT_EQ(log.append({1}, hundred), i);
        if (i % 10 != 0)
            log.settle(1, i, i);
    }
    const auto is_small = [&] {
        const LogFigures figures = log.log->figures();
        return figures.file_bytes <
               2 * figures.live_bytes + options.slack_bytes + 2 * options.segment_bytes;
    };
    EXPECT_TRUE(comes_true(is_small));
    log.kill();
    EXPECT_EQ(log.found.events.size(), 299U);
}

TEST(event_log_files, of_many_starts_become_few) {
    LogInMemory log(std::make_unique<MemoryLogFiles>(), LogInMemory::small());
    log.append({1}, "the oldest");
    for (int i = 0; i < 60; ++i) {
        log.append({1}, "x");
        log.kill();
    }
    log.append({1}, "x");
    EXPECT_TRUE(comes_true([&] { return log.log->figures().files < 25; }))
        << log.log->figures().files;
    log.kill();
    EXPECT_EQ(log.found.events.size(), 62U);
}

TEST(event_log_files, stay_for_references_that_are_not_written_down) {
    std::atomic<bool> is_written_down = false;
    LogOptions options = LogInMemory::small();
    options.before_removal = [&] { return is_written_down.load(); };
    LogInMemory log(std::make_unique<MemoryLogFiles>(), options);
    const std::vector<std::uint32_t> groups{1};
    for (int i = 0; i < 100; ++i) {
        LogEvent event = event_for(groups, hundred);
        if (i == 0)
            event.ref = "page.1";
        const LogEntry entry = event;
        log.log->append({&entry, 1});
    }
    log.settle(1, 1, 100);
    ASSERT_TRUE(log.wait_synced());
    EXPECT_GE(log.log->figures().files, 3U);
    log.kill();
    EXPECT_EQ(log.found.references, std::vector<std::string>{"page.1"});
    is_written_down = true;
    EXPECT_TRUE(comes_true([&] { return log.log->figures().files == 1; }));
}

LogKey key_at(std::int64_t time_ms) {
    LogKey key{};
    key.time_ms = time_ms;
    key.answer = "{}";
    return key;
}

TEST(event_log_files, keys_are_copied_where_files_are_many_and_go_in_time) {
    std::atomic<std::int64_t> now = 1000000;
    LogOptions options = with_little_slack();
    options.now = [&] { return now.load(); };
    options.key_window = std::chrono::seconds(10);
    LogInMemory log(std::make_unique<MemoryLogFiles>(), options);
    const LogEntry key = key_at(now);
    log.log->append({&key, 1});
    for (std::uint64_t i = 1; i < 1000; ++i) {
        log.append({1}, hundred);
        log.settle(1, i, i);
    }
    EXPECT_TRUE(comes_true([&] { return log.log->figures().files <= 5; }));
    log.kill();
    EXPECT_FALSE(log.found.keys.empty()) << "twice, where the older file had not gone yet";
    now += 20000;
    log.append({1}, "x");
    EXPECT_TRUE(comes_true([&] { return log.log->figures().files == 1; }));
    log.kill();
    EXPECT_TRUE(log.found.keys.empty());
}

TEST(event_log_files, larger_than_a_segment_is_an_event_alone) {
    LogInMemory log;
    const std::string large(100000, 'l');
    log.append({1}, "before");
    EXPECT_EQ(log.append({1}, large), 2U);
    log.append({1}, "behind");
    EXPECT_EQ(log.read(2), large);
    log.kill();
    EXPECT_EQ(log.found.events.at(2).record, large);
    EXPECT_EQ(log.found.events.size(), 3U);
}

// On a file system.
TEST(event_log_files, are_private_and_of_the_size_of_what_is_in_them) {
    const support::scratch_directory scratch;
    const std::filesystem::path directory = scratch.path() / "events";
    {
        Found nothing;
        EventLog log(directory, {}, nothing);
        EXPECT_TRUE(log.start().is_new);
        const std::vector<std::uint32_t> groups{1};
        const LogEntry entry = event_for(groups, hundred);
        EXPECT_EQ(log.append({&entry, 1}).first, 1U);
        const auto synced = std::make_shared<std::promise<bool>>();
        log.when_synced(1, [=](bool is_on_disk) { synced->set_value(is_on_disk); });
        EXPECT_TRUE(synced->get_future().get());
    }
    struct stat status {};
    ASSERT_EQ(::stat(directory.c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777, 0700U);
    std::size_t count = 0;
    for (const auto &entry : std::filesystem::directory_iterator(directory)) {
        ++count;
        ASSERT_EQ(::stat(entry.path().c_str(), &status), 0);
        EXPECT_EQ(status.st_mode & 0777, 0600U) << entry.path();
        EXPECT_LT(status.st_size, 1000) << entry.path();
    }
    EXPECT_EQ(count, 2U) << "a segment and the state";
    Found found;
    EventLog log(directory, {}, found);
    EXPECT_TRUE(log.start().is_clean);
    EXPECT_EQ(found.events.at(1).record, hundred);
    const std::uint64_t wanted = 1;
    EXPECT_EQ(log.read({&wanted, 1}, [](std::size_t, const LogEvent &) {}), 1U);
}

TEST(event_log_files, a_place_that_is_none_is_said) {
    const support::scratch_directory scratch;
    Found nothing;
    try {
        EventLog log(scratch.path() / "not" / "there", {}, nothing);
        FAIL() << "was made";
    } catch (const std::runtime_error &error) {
        EXPECT_NE(std::string(error.what()).find("cannot make"), std::string::npos);
    }
}

} // namespace
