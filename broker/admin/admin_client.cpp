#include "admin_client.h"

#include "base/json.h"
#include "printable.h"

#include <array>
#include <curl/curl.h>
#include <fmt/format.h>
#include <memory>
#include <system_error>

namespace webrocket {
namespace {

constexpr const char *invalid_response = "couldn't perform the operation, invalid response!";
constexpr std::size_t body_size_max = std::size_t{64} << 20;

std::size_t collect(char *bytes, std::size_t, std::size_t count, void *user_data) {
    auto &body = *static_cast<std::string *>(user_data);
    if (body.size() + count > body_size_max)
        return 0;
    body.append(bytes, count);
    return count;
}

struct EasyCleanup {
    void operator()(CURL *easy) const { curl_easy_cleanup(easy); }
};
struct ListFree {
    void operator()(curl_slist *list) const { curl_slist_free_all(list); }
};

std::string error_text(const std::string &body) {
    if (const auto members = scan_json_object(body)) {
        for (const auto &member : JsonMembers(*members)) {
            if (json_key_is(member.key, "error") && member.type == JsonType::string)
                return printable(decode_json_string(member.value));
        }
    }
    return invalid_response;
}

// And not about what was asked for.
bool is_about_cookie(const std::string &body) {
    const auto text = error_text(body);
    return text == invalid_response || text.find("cookie") != std::string::npos;
}

constexpr const char *encryption_hint =
    "; if the port is encrypted, write https:// in front of its address";

// A port that expects TLS hangs up on whoever does not speak it.
bool may_be_encrypted(CURLcode result, const std::string &url) {
    return url.starts_with("http://") &&
           (result == CURLE_RECV_ERROR || result == CURLE_GOT_NOTHING);
}

std::string reason_of_system(CURL *easy) {
    long error = 0;
    curl_easy_getinfo(easy, CURLINFO_OS_ERRNO, &error);
    return std::generic_category().message(static_cast<int>(error));
}

} // namespace

AdminClient::AdminClient(AdminTarget target)
    : url_(target.addr.find("://") == std::string::npos ? "http://" + target.addr : target.addr),
      target_(std::move(target)) {
    if (!target_.socket.empty())
        url_ = "http://localhost";
    while (url_.ends_with('/'))
        url_.pop_back();
}

std::string AdminClient::request(const std::string &method, const std::string &path,
                                 const std::string &sent) const {
    const std::unique_ptr<CURL, EasyCleanup> easy(curl_easy_init());
    const std::string cookie = "X-WebRocket-Cookie: " + target_.cookie;
    const std::unique_ptr<curl_slist, ListFree> headers(
        target_.cookie.empty() ? nullptr : curl_slist_append(nullptr, cookie.c_str()));
    if (!easy || (!headers && !target_.cookie.empty()))
        throw AdminError("out of memory");
    const std::string url = url_ + path;
    std::string body;
    std::array<char, CURL_ERROR_SIZE> reason{};
    curl_easy_setopt(easy.get(), CURLOPT_URL, url.c_str());
    curl_easy_setopt(easy.get(), CURLOPT_CUSTOMREQUEST, method.c_str());
    if (!sent.empty()) {
        curl_easy_setopt(easy.get(), CURLOPT_POSTFIELDSIZE, static_cast<long>(sent.size()));
        curl_easy_setopt(easy.get(), CURLOPT_POSTFIELDS, sent.c_str());
    }
    curl_easy_setopt(easy.get(), CURLOPT_HTTPHEADER, headers.get());
    curl_easy_setopt(easy.get(), CURLOPT_WRITEFUNCTION, &collect);
    curl_easy_setopt(easy.get(), CURLOPT_WRITEDATA, &body);
    curl_easy_setopt(easy.get(), CURLOPT_ERRORBUFFER, reason.data());
    curl_easy_setopt(easy.get(), CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy.get(), CURLOPT_TIMEOUT, 30L);
    // Names go as they are, and the cookie only to where it was meant for.
    curl_easy_setopt(easy.get(), CURLOPT_PATH_AS_IS, 1L);
    curl_easy_setopt(easy.get(), CURLOPT_NOPROXY, "*");
    curl_easy_setopt(easy.get(), CURLOPT_PROTOCOLS_STR, "http,https");
    if (!target_.ca_file.empty())
        curl_easy_setopt(easy.get(), CURLOPT_CAINFO, target_.ca_file.c_str());
    if (!target_.socket.empty())
        curl_easy_setopt(easy.get(), CURLOPT_UNIX_SOCKET_PATH, target_.socket.c_str());
    const CURLcode result = curl_easy_perform(easy.get());
    if (result == CURLE_COULDNT_CONNECT && !target_.socket.empty())
        throw AdminError(fmt::format("couldn't reach the server: {}: {}", target_.socket_name,
                                     reason_of_system(easy.get())));
    if (result != CURLE_OK) {
        throw AdminError(
            "couldn't reach the server: " +
            std::string(reason[0] != '\0' ? reason.data() : curl_easy_strerror(result)) +
            (may_be_encrypted(result, url_) ? encryption_hint : ""));
    }
    long status = 0;
    curl_easy_getinfo(easy.get(), CURLINFO_RESPONSE_CODE, &status);
    if (status == 403 && is_about_cookie(body))
        throw Refused(target_.cookie.empty() ? "the server refused this user"
                                             : "the server refused the cookie");
    if (status != 200 && status != 202 && status != 302)
        throw AdminError(error_text(body));
    return body;
}

std::string percent_encode(const std::string &text) {
    constexpr const char *digits = "0123456789ABCDEF";
    std::string out;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                           (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
        if (plain) {
            out.push_back(c);
        } else {
            out.push_back('%');
            out.push_back(digits[byte >> 4]);
            out.push_back(digits[byte & 0x0f]);
        }
    }
    return out;
}

} // namespace webrocket
