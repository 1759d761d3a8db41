#include "http/endpoint.h"

#include <cstdint>
#include <optional>

#include "base/ascii.h"
#include "base/failure.h"
#include "base/quoted.h"
#include "http/parsed_url.h"

namespace kn {
namespace {

constexpr std::string_view expected_form =
    "; a vhost's URL is http[s]://wr:TOKEN@HOST[:PORT]/VHOST or wr[s]://TOKEN@HOST[:PORT]/VHOST";

[[noreturn]] void refuse(std::string_view why) {
    throw Failure(KN_EINVAL,
                  std::string("malformed URL: ") + std::string(why) + std::string(expected_form));
}

struct Scheme {
    std::string_view name;
    std::string_view http;
    std::string_view default_port;
    bool names_user; // "wr:" stands before the token
};

constexpr Scheme schemes[] = {
    {"http", "http", "80", true},
    {"https", "https", "443", true},
    {"wr", "http", "8080", false},
    {"wrs", "https", "8443", false},
};

const Scheme &find_scheme(std::string_view name) {
    for (const Scheme &s : schemes)
        if (equals_ignoring_case(name, s.name))
            return s;
    constexpr std::size_t longest_scheme = 8; // what is longer may be a token that came too early
    refuse("its scheme" + (name.size() > longest_scheme ? "" : kn::quoted(name)) +
           " is none of http, https, wr and wrs");
}

int hex_digit(char c) noexcept {
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

/// The token never passes through a URL parser, which would leave copies of it in freed memory.
Secret percent_decoded(std::string_view text) {
    Secret out;
    out.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        char c = text[i];
        if (c == '%') {
            const int high = i + 2 < text.size() ? hex_digit(text[i + 1]) : -1;
            const int low = i + 2 < text.size() ? hex_digit(text[i + 2]) : -1;
            if (high < 0 || low < 0)
                refuse("a '%' in the token is not followed by two hexadecimal digits");
            c = static_cast<char>(high * 16 + low);
            i += 2;
        }
        if (static_cast<unsigned char>(c) <= 0x20 || c == 0x7F)
            refuse("the token holds a space or a control character");
        out.append(c);
    }
    return out;
}

Secret read_token(const Scheme &s, std::string_view userinfo) {
    if (s.names_user) {
        if (userinfo.substr(0, 3) != "wr:")
            refuse("the user before the token is not \"wr\"");
        userinfo.remove_prefix(3);
    }
    if (userinfo.empty())
        refuse("it holds no token");
    if (userinfo.find(':') != std::string_view::npos)
        refuse("the token holds a ':'");
    return percent_decoded(userinfo);
}

void append_base64(Secret &out, std::string_view bytes) {
    constexpr char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (std::size_t i = 0; i < bytes.size(); i += 3) {
        const std::size_t left = bytes.size() - i;
        const auto at = [&](std::size_t j) -> std::uint32_t {
            return j < left ? static_cast<unsigned char>(bytes[i + j]) : 0U;
        };
        const std::uint32_t group = at(0) << 16 | at(1) << 8 | at(2);
        out.append(alphabet[group >> 18]);
        out.append(alphabet[group >> 12 & 63]);
        out.append(left > 1 ? alphabet[group >> 6 & 63] : '=');
        out.append(left > 2 ? alphabet[group & 63] : '=');
    }
}

bool is_vhost_path(std::string_view path) noexcept {
    if (path.size() < 2 || path.front() != '/' || path.back() == '/')
        return false;
    char before = '\0';
    for (const char c : path) {
        if (c == '/' ? before == '/' : !is_word(c) && c != '-')
            return false;
        before = c;
    }
    return true;
}

constexpr std::string_view authorization_head = "Authorization: Basic ";

Secret basic_authorization(const Secret &token) {
    Secret credentials;
    credentials.reserve(3 + token.view().size());
    credentials.append("wr:");
    credentials.append(token.view());
    Secret header;
    header.reserve(authorization_head.size() + (credentials.view().size() + 2) / 3 * 4 + 1);
    header.append(authorization_head);
    append_base64(header, credentials.view());
    header.append('\0'); // libcurl reads it as a C string
    return header;
}

} // namespace

Endpoint Endpoint::parse(std::string_view url) {
    const std::size_t scheme_end = url.find("://");
    if (scheme_end == std::string_view::npos)
        refuse("it has no scheme");
    const Scheme &s = find_scheme(url.substr(0, scheme_end));
    const std::string_view rest = url.substr(scheme_end + 3);
    const std::string_view authority = rest.substr(0, rest.find_first_of("/?#"));
    const std::size_t at = authority.rfind('@');
    if (at == std::string_view::npos)
        refuse("it holds no token");
    Secret token = read_token(s, authority.substr(0, at));

    // Without its credentials, of which the parser would leave copies.
    const ParsedUrl parsed(std::string(s.http) + "://" + std::string(rest.substr(at + 1)));
    if (parsed.complaint() != nullptr)
        refuse(parsed.complaint());
    const std::optional<std::string> host = parsed.part(CURLUPART_HOST);
    if (!host || host->empty())
        refuse("it names no host");
    if (parsed.part(CURLUPART_QUERY) || parsed.part(CURLUPART_FRAGMENT))
        refuse("it holds a query or a fragment");

    Endpoint result;
    result.vhost = parsed.part(CURLUPART_PATH).value_or("");
    if (!is_vhost_path(result.vhost))
        refuse("its path" + kn::quoted(result.vhost) +
               " is no vhost, which is letters, digits, '_' and '-' between single slashes");
    result.origin = std::string(s.http) + "://" + *host + ":" +
                    parsed.part(CURLUPART_PORT).value_or(std::string(s.default_port));
    result.authorization = basic_authorization(token);
    result.token = std::move(token);
    return result;
}

bool Endpoint::is_secret_in(std::string_view text) const noexcept {
    std::string_view credentials = authorization.view().substr(authorization_head.size());
    credentials.remove_suffix(1); // the NUL
    return text.find(token.view()) != std::string_view::npos ||
           text.find(credentials) != std::string_view::npos;
}

} // namespace kn
