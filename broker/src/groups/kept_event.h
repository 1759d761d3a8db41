// An event on its way to reliable groups, and for as long as it is young.
#pragma once

#include "event_log/log_entry.h"
#include "hub/event_keeper.h"
#include "hub/outgoing_event.h"
#include "net/held_memory.h"
#include "net/shared_bytes.h"
#include "store/stored_group.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace webrocket {

// What is kept of an event beside its record.
struct EventTexts {
    std::string_view topic;
    std::string_view sid;
    std::optional<std::string_view> uid;
    std::string_view channel;
    std::string_view address; // of who sent it; empty where nobody did
    std::string_view ref;     // by which the sender knows it; empty: it has none
};

// What orders go by. Without a user or a channel it is the connection.
struct EventKeyHashes {
    std::uint64_t sid = 0;
    std::uint64_t uid = 0;
    std::uint64_t channel = 0;

    std::uint64_t of(GroupOrder order) const;
};

std::size_t size_of(const EventTexts &texts);
// With the secret of this process.
EventKeyHashes key_hashes(const EventTexts &texts);
// Of the user, else of the address; 0 for nobody.
std::uint64_t sender_hash(const EventTexts &texts);

// One for all groups that want it. Its texts are in one piece of memory.
class KeptEvent {
  public:
    KeptEvent(const EventTexts &texts, std::int64_t time_ms, SharedBytes record);
    KeptEvent(const KeptEvent &) = delete;
    KeptEvent &operator=(const KeptEvent &) = delete;

    std::string_view topic() const { return piece(topic_end_, 0); }
    std::string_view sid() const { return piece(sid_end_, topic_end_); }
    std::optional<std::string_view> uid() const {
        return has_uid_ ? std::optional(piece(uid_end_, sid_end_)) : std::nullopt;
    }
    std::string_view channel() const { return piece(channel_end_, uid_end_); }
    std::string_view address() const { return piece(address_end_, channel_end_); }
    std::string_view ref() const { return piece(texts_.size(), address_end_); }
    EventTexts texts() const { return {topic(), sid(), uid(), channel(), address(), ref()}; }

    const EventKeyHashes &keys() const { return keys_; }
    std::uint64_t sender() const { return sender_; }
    std::int64_t time_ms() const { return time_ms_; }
    const SharedBytes &record() const { return record_; }
    // What it comes to in a group's bounds.
    std::size_t size() const { return record_->size() + texts_.size(); }

  private:
    std::string_view piece(std::size_t end, std::size_t begin) const {
        return std::string_view(texts_).substr(begin, end - begin);
    }

    std::string texts_;
    std::size_t topic_end_ = 0;
    std::size_t sid_end_ = 0;
    std::size_t uid_end_ = 0;
    std::size_t channel_end_ = 0;
    std::size_t address_end_ = 0;
    const EventKeyHashes keys_;
    const std::uint64_t sender_;
    const std::int64_t time_ms_; // since 1970
    const SharedBytes record_;
    const bool has_uid_;
    HeldBytes<> held_;
};

using KeptEventPtr = std::shared_ptr<const KeptEvent>;

KeptEventPtr make_kept(const OutgoingEvent &event, std::int64_t time_ms);
KeptEventPtr make_kept(const KeptReport &report, std::int64_t time_ms);

// As the log has it.
LogEvent log_event(const KeptEvent &event, std::span<const std::uint32_t> groups);
KeptEventPtr kept_event(const LogEvent &event);

// Milliseconds since 1970.
std::int64_t wall_clock_ms();

} // namespace webrocket
