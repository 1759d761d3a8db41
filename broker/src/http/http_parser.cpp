#include "http/http_parser.h"

#include "http/plain_request.h"

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/beast/core/buffers_range.hpp>
#include <boost/beast/http/parser.hpp>
#include <optional>
#include <string>
#include <utility>

namespace webrocket {
namespace http = boost::beast::http;

namespace {

std::string_view view(boost::beast::string_view text) { return {text.data(), text.size()}; }

int status_for(const boost::system::error_code &error) {
    if (error == http::error::header_limit)
        return 431;
    if (error == http::error::body_limit)
        return 413;
    return 400;
}

bool names_one_host(const HttpRequest &request) {
    const std::size_t count = request.header_count("Host");
    return count == 1 || (count == 0 && request.http_1_0);
}

// Beast takes a request with a transfer coding that it does not know for one without a body. What
// follows would be read as the next request, and others on the way may see that differently.
bool has_clear_end(const HttpRequest &request) {
    return request.header_count("Transfer-Encoding") == 0 ||
           (!request.http_1_0 &&
            equal_ignoring_case(request.header("Transfer-Encoding"), "chunked"));
}

std::size_t count_lines(std::string_view text) {
    return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
}

// So many lines of a header, or all of `input` when that has no more of them.
std::string_view first_lines(std::string_view input, std::size_t count) {
    std::string_view rest = input;
    for (; count > 0 && !rest.starts_with("\r\n"); --count) {
        const auto end = rest.find('\n');
        if (end == std::string_view::npos)
            return input;
        rest.remove_prefix(end + 1);
    }
    const bool is_end = rest.empty() || rest == "\r" || rest.starts_with("\r\n");
    return is_end ? input : input.substr(0, input.size() - rest.size());
}

// The room for the longest body there may be, which a body that has become long moves into: growing
// step by step would move half a megabyte at a time and hold up the loop. A thread keeps one for
// the next, since the kernel takes its time, too, to hand out a megabyte.
class LongBodies {
  public:
    static constexpr std::size_t begin = std::size_t{64} << 10;

    static void make_room(std::string &body) {
        std::string room = std::move(spare_);
        spare_.clear();
        room.reserve(static_cast<std::size_t>(HttpLimits().body_size_max));
        room.assign(body);
        body = std::move(room);
    }

    static void take_back(std::string &&body) {
        if (body.capacity() > spare_.capacity() && body.capacity() > begin)
            spare_ = std::move(body);
        spare_.clear();
    }

  private:
    static thread_local std::string spare_;
};
thread_local std::string LongBodies::spare_;

// Grows with what comes. Beast's own reserves what Content-Length promises, and promises cost
// nothing: many clients that send no more than that would leave the heap in pieces too large to be
// of use and too small to be given back.
struct GrowingBody {
    struct value_type {
        value_type() = default;
        value_type(value_type &&) = default;
        value_type &operator=(value_type &&) = default;
        ~value_type() { LongBodies::take_back(std::move(text)); }

        std::string text;
        bool is_discarded = false;
    };

    class reader {
      public:
        template <bool is_request, typename Fields>
        reader(http::header<is_request, Fields> &, value_type &body) : body_(body) {}

        static void init(const boost::optional<std::uint64_t> &, boost::system::error_code &error) {
            error = {};
        }

        template <typename Buffers>
        std::size_t put(const Buffers &buffers, boost::system::error_code &error) {
            error = {};
            std::size_t count = 0;
            for (const auto buffer : boost::beast::buffers_range_ref(buffers)) {
                if (!body_.is_discarded)
                    append({static_cast<const char *>(buffer.data()), buffer.size()});
                count += buffer.size();
            }
            return count;
        }

        static void finish(boost::system::error_code &error) { error = {}; }

      private:
        void append(std::string_view part) {
            std::string &text = body_.text;
            if (text.size() >= LongBodies::begin && text.size() + part.size() > text.capacity())
                LongBodies::make_room(text);
            text.append(part);
        }

