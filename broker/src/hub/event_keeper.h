// Keeps what happens in a vhost for those of its workers who say when they have dealt with it.
#pragma once

#include "net/shared_bytes.h"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace webrocket {

// Of an event, before anybody hears of it.
enum class Keeping : std::uint8_t {
    done,
    not_wanted,  // nobody keeps it
    unavailable, // it cannot be written, or somebody who wants it is full
    too_much,    // of its sender's
};

// What somebody joined or left, as workers are told of it.
struct KeptReport {
    std::string topic;
    std::string sid;
    std::optional<std::string> uid;
    std::string channel;
    SharedBytes record;
};

// Any thread.
class EventKeeper {
  public:
    virtual ~EventKeeper() = default;

    // Whether a report of that topic is to be made at all.
    virtual bool wants(std::string_view topic) const = 0;
    // Called with the lock of the channel: those of one channel are kept in their order.
    virtual void keep(KeptReport report) = 0;
};

} // namespace webrocket
