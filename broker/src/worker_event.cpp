#include "worker_event.h"

#include "http_message.h"

#include <fmt/format.h>

namespace webrocket {

const Frame &WorkerEvent::record() const {
    if (!record_)
        record_ = make_frame(fmt::format("id: {}\nevent: {}\ndata: {}\n\n", id_, topic_, payload_));
    return record_;
}

const Frame &WorkerEvent::chunk() const {
    if (!chunk_)
        chunk_ = make_frame(http_chunk(*record()));
    return chunk_;
}

} // namespace webrocket
