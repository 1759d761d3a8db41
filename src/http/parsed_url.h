#pragma once

#include <memory>
#include <optional>
#include <string>

#include <curl/curl.h>

namespace kn {

/// A URL as libcurl's parser has taken it apart.
class ParsedUrl {
  public:
    explicit ParsedUrl(const std::string &url);

    /// NULL when the URL is well formed; otherwise what is wrong with it.
    const char *complaint() const noexcept { return complaint_; }
    std::optional<std::string> part(CURLUPart which) const;
    /// Only for parts whose every text is well formed. NULL takes the part away.
    void set(CURLUPart which, const char *text);

    /// For a transfer, which reads it each time it begins.
    CURLU *handle() const noexcept { return url_.get(); }

  private:
    CURLUcode parse(const std::string &url);

    std::unique_ptr<CURLU, decltype(&curl_url_cleanup)> url_;
    const char *complaint_ = nullptr;
};

} // namespace kn
