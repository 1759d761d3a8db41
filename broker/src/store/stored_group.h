// A reliable group, as it is stored: what an administrator or its first worker said of it.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace webrocket {

// Which of a group's events wait for each other.
enum class GroupOrder : std::uint8_t { none, sid, uid, channel };
// What a group does that is full.
enum class GroupOverflow : std::uint8_t { refuse, drop_oldest };

struct GroupSettings {
    std::string filter; // of all topics where it is empty; counts until the first member joins
    GroupOrder order = GroupOrder::none;
    GroupOverflow overflow = GroupOverflow::refuse;
    bool paused = false;
    std::uint32_t max_deliver = 5;
    std::chrono::milliseconds lease{10'000};
    std::chrono::milliseconds ack_deadline{60'000};
    std::chrono::milliseconds max_age{24 * 3600 * 1000};
    std::uint64_t max_events = 100'000;
    std::uint64_t max_bytes = std::uint64_t{256} << 20;

    bool operator==(const GroupSettings &) const = default;
};

struct StoredGroup {
    // By which the log knows it: of no other group, not even of one that is gone. The store gives
    // it; 0 before that.
    std::uint32_t number = 0;
    std::string vhost;
    std::string name;
    GroupSettings settings;
    // What it wants while it has no member: the filters of those that were there last.
    std::vector<std::string> last_filters = {};
    // When the last one of those went, since 1970; 0 while there is one, or nobody has said.
    std::int64_t without_member_since_ms = 0;
};

// An event that was given up, with all that is needed to show it and to have it tried again.
struct StoredDeadLetter {
    std::uint64_t place = 0; // among all, in the order in which they were stored, which gives it
    std::uint32_t group = 0;
    std::string epoch;
    std::uint64_t sequence = 0;
    std::uint32_t attempt = 0;
    std::string reason;       // of the last try
    std::int64_t time_ms = 0; // since 1970, when it was first kept
    std::int64_t dead_ms = 0; // and given up
    std::string topic;
    std::string sid;
    bool has_uid = false;
    std::string uid;
    std::string channel;
    std::string address;
    std::string ref;
    std::string record; // as a worker is sent it
};

// Of one group. The bytes are those of the records.
struct DeadLetterTotals {
    std::size_t count = 0;
    std::uint64_t bytes = 0;
    bool operator==(const DeadLetterTotals &) const = default;
};

// Where there would be more of one group, the oldest go.
inline constexpr DeadLetterTotals dead_letters_max{10'000, std::uint64_t{256} << 20};

} // namespace webrocket