        value_type &body_;
    };
};

} // namespace

struct HttpParser::Beast {
    std::optional<http::request_parser<GrowingBody>> parser;
};

HttpParser::HttpParser(const HttpLimits &limits)
    : limits_(limits), beast_(std::make_unique<Beast>()) {
    reset();
}

HttpParser::~HttpParser() = default;

void HttpParser::reset() {
    // Its list of headers has memory already, which is kept for as many as is usual.
    auto headers = std::move(request_.headers);
    request_ = HttpRequest();
    constexpr std::size_t usual = 16;
    if (headers.capacity() <= usual) {
        headers.clear();
        request_.headers = std::move(headers);
    }
    head_was_new_ = false;
    header_size_ = 0;
    header_lines_ = 0;
    if (beast_->parser && !inside_request())
        return;
    auto &parser = beast_->parser.emplace();
    parser.header_limit(limits_.header_size_max);
    parser.body_limit(limits_.body_size_max);
}

bool HttpParser::inside_request() const { return beast_->parser->got_some(); }

std::size_t HttpParser::held_bytes() const {
    const auto &parser = *beast_->parser;
    return parser.got_some() ? header_size_ + parser.get().body().text.capacity() : 0;
}

HttpParser::State HttpParser::feed(std::string_view &input) {
    auto &parser = *beast_->parser;
    if (!inside_request()) {
        // Some clients send an empty line behind a body.
        while (input.starts_with("\r\n"))
            input.remove_prefix(2);
        if (input == "\r")
            return State::need_more;
        if (const auto size = read_plain_request(input, limits_, request_)) {
            input.remove_prefix(*size);
            return State::complete;
        }
    }
    while (!input.empty() && !parser.is_done()) {
        const std::size_t before = input.size();
        if (const auto state = feed_part(input))
            return *state;
        if (input.size() == before)
            break;
    }
    if (!parser.is_done())
        return State::need_more;
    request_.body = parser.get().body().text;
    return State::complete;
}

std::optional<HttpParser::State> HttpParser::feed_part(std::string_view &input) {
    auto &parser = *beast_->parser;
    boost::system::error_code error;
    const bool in_header = !parser.is_header_done();
    const std::string_view part =
        in_header ? first_lines(input, limits_.header_lines_max - header_lines_) : input;
    parser.eager(!in_header); // what it uses is the header, and no more
    const std::size_t used = parser.put(boost::asio::const_buffer(part.data(), part.size()), error);
    header_lines_ += in_header && !parser.is_header_done() ? count_lines(part.substr(0, used)) : 0;
    input.remove_prefix(used);
    // Beast's limit is for the header without its first line, unless that one comes in pieces.
    header_size_ += in_header ? used : 0;
    const bool has_more_lines =
        error == http::error::need_more && part.size() < used + input.size();
    if (header_size_ > limits_.header_size_max || has_more_lines)
        error = http::error::header_limit;
    if (error == http::error::need_more) {
        // Only lines are waited for in one piece (a chunk's, a trailer's), and those are short.
        return input.size() > limits_.header_size_max ? fail(400) : State::need_more;
    }
    if (error)
        return fail(status_for(error));
    if (in_header && parser.is_header_done()) {
        take_head();
        if (!names_one_host(request_) || !has_clear_end(request_))
            return fail(400);
    }
    return std::nullopt;
}

HttpParser::State HttpParser::fail(int status) {
    error_status_ = status;
    return State::failed;
}

// Before the body comes: Beast takes the trailers behind that for headers, and what a proxy has
// looked for in the header must not come in by them.
void HttpParser::take_head() {
    const auto &message = beast_->parser->get();
    request_.method = view(message.method_string());
    request_.target = view(message.target());
    request_.http_1_0 = message.version() < 11;
    request_.keep_alive = message.keep_alive();
    request_.headers.clear(); // of a request that was not plain after all
    for (const auto &field : message)
        request_.headers.emplace_back(view(field.name_string()), view(field.value()));
}

bool HttpParser::has_head() const { return beast_->parser->is_header_done(); }

bool HttpParser::has_new_head() {
    const auto &parser = *beast_->parser;
    if (head_was_new_ || !parser.is_header_done() || parser.is_done())
        return false;
    head_was_new_ = true;
    return true;
}

void HttpParser::discard_body() {
    auto &body = beast_->parser->get().body();
    std::string().swap(body.text);
    body.is_discarded = true;
}

bool HttpParser::wants_continue() const {
    const auto &message = beast_->parser->get();
    const auto expect = message.find(http::field::expect);
    return message.version() >= 11 && expect != message.end() &&
           equal_ignoring_case(view(expect->value()), "100-continue");
}

} // namespace webrocket
