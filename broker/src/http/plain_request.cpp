#include "http/plain_request.h"

#include "http/header_grammar.h"
#include "http/http_parser.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <cstring>

namespace webrocket {
namespace {

constexpr std::string_view line_end = "\r\n";

// Printable ASCII, spaces included, and nothing else.
bool is_plain(std::string_view text) {
    constexpr std::uint64_t ones = 0x0101010101010101;
    std::uint64_t odd = 0;
    std::size_t at = 0;
    for (; text.size() - at >= sizeof odd; at += sizeof odd) {
        std::uint64_t word = 0;
        std::memcpy(&word, text.data() + at, sizeof word);
        // The top bit of each byte: below a space, DEL or above it.
        odd |= (word - ones * ' ') | (word + ones) | word;
    }
    return (odd & ones * 0x80) == 0 &&
           std::all_of(text.begin() + static_cast<std::ptrdiff_t>(at), text.end(),
                       [](char c) { return c >= ' ' && c <= '~'; });
}

std::string_view without_spaces_around(std::string_view text) {
    while (text.starts_with(' '))
        text.remove_prefix(1);
    while (text.ends_with(' '))
        text.remove_suffix(1);
    return text;
}

std::string_view take_line(std::string_view &rest) {
    const std::string_view line = rest.substr(0, rest.find(line_end));
    rest.remove_prefix(std::min(line.size() + line_end.size(), rest.size()));
    return line;
}

bool read_first_line(std::string_view line, HttpRequest &request) {
    const auto method_end = line.find(' ');
    const auto target_end = line.rfind(' ');
    if (method_end == std::string_view::npos || target_end <= method_end ||
        line.substr(target_end) != " HTTP/1.1" || !is_plain(line))
        return false;
    request.method = line.substr(0, method_end);
    request.target = line.substr(method_end + 1, target_end - method_end - 1);
    return !request.target.empty() && request.target.find(' ') == std::string_view::npos &&
           std::all_of(request.method.begin(), request.method.end(),
                       [](char c) { return c >= 'A' && c <= 'Z'; }) &&
           !request.method.empty();
}

// What says how the request is framed, or what becomes of the connection, but for the length.
bool is_about_more_than_the_request(std::string_view name) {
    constexpr std::array<std::string_view, 5> names = {"Connection", "Expect", "Proxy-Connection",
                                                       "Transfer-Encoding", "Upgrade"};
    return std::any_of(names.begin(), names.end(),
                       [name](std::string_view one) { return equal_ignoring_case(one, name); });
}

bool read_header(std::string_view line, HttpRequest &request) {
    const auto colon = line.find(':');
    if (colon == std::string_view::npos || !is_plain(line))
        return false;
    const std::string_view name = line.substr(0, colon);
    if (!is_token(name) || is_about_more_than_the_request(name) || request.header_count(name) > 0)
        return false;
    request.headers.emplace_back(name, without_spaces_around(line.substr(colon + 1)));
    return true;
}

std::optional<std::size_t> length_of_body(const HttpRequest &request) {
    constexpr std::size_t digits_max = 9;
    if (request.header_count("Content-Length") == 0)
        return 0;
    const std::string_view text = request.header("Content-Length");
    std::size_t length = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), length);
    if (text.size() > digits_max || error != std::errc() || end != text.data() + text.size())
        return std::nullopt;
    return length;
}

} // namespace

std::optional<std::size_t> read_plain_request(std::string_view input, const HttpLimits &limits,
                                              HttpRequest &request) {
    const auto end = input.substr(0, limits.header_size_max).find("\r\n\r\n");
    if (end == std::string_view::npos)
        return std::nullopt;
    std::string_view rest = input.substr(0, end + line_end.size());
    request.headers.clear();
    if (!read_first_line(take_line(rest), request))
        return std::nullopt;
    while (!rest.empty()) {
        if (request.headers.size() + 1 >= limits.header_lines_max ||
            !read_header(take_line(rest), request))
            return std::nullopt;
    }
    const auto length = length_of_body(request);
    const std::size_t head_size = end + 2 * line_end.size();
    if (request.header_count("Host") == 0 || !length || *length > limits.body_size_max ||
        *length > input.size() - head_size)
        return std::nullopt;
    request.body = input.substr(head_size, *length);
    return head_size + *length;
}

} // namespace webrocket
