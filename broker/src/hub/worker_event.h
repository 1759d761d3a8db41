// An event on its way to workers: encoded when the first of them needs it, and once for all.
#pragma once

#include "net/shared_bytes.h"
#include "websocket/frame.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace webrocket {

// The views must outlive the event.
class WorkerEvent {
  public:
    // `payload` is one line of JSON.
    WorkerEvent(std::uint64_t id, std::string_view topic, std::string_view payload)
        : id_(id), topic_(topic), payload_(payload) {}

    std::uint64_t id() const { return id_; }
    std::string_view topic() const { return topic_; }

    // A record of an event stream; as it is, or as a chunk of a chunked body.
    const SharedBytes &record() const;
    const SharedBytes &chunk() const;

  private:
    std::string encoded(bool as_chunk) const;

    std::uint64_t id_;
    std::string_view topic_;
    std::string_view payload_;
    mutable SharedBytes record_;
    mutable SharedBytes chunk_;
};

} // namespace webrocket
