#include "http/parsed_url.hpp"

#include <new>

namespace kn {

parsed_url::parsed_url(const std::string &url) : url_(curl_url(), &curl_url_cleanup) {
    if (!url_)
        throw std::bad_alloc();
    const CURLUcode code = curl_url_set(url_.get(), CURLUPART_URL, url.c_str(), 0);
    if (code == CURLUE_OUT_OF_MEMORY)
        throw std::bad_alloc();
    if (code != CURLUE_OK)
        complaint_ = curl_url_strerror(code);
}

std::optional<std::string> parsed_url::part(CURLUPart which) const {
    char *text = nullptr;
    const CURLUcode code = curl_url_get(url_.get(), which, &text, 0);
    if (code == CURLUE_OUT_OF_MEMORY)
        throw std::bad_alloc();
    if (code != CURLUE_OK)
        return std::nullopt;
    const std::unique_ptr<char, decltype(&curl_free)> owner(text, &curl_free);
    return std::string(text);
}

void parsed_url::set(CURLUPart which, const char *text) {
    if (curl_url_set(url_.get(), which, text, 0) != CURLUE_OK)
        throw std::bad_alloc();
}

} // namespace kn
