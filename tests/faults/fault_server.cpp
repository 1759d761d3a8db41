#include "fault_server.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <stdexcept>
#include <system_error>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

namespace faults {
namespace {

int checked(int result, const char *what) {
    if (result < 0)
        throw std::system_error(errno, std::generic_category(), what);
    return result;
}

bool equals_ignoring_case(std::string_view a, std::string_view b) {
    const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c; };
    return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                      [&](char x, char y) { return lower(x) == lower(y); });
}

sockaddr_in loopback(int number) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(number));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

descriptor tcp_socket() {
    return descriptor(
        checked(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), "socket"));
}

descriptor bound_socket(int number) {
    descriptor result = tcp_socket();
    const int yes = 1; // as long as nobody listens, two may be bound to a port
    setsockopt(result.get(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    const sockaddr_in address = loopback(number);
    checked(bind(result.get(), reinterpret_cast<const sockaddr *>(&address), sizeof address),
            "bind");
    return result;
}

int number_of(const descriptor &bound) {
    sockaddr_in address{};
    socklen_t size = sizeof address;
    checked(getsockname(bound.get(), reinterpret_cast<sockaddr *>(&address), &size), "getsockname");
    return ntohs(address.sin_port);
}

/// Whether @p fd became ready within @p timeout_ms (-1: for ever). Throws when the server is
/// stopped.
bool wait_for(int fd, short events, int stop, int timeout_ms = -1) {
    std::array<pollfd, 2> watched{{{fd, events, 0}, {stop, POLLIN, 0}}};
    int ready;
    do
        ready = poll(watched.data(), watched.size(), timeout_ms);
    while (ready < 0 && errno == EINTR);
    checked(ready, "poll");
    if (watched[1].revents != 0)
        throw hung_up();
    return ready > 0;
}

class plain final : public channel {
  public:
    plain(descriptor socket, int stop) : socket_(std::move(socket)), stop_(stop) {}

    std::size_t read(char *into, std::size_t size) override {
        wait_for(socket_.get(), POLLIN, stop_);
        const ssize_t got = recv(socket_.get(), into, size, 0);
        return got < 0 ? 0 : static_cast<std::size_t>(got);
    }

    void write(std::string_view bytes) override {
        while (!bytes.empty()) {
            wait_for(socket_.get(), POLLOUT, stop_);
            const ssize_t sent =
                ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
            if (sent < 0 && errno != EAGAIN)
                throw hung_up();
            bytes.remove_prefix(static_cast<std::size_t>(std::max<ssize_t>(sent, 0)));
        }
    }

    int fd() const noexcept override { return socket_.get(); }

  private:
    descriptor socket_;
    int stop_;
};

} // namespace

descriptor::~descriptor() {
    if (number_ >= 0)
        close(number_);
}

port::port() : reservation_(bound_socket(0)), number_(number_of(reservation_)) {
    listener_ = bound_socket(number_);
}

void port::open() const { checked(listen(fd(), SOMAXCONN), "listen"); }

// Linux lets a listener that was shut down listen again, on the port that it was bound to by
// number.
void port::shut() const { checked(shutdown(fd(), SHUT_RDWR), "shutdown"); }

void port::clog() {
    checked(listen(fd(), 0), "listen");
    const sockaddr_in address = loopback(number_);
    for (;;) {
        descriptor waiting = tcp_socket();
        // On the loopback whoever is let in is let in at once.
        (void)connect(waiting.get(), reinterpret_cast<const sockaddr *>(&address), sizeof address);
        pollfd watched{waiting.get(), POLLOUT, 0};
        const bool is_in = checked(poll(&watched, 1, 200), "poll") > 0;
        waiting_.push_back(std::move(waiting));
        if (!is_in)
            return;
    }
}

std::string port::origin(std::string_view scheme) const {
    return std::string(scheme) + "://127.0.0.1:" + std::to_string(number_);
}

std::string port::url(std::string_view scheme, std::string_view host) const {
    return std::string(scheme) + "://wr:" + std::string(token) + "@" + std::string(host) + ":" +
           std::to_string(number_) + "/vhost";
}

std::optional<std::string> request::header(std::string_view name) const {
    for (const auto &[key, value] : headers)
        if (equals_ignoring_case(key, name))
            return value;
    return std::nullopt;
}

std::unique_ptr<channel> plain_channel(descriptor socket, int stop) {
    return std::make_unique<plain>(std::move(socket), stop);
}

void conversation::read_more() {
    std::array<char, 16 * 1024> buffer;
    const std::size_t got = channel_.read(buffer.data(), buffer.size());
    if (got == 0)
        throw hung_up();
    unread_.append(buffer.data(), got);
}

std::string conversation::read_line() {
    std::size_t end;
    while ((end = unread_.find("\r\n")) == std::string::npos)
        read_more();
    std::string line = unread_.substr(0, end);
    unread_.erase(0, end + 2);
    return line;
}

request conversation::receive() {
    request what;
    const std::string first = read_line();
    const std::size_t method_end = first.find(' ');
    const std::size_t target_end = first.rfind(' ');
    what.method = first.substr(0, method_end);
    what.target = first.substr(method_end + 1, target_end - method_end - 1);
    what.version = first.substr(target_end + 1);
    for (std::string line = read_line(); !line.empty(); line = read_line()) {
        const std::size_t colon = line.find(':');
        std::string value = line.substr(colon + 1);
        if (!value.empty() && value.front() == ' ')
            value.erase(0, 1); // the one that is customary; more would be the value's own
        what.headers.emplace_back(line.substr(0, colon), std::move(value));
    }
    const std::size_t size = std::stoul(what.header("Content-Length").value_or("0"));
    while (unread_.size() < size)
        read_more();
    what.body = unread_.substr(0, size);
    unread_.erase(0, size);
    what.arrived = clock::now();
    record_(what);
    return what;
}

void conversation::send_byte_by_byte(std::string_view bytes) {
    const int at_once = 1;
    setsockopt(channel_.fd(), IPPROTO_TCP, TCP_NODELAY, &at_once, sizeof at_once);
    for (std::size_t i = 0; i < bytes.size(); ++i)
        send(bytes.substr(i, 1));
}

void conversation::send_chunk(std::string_view bytes) {
    std::array<char, 24> size;
    const int length = snprintf(size.data(), size.size(), "%zx\r\n", bytes.size());
    std::string chunk(size.data(), static_cast<std::size_t>(length));
    chunk += bytes;
    chunk += "\r\n";
    send(chunk);
}

std::size_t conversation::send_until_it_stalls(std::string_view bytes) {
    std::size_t sent = 0;
    while (sent < bytes.size() && wait_for(channel_.fd(), POLLOUT, stop_, 500)) {
        const ssize_t now = ::send(channel_.fd(), bytes.data() + sent, bytes.size() - sent,
                                   MSG_NOSIGNAL | MSG_DONTWAIT);
        if (now < 0 && errno != EAGAIN)
            throw hung_up();
        sent += static_cast<std::size_t>(std::max<ssize_t>(now, 0));
    }
    return sent;
}

void conversation::stall() {
    for (;;)
        read_more();
}

void conversation::pause(milliseconds time) const {
    wait_for(-1, 0, stop_, static_cast<int>(time.count()));
}

void conversation::reset() {
    const linger at_once{1, 0};
    setsockopt(channel_.fd(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    throw hung_up(); // what is left is to close it
}

void conversation::half_close() { shutdown(channel_.fd(), SHUT_WR); }

void conversation::end() {
    half_close();
    stall();
}

fault_server::fault_server(std::vector<script> scripts, channel_maker speak)
    : fault_server(port(), std::move(scripts), std::move(speak)) {}

fault_server::fault_server(port where, std::vector<script> scripts, channel_maker speak)
    : scripts_(std::move(scripts)), speak_(std::move(speak)), port_(std::move(where)),
      stop_(checked(eventfd(0, EFD_CLOEXEC), "eventfd")) {
    port_.open();
    acceptor_ = std::thread([this] { accept_all(); });
}

fault_server::~fault_server() {
    const std::uint64_t one = 1;
    [[maybe_unused]] const ssize_t written = write(stop_.get(), &one, sizeof one);
    acceptor_.join();
    for (std::thread &conversation : conversations_)
        conversation.join();
}

void fault_server::accept_all() {
    // The process's signals are the test's affair, and so is a SIGPIPE that the server earns.
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, nullptr);
    try {
        for (;;) {
            // A port that is shut for a while shows as hung up, which is no connection.
            if (wait_for(port_.fd(), POLLIN, stop_.get(), 10)) {
                descriptor socket(accept4(port_.fd(), nullptr, nullptr, SOCK_CLOEXEC));
                if (socket.get() < 0) {
                    wait_for(-1, 0, stop_.get(), 1);
                    continue;
                }
                conversations_.emplace_back(
                    [this, number = connections_++](descriptor mine) {
                        serve(std::move(mine), number);
                    },
                    std::move(socket));
            }
        }
    } catch (const hung_up &) { // stopped
    }
}

void fault_server::serve(descriptor socket, std::size_t number) {
    play(std::move(socket), number);
    const std::lock_guard lock(mutex_);
    ++closed_;
    changed_.notify_all();
}

void fault_server::play(descriptor socket, std::size_t number) {
    try {
        const std::unique_ptr<channel> over = speak_(std::move(socket), stop_.get());
        try {
            conversation talk(*over, stop_.get(), [this](const request &what) { record(what); });
            scripts_[std::min(number, scripts_.size() - 1)](talk);
            talk.end();
        } catch (const hung_up &) { // the socket is closed here, at the latest
        }
    } catch (const hung_up &) { // no channel came about
    }
}

void fault_server::record(const request &what) {
    const std::lock_guard lock(mutex_);
    requests_.push_back(what);
    changed_.notify_all();
}

std::vector<request> fault_server::requests() const {
    const std::lock_guard lock(mutex_);
    return requests_;
}

std::size_t fault_server::connections() const { return connections_; }

std::vector<request> fault_server::await_requests(std::size_t count) const {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, patience, [&] { return requests_.size() >= count; });
    return requests_;
}

bool fault_server::await_closed(std::size_t count) const {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, patience, [&] { return closed_ >= count; });
}

forked_fault_server::forked_fault_server(std::vector<script> scripts) {
    std::array<int, 2> ends;
    checked(pipe(ends.data()), "pipe");
    descriptor child_end(ends[0]);
    lifeline_ = descriptor(ends[1]);
    port_.open();
    child_ = checked(fork(), "fork");
    if (child_ != 0)
        return;
    lifeline_ = descriptor();
    {
        const fault_server server(std::move(port_), std::move(scripts));
        char nothing;
        while (read(child_end.get(), &nothing, 1) < 0 && errno == EINTR) {
        }
    }
    _exit(0);
}

forked_fault_server::~forked_fault_server() {
    lifeline_ = descriptor();
    waitpid(child_, nullptr, 0);
}

} // namespace faults
