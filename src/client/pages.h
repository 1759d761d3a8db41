#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <kosmonaut/channels.h>
#include <kosmonaut/subscribers.h>

#include "client/call.h"

namespace kn {

/// One page of a list, for the user to read. Whoever is handed one finds that it no longer changes.
template <class OneRow>
struct Page {
    using Row = OneRow;

    std::vector<Row> all;
    std::optional<std::string> next;

    const Row *at(std::size_t index) const noexcept {
        return index < all.size() ? &all[index] : nullptr;
    }
};

struct Subscriber {
    std::string sid;
    std::optional<std::string> uid;
    bool is_hidden = false;
    std::string data; // JSON, as the broker has it

    /// Nothing when @p entry is none. The data is the browser's own word, which is neither decoded
    /// nor judged.
    static std::optional<Subscriber> read(std::string_view entry);
};

struct Channel {
    std::string name;
    std::string type;
    std::int64_t subscribers = 0;
    std::int64_t members = -1; // -1: of no presence channel

    /// Nothing when @p entry is none.
    static std::optional<Channel> read(std::string_view entry);
};

} // namespace kn

struct kn_subscribers : kn::Page<kn::Subscriber> {
    static constexpr const char *name = "subscribers";
};

struct kn_channels : kn::Page<kn::Channel> {
    static constexpr const char *name = "channels";
};

namespace kn {

using AnyPage = std::variant<kn_subscribers, kn_channels>;

/// The page that an answer holds; nothing when @p body is none.
template <class Page>
std::optional<Page> read_page(std::string_view body);

namespace calls {

/// Each asks for one page. No @p after: from the beginning. A @p limit of 0 is the server's.
Call subscribers(const Endpoint &where, std::string_view channel,
                 std::optional<std::string_view> after, std::int32_t limit);
/// Those whose names begin with @p prefix; all where it is "".
Call channels(const Endpoint &where, std::string_view prefix, std::optional<std::string_view> after,
              std::int32_t limit);

} // namespace calls
} // namespace kn
