// The event log on a disk that fails, by tests/support/failing_disk.cpp, which has to be preloaded.
#include "event_log/event_log.h"

#include "event_log_reader.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <future>
#include <gtest/gtest.h>
#include <map>
#include <memory>
#include <string>
#include <thread>

namespace {

using namespace webrocket;
using namespace webrocket::test;

std::string variable(const char *name) {
    const char *value = std::getenv(name);
    return value == nullptr ? std::string() : value;
}

class event_log_disk : public testing::Test {
  protected:
    void SetUp() override {
        if (variable("FAILING_DISK").empty())
            GTEST_SKIP() << "without the disk that fails";
        for (const std::string &directory : {under_, durable_}) {
            std::filesystem::remove_all(directory);
            std::filesystem::create_directories(directory);
        }
        ask("");
    }
    void TearDown() override {
        if (!variable("FAILING_DISK").empty())
            ask("");
    }

    static void ask(const std::string &words) {
        std::fstream file(variable("FAILING_DISK"), std::ios::in | std::ios::out);
        if (!file)
            file.open(variable("FAILING_DISK"), std::ios::out);
        std::string bytes = words;
        bytes.resize(4096);
        file << bytes;
    }

    std::unique_ptr<EventLog> open(Durability durability, const std::string &directory) {
        LogOptions options;
        options.durability = durability;
        options.segment_bytes = 1 << 16;
        options.retry_delay = std::chrono::milliseconds(5);
        found_ = Found();
        return std::make_unique<EventLog>(directory, options, found_);
    }
    std::unique_ptr<EventLog> open(Durability durability) { return open(durability, under_); }

    static LogAppended append(EventLog &log, const std::string &record) {
        const std::vector<std::uint32_t> groups{1};
        const LogEntry entry = event_for(groups, record);
        return log.append({&entry, 1});
    }
    static bool is_synced(EventLog &log, LogPosition position) {
        const auto synced = std::make_shared<std::promise<bool>>();
        log.when_synced(position, [=](bool is_on_disk) { synced->set_value(is_on_disk); });
        return synced->get_future().get();
    }

    // What a power cut now would leave.
    std::string after_power_cut() const {
        const std::string left = under_ + ".left";
        std::filesystem::remove_all(left);
        std::filesystem::create_directories(left);
        std::ifstream names(durable_ + "/names");
        std::string inode;
        std::string name;
        while (names >> inode >> name)
            if (std::filesystem::exists(durable_ + "/" + inode))
                std::filesystem::copy_file(durable_ + "/" + inode, left + "/" + name);
            else
                std::ofstream(left + "/" + name);
        return left;
    }

    const std::string under_ = variable("FAILING_DISK_UNDER");
    const std::string durable_ = variable("FAILING_DISK_DURABLE");
    Found found_;
};

TEST_F(event_log_disk, is_full) {
    auto log = open(Durability::batch);
    EXPECT_TRUE(append(*log, "one").is_done);
    ask("write=ENOSPC free=1000");
    EXPECT_FALSE(append(*log, "refused").is_done);
    EXPECT_NE(log->failure().find("No space left"), std::string::npos) << log->failure();
    ask("free=1000");
    std::this_thread::sleep_for(std::chrono::milliseconds(50)); // ten tries
    EXPECT_TRUE(log->is_failing());
    ask("");
    ASSERT_TRUE(comes_true([&] { return !log->is_failing(); }));
    EXPECT_TRUE(append(*log, "next").is_done);
    log.reset();
    log = open(Durability::batch);
    EXPECT_EQ(found_.events.size(), 2U);
}

TEST_F(event_log_disk, does_not_sync) {
    auto log = open(Durability::full);
    EXPECT_TRUE(is_synced(*log, append(*log, "one").end));
    ask("sync=EIO");
    EXPECT_FALSE(is_synced(*log, append(*log, "written").end));
    EXPECT_FALSE(append(*log, "refused").is_done);
    ask("");
    ASSERT_TRUE(comes_true([&] { return !log->is_failing(); }));
    EXPECT_TRUE(is_synced(*log, append(*log, "next").end));
    auto after = open(Durability::full, after_power_cut());
    EXPECT_EQ(found_.events.size(), 3U);
    EXPECT_TRUE(after->start().damage.empty());
}

TEST_F(event_log_disk, takes_one_byte_at_a_time) {
    ask("short");
    auto log = open(Durability::batch);
    for (int i = 0; i < 20; ++i)
        EXPECT_TRUE(append(*log, "some text").is_done);
    log.reset();
    log = open(Durability::batch);
    EXPECT_EQ(found_.events.size(), 20U);
}

TEST_F(event_log_disk, does_not_answer_for_two_seconds) {
    using Clock = std::chrono::steady_clock;
    auto log = open(Durability::batch);
    is_synced(*log, append(*log, "one").end);
    ask("stall_sync=2000");
    const auto end = Clock::now() + std::chrono::milliseconds(1500);
    Clock::duration longest{};
    while (Clock::now() < end) {
        const auto begin = Clock::now();
        ASSERT_TRUE(append(*log, std::string(1000, 'x')).is_done);
        longest = std::max(longest, Clock::now() - begin);
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    EXPECT_GT(log->figures().files, 5U);
    EXPECT_LT(longest, std::chrono::seconds(1));
    ask("");
}

TEST_F(event_log_disk, loses_its_power) {
    for (const Durability durability : {Durability::full, Durability::batch}) {
        SetUp();
        auto log = open(durability);
        std::map<std::uint64_t, std::string> synced;
        for (int round = 0; round < 10; ++round) {
            std::map<std::uint64_t, std::string> written;
            LogPosition end = 0;
            for (int i = 0; i < 50; ++i) {
                const std::string record = std::to_string(round) + " " + std::string(300, 'x');
                const LogAppended appended = append(*log, record);
                written[appended.first] = record;
                end = appended.end;
            }
            ASSERT_TRUE(is_synced(*log, end));
            synced.merge(written);
            append(*log, "not waited for");
            auto after = open(durability, after_power_cut());
            for (const auto &[sequence, record] : synced) {
                ASSERT_TRUE(found_.events.contains(sequence)) << sequence;
                ASSERT_EQ(found_.events.at(sequence).record, record);
            }
            EXPECT_TRUE(after->start().damage.empty());
            EXPECT_GT(append(*after, "next").first, synced.rbegin()->first + 1);
        }
    }
}

} // namespace
