#include "groups/kept_event.h"

#include <chrono>
#include <utility>

namespace webrocket {

KeptEvent::KeptEvent(const EventTexts &texts, std::int64_t time_ms, SharedBytes record)
    : time_ms_(time_ms), record_(std::move(record)), has_uid_(texts.uid.has_value()) {
    texts_.reserve(texts.topic.size() + texts.sid.size() + texts.uid.value_or("").size() +
                   texts.channel.size() + texts.address.size() + texts.ref.size());
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

std::int64_t wall_clock_ms() {
    return std::chrono::duration_cast<std::chrono::milliseconds>(
               std::chrono::system_clock::now().time_since_epoch())
        .count();
}

} // namespace webrocket
