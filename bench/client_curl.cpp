// A bare libcurl easy handle that posts the same bytes, with the limits of time that every program
// should set: bench_client_curl PORT COUNT PAYLOAD
#include <cstdlib>
#include <string>

#include <curl/curl.h>
#include <kosmonaut/version.h>

#include "stopwatch.hpp"

namespace {

std::size_t ignore(char *, std::size_t size, std::size_t count, void *) { return size * count; }

} // namespace

int main(int argc, char **argv) {
    if (argc != 4)
        return 2;
    const std::string url =
        std::string("http://127.0.0.1:") + argv[1] + "/bench/channels/chat/events";
    const long count = std::atol(argv[2]);
    const std::string body = std::string(R"({"trigger":{"event":"said","data":)") + argv[3] + "}}";
    curl_global_init(CURL_GLOBAL_DEFAULT);
    CURL *easy = curl_easy_init();
    curl_slist *headers = curl_slist_append(nullptr, "Content-Type: application/json");
    headers = curl_slist_append(headers, "Authorization: Basic d3I6dG9rZW4=");
    headers = curl_slist_append(headers, "Expect:");
    curl_easy_setopt(easy, CURLOPT_URL, url.c_str());
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(easy, CURLOPT_USERAGENT, "libkosmonaut/" KN_VERSION_STRING);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, 5'000L);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, 10'000L);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE, static_cast<long>(body.size()));
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, body.c_str());
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, ignore);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    if (curl_easy_perform(easy) != CURLE_OK)
        return 1;
    const stopwatch watch;
    for (long i = 0; i < count; ++i) {
        long status = 0;
        if (curl_easy_perform(easy) != CURLE_OK ||
            curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status) != CURLE_OK || status != 202)
            return 1;
    }
    watch.print(count);
    curl_easy_cleanup(easy);
    curl_slist_free_all(headers);
    return 0;
}
