#include "http/multi.h"

#include <algorithm>
#include <cstdint>
#include <new>
#include <utility>

#include "http/curl.h"
#include "http/sigpipe.h"

namespace kn {

Multi::Multi(SocketWatcher &watcher) : watcher_(watcher) {
    ensure_curl();
    handle_.reset(curl_multi_init());
    if (!handle_)
        throw std::bad_alloc();
    curl_multi_setopt(handle_.get(), CURLMOPT_SOCKETFUNCTION, &Multi::watch_socket);
    curl_multi_setopt(handle_.get(), CURLMOPT_SOCKETDATA, this);
    curl_multi_setopt(handle_.get(), CURLMOPT_TIMERFUNCTION, &Multi::set_timer);
    curl_multi_setopt(handle_.get(), CURLMOPT_TIMERDATA, this);
}

Multi::~Multi() {
    const SigpipeHold hold;
    handle_.reset();
}

void Multi::keep_connections(long count) {
    curl_multi_setopt(handle_.get(), CURLMOPT_MAXCONNECTS, count);
}

void Multi::add(CURL *easy, const TransferTrace &trace) {
    transfers_.reserve(transfers_.size() + 1);
    if (curl_multi_add_handle(handle_.get(), easy) != CURLM_OK)
        throw std::bad_alloc();
    transfers_.push_back({easy, &trace});
}

void Multi::remove(CURL *easy) noexcept {
    const SigpipeHold hold(may_use_tls_);
    curl_multi_remove_handle(handle_.get(), easy);
    const auto is_it = [easy](const Transfer &one) { return one.easy == easy; };
    transfers_.erase(std::remove_if(transfers_.begin(), transfers_.end(), is_it), transfers_.end());
}

int Multi::watch_socket(CURL *, curl_socket_t socket, int what, void *self, void *) noexcept {
    auto &me = *static_cast<Multi *>(self);
    std::uint32_t events = 0;
    if (what == CURL_POLL_IN || what == CURL_POLL_INOUT)
        events |= EPOLLIN;
    if (what == CURL_POLL_OUT || what == CURL_POLL_INOUT)
        events |= EPOLLOUT;
    if (what == CURL_POLL_REMOVE)
        me.has_lost_socket_ = true;
    try {
        me.watcher_.watch(socket, events);
    } catch (const std::bad_alloc &) {
        me.out_of_memory_ = true;
    }
    return 0;
}

int Multi::set_timer(CURLM *, long timeout_ms, void *self) noexcept {
    auto &me = *static_cast<Multi *>(self);
    if (timeout_ms < 0)
        me.deadline_.reset();
    else
        me.deadline_ = Clock::now() + std::chrono::milliseconds(timeout_ms);
    return 0;
}

void Multi::advance(const ReadySockets &ready) {
    out_of_memory_ = false;
    const SigpipeHold hold(may_use_tls_);
    for (std::size_t i = 0; i < ready.count; ++i) {
        const epoll_event &event = ready.sockets[i];
        const int events = ((event.events & EPOLLIN) != 0 ? CURL_CSELECT_IN : 0) |
                           ((event.events & EPOLLOUT) != 0 ? CURL_CSELECT_OUT : 0) |
                           ((event.events & (EPOLLERR | EPOLLHUP)) != 0 ? CURL_CSELECT_ERR : 0);
        socket_action(event.data.fd, events);
    }
    run_what_is_due();
    while (std::exchange(has_lost_socket_, false)) {
        run_what_connects();
        run_what_is_due();
    }
    if (out_of_memory_)
        throw std::bad_alloc();
}

/// More than once, since a step of libcurl's may ask for the next one at once.
void Multi::run_what_is_due() {
    while (deadline_ && *deadline_ <= Clock::now()) {
        deadline_.reset();
        socket_action(CURL_SOCKET_TIMEOUT, 0);
    }
}

/// Where a host has several addresses, libcurl gives one up and closes its socket, but opens the
/// next one's in its next run (8.3 and before), for which it sets no timer: without a socket to
/// wait for, nothing would ever come of it. A pause that ends is what asks for a run.
void Multi::run_what_connects() {
    for (const Transfer &one : transfers_) {
        if (one.trace->has_begun)
            continue;
        curl_easy_pause(one.easy, CURLPAUSE_RECV);
        curl_easy_pause(one.easy, CURLPAUSE_CONT);
    }
}

void Multi::socket_action(int socket, int events) {
    int running = 0;
    if (curl_multi_socket_action(handle_.get(), socket, events, &running) == CURLM_OUT_OF_MEMORY)
        out_of_memory_ = true;
}

std::optional<Multi::Completion> Multi::next_completion() noexcept {
    int left = 0;
    while (const CURLMsg *message = curl_multi_info_read(handle_.get(), &left))
        if (message->msg == CURLMSG_DONE)
            return Completion{message->easy_handle, message->data.result};
    return std::nullopt;
}

} // namespace kn
