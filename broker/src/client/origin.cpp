#include "client/origin.h"

#include "http/http_message.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <stdexcept>

namespace webrocket {
namespace {

constexpr std::string_view any_subdomain = "*.";

[[noreturn]] void refuse(const std::string &reason) { throw std::invalid_argument(reason); }

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool is_letter(char c) { return c >= 'a' && c <= 'z'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

void require_scheme(std::string_view scheme) {
    const bool is_one = !scheme.empty() && is_letter(scheme.front()) &&
                        std::all_of(scheme.begin(), scheme.end(), [](char c) {
                            return is_letter(c) || is_digit(c) || c == '+' || c == '-' || c == '.';
                        });
    if (!is_one)
        refuse("it has to begin with a scheme, as in https://example.org");
}

void require_host(std::string_view host) {
    if (host.empty())
        refuse("it names no host");
    if (std::any_of(host.begin(), host.end(), [](char c) { return (c & '\x80') != 0; }))
        refuse("browsers send a name of that alphabet in its ASCII form, xn--…; write that");
    if (host.ends_with('.'))
        refuse("the host ends with a dot, with which browsers do not send it");
    if (host.starts_with('[') && host.ends_with(']'))
        return;
    if (host.find('*') != std::string_view::npos)
        refuse("* stands for subdomains only, as in https://*.example.org");
    const bool is_name = std::all_of(host.begin(), host.end(), [](char c) {
        return is_letter(c) || is_digit(c) || c == '-' || c == '.' || c == '_';
    });
    if (!is_name || host.front() == '.' || host.find("..") != std::string_view::npos)
        refuse("its host is none");
}

// `:8443`, or nothing where browsers leave it out.
std::string port_of(std::string_view digits, std::string_view scheme) {
    std::uint16_t port = 0;
    const char *end = digits.data() + digits.size();
    const auto [rest, failure] = std::from_chars(digits.data(), end, port);
    if (digits.empty() || failure != std::errc() || rest != end || port == 0)
        refuse("its port is none");
    if ((scheme == "https" && port == 443) || (scheme == "http" && port == 80))
        return {};
    return ":" + std::to_string(port);
}

std::size_t end_of_host(std::string_view authority) {
    if (authority.starts_with('['))
        return std::min(authority.find(']'), authority.size() - 1) + 1;
    return std::min(authority.find(':'), authority.size());
}

} // namespace

std::string normalized_origin(std::string_view text) {
    if (text == "null")
        return std::string(text);
    if (text.starts_with('[') || text.starts_with('"'))
        refuse("it looks like JSON; several origins are separated by commas or spaces, without "
               "quotes");
    if (text == "*")
        refuse("leave the option out to accept every origin");
    std::string origin(text);
    std::transform(origin.begin(), origin.end(), origin.begin(), lower);
    const auto colon = origin.find("://");
    if (colon == std::string::npos)
        refuse("it has to begin with a scheme, as in https://example.org");
    const std::string scheme = origin.substr(0, colon);
    require_scheme(scheme);
    const std::string_view authority = std::string_view(origin).substr(colon + 3);
    if (authority.find_first_of("/?#@\\ \t") != std::string_view::npos)
        refuse("an origin ends behind its host and port, without so much as a slash");
    const auto host_end = authority.empty() ? 0 : end_of_host(authority);
    const std::string_view host = authority.substr(0, host_end);
    require_host(host.starts_with(any_subdomain) ? host.substr(any_subdomain.size()) : host);
    const std::string_view rest = authority.substr(host_end);
    if (!rest.empty() && rest.front() != ':')
        refuse("its port is none");
    return scheme + "://" + std::string(host) +
           (rest.empty() ? std::string() : port_of(rest.substr(1), scheme));
}

bool allows_origin(std::string_view allowed, std::string_view origin) {
    const auto star = allowed.find("://*.");
    if (star == std::string_view::npos)
        return equal_ignoring_case(allowed, origin);
    const std::string_view scheme = allowed.substr(0, star + 3);
    const std::string_view domain = allowed.substr(star + 4); // with its dot
    if (origin.size() <= scheme.size() + domain.size() ||
        !equal_ignoring_case(origin.substr(0, scheme.size()), scheme) ||
        !equal_ignoring_case(origin.substr(origin.size() - domain.size()), domain))
        return false;
    const auto subdomain =
        origin.substr(scheme.size(), origin.size() - scheme.size() - domain.size());
    return subdomain.find_first_of("/:@?#[]") == std::string_view::npos;
}

} // namespace webrocket
