// Proxies whose word is taken for where a client is, and what they say of it: `Forwarded` (RFC
// 7239) or `X-Forwarded-For`.
#pragma once

#include "base/client_address.h"
#include "http/http_message.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace webrocket {

// ADDRESS/BITS; an address alone is a range of one.
class AddressRange {
  public:
    static std::optional<AddressRange> parse(std::string_view text);
    bool contains(const ClientAddress &address) const;

  private:
    AddressRange(const ClientAddress &base, unsigned bits) : base_(base), bits_(bits) {}

    ClientAddress base_;
    unsigned bits_; // of the sixteen bytes
};

class TrustedProxies {
  public:
    TrustedProxies() = default;
    // Throws std::runtime_error for what is no range.
    explicit TrustedProxies(const std::vector<std::string> &ranges);

    bool trusts(const ClientAddress &address) const;

    // The last address on the way here that is no trusted proxy's. Where that cannot be told it is
    // the peer's: nothing was said, it cannot be read, or the two headers name different clients,
    // of which a proxy that knows only one of them passes on the other as it came.
    ClientAddress client_of(const ClientAddress &peer, const HttpRequest &request) const;

  private:
    // Nothing when a hop could not be read.
    using Hops = std::vector<std::string>; // as they are written, read when they are needed
    std::optional<ClientAddress> last_untrusted(const Hops &hops) const;

    std::vector<AddressRange> ranges_;
};

} // namespace webrocket
