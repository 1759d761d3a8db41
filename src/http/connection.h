#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "base/deadline.h"
#include "base/failure.h"
#include "base/secret.h"
#include "base/settings.h"
#include "http/call_key.h"
#include "http/curl.h"
#include "http/endpoint.h"
#include "http/header_list.h"
#include "http/open_sockets.h"
#include "http/parsed_url.h"
#include "http/request.h"
#include "http/transfer.h"

namespace kn {

/// One kept-alive connection of a client: a request, then its answer. Somebody else drives the
/// transfer in between, in a multi handle. Used by one thread at a time.
class Connection {
  public:
    /// @p sockets are those of the multi handle, and outlive it.
    Connection(const Endpoint &where, const Settings &options, OpenSockets &sockets);
    Connection(const Connection &) = delete;
    Connection &operator=(const Connection &) = delete;

    /// @p what has to live until conclude().
    void prepare(const Request &what, const Deadline &until);
    /// Whether nothing was sent, because the connection that libcurl chose was closed or given up
    /// at rest. It is gone then, and the transfer is to be prepared and driven once more.
    bool met_stale_connection(CURLcode code) const noexcept {
        return code == CURLE_ABORTED_BY_CALLBACK && trace_.is_connection_stale;
    }
    /// The answer, or why there is none until then, which it throws.
    Answer conclude(CURLcode code);
    /// Whether a connection that had worked brought nothing back until the time was up.
    bool fell_silent(CURLcode code) const noexcept;
    CURL *easy() const noexcept { return easy_.get(); }
    const TransferTrace &trace() const noexcept { return trace_; }

  private:
    static std::size_t receive(char *bytes, std::size_t size, std::size_t count,
                               void *self) noexcept;
    static std::size_t receive_header(char *bytes, std::size_t size, std::size_t count,
                                      void *self) noexcept;
    std::size_t take(std::string_view bytes) noexcept;
    Failure no_answer(CURLcode code) const;
    void set_target(CURLUPart part, const std::string &text, std::optional<std::string> &known);
    void set_verb(Request::Method verb);
    void write_own_headers(const Settings &options);
    void set_key(const CallKey &key) noexcept;
    void take_header(std::string_view line);

    const Endpoint &where_;
    ParsedUrl url_;
    std::optional<std::string> path_; // of the last request: what libcurl still has
    std::optional<std::string> query_;
    std::optional<Request::Method> verb_;
    HeaderList headers_;
    std::size_t body_limit_;
    OpenSockets &sockets_;
    OpenSockets::Clock::time_point began_at_;
    Secret own_headers_;
    std::size_t key_place_ = 0; // in those, from where on there may be none
    bool knows_keys_ = false;   // the server that answers
    bool head_has_begun_ = false;
    bool head_is_whole_ = false;
    std::string coding_; // of the body, where it is not the one that was asked for
    std::string body_;
    bool body_too_big_ = false;
    bool out_of_memory_ = false;
    TransferTrace trace_;
    EasyPtr easy_; // last, so that it goes before what it points to
};

} // namespace kn
