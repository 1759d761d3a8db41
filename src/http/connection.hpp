#pragma once

#include <string>
#include <string_view>

#include "deadline.hpp"
#include "endpoint.hpp"
#include "http/curl.hpp"
#include "http/header_list.hpp"
#include "http/parsed_url.hpp"
#include "http/request.hpp"
#include "http/transfer.hpp"
#include "settings.hpp"

namespace kn {

/// One kept-alive connection of a client: a request, then its answer. Somebody else drives the
/// transfer in between, in a multi handle. Used by one thread at a time.
class connection {
  public:
    connection(const endpoint &where, const settings &options, socket_observer &observer);
    connection(const connection &) = delete;
    connection &operator=(const connection &) = delete;

    /// @p what has to live until conclude().
    void prepare(const request &what, const deadline &until);
    /// The answer, or why there is none until then, which it throws.
    answer conclude(CURLcode code);
    CURL *easy() const noexcept { return easy_.get(); }

  private:
    static std::size_t receive(char *bytes, std::size_t size, std::size_t count,
                               void *self) noexcept;
    static std::size_t receive_header(char *bytes, std::size_t size, std::size_t count,
                                      void *self) noexcept;
    std::size_t take(std::string_view bytes) noexcept;

    const endpoint &where_;
    parsed_url url_;
    header_list headers_;
    std::size_t body_limit_;
    bool head_is_whole_ = false;
    std::string body_;
    bool body_too_big_ = false;
    bool out_of_memory_ = false;
    transfer_trace trace_;
    easy_ptr easy_; // last, so that it goes before what it points to
};

} // namespace kn
