// What the event log makes of files that are cut short, changed or gone.
#include "event_log/event_log.h"

#include "event_log/log_record.h"
#include "event_log_reader.h"

#include <algorithm>
#include <functional>
#include <gtest/gtest.h>
#include <string>

namespace {

using namespace webrocket;
using namespace webrocket::test;

constexpr int events_in_small_log = 12;

std::string record_of(std::uint64_t sequence) {
    return "event " + std::to_string(sequence) + std::string(sequence * 5 % 40, 'e');
}

// Some events in one file, of which a few are settled.
std::unique_ptr<MemoryLogFiles> small_log(std::string &segment) {
    LogInMemory log;
    for (std::uint64_t sequence = 1; sequence <= events_in_small_log; ++sequence) {
        EXPECT_EQ(log.append({1, 2}, record_of(sequence)), sequence);
        if (sequence % 4 == 0)
            log.settle(1, sequence - 2, sequence - 1);
        if (sequence % 5 == 0)
            log.attempt(2, sequence, 2);
    }
    segment = log.files->segments().front();
    return log.files->after_kill();
}

// Where the last record ends: behind it the file is empty.
std::size_t end_of_records(const std::string &bytes) { return bytes.find_last_not_of('\0') + 1; }

// What is left is a prefix, and what comes then is found beside it.
void expect_prefix(std::unique_ptr<MemoryLogFiles> files, const std::string &what) {
    SCOPED_TRACE(what);
    LogInMemory log(std::move(files));
    const std::size_t left = log.found.events.size();
    ASSERT_LE(left, static_cast<std::size_t>(events_in_small_log));
    for (std::uint64_t sequence = 1; sequence <= left; ++sequence) {
        ASSERT_TRUE(log.found.events.contains(sequence));
        ASSERT_EQ(log.found.events.at(sequence).record, record_of(sequence));
    }
    const std::uint64_t next = log.append({1}, "behind it");
    ASSERT_GT(next, static_cast<std::uint64_t>(events_in_small_log)) << "given out before";
    log.kill();
    ASSERT_EQ(log.found.events.size(), left + 1);
    ASSERT_EQ(log.found.events.at(next).record, "behind it");
    ASSERT_TRUE(log.log->start().damage.empty()) << "told once";
    ASSERT_GT(log.append({1}, "and again"), next);
}

using Damage = std::function<void(std::string &bytes, std::size_t at)>;

void damage_everywhere(const Damage &damage) {
    std::string segment;
    const auto whole = small_log(segment);
    const std::size_t end = end_of_records(whole->get(segment));
    ASSERT_GT(end, 500U);
    for (std::size_t at = 0; at < end; ++at) {
        auto files = whole->after_kill();
        std::string bytes = files->get(segment);
        damage(bytes, at);
        files->put(segment, bytes);
        expect_prefix(std::move(files), "at byte " + std::to_string(at));
        if (testing::Test::HasFatalFailure())
            return;
    }
}

TEST(event_log_damage, cut_at_every_byte) {
    damage_everywhere([](std::string &bytes, std::size_t at) { bytes.resize(at); });
}

TEST(event_log_damage, a_bit_flipped_in_every_byte) {
    damage_everywhere([](std::string &bytes, std::size_t at) {
        bytes[at] = static_cast<char>(bytes[at] ^ (1 << at % 8));
    });
}

TEST(event_log_damage, zeroed_from_every_byte_on) {
    damage_everywhere([](std::string &bytes, std::size_t at) {
        std::fill(bytes.begin() + static_cast<std::ptrdiff_t>(at), bytes.end(), '\0');
    });
}

TEST(event_log_damage, a_record_of_another_file_or_place_is_none) {
    std::string segment;
    auto files = small_log(segment);
    std::string bytes = files->get(segment);
    const std::size_t end = end_of_records(bytes);
    const std::size_t size =
        record_size(std::string_view(bytes).substr(SegmentHead::size), 1, SegmentHead::size);
    ASSERT_GT(size, 0U);
    const std::string_view first = std::string_view(bytes).substr(SegmentHead::size, size);
    EXPECT_EQ(record_size(first, 2, SegmentHead::size), 0U);
    EXPECT_EQ(record_size(first, 1, SegmentHead::size + 1), 0U);
    bytes.replace(end, size, std::string(first));
    files->put(segment, bytes);
    expect_prefix(std::move(files), "the first record again behind the last");
}

// A log of several files; its events are all waited for.
std::unique_ptr<MemoryLogFiles> large_log(LogInMemory &log) {
    for (int i = 0; i < 200; ++i) {
        log.append({1}, std::string(100, 'x'));
        if (i % 10 == 9) { // later files say how far earlier ones were synced
            EXPECT_TRUE(log.wait_synced());
        }
    }
    EXPECT_GE(log.files->segments().size(), 4U);
    return log.files->after_kill();
}

void expect_damage_told_once(LogInMemory &log, const std::string &epoch_before,
                             std::uint64_t first_lost, std::uint64_t last_lost) {
    ASSERT_EQ(log.log->start().damage.size(), 1U);
    const LogRun lost = log.log->start().damage.front().lost;
    EXPECT_EQ(lost, (LogRun{first_lost, last_lost}));
    EXPECT_NE(log.log->epoch(), epoch_before);
    EXPECT_FALSE(log.log->start().is_clean);
    for (const auto &[sequence, event] : log.found.events)
        EXPECT_TRUE(sequence < lost.first || sequence > lost.last) << sequence;
    const std::size_t left = log.found.events.size();
    const std::string epoch = log.log->epoch();
    const std::uint64_t next = log.append({1}, "next");
    EXPECT_GT(next, 200U);
    log.kill();
    EXPECT_TRUE(log.log->start().damage.empty());
    EXPECT_EQ(log.log->epoch(), epoch);
    EXPECT_EQ(log.found.events.size(), left + 1);
}

std::uint64_t first_sequence_of(const MemoryLogFiles &files, const std::string &segment) {
    return read_segment_head(files.get(segment))->first_sequence;
}

TEST(event_log_damage, in_an_earlier_file_is_told_apart_from_a_torn_tail) {
    LogInMemory log;
    auto files = large_log(log);
    const std::string epoch = log.log->epoch();
    const auto segments = files->segments();
    std::string bytes = files->get(segments[1]);
    bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 4);
    const std::uint64_t first = first_sequence_of(*files, segments[1]);
    const std::uint64_t next = first_sequence_of(*files, segments[2]);
    files->put(segments[1], bytes);
    log.go_on_with(std::move(files));
    ASSERT_EQ(log.log->start().damage.size(), 1U);
    const LogRun lost = log.log->start().damage.front().lost;
    EXPECT_GT(lost.first, first) << "what is before it is read";
    EXPECT_LT(lost.first, next);
    EXPECT_TRUE(log.found.events.contains(next)) << "and what is in later files";
    expect_damage_told_once(log, epoch, lost.first, next - 1);
}

