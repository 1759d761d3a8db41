// A bare libcurl program with a connection that has posted and one that receives a quiet stream:
// bench_memory_curl PORT PAYLOAD
#include <string>

#include <curl/curl.h>

#include "private_memory.hpp"

namespace {

std::size_t ignore(char *, std::size_t size, std::size_t count, void *) { return size * count; }

CURL *make_easy(const std::string &url) {
    CURL *easy = curl_easy_init();
    curl_easy_setopt(easy, CURLOPT_URL, url.c_str());
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, ignore);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    return easy;
}

} // namespace

int main(int argc, char **argv) {
    if (argc != 3)
        return 2;
    const std::string base = std::string("http://127.0.0.1:") + argv[1] + "/bench";
    const std::string body = std::string(R"({"trigger":{"event":"said","data":)") + argv[2] + "}}";
    curl_global_init(CURL_GLOBAL_DEFAULT);
    CURL *posting = make_easy(base + "/channels/chat/events");
    curl_easy_setopt(posting, CURLOPT_POSTFIELDS, body.c_str());
    if (curl_easy_perform(posting) != CURLE_OK)
        return 1;
    CURLM *multi = curl_multi_init();
    curl_multi_add_handle(multi, make_easy(base + "/events"));
    for (int i = 0; i < 3; ++i) {
        int running = 0;
        curl_multi_perform(multi, &running);
        curl_multi_poll(multi, nullptr, 0, 100, nullptr);
    }
    print_private_memory();
    return 0;
}
