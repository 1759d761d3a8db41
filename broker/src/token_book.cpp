#include "token_book.h"

#include "secrets.h"

namespace webrocket {

std::string MemoryTokenBook::issue(Permission permission) {
    const auto now = Clock::now();
    forget_expired(now);
    while (by_age_.size() >= limits_.outstanding_max) {
        entries_.erase(by_age_.front().second);
        by_age_.pop_front();
    }
    std::string token = random_hex(single_access_token_length);
    const auto expires = now + limits_.lifetime;
    by_age_.emplace_back(expires, token);
    entries_.emplace(token, Entry{std::move(permission), expires});
    return token;
}

std::optional<Permission> MemoryTokenBook::spend(std::string_view token) {
    // A hash lookup is not constant-time, but half a kilobit of randomness leaves nothing to
    // find by its timing.
    const auto found = entries_.find(std::string(token));
    if (found == entries_.end())
        return std::nullopt;
    auto entry = std::move(found->second);
    entries_.erase(found);
    if (entry.expires <= Clock::now())
        return std::nullopt;
    return std::move(entry.permission);
}

// Spent tokens leave their age entry behind; it goes when its time or the limit comes.
void MemoryTokenBook::forget_expired(Clock::time_point now) {
    while (!by_age_.empty() &&
           (by_age_.front().first <= now || !entries_.contains(by_age_.front().second))) {
        entries_.erase(by_age_.front().second);
        by_age_.pop_front();
    }
}

} // namespace webrocket
