#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "base/deadline.hpp"
#include "base/failure.hpp"
#include "base/settings.hpp"
#include "http/curl.hpp"
#include "http/endpoint.hpp"
#include "http/header_list.hpp"
#include "http/open_sockets.hpp"
#include "http/parsed_url.hpp"
#include "http/request.hpp"
#include "http/transfer.hpp"

namespace kn {

/// One kept-alive connection of a client: a request, then its answer. Somebody else drives the
/// transfer in between, in a multi handle. Used by one thread at a time.
class connection {
  public:
    /// @p sockets are those of the multi handle, and outlive it.
    connection(const endpoint &where, const settings &options, open_sockets &sockets);
    connection(const connection &) = delete;
    connection &operator=(const connection &) = delete;

    /// @p what has to live until conclude().
    void prepare(const request &what, const deadline &until);
    /// Whether nothing was sent, because the connection that libcurl chose was closed or given up
    /// at rest. It is gone then, and the transfer is to be prepared and driven once more.
    bool met_stale_connection(CURLcode code) const noexcept {
        return code == CURLE_ABORTED_BY_CALLBACK && trace_.is_connection_stale;
    }
    /// The answer, or why there is none until then, which it throws.
    answer conclude(CURLcode code);
    /// Whether a connection that had worked brought nothing back until the time was up.
    bool fell_silent(CURLcode code) const noexcept;
    CURL *easy() const noexcept { return easy_.get(); }
    const transfer_trace &trace() const noexcept { return trace_; }

  private:
    static std::size_t receive(char *bytes, std::size_t size, std::size_t count,
                               void *self) noexcept;
    static std::size_t receive_header(char *bytes, std::size_t size, std::size_t count,
                                      void *self) noexcept;
    std::size_t take(std::string_view bytes) noexcept;
    failure no_answer(CURLcode code) const;
    void set_target(CURLUPart part, const std::string &text, std::optional<std::string> &known);
    void set_verb(request::method verb);

    const endpoint &where_;
    parsed_url url_;
    std::optional<std::string> path_; // of the last request: what libcurl still has
    std::optional<std::string> query_;
    std::optional<request::method> verb_;
    header_list headers_;
    std::size_t body_limit_;
    open_sockets &sockets_;
    open_sockets::clock::time_point began_at_;
    bool head_has_begun_ = false;
    bool head_is_whole_ = false;
    std::string coding_; // of the body, where it is not the one that was asked for
    std::string body_;
    bool body_too_big_ = false;
    bool out_of_memory_ = false;
    transfer_trace trace_;
    easy_ptr easy_; // last, so that it goes before what it points to
};

} // namespace kn
