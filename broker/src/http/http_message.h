// Requests and responses as the endpoints see them.
#pragma once

#include "base/client_address.h"
#include "net/refusal_reason.h"

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <utility>
#include <vector>

namespace webrocket {

class Connection;
class Protocol;

// The views point into the parser and end with the call that handles the request.
struct HttpRequest {
    std::string_view method;
    std::string_view target;
    std::vector<std::pair<std::string_view, std::string_view>> headers;
    std::string_view body;
    bool http_1_0 = false;
    bool keep_alive = true;
    ClientAddress address;     // of whoever asks, behind trusted proxies
    bool is_forwarded = false; // by one of those
    std::optional<uid_t> user; // of whoever asks over a unix socket

    // The first header of that name, whatever its case; empty if there is none.
    std::string_view header(std::string_view name) const;
    std::size_t header_count(std::string_view name) const;
    // Whether a comma-separated header lists `token`, whatever its case.
    bool header_lists(std::string_view name, std::string_view token) const;
};

struct HttpResponse {
    int status = 200;
    std::vector<std::pair<std::string, std::string>> headers;
    std::string_view constant_lines; // headers as they are written; they stay where they are
    std::string body;
    // What it refuses, where its status does not say enough.
    std::optional<RefusalReason> refusal;

    HttpResponse &refusing(RefusalReason reason) {
        refusal = reason;
        return *this;
    }
    HttpResponse &with(std::string name, std::string value) {
        headers.emplace_back(std::move(name), std::move(value));
        return *this;
    }
};

struct HttpReply;

// Takes the answer to a request, once, on any thread.
class Answer {
  public:
    explicit Answer(std::function<void(HttpReply)> give) : give_(std::move(give)) {}

    void operator()(HttpResponse response) const;
    // One that comes later still is none.
    void operator()(HttpReply reply) const;

  private:
    std::function<void(HttpReply)> give_;
};

// An answer; or the head of one after which the connection speaks another language; or, when it
// takes a while, what has to be begun for it.
struct HttpReply {
    HttpResponse response;
    std::function<std::unique_ptr<Protocol>(Connection &)> takeover;
    std::function<void(Answer)> later;
};

inline void Answer::operator()(HttpResponse response) const {
    give_(HttpReply{std::move(response), {}, {}});
}

inline void Answer::operator()(HttpReply reply) const { give_(std::move(reply)); }

// What is to become of a body, as far as the head before it tells.
struct HeadVerdict {
    std::optional<HttpReply> refusal; // the answer, whatever the body would be
    bool wants_body = true;
};

class HttpHandler {
  public:
    virtual ~HttpHandler() = default;
    // Asked when a body does not come together with its head: nothing that nobody wants is held.
    // `head` has no body.
    virtual HeadVerdict judge_head(const HttpRequest &head) = 0;
    virtual HttpReply handle(const HttpRequest &request) = 0;
    // The answer to what never became a request: the status says why.
    virtual HttpResponse refuse(int status) = 0;
};

// For log lines: printable, short, without what may be a secret, and without the query, which may
// hold what is nobody's business.
std::string request_summary(const HttpRequest &request);

bool equal_ignoring_case(std::string_view a, std::string_view b);

std::string_view http_reason(int status);

// Status line and headers, with what the connection has to add to them.
struct ResponseContext {
    std::string_view date;
    bool head_only = false; // the request was HEAD
    bool http_1_0 = false;
    bool keep_alive = true;
    bool takeover = false; // no Content-Length, no Connection header
};
std::string serialize(const HttpResponse &response, const ResponseContext &context);

// A piece of a chunked body; an empty one ends it.
std::string http_chunk(std::string_view piece);
// What such a piece of `size` bytes stands between.
void append_http_chunk_head(std::string &out, std::size_t size);
inline constexpr std::string_view http_chunk_end = "\r\n";

} // namespace webrocket
