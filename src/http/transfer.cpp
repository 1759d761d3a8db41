#include "http/transfer.hpp"

#include <algorithm>
#include <climits>

#include <sys/socket.h>

#include <kosmonaut/version.h>

namespace kn {
namespace {

curl_socket_t open_socket(void *, curlsocktype, curl_sockaddr *address) {
    return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

} // namespace

long curl_timeout(milliseconds limit) noexcept {
    if (limit < milliseconds::zero())
        return 0;
    // libcurl counts in a long and adds to it.
    return static_cast<long>(std::min<milliseconds::rep>(limit.count(), INT_MAX));
}

void configure_transfer(CURL *easy, const settings &options, char *error_text) {
    set(easy, CURLOPT_ERRORBUFFER, error_text);
    set(easy, CURLOPT_NOSIGNAL, 1L);
    set(easy, CURLOPT_OPENSOCKETFUNCTION, &open_socket);
    set(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    set(easy, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
    set(easy, CURLOPT_FOLLOWLOCATION, 0L);
    set(easy, CURLOPT_PROXY, "");
    set(easy, CURLOPT_USERAGENT, "libkosmonaut/" KN_VERSION_STRING);
    set(easy, CURLOPT_CONNECTTIMEOUT_MS,
        options.connect_timeout < milliseconds::zero() ? static_cast<long>(INT_MAX)
                                                       : curl_timeout(options.connect_timeout));
    // Without this, giving up on a name would wait for its resolver thread.
    set(easy, CURLOPT_QUICK_EXIT, 1L);
}

} // namespace kn
