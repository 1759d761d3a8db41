#include "hub/outgoing_event.h"

#include <utility>

namespace webrocket {
namespace {

struct Addressed {
    PageEvent kind;
    std::string_view topic;
    bool is_kept;
};

// False where nobody was there for it.
template <typename MakeRecord>
bool dispatch(Vhost &vhost, EventLoop &loop, const Addressed &event,
              const MakeRecord &make_record) {
    Workers &workers = vhost.workers();
    const bool is_anybody_there = workers.is_anybody_there();
    if (!event.is_kept)
        return is_anybody_there
                   ? workers.dispatch_of_page(loop, event.kind, event.topic, make_record)
                   : workers.note_unheard(event.kind);
    if (is_anybody_there)
        workers.dispatch_of_page_also(loop, event.topic, make_record);
    return true;
}

std::string message_of(const OutgoingEvent &event) {
    return broadcast_message(event.name_json, event.data, event.channel_name, event.sender.sid);
}

} // namespace

const SharedBytes &OutgoingEvent::record() const {
    if (!made_record)
        made_record = share(event_record(topic, data, channel_name, sender));
    return made_record;
}

SentOut send_out(const OutgoingEvent &event, Vhost &vhost, EventLoop &loop, bool is_kept) {
    if (event.channel != nullptr) {
        const auto outcome = event.channel->publish(message_of(event));
        if (outcome != Publishing::published)
            return {outcome};
    }
    if (!event.is_for_workers)
        return {};
    const bool is_heard =
        dispatch(vhost, loop, {event.kind, event.topic, is_kept}, [&] { return event.record(); });
    return {Publishing::published, !is_heard};
}

HeldEvent::HeldEvent(const OutgoingEvent &event, std::shared_ptr<Vhost> vhost, EventLoop &loop)
    : vhost_(std::move(vhost)), loop_(loop), kind_(event.kind),
      channel_(event.channel != nullptr ? event.channel->shared_from_this() : nullptr),
      channel_name_(event.channel_name), topic_(event.topic), is_for_workers_(event.is_for_workers),
      message_(event.channel != nullptr ? message_of(event) : std::string()),
      record_(event.is_for_workers ? event.record() : nullptr) {}

SentOut HeldEvent::send_out(bool is_kept) const {
    if (channel_) {
        const auto outcome = channel_->publish(message_);
        if (outcome != Publishing::published)
            return {outcome};
    }
    if (!is_for_workers_)
        return {};
    const bool is_heard =
        dispatch(*vhost_, loop_, {kind_, topic_, is_kept}, [this] { return record_; });
    return {Publishing::published, !is_heard};
}

} // namespace webrocket
