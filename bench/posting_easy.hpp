#pragma once

#include <string>

#include <curl/curl.h>
#include <kosmonaut/version.h>

/// The headers that the library sends with a POST. The caller frees them.
inline curl_slist *posting_headers() {
    curl_slist *headers = curl_slist_append(nullptr, "Content-Type: application/json");
    headers = curl_slist_append(headers, "Authorization: Basic d3I6dG9rZW4=");
    return curl_slist_append(headers, "Expect:");
}

/// A bare easy handle that posts @p body, with the limits of time that every program should set.
/// All three have to outlive it.
inline CURL *make_posting_easy(const std::string &url, curl_slist *headers,
                               const std::string &body) {
    CURL *easy = curl_easy_init();
    curl_easy_setopt(easy, CURLOPT_URL, url.c_str());
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(easy, CURLOPT_USERAGENT, "libkosmonaut/" KN_VERSION_STRING);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, 5'000L);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, 10'000L);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE, static_cast<long>(body.size()));
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, body.c_str());
    curl_easy_setopt(
        easy, CURLOPT_WRITEFUNCTION,
        +[](char *, std::size_t size, std::size_t count, void *) { return size * count; });
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    return easy;
}
