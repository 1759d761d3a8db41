// What the sockets of a loop are ready for: an epoll set of the loop's own, in which each of them
// stands from its first moment to its last. It tells of changes alone (it is edge-triggered), so
// that nothing has to be asked for again after each read and each write. Asio waits for the set.
#pragma once

#include "net/socket.h"

#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <sys/epoll.h>

namespace webrocket {

// For the loop's own thread.
class ReadySet {
  public:
    // So many are looked at before something else has its turn.
    static constexpr std::size_t changes_max = 128;
    // That there may be something to read, or the end of it.
    static constexpr std::uint32_t input = EPOLLIN | EPOLLPRI | EPOLLRDHUP | EPOLLHUP | EPOLLERR;
    static constexpr std::uint32_t room = EPOLLOUT | EPOLLHUP | EPOLLERR;
    // That a read which brings less than it could was not the last: an end comes behind it, or what
    // is urgent.
    static constexpr std::uint32_t more_than_input = EPOLLPRI | EPOLLRDHUP | EPOLLHUP | EPOLLERR;

    // `on_changes` is called on the io_context, and throws nothing.
    ReadySet(boost::asio::io_context &io, std::function<void()> on_changes);
    ReadySet(const ReadySet &) = delete;
    ReadySet &operator=(const ReadySet &) = delete;

    // Until the socket is closed. Throws std::system_error.
    void add(const Socket &socket, void *whose);

    // What has changed by now, with whose it is.
    std::span<const epoll_event> changes();

    // Has on_changes called once there are some, or as soon as whatever else is ready has run.
    // Neither needs memory, so neither fails.
    void wait();
    void look_again();

  private:
    class Memory;
    struct Call;

    void run(bool &is_wanted);

    // The io_context may have what is in them for longer than this set is there.
    const std::shared_ptr<Memory> memory_of_wait_;
    const std::shared_ptr<Memory> memory_of_look_;
    boost::asio::io_context &io_;
    const std::function<void()> on_changes_;
    boost::asio::posix::stream_descriptor set_;
    std::array<epoll_event, changes_max> changes_;
    bool waits_ = false;
    bool looks_again_ = false;
};

} // namespace webrocket
