#include "nats_lines.hpp"

#include "failure.hpp"

#include <charconv>

namespace {

std::size_t payload_bytes(std::string_view line) {
    const std::string_view last = line.substr(line.rfind(' ') + 1);
    std::size_t bytes = 0;
    const auto end = last.data() + last.size();
    require(std::from_chars(last.data(), end, bytes).ptr == end,
            "a message of NATS without its length", line);
    return bytes;
}

} // namespace

std::size_t read_nats(std::string_view bytes, nats_listener &listener) {
    std::size_t used = 0;
    for (;;) {
        const std::string_view rest = bytes.substr(used);
        const std::size_t end = rest.find("\r\n");
        if (end == std::string_view::npos)
            return used;
        const std::string_view line = rest.substr(0, end);
        std::size_t whole = end + 2;
        if (line.starts_with("MSG ")) {
            const std::size_t length = payload_bytes(line);
            if (rest.size() < whole + length + 2)
                return used;
            listener.on_payload(rest.substr(whole, length));
            whole += length + 2;
        } else if (line == "PING") {
            listener.on_ping();
        } else if (line == "PONG") {
            listener.on_pong();
        } else if (line.starts_with("INFO ")) {
            listener.on_info();
        } else {
            require(line == "+OK", "NATS said", line);
        }
        used += whole;
    }
}

std::string_view nats_greeting(bool subscribes) {
    return subscribes ? "CONNECT {\"verbose\":false,\"pedantic\":false}\r\nSUB bench 1\r\nPING\r\n"
                      : "CONNECT {\"verbose\":false,\"pedantic\":false}\r\nPING\r\n";
}
