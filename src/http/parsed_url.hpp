#pragma once

#include <memory>
#include <optional>
#include <string>

#include <curl/curl.h>

namespace kn {

/// What libcurl's parser makes of a URL.
class parsed_url {
  public:
    explicit parsed_url(const std::string &url);

    /// NULL when the URL is well formed; otherwise what is wrong with it.
    const char *complaint() const noexcept { return complaint_; }
    std::optional<std::string> part(CURLUPart which) const;

  private:
    std::unique_ptr<CURLU, decltype(&curl_url_cleanup)> url_;
    const char *complaint_ = nullptr;
};

} // namespace kn
