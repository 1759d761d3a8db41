#include "worker_event.h"

#include "http_message.h"

namespace webrocket {
namespace {

constexpr std::string_view id_field = "id: ";
constexpr std::string_view event_field = "\nevent: ";
constexpr std::string_view data_field = "\ndata: ";
constexpr std::string_view record_end = "\n\n";

} // namespace

const SharedBytes &WorkerEvent::record() const {
    if (!record_)
        record_ = share(encoded({}, {}));
    return record_;
}

const SharedBytes &WorkerEvent::chunk() const {
    if (!chunk_)
        chunk_ = share(encoded(http_chunk_head(record_size()), http_chunk_end));
    return chunk_;
}

std::size_t WorkerEvent::record_size() const {
    return id_field.size() + id_.size() + event_field.size() + topic_.size() + data_field.size() +
           payload_.size() + record_end.size();
}

std::string WorkerEvent::encoded(std::string_view head, std::string_view end) const {
    std::string text;
    text.reserve(head.size() + record_size() + end.size());
    text.append(head);
    text.append(id_field).append(id_.data(), id_.size());
    text.append(event_field).append(topic_);
    text.append(data_field).append(payload_);
    text.append(record_end).append(end);
    return text;
}

} // namespace webrocket
