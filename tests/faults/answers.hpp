// What servers say, right and wrong, as scripts for the fault server.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "fault_server.hpp"

namespace faults {

using headers = std::vector<std::string>;

/// The head of an answer, with the blank line that ends it.
inline std::string head(int status, const headers &lines = {}) {
    std::string text = "HTTP/1.1 " + std::to_string(status) + " Because\r\n";
    for (const std::string &line : lines)
        text += line + "\r\n";
    return text + "\r\n";
}

/// A whole answer, whose body has its length before it.
inline std::string whole_answer(int status, headers lines = {}, std::string_view body = "") {
    lines.push_back("Content-Length: " + std::to_string(body.size()));
    return head(status, lines) + std::string(body);
}

inline std::string json_error(std::string_view text, int code) {
    return R"({"error":")" + std::string(text) + R"(","code":)" + std::to_string(code) + "}";
}

/// The head of an event stream that ends with its connection.
inline std::string stream_head() {
    return head(200, {"Content-Type: text/event-stream", "Cache-Control: no-cache"});
}

/// The head of an event stream in chunks, as the broker sends it.
inline std::string chunked_stream_head() {
    return head(200, {"Content-Type: text/event-stream", "Transfer-Encoding: chunked"});
}

/// Answers one request with just these bytes, then ends the connection.
inline script says(std::string bytes) {
    return [bytes = std::move(bytes)](conversation &with) {
        with.receive();
        with.send(bytes);
    };
}

/// One request, one answer, the end; and it says so, lest the next request come on this connection.
inline script answers(int status, headers lines = {}, std::string_view body = "") {
    lines.push_back("Connection: close");
    return says(whole_answer(status, std::move(lines), body));
}

/// An event stream that ends after these bytes.
inline script streams(std::string_view bytes) { return says(stream_head() + std::string(bytes)); }

/// An event stream that stays open after these bytes.
inline script keeps_streaming(std::string_view bytes) {
    return [bytes = stream_head() + std::string(bytes)](conversation &with) {
        with.receive();
        with.send(bytes);
        with.stall();
    };
}

/// Takes the request and never answers.
inline script never_answers() {
    return [](conversation &with) {
        with.receive();
        with.stall();
    };
}

/// Ends the connection with an RST, having said just these bytes.
inline script resets_after(std::string bytes) {
    return [bytes = std::move(bytes)](conversation &with) {
        with.receive();
        with.send(bytes);
        with.reset();
    };
}

} // namespace faults
