#include "http/transfer.h"

#include <algorithm>
#include <cerrno>
#include <climits>

#include <sys/socket.h>
#include <unistd.h>

namespace kn {
namespace {

curl_socket_t open_socket(void *data, curlsocktype, curl_sockaddr *address) {
    auto &trace = *static_cast<TransferTrace *>(data);
    if (trace.has_begun && trace.is_sent_once)
        return CURL_SOCKET_BAD;
    trace.has_begun = false;
    trace.is_on_new_connection = true;
    const int made = socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
    if (made < 0)
        trace.socket_error = errno; // libcurl does not look at it
    else if (trace.sockets != nullptr)
        trace.sockets->opened(made, &trace);
    return made;
}

/// Comes when a connection is there, before the first byte of the request.
int begin_request(void *data, char *, char *, int, int local_port) {
    auto &trace = *static_cast<TransferTrace *>(data);
    if (trace.has_begun && trace.is_sent_once)
        return CURL_PREREQFUNC_ABORT;
    trace.is_connection_stale = !trace.is_on_new_connection && trace.sockets != nullptr &&
                                !trace.sockets->is_usable(local_port);
    if (trace.is_connection_stale)
        return CURL_PREREQFUNC_ABORT; // with which libcurl closes it
    trace.has_begun = true;
    if (trace.is_on_new_connection && trace.sockets != nullptr)
        trace.sockets->connected(&trace, local_port);
    return CURL_PREREQFUNC_OK;
}

int close_observed_socket(void *sockets, curl_socket_t socket) {
    static_cast<OpenSockets *>(sockets)->closing(socket);
    return close(socket);
}

/// libcurl counts in a long and adds to it.
long as_curl_time(milliseconds time) noexcept {
    return static_cast<long>(std::clamp<milliseconds::rep>(time.count(), 1, INT_MAX));
}

void configure_tls(CURL *easy, const Settings &options) {
    set(easy, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
    if (!options.ca_file.empty()) {
        set(easy, CURLOPT_CAINFO, options.ca_file.c_str());
        set(easy, CURLOPT_CAPATH, static_cast<const char *>(nullptr)); // this one and no other
        // It is short and may be replaced any time; the system's, which are kept, are long.
        set(easy, CURLOPT_CA_CACHE_TIMEOUT, 0L);
    }
    if (!options.certificate_file.empty()) {
        set(easy, CURLOPT_SSLCERT, options.certificate_file.c_str());
        set(easy, CURLOPT_SSLKEY, options.key_file.c_str());
        set(easy, CURLOPT_KEYPASSWD, ""); // or OpenSSL would ask for it on the terminal
    }
    if (!options.verify) {
        set(easy, CURLOPT_SSL_VERIFYPEER, 0L);
        set(easy, CURLOPT_SSL_VERIFYHOST, 0L);
    }
}

void configure_route(CURL *easy, const Settings &options) {
    if (options.proxy.kind != ProxyChoice::environment) {
        const bool is_given = options.proxy.kind == ProxyChoice::given;
        set(easy, CURLOPT_PROXY, is_given ? options.proxy.url->view().data() : "");
        set(easy, CURLOPT_NOPROXY, ""); // the environment's exceptions are not asked for either
    }
    if (!options.unix_socket.empty())
        set(easy, CURLOPT_UNIX_SOCKET_PATH, options.unix_socket.c_str());
}

} // namespace

long curl_time_left(const Deadline &until) noexcept {
    if (!until)
        return 0;
    using std::chrono::ceil;
    return as_curl_time(ceil<milliseconds>(*until - std::chrono::steady_clock::now()));
}

bool may_use_tls(bool is_https, const Settings &options) noexcept {
    return is_https || options.proxy.kind != ProxyChoice::none;
}

void observe_sockets(CURL *easy, TransferTrace &trace, OpenSockets &sockets) {
    trace.sockets = &sockets;
    set(easy, CURLOPT_CLOSESOCKETFUNCTION, &close_observed_socket);
    set(easy, CURLOPT_CLOSESOCKETDATA, &sockets);
}

void configure_transfer(CURL *easy, const Settings &options, TransferTrace &trace) {
    set(easy, CURLOPT_ERRORBUFFER, trace.text);
    trace.has_own_authority = !options.ca_file.empty();
    set(easy, CURLOPT_NOSIGNAL, 1L);
    set(easy, CURLOPT_OPENSOCKETFUNCTION, &open_socket);
    set(easy, CURLOPT_OPENSOCKETDATA, &trace);
    set(easy, CURLOPT_PREREQFUNCTION, &begin_request);
    set(easy, CURLOPT_PREREQDATA, &trace);
    set(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    set(easy, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
    set(easy, CURLOPT_FOLLOWLOCATION, 0L);
    set(easy, CURLOPT_USERAGENT, options.user_agent.c_str());
    // 0 would be libcurl's own limit.
    set(easy, CURLOPT_CONNECTTIMEOUT_MS,
        options.connect_timeout < milliseconds::zero() ? static_cast<long>(INT_MAX)
                                                       : as_curl_time(options.connect_timeout));
    // Without this, giving up on a name would wait for its resolver thread.
    set(easy, CURLOPT_QUICK_EXIT, 1L);
    configure_tls(easy, options);
    configure_route(easy, options);
}

} // namespace kn
