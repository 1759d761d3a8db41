// What a connection still has to write: shared frames, taken in gather writes.
#pragma once

#include "net/shared_bytes.h"

#include <array>
#include <cstddef>
#include <sys/uio.h>
#include <vector>

namespace webrocket {

class OutboundQueue {
  public:
    static constexpr std::size_t gather_max = 128;
    using Gather = std::array<iovec, gather_max>;

    bool empty() const { return next_ == frames_.size(); }
    std::size_t bytes() const { return bytes_; }

    void push(Frame frame);

    // Points `gather` at the bytes to be written next; returns how many entries are in use.
    std::size_t gather(Gather &gather) const;

    // The first `count` of those bytes are written.
    void consume(std::size_t count);

  private:
    std::vector<Frame> frames_;
    std::size_t next_ = 0;          // frames before it are written
    std::size_t written_ahead_ = 0; // bytes of the next frame that are written
    std::size_t bytes_ = 0;
};

} // namespace webrocket
