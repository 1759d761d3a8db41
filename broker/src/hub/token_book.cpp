#include "hub/token_book.h"

#include "base/secrets.h"

namespace webrocket {

std::string TokenBook::issue(Permission permission) {
    const auto now = Clock::now();
    while (!by_age_.empty() && by_age_.front().expires <= now)
        forget(by_age_.begin());
    const std::size_t size = size_of(permission);
    while (!by_age_.empty() &&
           (by_age_.size() >= limits_.outstanding_max || bytes_ + size > limits_.bytes_max)) {
        forget(by_age_.begin());
        ++displaced_;
    }
    by_age_.push_back(
        {random_hex(single_access_token_length), std::move(permission), now + limits_.lifetime});
    bytes_ += size;
    const auto entry = std::prev(by_age_.end());
    by_token_.emplace(entry->token, entry);
    return entry->token;
}

std::optional<Permission> TokenBook::spend(std::string_view token) {
    // A hash lookup is not constant-time, but half a kilobit of randomness leaves nothing to
    // find by its timing.
    const auto found = by_token_.find(token);
    if (found == by_token_.end())
        return std::nullopt;
    const auto entry = found->second;
    std::optional<Permission> permission;
    if (entry->expires > Clock::now())
        permission = entry->permission;
    forget(entry);
    return permission;
}

std::size_t TokenBook::size_of(const Permission &permission) {
    constexpr std::size_t beside =
        sizeof(Entry) + single_access_token_length + 128; // lists, blocks
    return permission.uid.size() + permission.channels.size() + beside;
}

void TokenBook::forget(Entries::iterator entry) {
    bytes_ -= size_of(entry->permission);
    by_token_.erase(entry->token);
    by_age_.erase(entry);
}

} // namespace webrocket
