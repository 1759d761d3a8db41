// What a connection still has to write: shared frames, taken in gather writes.
#pragma once

#include "net/held_memory.h"
#include "net/shared_bytes.h"

#include <array>
#include <cstddef>
#include <memory>
#include <sys/uio.h>
#include <vector>

namespace webrocket {

class OutboundQueue {
  public:
    static constexpr std::size_t gather_max = 128;
    using Gather = std::array<iovec, gather_max>;

    bool empty() const { return first_ == nullptr; }
    std::size_t bytes() const { return bytes_; }
    // What would be free without it: of frames that other connections of the loop have, too, a
    // part. It looks at a few hundred of them at most.
    std::size_t share_of_memory() const;

    void push(Frame frame);

    // Points `gather` at the bytes to be written next; returns how many entries are in use.
    std::size_t gather(Gather &gather) const;

    // The first `count` of those bytes are written.
    void consume(std::size_t count);

  private:
    struct Rest {
        std::vector<Frame, CountingAllocator<Frame>> frames;
        std::size_t next = 0; // those before it have become the first
    };

    void drop_first();

    // One frame at a time is the rule, and stands in the connection itself. What comes behind it
    // has memory as long as there is some: an idle connection keeps none for the burst that it had.
    Frame first_;
    std::unique_ptr<Rest> rest_;
    std::size_t written_ahead_ = 0; // bytes of the first frame that are written
    std::size_t bytes_ = 0;
};

} // namespace webrocket
