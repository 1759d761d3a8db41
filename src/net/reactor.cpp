#include "net/reactor.h"

#include <algorithm>
#include <cerrno>
#include <new>

#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "base/deadline.h"

namespace kn {

Descriptor::Descriptor(int number) : number_(number) {
    if (number < 0)
        throw std::bad_alloc(); // KN_ENOMEM: out of memory or descriptors
}

Descriptor::~Descriptor() { close(number_); }

Reactor::Reactor()
    : epoll_(epoll_create1(EPOLL_CLOEXEC)), bell_(eventfd(1, EFD_CLOEXEC | EFD_NONBLOCK)),
      alarm_(timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK)) {
    // Nobody reads it, but Go's poller takes only descriptors that say so.
    if (fcntl(epoll_.get(), F_SETFL, O_NONBLOCK) != 0)
        throw std::bad_alloc();
    add(bell_.get());
    add(alarm_.get());
}

void Reactor::add(int fd) const {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.fd = fd;
    if (epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) != 0)
        throw std::bad_alloc();
}

void Reactor::ring() const noexcept {
    const int saved = errno; // a signal handler may be calling
    const std::uint64_t one = 1;
    // write() is where a thread is cancelled, and whoever rings holds nothing off. An answer that
    // it is full means that it rings already.
    [[maybe_unused]] const long written = syscall(SYS_write, bell_.get(), &one, sizeof one);
    errno = saved;
}

void Reactor::silence() const noexcept {
    std::uint64_t rings;
    [[maybe_unused]] const ssize_t got = read(bell_.get(), &rings, sizeof rings);
}

void Reactor::watch(int socket, std::uint32_t events) {
    Watched *const known = find_adopted(socket);
    if (known == nullptr) {
        if (events == 0)
            forget(socket);
        else
            register_events(socket, events);
        return;
    }
    known->resting = events == 0 ? Watched::Rest::begun : Watched::Rest::none;
    if (events == 0 || events == known->events)
        return;
    register_events(socket, events);
    known->events = events;
}

void Reactor::register_events(int socket, std::uint32_t events) const {
    epoll_event event{};
    event.events = events;
    event.data.fd = socket;
    if (epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, socket, &event) == 0)
        return;
    if (errno != EEXIST || epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, socket, &event) != 0)
        throw std::bad_alloc();
}

void Reactor::forget(int socket) const noexcept {
    epoll_event event{};
    // It may be closed already, and so be gone by itself.
    epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, socket, &event);
}

Reactor::Watched *Reactor::find_adopted(int socket) noexcept {
    for (Watched &one : adopted_)
        if (one.socket == socket)
            return &one;
    return nullptr;
}

void Reactor::adopt(int socket) noexcept {
    try {
        adopted_.push_back({socket, 0, Watched::Rest::none});
    } catch (
        const std::bad_alloc &) { // NOLINT(bugprone-empty-catch): it is one like any other, then
    }
}

void Reactor::disown(int socket) noexcept {
    Watched *const known = find_adopted(socket);
    if (known == nullptr)
        return;
    if (known->events != 0)
        forget(socket);
    *known = adopted_.back();
    adopted_.pop_back();
}

void Reactor::send_home_resting() noexcept {
    for (Watched &one : adopted_) {
        if (one.resting == Watched::Rest::begun) {
            one.resting = Watched::Rest::over_a_wait;
        } else if (one.resting == Watched::Rest::over_a_wait && one.events != 0) {
            forget(one.socket);
            one.events = 0;
        }
    }
}

void Reactor::alarm_at(TimePoint when) noexcept {
    if (alarm_set_for_ && *alarm_set_for_ <= when)
        return;
    using std::chrono::nanoseconds;
    using std::chrono::seconds;
    // steady_clock is CLOCK_MONOTONIC; 0 would turn the timer off.
    const nanoseconds since = std::max(nanoseconds(when.time_since_epoch()), nanoseconds(1));
    const seconds whole = std::chrono::duration_cast<seconds>(since);
    itimerspec spec{};
    spec.it_value.tv_sec = whole.count();
    spec.it_value.tv_nsec = (since - whole).count();
    timerfd_settime(alarm_.get(), TFD_TIMER_ABSTIME, &spec, nullptr);
    alarm_set_for_ = when;
}

void Reactor::drain_alarm() {
    std::uint64_t expirations;
    [[maybe_unused]] const ssize_t got = read(alarm_.get(), &expirations, sizeof expirations);
    alarm_set_for_.reset();
}

auto Reactor::wait(std::optional<TimePoint> until) -> Readiness {
    send_home_resting();
    std::array<epoll_event, 8> events;
    int count;
    do {
        count = epoll_wait(epoll_.get(), events.data(), events.size(), poll_timeout_ms(until));
    } while (count < 0 && errno == EINTR);

    Readiness ready;
    for (int i = 0; i < count; ++i) {
        const int fd = events[static_cast<std::size_t>(i)].data.fd;
        if (fd == bell_.get()) {
            ready.bell = true;
        } else if (fd == alarm_.get()) {
            ready.alarm = true;
            drain_alarm();
        } else {
            ready.sockets[ready.count++] = events[static_cast<std::size_t>(i)];
        }
    }
    return ready;
}

} // namespace kn
