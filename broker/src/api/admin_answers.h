// Answers that several resources of the Admin API give.
#pragma once

#include "http/http_message.h"
#include "http/replies.h"
#include "store/change.h"

#include <cstddef>
#include <fmt/format.h>
#include <optional>
#include <string>
#include <string_view>

namespace webrocket::admin {

HttpResponse json(int status, std::string body = {});
HttpResponse error(int status, std::string_view text);
HttpResponse refusal(Outcome outcome);
HttpResponse see(std::string location);
HttpResponse plain(int status, std::string_view text);
HttpResponse no_page();
HttpResponse wrong_method(std::string allow);

std::string link(std::string_view relation, std::string_view target);

// [<what `entry` makes of each item>,…]
template <typename Items, typename Entry>
std::string array(const Items &items, Entry entry) {
    std::string body = "[";
    for (const auto &item : items) {
        if (body.size() > 1)
            body.push_back(',');
        body.append(entry(item));
    }
    body.push_back(']');
    return body;
}
// {"<name>":[…]}
template <typename Items, typename Entry>
std::string collection(std::string_view name, const Items &items, Entry entry) {
    return fmt::format(R"({{"{}":{}}})", name, array(items, entry));
}

inline bool reads(std::string_view method) { return method == "GET" || method == "HEAD"; }

Author author_of(const HttpRequest &request);

// Of a list that is shown a page at a time.
inline constexpr std::size_t page_default = 100;
inline constexpr std::size_t page_max = 1000;
inline constexpr std::string_view limit_complaint = "limit is not a number from 1 to 1000";
// Nothing for what is none; the default where nothing is said.
std::optional<std::size_t> page_limit(std::string_view text);

} // namespace webrocket::admin
