#include "http/transfer_failure.h"

#include <cerrno>

#include "base/status.h"
#include "base/text.h"
#include "http/curl.h"
#include "http/parsed_url.h"

namespace kn {
namespace {

// CURLE_TOO_LARGE, a name that libcurl 8.6 brought: some limit of libcurl's own, such as a head's.
constexpr int too_large = 100;

/// The server's alert, which is all that TLS 1.3 has for refusing a client's certificate: by then
/// the handshake is over, and libcurl has only its words.
bool is_tls_alert(const TransferTrace &trace) noexcept {
    const std::string_view text = trace.text;
    return text.find("SSL") != std::string_view::npos &&
           text.find(" alert ") != std::string_view::npos;
}

/// A connection that was there has failed.
kn_status broken_connection_status(CURL *easy, const TransferTrace &trace) noexcept {
    const long tunnel_answer = info<long>(easy, CURLINFO_HTTP_CONNECTCODE);
    if (tunnel_answer != 0 && tunnel_answer / 100 != 2)
        return KN_ECONNECT; // it was the proxy's, which refuses
    return is_tls_alert(trace) ? KN_ETLS : KN_EIO;
}

kn_status transfer_status(CURL *easy, CURLcode code, const TransferTrace &trace) noexcept {
    switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_PROXY: // a SOCKS proxy refuses
        return KN_ECONNECT;
    case CURLE_COULDNT_CONNECT: {
        const long error =
            trace.socket_error != 0 ? trace.socket_error : info<long>(easy, CURLINFO_OS_ERRNO);
        return error == EMFILE || error == ENFILE || error == ENOMEM ? KN_ENOMEM : KN_ECONNECT;
    }
    case CURLE_OPERATION_TIMEDOUT:
        return KN_ETIMEOUT;
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_SSL_ENGINE_NOTFOUND:
    case CURLE_SSL_ENGINE_SETFAILED:
    case CURLE_SSL_ENGINE_INITFAILED:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_USE_SSL_FAILED:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_SHUTDOWN_FAILED:
    case CURLE_SSL_CRL_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_PINNEDPUBKEYNOTMATCH:
    case CURLE_SSL_INVALIDCERTSTATUS:
    case CURLE_SSL_CLIENTCERT:
        return KN_ETLS;
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
    case CURLE_GOT_NOTHING:
    case CURLE_PARTIAL_FILE:
    case CURLE_SEND_FAIL_REWIND:
        return broken_connection_status(easy, trace);
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_BAD_CONTENT_ENCODING:
        return KN_EPROTOCOL;
    case CURLE_OUT_OF_MEMORY:
    case CURLE_FAILED_INIT:
    case CURLE_URL_MALFORMAT: // a URL that was parsed before, and cannot be copied
        return KN_ENOMEM;
    default:
        return code == too_large ? KN_ETOOBIG : KN_EINTERNAL;
    }
}

/// What to do about a refused certificate, or "" where that cannot be told: the verdicts are
/// OpenSSL's (X509_V_ERR_…), another library's have other numbers.
const char *verification_advice(long verdict) noexcept {
    switch (verdict) {
    case 0: // the certificate is good, and
    case 1: // libcurl's beginning, where it got no further than the name
        return "; use the host name that the certificate was made for";
    case 9:
        return "; is this machine's clock right?";
    case 10:
        return "; renew the server's certificate, or set this machine's clock";
    case 18:
    case 19:
    case 20:
    case 21:
        return "; if you trust its authority, give that one as the option ca_file";
    default:
        return "";
    }
}

struct Advice {
    std::string_view words; // OpenSSL's
    const char *what_to_do;
};

constexpr const char *certificate_advice =
    "; does the server want a certificate that it trusts? The option client_certificate names one";

// What the server's alert may say. The first that fits counts.
constexpr Advice alert_advice[] = {
    {"alert protocol version",
     "; the server takes none of the TLS versions that are spoken here, 1.2 and later; its "
     "configuration has to allow one"},
    {"alert insufficient security",
     "; the server takes none of the cipher suites of this machine's TLS library"},
    {"no application protocol",
     "; the server refuses HTTP/1.1 (ALPN); its configuration has to allow it on this port"},
    {"alert internal error", "; the server failed in the handshake, and its log says why"},
    {"unrecognized name",
     "; the server has no certificate for this host's name; look at the URL, or at the names that "
     "the server is configured for"},
    {"alert handshake failure",
     "; server and client have no cipher suite in common, or the server wants a certificate, which "
     "the option client_certificate names"},
    {"alert bad certificate", certificate_advice},
    {"alert unsupported certificate", certificate_advice},
    {"alert certificate", certificate_advice}, // required, expired, revoked, unknown
    {"alert unknown ca", certificate_advice},
    {"alert access denied", certificate_advice},
};

/// What TLS is answered with by a port on which it is not spoken.
constexpr std::string_view no_tls_words[] = {"wrong version number", "http request",
                                             "packet length too long", "record layer failure"};

const char *words_advice(std::string_view text) noexcept {
    for (const std::string_view words : no_tls_words)
        if (text.find(words) != std::string_view::npos)
            return "; TLS is not spoken on this port, it seems: is the URL's scheme http:// "
                   "(wr://), or another port meant?";
    for (const Advice &one : alert_advice)
        if (text.find(one.words) != std::string_view::npos)
            return one.what_to_do;
    return "";
}

const char *tls_advice(CURL *easy, CURLcode code, const TransferTrace &trace) noexcept {
    switch (code) {
    case CURLE_PEER_FAILED_VERIFICATION:
        return verification_advice(info<long>(easy, CURLINFO_SSL_VERIFYRESULT));
    case CURLE_SSL_CACERT_BADFILE:
        return trace.has_own_authority
                   ? "; look at the file that the option ca_file names"
                   : "; this system has no certificates of authorities: install them (Debian's "
                     "package ca-certificates), or name those to trust with the option ca_file";
    case CURLE_SSL_CERTPROBLEM:
        return "; look at the files that the option client_certificate names";
    default:
        return words_advice(trace.text);
    }
}

/// What to do about an answer that is none of HTTP.
const char *protocol_advice(const Endpoint &where, CURLcode code) noexcept {
    return code == CURLE_UNSUPPORTED_PROTOCOL && !where.is_tls()
               ? "; this is no HTTP: is TLS spoken on this port? Then the URL's scheme is https:// "
                 "(wrs://)"
               : "";
}

} // namespace

