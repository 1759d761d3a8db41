#include "connection.hpp"

#include "failure.hpp"

#include <cstring>

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

connection::connection(poller &loop, int port)
    : loop_(loop), descriptor_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    require_call(descriptor_ >= 0, "socket");
    const int on = 1;
    setsockopt(descriptor_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    // Thousands of ports that wait for late segments would be missing in the next run.
    const linger reset{1, 0};
    setsockopt(descriptor_, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    require_call(connect(descriptor_, reinterpret_cast<sockaddr *>(&address), sizeof address) == 0,
                 "connect");
    require_call(fcntl(descriptor_, F_SETFL, O_NONBLOCK) == 0, "fcntl");
    loop_.add(descriptor_, *this);
}

connection::~connection() { close(descriptor_); }

void connection::send(std::string_view bytes) {
    if (unsent_.empty() && !bytes.empty())
        loop_.flush_later(*this);
    unsent_.append(bytes);
}

void connection::on_readable() {
    auto &buffer = loop_.read_buffer();
    if (unused_.size() == buffer.size()) // in the middle of a large message
        buffer.resize(2 * buffer.size());
    std::memcpy(buffer.data(), unused_.data(), unused_.size());
    const ssize_t count =
        recv(descriptor_, buffer.data() + unused_.size(), buffer.size() - unused_.size(), 0);
    if (count < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    require_call(count >= 0, "recv");
    require(count > 0, "the server closed a connection");
    const std::string_view bytes(buffer.data(), unused_.size() + static_cast<std::size_t>(count));
    unused_.assign(bytes.substr(on_bytes(bytes)));
}

void connection::flush() {
    while (!unsent_.empty()) {
        const ssize_t count = ::send(descriptor_, unsent_.data(), unsent_.size(), MSG_NOSIGNAL);
        if (count < 0 && errno == EAGAIN)
            break;
        require_call(count >= 0, "send");
        unsent_.erase(0, static_cast<std::size_t>(count));
    }
    if (waits_for_room_ == unsent_.empty()) {
        waits_for_room_ = !unsent_.empty();
        loop_.want_room(descriptor_, *this, waits_for_room_);
    }
}
