// What tests of the event log write and what they find.
#pragma once

#include "event_log/event_log.h"
#include "memory_log_files.h"

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <future>
#include <gtest/gtest.h>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace webrocket::test {

struct FoundEvent {
    std::vector<std::uint32_t> groups;
    std::string topic;
    std::string sid;
    std::optional<std::string> uid;
    std::string channel;
    std::string address;
    std::string ref;
    std::string record;
    std::int64_t time_ms = 0;
    std::map<std::uint32_t, std::uint32_t> attempts; // of a group
};

// Keeps what the log hands over at its start.
class Found final : public LogVisitor {
  public:
    std::map<std::uint64_t, FoundEvent> events;
    std::map<std::uint64_t, LogGap> gaps;
    std::vector<std::pair<int, std::string>> keys; // the first byte of its hash, and the answer
    std::vector<std::string> references;
    std::vector<std::uint64_t> order;

    void event(const LogEvent &event, std::span<const RecoveredAttempt> attempts) override {
        FoundEvent found{{event.groups.begin(), event.groups.end()},
                         std::string(event.topic),
                         std::string(event.sid),
                         event.uid ? std::optional<std::string>(*event.uid) : std::nullopt,
                         std::string(event.channel),
                         std::string(event.address),
                         std::string(event.ref),
                         std::string(event.record),
                         event.time_ms,
                         {}};
        for (const RecoveredAttempt &attempt : attempts) {
            found.attempts[attempt.group] = attempt.number;
            EXPECT_EQ(attempt.aged_from_ms, 1000 + attempt.number);
            EXPECT_EQ(attempt.ready_ms, 2000 + attempt.number);
        }
        EXPECT_TRUE(events.emplace(event.sequence, std::move(found)).second) << event.sequence;
        order.push_back(event.sequence);
    }
    void gap(const LogGap &gap) override {
        EXPECT_TRUE(gaps.emplace(gap.sequence, gap).second) << gap.sequence;
        order.push_back(gap.sequence);
    }
    void key(const LogKey &key) override { keys.emplace_back(key.key[0], std::string(key.answer)); }
    void reference(const LogEvent &event) override { references.emplace_back(event.ref); }
};

inline LogEvent event_for(const std::vector<std::uint32_t> &groups, std::string_view record) {
    LogEvent event{};
    event.groups = groups;
    event.topic = "a/topic";
    event.sid = "a sid";
    event.address = "::1";
    event.record = record;
    event.time_ms = 1;
    return event;
}

// A log in memory.
class LogInMemory {
  public:
    explicit LogInMemory(std::unique_ptr<MemoryLogFiles> left = std::make_unique<MemoryLogFiles>(),
                         LogOptions options = small())
        : files(std::move(left)), options_(std::move(options)) {
        options_.files = files.get();
        start();
    }

    static LogOptions small() {
        LogOptions options;
        options.segment_bytes = 4096;
        options.slack_bytes = 65536;
        options.sync_delay = std::chrono::milliseconds(1);
        options.retry_delay = std::chrono::milliseconds(2);
        return options;
    }

    void start() {
        found = Found();
        log = std::make_unique<EventLog>("/nowhere", options_, found);
    }
    void stop_well() { log.reset(); }
    // The process is killed, and started anew.
    void kill() { go_on_with(files->after_kill()); }
    void cut_power() { go_on_with(files->after_power_cut()); }
    void go_on_with(std::unique_ptr<MemoryLogFiles> left) {
        log.reset();
        files = std::move(left);
        options_.files = files.get();
        start();
    }

    std::uint64_t append(const std::vector<std::uint32_t> &groups, std::string_view record) {
        const LogEntry entry = event_for(groups, record);
        const LogAppended appended = log->append({&entry, 1});
        last_end = appended.end;
        return appended.is_done ? appended.first : 0;
    }
    bool settle(std::uint32_t group, std::uint64_t first, std::uint64_t last) {
        const LogRun run{first, last};
        const LogEntry entry = LogSettled{group, {&run, 1}};
        const LogAppended appended = log->append({&entry, 1});
        last_end = appended.end;
        return appended.is_done;
    }
    bool attempt(std::uint32_t group, std::uint64_t sequence, std::uint32_t number) {
        const LogRun run{sequence, sequence};
        const LogEntry entry =
            LogAttempts{group, {&run, 1}, number, number - 1, 1, 1000 + number, 2000 + number};
        return log->append({&entry, 1}).is_done;
    }
    std::string read(std::uint64_t sequence) {
        std::string record;
        log->read({&sequence, 1}, [&](std::size_t, const LogEvent &event) {
            EXPECT_EQ(event.sequence, sequence);
            record = event.record;
        });
        return record;
    }
    // Whether what was appended last is on the disk.
    bool wait_synced() {
        const auto synced = std::make_shared<std::promise<bool>>();
        log->when_synced(last_end, [=](bool is_on_disk) { synced->set_value(is_on_disk); });
        return synced->get_future().get();
    }

    std::unique_ptr<MemoryLogFiles> files;
    Found found;
    std::unique_ptr<EventLog> log;
    LogPosition last_end = 0;

  private:
    LogOptions options_;
};

// Waits for what another thread does, at most 20 s.
inline bool comes_true(const std::function<bool()> &is_so) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (!is_so()) {
        if (std::chrono::steady_clock::now() > end)
            return false;
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    return true;
}

} // namespace webrocket::test
