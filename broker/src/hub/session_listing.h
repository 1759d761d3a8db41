// The browsers of a vhost, for its operator: sorted, a page at a time. Each loop lists its own,
// with what they count on it anyway, and the pages of all are put together.
#pragma once

#include "base/client_address.h"

#include <chrono>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace webrocket {

// What is known of one. The views are its session's, and valid on its loop, as long as that does
// nothing else.
struct ConnectionView {
    std::string_view sid;
    std::optional<std::string_view> uid;
    ClientAddress address;
    std::chrono::system_clock::time_point since;
    std::uint64_t messages = 0;
    std::uint64_t bytes = 0; // of these messages
    std::uint64_t refused = 0;
    std::size_t queue = 0; // bytes that wait for it
};

enum class ConnectionKey { sid, uid, address, since, messages, bytes, refused, queue };
// Nothing for what is no key's name.
std::optional<ConnectionKey> connection_key(std::string_view name);

// Its place in the list: by the key, and by its sid among equals.
struct ConnectionRank {
    std::uint64_t number = 0;
    std::string text;
    std::string sid;

    friend auto operator<=>(const ConnectionRank &, const ConnectionRank &) = default;
};

struct ConnectionQuery {
    static constexpr std::size_t limit_default = 100;
    static constexpr std::size_t limit_max = 1000;

    ConnectionKey sort = ConnectionKey::sid;
    std::size_t limit = limit_default;
    std::optional<ConnectionRank> after;
};

struct ListedConnection {
    ConnectionRank rank;
    std::string entry; // JSON
};

// Of these the first ones behind query.after: one more than the page has, to tell that there is
// another one.
std::vector<ListedConnection> list_connections(const std::vector<ConnectionView> &views,
                                               const ConnectionQuery &query,
                                               std::string_view vhost);

// The page, of all that was found.
std::string connections_document(std::vector<ListedConnection> found, const ConnectionQuery &query);

// Where a page ended, for the request of the next one.
std::string cursor_of(const ConnectionRank &rank, ConnectionKey key);
std::optional<ConnectionRank> parse_cursor(std::string_view text, ConnectionKey key);

} // namespace webrocket
