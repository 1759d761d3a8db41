#include "net/outbound_queue.h"

#include <algorithm>

namespace webrocket {

void OutboundQueue::push(Frame frame) {
    bytes_ += frame->size();
    frames_.push_back(std::move(frame));
}

std::size_t OutboundQueue::gather(Gather &gather) const {
    const std::size_t count = std::min(gather_max, frames_.size() - next_);
    for (std::size_t i = 0; i < count; ++i) {
        const std::string &bytes = *frames_[next_ + i];
        const std::size_t skip = i == 0 ? written_ahead_ : 0;
        // iovec serves reads too and so has no const; a write leaves the bytes alone.
        gather[i].iov_base = const_cast<char *>(bytes.data()) + skip;
        gather[i].iov_len = bytes.size() - skip;
    }
    return count;
}

void OutboundQueue::consume(std::size_t count) {
    bytes_ -= count;
    while (count > 0) {
        const std::size_t left = frames_[next_]->size() - written_ahead_;
        if (count < left) {
            written_ahead_ += count;
            break;
        }
        count -= left;
        written_ahead_ = 0;
        frames_[next_++].reset();
    }
    if (empty()) {
        // An idle connection keeps no memory for the burst it once had.
        constexpr std::size_t idle_capacity_max = 8;
        if (frames_.capacity() > idle_capacity_max)
            std::vector<Frame>().swap(frames_);
        else
            frames_.clear();
        next_ = 0;
    } else if (next_ >= 1024) {
        frames_.erase(frames_.begin(), frames_.begin() + static_cast<std::ptrdiff_t>(next_));
        next_ = 0;
    }
}

} // namespace webrocket
