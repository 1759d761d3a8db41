// Requests to the broker: however they are cut into pieces, the same requests come of them, and
// none in which one could be in doubt where it ends or for whom it is.
#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "expect.hpp"
#include "headed_input.hpp"
#include "http/header_grammar.h"
#include "http/http_parser.h"
#include "pieces.hpp"

namespace {

using webrocket::HttpLimits;
using webrocket::HttpParser;
using webrocket::HttpRequest;

constexpr HttpLimits limits{2048, 4096};

struct Request {
    std::string method, target, body;
    std::vector<std::pair<std::string, std::string>> headers;
    bool http_1_0, keep_alive;

    bool operator==(const Request &) const = default;
};

void expect_no_line_ends(std::string_view text) {
    expect(text.find_first_of(std::string_view("\r\n\0", 3)) == std::string_view::npos);
}

/// What a handshake offers is read more closely than other headers.
void expect_grammar(std::string_view value) {
    const bool is_list = webrocket::is_extension_list(value);
    expect(is_list || !webrocket::is_token(value));
    const std::string more = std::string(value) + " , a; b=\"c\";d";
    expect(!is_list || webrocket::is_extension_list(more));
}

Request copy(const HttpRequest &request) {
    Request copied{std::string(request.method),
                   std::string(request.target),
                   std::string(request.body),
                   {},
                   request.http_1_0,
                   request.keep_alive};
    for (const auto &[name, value] : request.headers) {
        expect_no_line_ends(name);
        expect_no_line_ends(value);
        expect_grammar(value);
        copied.headers.emplace_back(name, value);
    }
    return copied;
}

void expect_unambiguous(const HttpRequest &request) {
    expect(!request.method.empty() && !request.target.empty());
    expect_no_line_ends(request.target);
    expect(request.body.size() <= limits.body_size_max);
    expect(request.header_count("Host") == 1 ||
           (request.http_1_0 && request.header_count("Host") == 0));
    expect(request.header_count("Transfer-Encoding") == 0 ||
           request.header_count("Content-Length") == 0);
    expect(request.header_count("Transfer-Encoding") <= 1);
    if (request.header_count("Transfer-Encoding") == 0 &&
        request.header_count("Content-Length") == 0)
        expect(request.body.empty());
}

/// As a connection does it: what is left over comes again, with what is new behind it.
std::vector<Request> parse(std::string_view stream, std::string_view sizes, bool discards = false) {
    HttpParser parser(limits);
    std::vector<Request> requests;
    std::string left;
    for (pieces cut(stream, sizes); !cut.done();) {
        left.append(cut.next());
        // A copy of its own, so that whoever reads past its end is found out.
        const std::string given(left);
        std::string_view input = given;
        while (!input.empty()) {
            const HttpParser::State state = parser.feed(input);
            if (state == HttpParser::State::need_more) {
                if (parser.has_new_head()) {
                    static_cast<void>(parser.wants_continue());
                    if (discards)
                        parser.discard_body();
                }
                break;
            }
            if (state == HttpParser::State::failed) {
                const int status = parser.error_status();
                expect(status == 400 || status == 413 || status == 431);
                return requests;
            }
            expect_unambiguous(parser.request());
            requests.push_back(copy(parser.request()));
            parser.reset();
        }
        left.assign(input);
    }
    return requests;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size) {
    // The first line says in which pieces the rest comes.
    const headed_input input({reinterpret_cast<const char *>(data), size});
    const std::vector<Request> whole = parse(input.rest, {});
    // When something is found out that is no request may depend on the pieces.
    expect(whole == parse(input.rest, input.line));
    // A body that nobody keeps ends where it would end.
    expect(whole.size() == parse(input.rest, input.line, true).size());
    return 0;
}
