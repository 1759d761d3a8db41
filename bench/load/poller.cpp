#include "poller.hpp"

#include "connection.hpp"
#include "failure.hpp"

#include <array>
#include <utility>

#include <sys/epoll.h>
#include <unistd.h>

namespace {

constexpr int patience_ms = 60'000;
constexpr std::size_t read_buffer_bytes = 512 * 1024;

} // namespace

poller::poller() : descriptor_(epoll_create1(EPOLL_CLOEXEC)), read_buffer_(read_buffer_bytes) {
    require_call(descriptor_ >= 0, "epoll_create1");
}

poller::~poller() { close(descriptor_); }

void poller::add(int descriptor, connection &who) {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.ptr = &who;
    require_call(epoll_ctl(descriptor_, EPOLL_CTL_ADD, descriptor, &event) == 0, "epoll_ctl");
}

void poller::want_room(int descriptor, connection &who, bool is_wanted) {
    epoll_event event{};
    event.events = is_wanted ? EPOLLIN | EPOLLOUT : EPOLLIN;
    event.data.ptr = &who;
    require_call(epoll_ctl(descriptor_, EPOLL_CTL_MOD, descriptor, &event) == 0, "epoll_ctl");
}

void poller::turn() {
    flush();
    std::array<epoll_event, 1024> events;
    const int count =
        epoll_wait(descriptor_, events.data(), static_cast<int>(events.size()), patience_ms);
    if (count < 0 && errno == EINTR)
        return;
    require_call(count >= 0, "epoll_wait");
    require(count > 0, "nothing was heard from the server for a minute");
    for (int i = 0; i < count; ++i) {
        const epoll_event &event = events[static_cast<std::size_t>(i)];
        auto &who = *static_cast<connection *>(event.data.ptr);
        if (event.events & EPOLLOUT)
            who.flush();
        if (event.events & ~static_cast<unsigned>(EPOLLOUT))
            who.on_readable();
    }
}

void poller::flush() {
    for (connection *who : std::exchange(to_flush_, {}))
        who->flush();
}
