// Requests out of what a connection gets, whichever way it is cut.
#include "http/http_parser.h"

#include <gtest/gtest.h>
#include <optional>
#include <string>
#include <string_view>

namespace {

using webrocket::HttpLimits;
using webrocket::HttpParser;
using State = HttpParser::State;

constexpr HttpLimits limits{256, 1024, 200};

// The answer's status; 200 stands for a request that is complete.
std::optional<int> outcome(const std::string &bytes, std::size_t step,
                           const HttpLimits &within = limits) {
    HttpParser parser(within);
    std::string left;
    for (std::size_t at = 0; at < bytes.size(); at += step) {
        left += bytes.substr(at, step);
        std::string_view input = left;
        switch (parser.feed(input)) {
        case State::complete:
            return 200;
        case State::failed:
            return parser.error_status();
        case State::need_more:
            left = std::string(input);
        }
    }
    return std::nullopt;
}

std::string request_with_header_of(std::size_t size) {
    const std::string begin = "POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nX: ";
    const std::string end = "\r\n\r\n";
    return begin + std::string(size - begin.size() - end.size(), 'x') + end + "{}";
}

TEST(http_parser, the_header_s_limit_includes_the_first_line_however_it_comes) {
    for (std::size_t size = limits.header_size_max - 30; size < limits.header_size_max + 30;
         ++size) {
        const int expected = size <= limits.header_size_max ? 200 : 431;
        const std::string request = request_with_header_of(size);
        for (const std::size_t step :
             {std::size_t{1}, std::size_t{17}, std::size_t{100}, std::size_t{256}, request.size()})
            EXPECT_EQ(outcome(request, step), expected) << size << " in pieces of " << step;
    }
}

TEST(http_parser, a_header_has_so_many_lines) {
    HttpLimits wide;
    wide.header_lines_max = 20;
    for (const std::size_t lines : {std::size_t{20}, std::size_t{21}}) {
        std::string request = "POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 200\r\n";
        for (std::size_t line = 3; line < lines; ++line)
            request += "x:y\r\n";
        // The lines of a body do not count.
        request += "\r\n" + std::string(200, '\n');
        for (const std::size_t step : {std::size_t{1}, std::size_t{7}, request.size()})
            EXPECT_EQ(outcome(request, step, wide), lines == 20 ? 200 : 431)
                << lines << ' ' << step;
    }
}

TEST(http_parser, trailers_are_no_headers) {
    const std::string request = "POST /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
                                "2\r\n{}\r\n0\r\n"
                                "Authorization: Basic d3I6eA==\r\nConnection: close\r\n\r\n";
    for (std::size_t step = 1; step <= request.size(); ++step) {
        HttpParser parser(limits);
        std::string left;
        State state = State::need_more;
        for (std::size_t at = 0; at < request.size(); at += step) {
            ASSERT_EQ(state, State::need_more);
            left += request.substr(at, step);
            std::string_view input = left;
            state = parser.feed(input);
            left = std::string(input);
        }
        ASSERT_EQ(state, State::complete) << step;
        EXPECT_EQ(parser.request().body, "{}");
        EXPECT_EQ(parser.request().header_count("Authorization"), 0U) << step;
        EXPECT_TRUE(parser.request().keep_alive) << step;
    }
}

TEST(http_parser, requests_on_each_other_s_heels) {
    const std::string request = request_with_header_of(100);
    const std::string bytes = request + request + request;
    for (std::size_t step = 1; step <= bytes.size(); ++step) {
        HttpParser parser(limits);
        std::string left;
        int count = 0;
        for (std::size_t at = 0; at < bytes.size(); at += step) {
            left += bytes.substr(at, step);
            std::string_view input = left;
            while (parser.feed(input) == State::complete) {
                EXPECT_EQ(parser.request().body, "{}");
                ++count;
                parser.reset();
            }
            left = std::string(input);
        }
        EXPECT_EQ(count, 3) << step;
    }
}

} // namespace
