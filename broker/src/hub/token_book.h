// Single access tokens: minted for a backend, spent once by a browser.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <list>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace webrocket {

// What a browser may do, and as whom.
struct Permission {
    std::string uid;
    std::string channels; // a regular expression over whole channel names
};

struct TokenLimits {
    std::chrono::milliseconds lifetime{3600000};
    // Past them the oldest go.
    std::size_t outstanding_max = 100000;
    std::size_t bytes_max = std::size_t{64} << 20; // with what is kept beside them
};

class TokenBook {
  public:
    explicit TokenBook(const TokenLimits &limits) : limits_(limits) {}
    // For those that are issued from now on.
    void set_limits(const TokenLimits &limits) { limits_ = limits; }
    std::string issue(Permission permission);
    // How many went unspent and before their time, because there were too many.
    std::uint64_t displaced() const { return displaced_; }
    // Nothing for a token that is unknown, spent or expired.
    std::optional<Permission> spend(std::string_view token);

  private:
    using Clock = std::chrono::steady_clock;
    struct Entry {
        std::string token;
        Permission permission;
        Clock::time_point expires;
    };
    using Entries = std::list<Entry>;

    void forget(Entries::iterator entry);
    static std::size_t size_of(const Permission &permission);

    TokenLimits limits_;
    std::uint64_t displaced_ = 0;
    std::size_t bytes_ = 0;
    Entries by_age_; // the oldest first, and so the first to expire
    std::unordered_map<std::string_view, Entries::iterator> by_token_;
};

} // namespace webrocket
