#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "endpoint.hpp"
#include "http/curl.hpp"
#include "http/header_list.hpp"
#include "settings.hpp"

namespace kn {

struct request {
    enum class method { get, post, del };
    method verb;
    std::string url;
    std::string_view body; // borrowed for the exchange
};

struct answer {
    long http_status = 0;
    std::int64_t retry_after_ms = -1;
    std::string_view body; // borrowed until the next exchange
};

/// One kept-alive connection of a client: a request, then its answer. Used by one thread at a time.
class connection {
  public:
    connection(const endpoint &where, const settings &options);
    connection(const connection &) = delete;
    connection &operator=(const connection &) = delete;

    /// Throws when there is no answer within the limits.
    answer exchange(const request &what);

  private:
    static std::size_t receive(char *bytes, std::size_t size, std::size_t count, void *self) noexcept;
    std::size_t take(std::string_view bytes) noexcept;
    void prepare(const request &what);

    header_list headers_;
    std::size_t body_limit_;
    std::string body_;
    bool body_too_big_ = false;
    bool out_of_memory_ = false;
    char error_text_[CURL_ERROR_SIZE] = "";
    easy_ptr easy_; // last, so that it goes before what it points to
};

} // namespace kn
