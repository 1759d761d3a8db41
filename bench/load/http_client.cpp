#include "http_client.hpp"

#include "failure.hpp"

#include <charconv>

namespace {

// All the servers spell it so.
std::size_t content_length(std::string_view head) {
    constexpr std::string_view name = "\r\nContent-Length: ";
    const std::size_t at = head.find(name);
    require(at != std::string_view::npos, "an answer without a length", head);
    std::size_t length = 0;
    std::from_chars(head.data() + at + name.size(), head.data() + head.size(), length);
    return length;
}

} // namespace

std::string http_head(const http_address &to, std::string_view method, std::string_view more) {
    std::string head(method);
    head += " " + to.target + " HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(to.port) + "\r\n";
    if (!to.authorization.empty())
        head += "Authorization: " + to.authorization + "\r\n";
    return head.append(more).append("\r\n");
}

http_client::http_client(poller &loop, const http_address &to, std::size_t body_bytes)
    : connection(loop, to.port),
      head_(http_head(to, "POST",
                      "Content-Type: application/json\r\nContent-Length: " +
                          std::to_string(body_bytes) + "\r\n")) {}

void http_client::post(std::string_view body) {
    send(head_);
    send(body);
    ++posted_;
}

std::size_t http_client::on_bytes(std::string_view bytes) {
    std::size_t used = 0;
    for (;;) {
        const std::string_view rest = bytes.substr(used);
        const std::size_t end = rest.find("\r\n\r\n");
        if (end == std::string_view::npos)
            return used;
        const std::string_view head = rest.substr(0, end);
        require(head.starts_with("HTTP/1.1 20"), "a POST failed", head);
        const std::size_t whole = end + 4 + content_length(head);
        if (rest.size() < whole)
            return used;
        used += whole;
        ++answered_;
    }
}
