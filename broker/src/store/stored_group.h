// A reliable group, as it is stored: what an administrator or its first worker said of it.
#pragma once

#include <chrono>
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
    std::uint32_t number = 0; // of no other group, not even of one that is gone
    std::string vhost;
    std::string name;
    GroupSettings settings;
    // What it wants while it has no member: the filters of those that were there last.
    std::vector<std::string> last_filters = {};
};

// An event that was given up, with all that is needed to show it and to have it tried again.
struct StoredDeadLetter {
    std::uint32_t group = 0;
    std::string epoch;
    std::uint64_t sequence = 0;
    std::uint32_t attempt = 0;
    std::string reason;       // of the last try
    std::int64_t time_ms = 0; // since 1970, when it was first kept
    std::string topic;
    std::string sid;
    bool has_uid = false;
    std::string uid;
    std::string channel;
    std::string address;
    std::string ref;
    std::string record; // as a worker is sent it
};

} // namespace webrocket
