#include "lossy_proxy.hpp"

#include <algorithm>
#include <cstdlib>
#include <stdexcept>
#include <string_view>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

namespace faults {
namespace {

std::size_t end_of_host(const std::string &url) { return url.rfind(':') + 1; }

std::string text_of(const request &what) {
    std::string text = what.method + " " + what.target + " HTTP/1.1\r\n";
    for (const auto &[name, value] : what.headers)
        text += name + ": " + value + "\r\n";
    return text + "\r\n" + what.body;
}

} // namespace

/// The proxy's own connection to the broker, for one of the client's.
class lossy_proxy::upstream {
  public:
    explicit upstream(int port) : socket_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        address.sin_port = htons(static_cast<std::uint16_t>(port));
        const int yes = 1;
        setsockopt(socket_.get(), IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
        if (connect(socket_.get(), reinterpret_cast<const sockaddr *>(&address), sizeof address) !=
            0)
            throw std::runtime_error("the broker is not there");
    }

    std::string ask(std::string_view text) {
        while (!text.empty()) {
            const ssize_t sent = send(socket_.get(), text.data(), text.size(), MSG_NOSIGNAL);
            if (sent <= 0)
                throw std::runtime_error("the broker takes nothing");
            text.remove_prefix(static_cast<std::size_t>(sent));
        }
        std::string answer;
        std::size_t whole = 0; // once it is known
        while (whole == 0 || answer.size() < whole) {
            char bytes[4096];
            const ssize_t got = recv(socket_.get(), bytes, sizeof bytes, 0);
            if (got <= 0)
                throw std::runtime_error("the broker does not answer");
            answer.append(bytes, static_cast<std::size_t>(got));
            const auto end = answer.find("\r\n\r\n");
            if (whole == 0 && end != std::string::npos)
                whole = end + 4 + length_in(answer);
        }
        return answer;
    }

  private:
    static std::size_t length_in(const std::string &answer) {
        constexpr std::string_view name = "Content-Length: ";
        return std::strtoul(answer.c_str() + answer.find(name) + name.size(), nullptr, 10);
    }

    descriptor socket_;
};

lossy_proxy::lossy_proxy(const std::string &broker_url)
    : before_host_(broker_url.substr(0, broker_url.find('@') + 1)),
      broker_port_(std::atoi(broker_url.c_str() + end_of_host(broker_url))),
      behind_port_(broker_url.substr(broker_url.find('/', end_of_host(broker_url)))),
      server_({[this](conversation &with) { serve(with); }}) {}

std::string lossy_proxy::url() const {
    return before_host_ + "127.0.0.1:" + std::to_string(server_.where().number()) + behind_port_;
}

lossy_proxy::fate lossy_proxy::fate_of(const request &what) {
    const std::lock_guard lock(mutex_);
    dice_ = dice_ * 1664525U + 1013904223U;
    const unsigned thrown = (dice_ >> 8) % 600;
    if (thrown < 20)
        return fate::lose;
    if (thrown < 39)
        return fate::delay;
    // A call has time for one of these.
    if (thrown < 40)
        return delayed_long_.insert(what.header("Idempotency-Key").value_or("")).second
                   ? fate::delay_long
                   : fate::delay;
    return thrown < 60 ? fate::repeat : fate::pass;
}

void lossy_proxy::serve(conversation &with) {
    upstream broker(broker_port_);
    for (;;) {
        const request asked = with.receive();
        const std::string text = text_of(asked);
        const fate decided = fate_of(asked);
        std::string answer = broker.ask(text);
        switch (decided) {
        case fate::lose:
            ++lost_;
            with.reset();
            return;
        case fate::delay:
            ++delayed_;
            with.pause(milliseconds(20));
            break;
        case fate::delay_long:
            ++delayed_;
            with.pause(milliseconds(5'300));
            break;
        case fate::repeat:
            ++repeated_;
            answer = broker.ask(text);
            break;
        case fate::pass:
            break;
        }
        with.send(answer);
    }
}

} // namespace faults
