#include "http/http_message.h"

#include "http/uri.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <fmt/format.h>

namespace webrocket {
namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

std::string_view trimmed(std::string_view text) {
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t'))
        text.remove_prefix(1);
    while (!text.empty() && (text.back() == ' ' || text.back() == '\t'))
        text.remove_suffix(1);
    return text;
}

} // namespace

bool equal_ignoring_case(std::string_view a, std::string_view b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                      [](char x, char y) { return lower(x) == lower(y); });
}

std::string_view HttpRequest::header(std::string_view name) const {
    for (const auto &[key, value] : headers) {
        if (equal_ignoring_case(key, name))
            return value;
    }
    return {};
}

std::size_t HttpRequest::header_count(std::string_view name) const {
    return static_cast<std::size_t>(
        std::count_if(headers.begin(), headers.end(), [name](const auto &entry) {
            return equal_ignoring_case(entry.first, name);
        }));
}

bool HttpRequest::header_lists(std::string_view name, std::string_view token) const {
    for (const auto &[key, value] : headers) {
        if (!equal_ignoring_case(key, name))
            continue;
        std::string_view rest = value;
        while (true) {
            const auto comma = rest.find(',');
            if (equal_ignoring_case(trimmed(rest.substr(0, comma)), token))
                return true;
            if (comma == std::string_view::npos)
                break;
            rest.remove_prefix(comma + 1);
        }
    }
    return false;
}

namespace {

// Secrets are hexadecimal digits, and some put theirs where it does not belong. May be escaped.
std::size_t secret_length(std::string_view text) {
    constexpr std::size_t shortest = 16;
    const auto length = std::min(text.find_first_not_of("0123456789abcdefABCDEF%"), text.size());
    return length < shortest ? 0 : length;
}

} // namespace

std::string request_summary(const HttpRequest &request) {
    constexpr std::size_t length_max = 200;
    std::string text(request.method.substr(0, length_max));
    text.push_back(' ');
    auto rest = split_target(request.target).path.substr(0, length_max);
    while (!rest.empty()) {
        const auto hidden = secret_length(rest);
        const char c = rest.front();
        if (hidden > 0)
            text += "...";
        else if (c > ' ' && c <= '~')
            text.push_back(c);
        else
            text += fmt::format("%{:02X}", static_cast<unsigned char>(c));
        rest.remove_prefix(std::max<std::size_t>(hidden, 1));
    }
    return text;
}

std::string_view http_reason(int status) {
    switch (status) {
    case 101:
        return "Switching Protocols";
    case 200:
        return "OK";
    case 202:
        return "Accepted";
    case 301:
        return "Moved Permanently";
    case 302:
        return "Found";
    case 304:
        return "Not Modified";
    case 400:
        return "Bad Request";
    case 401:
        return "Unauthorized";
    case 403:
        return "Forbidden";
    case 404:
        return "Not Found";
    case 405:
        return "Method Not Allowed";
    case 408:
        return "Request Timeout";
    case 409:
        return "Conflict";
    case 413:
        return "Payload Too Large";
    case 426:
        return "Upgrade Required";
    case 429:
        return "Too Many Requests";
    case 431:
        return "Request Header Fields Too Large";
    case 503:
        return "Service Unavailable";
    default:
        return "Internal Server Error";
    }
}

std::string serialize(const HttpResponse &response, const ResponseContext &context) {
    std::string out;
    out.reserve(256 + response.body.size());
    const auto line = [&out](std::string_view name, std::string_view value) {
        out.append(name).append(": ").append(value).append("\r\n");
    };
    out.append("HTTP/1.1 ").append(std::to_string(response.status)).append(1, ' ');
    out.append(http_reason(response.status)).append("\r\n");
    for (const auto &[name, value] : response.headers)
        line(name, value);
    out.append(response.constant_lines);
    line("Date", context.date);
    if (!context.takeover) {
        if (response.status != 304) // its length would be that of what is not sent
            line("Content-Length", std::to_string(response.body.size()));
        if (!context.keep_alive)
            line("Connection", "close");
        else if (context.http_1_0)
            line("Connection", "keep-alive");
    }
    out.append("\r\n");
    if (!context.head_only)
        out.append(response.body);
    return out;
}

std::string http_chunk(std::string_view piece) {
    std::string chunk;
    append_http_chunk_head(chunk, piece.size());
    chunk.append(piece).append(http_chunk_end);
    return chunk;
}

void append_http_chunk_head(std::string &out, std::size_t size) {
    std::array<char, 2 * sizeof size> digits{};
    constexpr int hexadecimal = 16;
    char *const end =
        std::to_chars(digits.data(), digits.data() + digits.size(), size, hexadecimal).ptr;
    out.append(digits.data(), end).append(http_chunk_end);
}

} // namespace webrocket
