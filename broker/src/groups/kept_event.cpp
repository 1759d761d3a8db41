#include "groups/kept_event.h"

#include "base/hash128.h"

#include <chrono>
#include <utility>

namespace webrocket {
namespace {

// `kind` tells texts apart that are equal and mean different things.
std::uint64_t keyed_hash(char kind, std::string_view text) {
    static const Hash128 secret = random_key128();
    return hash128({secret.low, secret.high ^ static_cast<unsigned char>(kind)}, text).low;
}

} // namespace

std::uint64_t EventKeyHashes::of(GroupOrder order) const {
    switch (order) {
    case GroupOrder::sid:
        return sid;
    case GroupOrder::uid:
        return uid;
    case GroupOrder::channel:
        return channel;
    case GroupOrder::none:
        break;
    }
    return 0;
}

std::size_t size_of(const EventTexts &texts) {
    return texts.topic.size() + texts.sid.size() + texts.uid.value_or("").size() +
           texts.channel.size() + texts.address.size() + texts.ref.size();
}

EventKeyHashes key_hashes(const EventTexts &texts) {
    EventKeyHashes hashes;
    hashes.sid = keyed_hash('s', texts.sid);
    hashes.uid = texts.uid ? keyed_hash('u', *texts.uid) : hashes.sid;
    hashes.channel = texts.channel.empty() ? hashes.sid : keyed_hash('c', texts.channel);
    return hashes;
}

std::uint64_t sender_hash(const EventTexts &texts) {
    if (texts.address.empty())
        return 0;
    return texts.uid ? keyed_hash('u', *texts.uid) : keyed_hash('a', texts.address);
}

KeptEvent::KeptEvent(const EventTexts &texts, std::int64_t time_ms, SharedBytes record)
    : keys_(key_hashes(texts)), sender_(sender_hash(texts)), time_ms_(time_ms),
      record_(std::move(record)), has_uid_(texts.uid.has_value()) {
    texts_.reserve(size_of(texts));
    topic_end_ = texts_.append(texts.topic).size();
    sid_end_ = texts_.append(texts.sid).size();
    uid_end_ = texts_.append(texts.uid.value_or("")).size();
    channel_end_ = texts_.append(texts.channel).size();
    address_end_ = texts_.append(texts.address).size();
    texts_.append(texts.ref);
    held_.set(sizeof(*this) + texts_.capacity());
}

KeptEventPtr make_kept(const OutgoingEvent &event, std::int64_t time_ms) {
    const std::string address = event.address != nullptr ? event.address->text() : std::string();
    EventTexts texts{event.topic,        event.sender.sid, std::nullopt,
                     event.channel_name, address,          event.ref};
    if (event.sender.uid != nullptr)
        texts.uid = *event.sender.uid;
    return std::make_shared<const KeptEvent>(texts, time_ms, event.record());
}

KeptEventPtr make_kept(const KeptReport &report, std::int64_t time_ms) {
    EventTexts texts{report.topic, report.sid, std::nullopt, report.channel, {}, {}};
    if (report.uid)
        texts.uid = *report.uid;
    return std::make_shared<const KeptEvent>(texts, time_ms, report.record);
}

LogEvent log_event(const KeptEvent &event, std::span<const std::uint32_t> groups) {
    LogEvent entry{};
    entry.groups = groups;
    entry.time_ms = event.time_ms();
    entry.topic = event.topic();
    entry.sid = event.sid();
    entry.uid = event.uid();
    entry.channel = event.channel();
    entry.address = event.address();
    entry.ref = event.ref();
    entry.record = *event.record();
    return entry;
}

KeptEventPtr kept_event(const LogEvent &event) {
    return std::make_shared<const KeptEvent>(
        EventTexts{event.topic, event.sid, event.uid, event.channel, event.address, event.ref},
        event.time_ms, share(std::string(event.record)));
}

std::int64_t wall_clock_ms() {
    return std::chrono::duration_cast<std::chrono::milliseconds>(
               std::chrono::system_clock::now().time_since_epoch())
        .count();
}

} // namespace webrocket
