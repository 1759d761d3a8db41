// A bare curl_multi loop that posts the same bytes on as many connections: bench_async_curl PORT
// COUNT PAYLOAD CONNECTIONS
#include <cstdlib>
#include <string>
#include <vector>

#include <curl/curl.h>

#include "posting_easy.hpp"
#include "stopwatch.hpp"

namespace {

/// Whether @p count requests were answered with 202.
bool send(CURLM *multi, const std::vector<CURL *> &easies, long count) {
    long left = count;
    long done = 0;
    for (CURL *easy : easies)
        if (left-- > 0)
            curl_multi_add_handle(multi, easy);
    while (done < count) {
        int running = 0;
        if (curl_multi_perform(multi, &running) != CURLM_OK)
            return false;
        int queued = 0;
        while (const CURLMsg *message = curl_multi_info_read(multi, &queued)) {
            CURL *easy = message->easy_handle;
            long status = 0;
            if (message->data.result != CURLE_OK ||
                curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status) != CURLE_OK ||
                status != 202)
                return false;
            ++done;
            curl_multi_remove_handle(multi, easy);
            if (left-- > 0)
                curl_multi_add_handle(multi, easy);
        }
        if (done < count && curl_multi_poll(multi, nullptr, 0, 1000, nullptr) != CURLM_OK)
            return false;
    }
    return true;
}

} // namespace

int main(int argc, char **argv) {
    if (argc != 5)
        return 2;
    const std::string url =
        std::string("http://127.0.0.1:") + argv[1] + "/bench/channels/chat/events";
    const long count = std::atol(argv[2]);
    const std::string body = std::string(R"({"trigger":{"event":"said","data":)") + argv[3] + "}}";
    const int connections = std::atoi(argv[4]);
    curl_global_init(CURL_GLOBAL_DEFAULT);
    curl_slist *headers = posting_headers();
    CURLM *multi = curl_multi_init();
    std::vector<CURL *> easies;
    for (int i = 0; i < connections; ++i)
        easies.push_back(make_posting_easy(url, headers, body));
    if (!send(multi, easies, connections))
        return 1;
    const stopwatch watch;
    if (!send(multi, easies, count))
        return 1;
    watch.print(count);
    for (CURL *easy : easies)
        curl_easy_cleanup(easy);
    curl_multi_cleanup(multi);
    curl_slist_free_all(headers);
    return 0;
}
