#include "worker_event.h"

#include "http_message.h"

#include <fmt/format.h>

namespace webrocket {

const SharedBytes &WorkerEvent::record() const {
    if (!record_)
        record_ = share(fmt::format("id: {}\nevent: {}\ndata: {}\n\n", id_, topic_, payload_));
    return record_;
}

const SharedBytes &WorkerEvent::chunk() const {
    if (!chunk_)
        chunk_ = share(http_chunk(*record()));
    return chunk_;
}

} // namespace webrocket
