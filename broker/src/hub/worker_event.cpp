#include "hub/worker_event.h"

#include "http/http_message.h"

#include <fmt/format.h>

namespace webrocket {
namespace {

constexpr std::string_view id_field = "id: ";
constexpr std::string_view event_field = "\nevent: ";
constexpr std::string_view data_field = "\ndata: ";
constexpr std::string_view record_end = "\n\n";

} // namespace

const SharedBytes &WorkerEvent::record() const {
    if (!record_)
        record_ = share(encoded(false));
    return record_;
}

const SharedBytes &WorkerEvent::chunk() const {
    if (!chunk_)
        chunk_ = share(encoded(true));
    return chunk_;
}

std::string WorkerEvent::encoded(bool as_chunk) const {
    const fmt::format_int id(id_);
    const std::size_t size = id_field.size() + id.size() + event_field.size() + topic_.size() +
                             data_field.size() + payload_.size() + record_end.size();
    std::string text = as_chunk ? http_chunk_head(size) : std::string();
    text.reserve(text.size() + size + http_chunk_end.size());
    text.append(id_field).append(id.data(), id.size());
    text.append(event_field).append(topic_);
    text.append(data_field).append(payload_);
    text.append(record_end);
    if (as_chunk)
        text.append(http_chunk_end);
    return text;
}

} // namespace webrocket
