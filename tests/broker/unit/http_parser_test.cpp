// Requests out of what a connection gets, whichever way it is cut.
#include "http/http_parser.h"

#include <algorithm>
#include <gtest/gtest.h>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

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

struct Read {
    State state = State::need_more;
    std::string method, target, body;
    std::vector<std::pair<std::string, std::string>> headers;
    bool http_1_0 = false, keep_alive = false;
    std::size_t left = 0;

    bool operator==(const Read &) const = default;
};

Read read(const std::string &bytes, std::size_t step) {
    HttpParser parser(limits);
    std::string left;
    Read read;
    for (std::size_t at = 0; at < bytes.size() && read.state == State::need_more; at += step) {
        left += bytes.substr(at, step);
        std::string_view input = left;
        read.state = parser.feed(input);
        read.left = input.size() + bytes.size() - std::min(at + step, bytes.size());
        if (read.state == State::complete) {
            const auto &request = parser.request();
            read.method = request.method;
            read.target = request.target;
            read.body = request.body;
            for (const auto &[name, value] : request.headers)
                read.headers.emplace_back(name, value);
            read.http_1_0 = request.http_1_0;
            read.keep_alive = request.keep_alive;
        }
        left = std::string(input);
    }
    return read;
}

// What is plain is read at a look where it comes whole, and bit by bit where it does not.
TEST(http_parser, a_request_is_the_same_in_whatever_pieces) {
    const std::string post = "POST /a/b?c=d HTTP/1.1\r\nHost: x\r\n";
    const std::vector<std::string> all = {
        "GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: x\r\n\r\nGET",
        "GET / HTTP/1.1\r\nHost:\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: x\r\nhost: y\r\n\r\n",
        "GET / HTTP/1.1\r\nX: y\r\n\r\n",
        "GET / HTTP/1.0\r\nHost: x\r\n\r\n",
        "GET /a b HTTP/1.1\r\nHost: x\r\n\r\n",
        "GET / HTTP/1.1 \r\nHost: x\r\n\r\n",
        "GET /\x7f HTTP/1.1\r\nHost: x\r\n\r\n",
        "GET /\xc3\xa4 HTTP/1.1\r\nHost: x\r\n\r\n",
        "get / HTTP/1.1\r\nHost: x\r\n\r\n",
        " / HTTP/1.1\r\nHost: x\r\n\r\n",
        "GET / HTTP/1.1\r\nHost : x\r\n\r\n",
        "GET / HTTP/1.1\r\n: x\r\nHost: x\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: x\r\n folded\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: x\nY: z\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: x\r\nno colon\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: x\r\nA:  b \t c\t \r\nB: \xe4\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: x\r\nA: 1\r\nB: 2\r\na: 3\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: x\r\nProxy-Connection: close\r\n\r\n",
        post + "Content-Length: 5\r\nX:y  \r\n\r\nhello",
        post + "Content-Length: 5\r\n\r\nhello world",
        post + "Content-Length: 005\r\n\r\nhello",
        post + "Content-Length: 5\r\n\r\nhell",
        post + "Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello",
        post + "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
        post + "Content-Length: +5\r\n\r\nhello",
        post + "Content-Length: 5, 5\r\n\r\nhello",
        post + "Content-Length:\r\n\r\nhello",
        post + "Content-Length: 99999999999999999999\r\n\r\nhello",
        post + "Content-Length: 1025\r\n\r\n" + std::string(1025, 'x'),
        post + "Content-Length: 1024\r\n\r\n" + std::string(1024, 'x'),
        post + "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
        post + "Transfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n",
        post + "Transfer-Encoding: gzip\r\n\r\nhello",
    };
    for (const auto &request : all) {
        const Read whole = read(request, request.size());
        for (std::size_t step = 1; step < request.size(); ++step) {
            const Read other = read(request, step);
            EXPECT_EQ(other.state, whole.state) << request << " by " << step;
            EXPECT_TRUE(whole.state != State::complete || other == whole)
                << request << " by " << step;
        }
    }
}

} // namespace
