#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <kosmonaut/subscribers.h>

/// One page of a channel's subscribers, for the user to read. Whoever is handed one finds that it
/// no longer changes.
struct kn_subscribers {
    struct subscriber {
        std::string sid;
        std::optional<std::string> uid;
        bool is_hidden = false;
        std::string data; // JSON, as the broker has it
    };

    std::vector<subscriber> all;
    std::optional<std::string> next;

    const subscriber *at(std::size_t index) const noexcept {
        return index < all.size() ? &all[index] : nullptr;
    }
};

namespace kn {

/// The page that an answer holds; nothing when @p body is none. Each subscriber's data is the
/// browser's own word, which is neither decoded nor judged.
std::optional<kn_subscribers> read_subscribers(std::string_view body);

} // namespace kn
