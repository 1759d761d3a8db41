// What an administrator, or its first worker, says of a reliable group, as far as it decides who
// gets which event and when.
#pragma once

#include <cstdint>

namespace webrocket {

struct DeliverySettings {
    bool is_ordered = false;   // of one key at most one event is unacknowledged
    bool drops_oldest = false; // at its bounds it never refuses: the oldest go
    bool is_paused = false;    // nothing is handed out
    std::uint32_t max_deliver = 5;
    std::int64_t lease_ms = 10'000;        // for streams that are new from then on
    std::int64_t ack_deadline_ms = 60'000; // likewise
    std::int64_t max_age_ms = 24 * 3600 * 1000;
    std::uint64_t max_events = 100'000;
    std::uint64_t max_bytes = std::uint64_t{256} << 20;

    bool operator==(const DeliverySettings &) const = default;
};

// What may be asked for: both ends included.
struct DeliveryRange {
    std::uint64_t least;
    std::uint64_t most;
    bool has(std::uint64_t value) const { return value >= least && value <= most; }
};

namespace delivery_limits {

inline constexpr DeliveryRange max_deliver{1, 100};
inline constexpr DeliveryRange lease_ms{1'000, 3'600'000};
inline constexpr DeliveryRange ack_deadline_ms{1'000, 24 * 3'600'000};
inline constexpr DeliveryRange max_age_ms{1'000, std::uint64_t{30} * 24 * 3'600'000};
inline constexpr DeliveryRange max_events{10, 1'000'000};
inline constexpr DeliveryRange max_bytes{std::uint64_t{1} << 16, std::uint64_t{1} << 32};
inline constexpr DeliveryRange window{1, 10'000};
inline constexpr DeliveryRange delay_ms{0, 24 * 3'600'000};

// With an order a delay is held to this, as it holds back all of the event's key.
inline constexpr std::int64_t ordered_delay_ms_max = 60'000;
// After so many tries that counted an event is handed out only to a member that holds nothing else.
inline constexpr std::uint32_t tries_in_company = 2;
// Without a member, or without a sign of life by any, for so long: a group refuses nothing any
// more, the oldest go.
inline constexpr std::int64_t stalled_ms = 3'600'000;
// One sender may have this part of a group's bounds, rounded up.
inline constexpr std::uint64_t sender_part = 10;
inline constexpr std::uint64_t members_max = 1'000;
// Different filters of members at once: each is tried on every new topic.
inline constexpr std::uint64_t filters_max = 64;
// Gaps that were handed out and not acknowledged. While there are so many, further losses are
// added to those that were not handed out yet.
inline constexpr std::uint64_t gaps_out_max = 1'024;

} // namespace delivery_limits

} // namespace webrocket
