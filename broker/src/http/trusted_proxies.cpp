#include "http/trusted_proxies.h"

#include <algorithm>
#include <charconv>
#include <stdexcept>

namespace webrocket {
namespace {

constexpr unsigned address_bits = 128;
constexpr unsigned v4_prefix_bits = 96;

std::string_view trimmed(std::string_view text) {
    constexpr std::string_view blanks = " \t";
    const auto first = text.find_first_not_of(blanks);
    if (first == std::string_view::npos)
        return {};
    return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

// As both headers write it: with or without a port, IPv6 with brackets, and without them where
// there is no port. RFC 7239's `unknown` and its obfuscated identifiers are no addresses.
std::optional<ClientAddress> parse_node(std::string_view node) {
    if (node.starts_with('[')) {
        const auto end = node.find(']');
        if (end == std::string_view::npos)
            return std::nullopt;
        const auto rest = node.substr(end + 1);
        if (!rest.empty() && !rest.starts_with(':'))
            return std::nullopt;
        const auto address = ClientAddress::parse(node.substr(1, end - 1));
        return node.substr(1, end - 1).find(':') == std::string_view::npos ? std::nullopt : address;
    }
    const auto colon = node.find(':');
    const bool has_port = colon != std::string_view::npos && node.find(':', colon + 1) == node.npos;
    return ClientAddress::parse(has_port ? node.substr(0, colon) : node);
}

// `value` is an X-Forwarded-For. Empty elements of a list say nothing.
void add_plain_hops(std::string_view value, std::vector<std::string> &hops) {
    while (!value.empty()) {
        const auto comma = std::min(value.find(','), value.size());
        if (const auto node = trimmed(value.substr(0, comma)); !node.empty())
            hops.emplace_back(node);
        value.remove_prefix(std::min(comma + 1, value.size()));
    }
}

// Reads one Forwarded header: elements between commas, pairs between semicolons, values that may be
// quoted strings.
class ForwardedReader {
  public:
    explicit ForwardedReader(std::string_view value) : rest_(value) {}

    // Nothing at all when it is not well-formed: where its elements end is not known then.
    std::optional<std::vector<std::string>> read() {
        std::vector<std::string> hops;
        while (true) {
            skip_blanks();
            if (!rest_.empty() && rest_.front() != ',') {
                if (!read_element())
                    return std::nullopt;
                hops.push_back(std::move(for_));
            }
            if (rest_.empty())
                return hops;
            rest_.remove_prefix(1);
        }
    }

  private:
    bool read_element() {
        for_.clear();
        bool has_for = false;
        while (true) {
            skip_blanks();
            if (rest_.empty() || rest_.front() == ',')
                return true;
            if (rest_.front() == ';') {
                rest_.remove_prefix(1);
                continue;
            }
            const auto equals = rest_.find('=');
            const auto name = trimmed(rest_.substr(0, equals));
            if (equals == std::string_view::npos || name.empty() ||
                name.find_first_of(",;\" \t") != std::string_view::npos)
                return false;
            rest_.remove_prefix(equals + 1);
            auto value = read_value();
            if (!value)
                return false;
            if (equal_ignoring_case(name, "for")) {
                if (has_for)
                    return false;
                has_for = true;
                for_ = std::move(*value);
            }
        }
    }

    std::optional<std::string> read_value() {
        skip_blanks();
        auto value = rest_.starts_with('"') ? read_quoted() : read_token();
        skip_blanks();
        if (!rest_.empty() && rest_.front() != ',' && rest_.front() != ';')
            return std::nullopt;
        return value;
    }

    std::optional<std::string> read_quoted() {
        std::string value;
        for (std::size_t i = 1; i < rest_.size(); ++i) {
            if (rest_[i] == '"') {
                rest_.remove_prefix(i + 1);
                return value;
            }
            if (rest_[i] == '\\' && ++i == rest_.size())
                break;
            value.push_back(rest_[i]);
        }
        return std::nullopt;
    }

    std::optional<std::string> read_token() {
        const auto end = std::min(rest_.find_first_of(",; \t\"="), rest_.size());
        std::string value(rest_.substr(0, end));
        rest_.remove_prefix(end);
        return value.empty() ? std::nullopt : std::optional(value);
    }

    void skip_blanks() {
        rest_.remove_prefix(std::min(rest_.find_first_not_of(" \t"), rest_.size()));
    }

    std::string_view rest_;
    std::string for_;
};

void add_forwarded_hops(std::string_view value, std::vector<std::string> &hops) {
    if (const auto read = ForwardedReader(value).read())
        hops.insert(hops.end(), read->begin(), read->end());
    else
        hops.emplace_back();
}

} // namespace

std::optional<AddressRange> AddressRange::parse(std::string_view text) {
    const auto slash = text.find('/');
    const auto base = ClientAddress::parse(text.substr(0, slash));
    if (!base)
        return std::nullopt;
    if (slash == std::string_view::npos)
        return AddressRange(*base, address_bits);
    const bool as_v4 = text.find(':') == std::string_view::npos;
    const unsigned bits_max = as_v4 ? address_bits - v4_prefix_bits : address_bits;
    unsigned bits = 0;
    const char *end = text.data() + text.size();
    const auto [stop, problem] = std::from_chars(text.data() + slash + 1, end, bits);
    if (problem != std::errc() || stop != end || bits > bits_max)
        return std::nullopt;
    return AddressRange(*base, as_v4 ? bits + v4_prefix_bits : bits);
}

// Not even the widest range of IPv6 means clients of IPv4.
bool AddressRange::contains(const ClientAddress &address) const {
    if (!address.is_known() || address.is_v4() != base_.is_v4())
        return false;
    const auto &a = base_.bytes();
    const auto &b = address.bytes();
    const unsigned whole = bits_ / 8;
    if (!std::equal(a.begin(), a.begin() + whole, b.begin()))
        return false;
    const unsigned rest = bits_ % 8;
    return rest == 0 || ((a[whole] ^ b[whole]) >> (8 - rest)) == 0;
}

TrustedProxies::TrustedProxies(const std::vector<std::string> &ranges) {
    for (const auto &text : ranges) {
        const auto range = AddressRange::parse(text);
        if (!range)
            throw std::runtime_error("not a range of addresses: " + text);
        ranges_.push_back(*range);
    }
}

bool TrustedProxies::trusts(const ClientAddress &address) const {
    return std::any_of(ranges_.begin(), ranges_.end(),
                       [&address](const auto &range) { return range.contains(address); });
}

// From the nearest on: what a client has written before them is not looked at. When all of them
// are trusted the furthest is the client.
std::optional<ClientAddress> TrustedProxies::last_untrusted(const Hops &hops) const {
    std::optional<ClientAddress> address;
    for (auto hop = hops.rbegin(); hop != hops.rend(); ++hop) {
        address = parse_node(*hop);
        if (!address || !trusts(*address))
            break;
    }
    return address;
}

ClientAddress TrustedProxies::client_of(const ClientAddress &peer,
                                        const HttpRequest &request) const {
    if (ranges_.empty() || !trusts(peer))
        return peer;
    Hops plain;
    Hops forwarded;
    for (const auto &[name, value] : request.headers) {
        if (equal_ignoring_case(name, "X-Forwarded-For"))
            add_plain_hops(value, plain);
        else if (equal_ignoring_case(name, "Forwarded"))
            add_forwarded_hops(value, forwarded);
    }
    const auto by_plain = last_untrusted(plain);
    const auto by_forwarded = last_untrusted(forwarded);
    if (!plain.empty() && !forwarded.empty() && by_plain != by_forwarded)
        return peer;
    return (plain.empty() ? by_forwarded : by_plain).value_or(peer);
}

} // namespace webrocket