Failure transfer_failure(const Endpoint &where, CURL *easy, CURLcode code,
                         const TransferTrace &trace) {
    const kn_status status = transfer_status(easy, code, trace);
    // libcurl's words may hold the server's, such as the host of a redirect.
    const bool is_fit = trace.text[0] != '\0' && !where.is_secret_in(trace.text);
    const char *detail = is_fit ? trace.text : curl_easy_strerror(code);
    const char *to_do = "";
    if (status == KN_ETLS)
        to_do = tls_advice(easy, code, trace);
    else if (status == KN_EPROTOCOL)
        to_do = protocol_advice(where, code);
    return Failure(status, std::string(status_message(status)) + ": " + detail).with_more(to_do);
}

std::string shown_url(const Endpoint &where, const std::string &target) {
    constexpr std::size_t longest = 200;
    constexpr const char *hidden = "another place";
    ParsedUrl url(target);
    if (url.complaint() != nullptr)
        return hidden;
    for (const CURLUPart part : {CURLUPART_USER, CURLUPART_PASSWORD, CURLUPART_OPTIONS,
                                 CURLUPART_QUERY, CURLUPART_FRAGMENT})
        url.set(part, nullptr);
    const std::string shown = url.part(CURLUPART_URL).value_or("");
    try {
        require_text(shown, "");
    } catch (const Failure &) {
        return hidden;
    }
    return shown.size() > longest || where.is_secret_in(shown) ? hidden : shown;
}

Failure redirect_failure(const Endpoint &where, long http_status, const std::string &target,
                         std::string_view consequence) {
    const std::string to = target.empty() ? "nowhere" : shown_url(where, target);
    Failure result(KN_EPROTOCOL, "redirected (HTTP " + std::to_string(http_status) + ") to " + to +
                                     std::string(consequence));
    result.http_status = static_cast<std::int32_t>(http_status);
    return result;
}

Failure coded_failure(const Endpoint &where, std::string_view coding) {
    std::string named(coding.substr(0, 40));
    try {
        require_text(named, "");
    } catch (const Failure &) {
        named = "unreadable";
    }
    if (where.is_secret_in(named))
        named = "unreadable";
    Failure result = Failure(KN_EPROTOCOL, "the answer is coded (Content-Encoding: " + named +
                                               "), which was not asked for")
                         .with_more("; does a proxy compress what passes? It must not");
    result.http_status = 200;
    return result;
}

std::int64_t retry_after_ms(CURL *easy) noexcept {
    const auto seconds = info<curl_off_t>(easy, CURLINFO_RETRY_AFTER);
    constexpr curl_off_t longest = 365LL * 24 * 3600;
    if (seconds > 0)
        return std::min(seconds, longest) * 1000;
    // libcurl says 0 for "now" as well as for nothing, or nothing that it understands.
    curl_header *said = nullptr;
    const bool is_now =
        curl_easy_header(easy, "Retry-After", 0, CURLH_HEADER, -1, &said) == CURLHE_OK &&
        std::string_view(said->value) == "0";
    return is_now ? 0 : -1;
}

} // namespace kn
