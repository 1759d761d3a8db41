#include "hub/session_listing.h"

#include "base/json.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <ctime>
#include <fmt/format.h>
#include <tuple>
#include <utility>

namespace webrocket {
namespace {

constexpr std::array<std::pair<std::string_view, ConnectionKey>, 8> keys = {{
    {"sid", ConnectionKey::sid},
    {"uid", ConnectionKey::uid},
    {"address", ConnectionKey::address},
    {"since", ConnectionKey::since},
    {"messages", ConnectionKey::messages},
    {"bytes", ConnectionKey::bytes},
    {"refused", ConnectionKey::refused},
    {"queue", ConnectionKey::queue},
}};

std::int64_t milliseconds(std::chrono::system_clock::time_point time) {
    return std::chrono::floor<std::chrono::milliseconds>(time).time_since_epoch().count();
}

std::string iso_time(std::chrono::system_clock::time_point time) {
    const std::time_t seconds = std::chrono::system_clock::to_time_t(time);
    std::tm parts{};
    gmtime_r(&seconds, &parts);
    std::array<char, 32> text{};
    return {text.data(), std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &parts)};
}

// As ConnectionRank, without copies: there may be very many of which few are listed.
struct ViewedRank {
    std::uint64_t number = 0;
    std::string_view text;
    std::string_view sid;

    friend auto operator<=>(const ViewedRank &, const ViewedRank &) = default;
};

// The largest numbers come first, but for the time.
ViewedRank rank_of(const ConnectionView &view, ConnectionKey key) {
    ViewedRank rank{0, {}, view.sid};
    switch (key) {
    case ConnectionKey::sid:
        break;
    case ConnectionKey::uid:
        rank.text = view.uid.value_or(std::string_view());
        break;
    case ConnectionKey::address: {
        const auto &bytes = view.address.bytes();
        rank.text = {reinterpret_cast<const char *>(bytes.data()), bytes.size()};
        break;
    }
    case ConnectionKey::since:
        rank.number = static_cast<std::uint64_t>(milliseconds(view.since));
        break;
    case ConnectionKey::messages:
        rank.number = ~view.messages;
        break;
    case ConnectionKey::bytes:
        rank.number = ~view.bytes;
        break;
    case ConnectionKey::refused:
        rank.number = ~view.refused;
        break;
    case ConnectionKey::queue:
        rank.number = ~static_cast<std::uint64_t>(view.queue);
        break;
    }
    return rank;
}

std::string entry_of(const ConnectionView &view, std::string_view vhost) {
    return fmt::format(
        R"({{"sid":"{}","uid":{},"address":"{}","since":"{}","messages":{},"bytes":{},"refused":{},)"
        R"("queue":{},"links":[{{"rel":"vhost","href":"{}"}}]}})",
        view.sid, view.uid ? json_string(*view.uid) : "null", view.address.text(),
        iso_time(view.since), view.messages, view.bytes, view.refused, view.queue, vhost);
}

bool is_number(ConnectionKey key) { return key >= ConnectionKey::since; }

} // namespace

std::optional<ConnectionKey> connection_key(std::string_view name) {
    const auto found = std::find_if(keys.begin(), keys.end(),
                                    [name](const auto &key) { return key.first == name; });
    return found == keys.end() ? std::nullopt : std::optional(found->second);
}

std::vector<ListedConnection> list_connections(const std::vector<ConnectionView> &views,
                                               const ConnectionQuery &query,
                                               std::string_view vhost) {
    std::vector<std::pair<ViewedRank, const ConnectionView *>> page;
    page.reserve(views.size());
    std::optional<ViewedRank> after;
    if (query.after)
        after = {query.after->number, query.after->text, query.after->sid};
    for (const auto &view : views) {
        const auto rank = rank_of(view, query.sort);
        if (!after || rank > *after)
            page.emplace_back(rank, &view);
    }
    const std::size_t count = std::min(query.limit + 1, page.size());
    std::partial_sort(page.begin(), page.begin() + static_cast<std::ptrdiff_t>(count), page.end(),
                      [](const auto &a, const auto &b) { return a.first < b.first; });
    page.resize(count);
    std::vector<ListedConnection> listed;
    listed.reserve(count);
    for (const auto &[rank, view] : page)
        listed.push_back(
            {{rank.number, std::string(rank.text), std::string(rank.sid)}, entry_of(*view, vhost)});
    return listed;
}

std::string connections_document(std::vector<ListedConnection> found,
                                 const ConnectionQuery &query) {
    std::sort(found.begin(), found.end(),
              [](const auto &a, const auto &b) { return a.rank < b.rank; });
    const std::size_t count = std::min(query.limit, found.size());
    std::string body = R"({"connections":[)";
    for (std::size_t i = 0; i < count; ++i) {
        if (i > 0)
            body.push_back(',');
        body.append(found[i].entry);
    }
    body += "],\"next\":";
    body +=
        found.size() > count ? json_string(cursor_of(found[count - 1].rank, query.sort)) : "null";
    return body + "}";
}

// KEY:SID, where the key's value has to be repeated as it was; SID alone where that is the key.
std::string cursor_of(const ConnectionRank &rank, ConnectionKey key) {
    if (key == ConnectionKey::sid)
        return rank.sid;
    if (is_number(key)) {
        const auto number = key == ConnectionKey::since ? rank.number : ~rank.number;
        return fmt::format("{}:{}", number, rank.sid);
    }
    if (key == ConnectionKey::uid)
        return rank.text + ":" + rank.sid;
    std::string hex;
    for (const char c : rank.text)
        hex += fmt::format("{:02x}", static_cast<unsigned char>(c));
    return hex + ":" + rank.sid;
}

std::optional<ConnectionRank> parse_cursor(std::string_view text, ConnectionKey key) {
    if (key == ConnectionKey::sid)
        return ConnectionRank{0, {}, std::string(text)};
    const auto colon = text.rfind(':');
    if (colon == std::string_view::npos)
        return std::nullopt;
    const auto value = text.substr(0, colon);
    ConnectionRank rank{0, {}, std::string(text.substr(colon + 1))};
    const auto read = [](std::string_view digits, int base, auto &number) {
        const char *end = digits.data() + digits.size();
        const auto [stop, problem] = std::from_chars(digits.data(), end, number, base);
        return problem == std::errc() && stop == end;
    };
    if (is_number(key)) {
        if (!read(value, 10, rank.number))
            return std::nullopt;
        if (key != ConnectionKey::since)
            rank.number = ~rank.number;
    } else if (key == ConnectionKey::uid) {
        rank.text = value;
    } else {
        constexpr std::size_t digits = 32;
        constexpr int hexadecimal = 16;
        if (value.size() != digits)
            return std::nullopt;
        for (std::size_t i = 0; i < digits; i += 2) {
            unsigned byte = 0;
            if (!read(value.substr(i, 2), hexadecimal, byte))
                return std::nullopt;
            rank.text.push_back(static_cast<char>(byte));
        }
    }
    return rank;
}

} // namespace webrocket
