#include "net/outbound_queue.h"

#include <algorithm>
#include <utility>

namespace webrocket {

void OutboundQueue::push(Frame frame) {
    const std::size_t size = frame->size();
    if (empty()) {
        first_ = std::move(frame);
    } else {
        constexpr std::size_t some = 7;
        if (!rest_) {
            auto rest = std::make_unique<Rest>();
            rest->frames.reserve(some);
            rest_ = std::move(rest);
        }
        rest_->frames.push_back(std::move(frame));
    }
    bytes_ += size;
}

std::size_t OutboundQueue::gather(Gather &gather) const {
    std::size_t count = 0;
    const auto add = [&](const std::string &bytes, std::size_t skip) {
        // iovec serves reads too and so has no const; a write leaves the bytes alone.
        gather[count].iov_base = const_cast<char *>(bytes.data()) + skip;
        gather[count].iov_len = bytes.size() - skip;
        ++count;
    };
    if (empty())
        return 0;
    add(*first_, written_ahead_);
    if (!rest_)
        return count;
    for (std::size_t i = rest_->next; i < rest_->frames.size() && count < gather.size(); ++i)
        add(*rest_->frames[i], 0);
    return count;
}

std::size_t OutboundQueue::share_of_memory() const {
    const auto share_of = [](const Frame &frame) {
        return frame->size() / static_cast<std::size_t>(std::max(frame.local_use_count(), 1L));
    };
    if (empty())
        return 0;
    std::size_t share = share_of(first_);
    if (!rest_)
        return share;
    constexpr std::size_t looked_at_max = 256;
    const auto &frames = rest_->frames;
    const std::size_t step = 1 + (frames.size() - rest_->next) / looked_at_max;
    for (std::size_t i = rest_->next; i < frames.size(); i += step)
        share += step * share_of(frames[i]);
    return share + frames.capacity() * sizeof(Frame);
}

void OutboundQueue::consume(std::size_t count) {
    bytes_ -= count;
    while (count > 0) {
        const std::size_t left = first_->size() - written_ahead_;
        if (count < left) {
            written_ahead_ += count;
            return;
        }
        count -= left;
        drop_first();
    }
}

void OutboundQueue::drop_first() {
    written_ahead_ = 0;
    if (!rest_) {
        first_.reset();
        return;
    }
    auto &[frames, next] = *rest_;
    first_ = std::move(frames[next++]);
    constexpr std::size_t many = 1024;
    if (next == frames.size()) {
        rest_.reset();
    } else if (next >= many) {
        frames.erase(frames.begin(), frames.begin() + static_cast<std::ptrdiff_t>(next));
        next = 0;
    }
}

} // namespace webrocket
