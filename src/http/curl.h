#pragma once

#include <memory>
#include <new>
#include <string>
#include <string_view>

#include <curl/curl.h>

namespace kn {

/// Sets libcurl up, once for the process and for good: it is never taken down, because another user
/// of it in this process may still be at work.
void ensure_curl();

struct EasyCleanup {
    void operator()(CURL *easy) const noexcept { curl_easy_cleanup(easy); }
};
using EasyPtr = std::unique_ptr<CURL, EasyCleanup>;

EasyPtr make_easy();

/// Sets an option whose failure can only mean that memory ran out.
template <class Value>
void set(CURL *easy, CURLoption option, Value value) {
    if (curl_easy_setopt(easy, option, value) != CURLE_OK)
        throw std::bad_alloc();
}

template <class Value>
Value info(CURL *easy, CURLINFO what) noexcept {
    Value value{};
    curl_easy_getinfo(easy, what, &value);
    return value;
}

/// @p text as it stands in a query.
std::string percent_encoded(std::string_view text);

} // namespace kn
