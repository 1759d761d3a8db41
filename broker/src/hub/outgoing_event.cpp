#include "hub/outgoing_event.h"

#include <utility>

namespace webrocket {
namespace {

template <typename MakeRecord>
void dispatch(Vhost &vhost, EventLoop &loop, PageEvent kind, std::string_view topic,
              const MakeRecord &make_record) {
    Workers &workers = vhost.workers();
    if (workers.is_anybody_there())
        workers.dispatch_of_page(loop, kind, topic, make_record);
    else
        workers.note_unheard(kind);
}

std::string message_of(const OutgoingEvent &event) {
    return broadcast_message(event.name_json, event.data, event.channel_name, event.sender.sid);
}

std::string record_of(const OutgoingEvent &event) {
    return event_record(event.topic, event.data, event.channel_name, event.sender);
}

} // namespace

Publishing send_out(const OutgoingEvent &event, Vhost &vhost, EventLoop &loop) {
    if (event.channel != nullptr) {
        const auto outcome = event.channel->publish(message_of(event));
        if (outcome != Publishing::published)
            return outcome;
    }
    if (event.is_for_workers)
        dispatch(vhost, loop, event.kind, event.topic, [&] { return record_of(event); });
    return Publishing::published;
}

HeldEvent::HeldEvent(const OutgoingEvent &event, std::shared_ptr<Vhost> vhost, EventLoop &loop)
    : vhost_(std::move(vhost)), loop_(loop), kind_(event.kind),
      channel_(event.channel != nullptr ? event.channel->shared_from_this() : nullptr),
      channel_name_(event.channel_name), topic_(event.topic), is_for_workers_(event.is_for_workers),
      message_(event.channel != nullptr ? message_of(event) : std::string()),
      record_(record_of(event)) {}

Publishing HeldEvent::send_out() const {
    if (channel_) {
        const auto outcome = channel_->publish(message_);
        if (outcome != Publishing::published)
            return outcome;
    }
    if (is_for_workers_)
        dispatch(*vhost_, loop_, kind_, topic_, [this] { return record_; });
    return Publishing::published;
}

} // namespace webrocket
