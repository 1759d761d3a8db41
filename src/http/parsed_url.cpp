#include "http/parsed_url.h"

#include <new>

namespace kn {

ParsedUrl::ParsedUrl(const std::string &url) : url_(nullptr, &curl_url_cleanup) {
    // To libcurl a part for which there is no memory may be a malformed one; a second look finds
    // more of it, or none from the beginning.
    const CURLUcode code = parse(url) == CURLUE_OK ? CURLUE_OK : parse(url);
    if (code == CURLUE_OUT_OF_MEMORY)
        throw std::bad_alloc();
    if (code != CURLUE_OK)
        complaint_ = curl_url_strerror(code);
}

CURLUcode ParsedUrl::parse(const std::string &url) {
    url_.reset(curl_url());
    if (!url_)
        throw std::bad_alloc();
    return curl_url_set(url_.get(), CURLUPART_URL, url.c_str(), 0);
}

std::optional<std::string> ParsedUrl::part(CURLUPart which) const {
    char *text = nullptr;
    const CURLUcode code = curl_url_get(url_.get(), which, &text, 0);
    if (code == CURLUE_OUT_OF_MEMORY)
        throw std::bad_alloc();
    if (code != CURLUE_OK)
        return std::nullopt;
    const std::unique_ptr<char, decltype(&curl_free)> owner(text, &curl_free);
    return std::string(text);
}

void ParsedUrl::set(CURLUPart which, const char *text) {
    if (curl_url_set(url_.get(), which, text, 0) != CURLUE_OK)
        throw std::bad_alloc();
}

} // namespace kn
