// Incremental parsing of requests: of plain ones at once, of all others by Beast. Its headers are
// heavy, so only http_parser.cpp sees them.
#pragma once

#include "http/http_message.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

namespace webrocket {

struct HttpLimits {
    std::uint32_t header_size_max = std::uint32_t{16} << 10;
    std::uint64_t body_size_max = 1 << 20;
    std::size_t header_lines_max = 200; // each costs much more than its bytes
};

class HttpParser {
  public:
    explicit HttpParser(const HttpLimits &limits);
    ~HttpParser();
    HttpParser(const HttpParser &) = delete;
    HttpParser &operator=(const HttpParser &) = delete;

    enum class State { need_more, complete, failed };

    // Takes what it can from the front of `input`. What is left must be given again, with more
    // behind it.
    State feed(std::string_view &input);

    // After State::failed.
    int error_status() const { return error_status_; }

    bool has_head() const;
    // After State::need_more, once for each request: its head is there and its body is not.
    bool has_new_head();
    // The client holds its body back until it is told to go on.
    bool wants_continue() const;
    // The rest of the body is read, and what is there already is forgotten.
    void discard_body();

    bool inside_request() const;
    // What it has kept of a request that is not whole.
    std::size_t held_bytes() const;

    // After State::complete or has_new_head(); valid until reset().
    HttpRequest &request() { return request_; }
    void reset();

  private:
    struct Beast;

    // Nothing: there may be more to read in it.
    std::optional<State> feed_part(std::string_view &input);
    void take_head();
    State fail(int status);

    HttpLimits limits_;
    std::unique_ptr<Beast> beast_;
    HttpRequest request_;
    int error_status_ = 0;
    bool head_was_new_ = false;
    std::size_t header_size_ = 0; // as far as it was read
    std::size_t header_lines_ = 0;
};

} // namespace webrocket
