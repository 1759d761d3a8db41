// A bare libcurl easy handle that posts the same bytes, with the limits of time that every program
// should set: bench_client_curl PORT COUNT PAYLOAD
#include <cstdlib>
#include <string>

#include <curl/curl.h>

#include "posting_easy.hpp"
#include "stopwatch.hpp"

int main(int argc, char **argv) {
    if (argc != 4)
        return 2;
    const std::string url =
        std::string("http://127.0.0.1:") + argv[1] + "/bench/channels/chat/events";
    const long count = std::atol(argv[2]);
    const std::string body = std::string(R"({"trigger":{"event":"said","data":)") + argv[3] + "}}";
    curl_global_init(CURL_GLOBAL_DEFAULT);
    curl_slist *headers = posting_headers();
    CURL *easy = make_posting_easy(url, headers, body);
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
