#include "net/poll_set.h"

#include <algorithm>
#include <cerrno>

namespace kn {

// The events have the same numbers for both system calls.
static_assert(POLLIN == EPOLLIN && POLLOUT == EPOLLOUT && POLLERR == EPOLLERR &&
              POLLHUP == EPOLLHUP);

void PollSet::watch(int socket, std::uint32_t events) {
    const auto at = std::find_if(watched_.begin(), watched_.end(),
                                 [socket](const pollfd &one) { return one.fd == socket; });
    if (at == watched_.end()) {
        if (events != 0)
            watched_.push_back({socket, static_cast<short>(events), 0});
    } else if (events != 0) {
        at->events = static_cast<short>(events);
    } else {
        *at = watched_.back();
        watched_.pop_back();
    }
}

ReadySockets PollSet::wait(const Deadline &until) {
    int count;
    do {
        count = poll(watched_.data(), watched_.size(), poll_timeout_ms(until));
    } while (count < 0 && errno == EINTR);

    ReadySockets ready;
    for (const pollfd &one : watched_) {
        if (count <= 0 || ready.count == ready.sockets.size())
            break;
        if (one.revents == 0)
            continue;
        epoll_event &event = ready.sockets[ready.count++];
        event.events = static_cast<std::uint32_t>(one.revents);
        event.data.fd = one.fd;
    }
    return ready;
}

} // namespace kn
