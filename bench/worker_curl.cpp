// A bare libcurl receive of the same stream, which only counts its events' bytes:
// bench_worker_curl PORT COUNT BYTES_PER_EVENT
#include <cstdlib>
#include <string>

#include <curl/curl.h>

#include "stopwatch.hpp"

namespace {

std::size_t count_bytes(char *, std::size_t size, std::size_t count, void *user_data) {
    auto *left = static_cast<long long *>(user_data);
    *left -= static_cast<long long>(size * count);
    return *left <= 0 ? 0 : size * count; // enough: libcurl is told to stop
}

} // namespace

int main(int argc, char **argv) {
    if (argc != 4)
        return 2;
    const std::string url = std::string("http://127.0.0.1:") + argv[1] + "/bench/events";
    const long count = std::atol(argv[2]);
    long long left = count * std::atoll(argv[3]);
    curl_global_init(CURL_GLOBAL_DEFAULT);
    CURL *easy = curl_easy_init();
    curl_easy_setopt(easy, CURLOPT_URL, url.c_str());
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, count_bytes);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, &left);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    const stopwatch watch;
    if (curl_easy_perform(easy) != CURLE_WRITE_ERROR)
        return 1;
    watch.print(count);
    curl_easy_cleanup(easy);
    return 0;
}
