// What the event log keeps. Groups are numbers here, and reasons are the caller's: the log decides
// nothing by them.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <variant>

namespace webrocket {

// SEQs from `first` to `last`, both included. One that settles may span SEQs that are not the
// group's.
struct LogRun {
    std::uint64_t first;
    std::uint64_t last;
    bool operator==(const LogRun &) const = default;
};

// An idempotency key with what was answered. Kept until `time_ms` is longer ago than
// LogOptions::key_window.
struct LogKey {
    using Hash = std::array<std::uint8_t, 16>;

    Hash key;  // of its scope and its text
    Hash body; // of what was asked
    std::int64_t time_ms;
    std::uint16_t status;
    std::string_view answer;
};

// An event, once, for all groups that want it.
struct LogEvent {
    std::span<const std::uint32_t> groups; // at least one, each once
    std::int64_t time_ms;
    std::string_view topic;
    std::string_view sid;
    std::optional<std::string_view> uid;
    std::string_view channel;
    std::string_view address;
    std::string_view ref;      // empty: none
    std::optional<LogKey> key; // remembered with the event, by the same write
    std::string_view record;   // what a worker is sent, without id, tag and the like
    // Given by the log. One that comes with a SEQ keeps it: it was a dead letter, which its group
    // has settled, and is tried again.
    std::uint64_t sequence = 0;
};

// Events that a group lost. Like an event it has a SEQ and is there until the group has settled it.
struct LogGap {
    std::uint32_t group;
    std::uint64_t from;
    std::uint64_t to;
    std::optional<std::uint64_t> count; // none: unknown
    std::uint8_t reason;
    std::int64_t time_ms;
    std::uint64_t sequence = 0; // given by the log
};

// A group is done with these: acknowledged, dropped, or moved to its dead letters. What no group
// waits for any more is free to go.
struct LogSettled {
    std::uint32_t group;
    std::span<const LogRun> runs;
};

// A group gave these out and got them back. Replaces what was said of them before.
struct LogAttempts {
    std::uint32_t group;
    std::span<const LogRun> runs;
    std::uint32_t number;  // which attempt the next one is
    std::uint32_t counted; // how many of them count towards a limit
    std::uint8_t reason;   // why the last one that counted failed
    // The caller's times, milliseconds since 1970; 0: none.
    std::int64_t aged_from_ms = 0;
    std::int64_t ready_ms = 0;
};

using LogEntry = std::variant<LogEvent, LogGap, LogSettled, LogAttempts, LogKey>;

} // namespace webrocket