TEST(event_log_damage, an_earlier_file_without_a_head) {
    LogInMemory log;
    auto files = large_log(log);
    const std::string epoch = log.log->epoch();
    const auto segments = files->segments();
    const std::uint64_t first = first_sequence_of(*files, segments[2]);
    const std::uint64_t next = first_sequence_of(*files, segments[3]);
    std::string bytes = files->get(segments[2]);
    bytes[10] = static_cast<char>(bytes[10] ^ 1);
    files->put(segments[2], bytes);
    log.go_on_with(std::move(files));
    expect_damage_told_once(log, epoch, first, next - 1);
}

TEST(event_log_damage, an_earlier_file_is_gone) {
    LogInMemory log;
    auto files = large_log(log);
    const std::string epoch = log.log->epoch();
    const auto segments = files->segments();
    const std::uint64_t first = first_sequence_of(*files, segments[1]);
    const std::uint64_t next = first_sequence_of(*files, segments[2]);
    files->remove(segments[1]);
    log.go_on_with(std::move(files));
    expect_damage_told_once(log, epoch, first, next - 1);
}

TEST(event_log_damage, the_first_file_without_a_head) {
    LogInMemory log;
    auto files = large_log(log);
    const std::string epoch = log.log->epoch();
    const auto segments = files->segments();
    const std::uint64_t next = first_sequence_of(*files, segments[1]);
    files->put(segments[0], "no head at all" + files->get(segments[0]));
    log.go_on_with(std::move(files));
    expect_damage_told_once(log, epoch, 1, next - 1);
}

TEST(event_log_damage, after_a_stop_in_good_order_the_end_is_known) {
    LogInMemory log;
    large_log(log);
    const std::string epoch = log.log->epoch();
    log.stop_well();
    auto files = log.files->after_kill();
    const std::string last = files->segments().back();
    std::string bytes = files->get(last);
    bytes.resize(bytes.size() - 1);
    files->put(last, bytes);
    log.go_on_with(std::move(files));
    expect_damage_told_once(log, epoch, 200, 200);
}

TEST(event_log_damage, a_torn_tail_is_none) {
    LogInMemory log;
    auto files = large_log(log);
    const std::string epoch = log.log->epoch();
    auto segments = files->segments();
    std::string bytes;
    for (; end_of_records(bytes) <= SegmentHead::size; segments.pop_back())
        bytes = files->get(segments.back());
    bytes.resize(end_of_records(bytes) - 3);
    files->put(log.files->segments()[segments.size()], bytes);
    log.go_on_with(std::move(files));
    EXPECT_EQ(log.found.events.size(), 199U);
    EXPECT_TRUE(log.log->start().damage.empty());
    EXPECT_EQ(log.log->epoch(), epoch);
}

TEST(event_log_damage, without_its_state_it_begins_another_epoch_far_behind) {
    for (const bool is_gone : {true, false}) {
        LogInMemory log;
        auto files = large_log(log);
        const std::string epoch = log.log->epoch();
        if (is_gone)
            files->remove("state");
        else
            files->put("state", "no state");
        log.go_on_with(std::move(files));
        EXPECT_NE(log.log->epoch(), epoch);
        EXPECT_EQ(log.log->start().damage.size(), 1U);
        EXPECT_EQ(log.found.events.size(), 200U);
        EXPECT_GT(log.append({1}, "next"), 6U * 65536);
    }
}

} // namespace
