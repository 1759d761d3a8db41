#include "api/backend_lists.h"

#include "api/backend_answers.h"
#include "base/json.h"
#include "http/uri.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <vector>

#include <fmt/format.h>

namespace webrocket::backend {
namespace {

constexpr std::size_t page_size_default = 100;
constexpr std::size_t page_size_max = 1000;

std::optional<std::size_t> page_size(const std::string &text) {
    if (text.empty())
        return page_size_default;
    std::size_t number = 0;
    const char *end = text.data() + text.size();
    const auto [stop, problem] = std::from_chars(text.data(), end, number);
    if (problem != std::errc() || stop != end || number < 1 || number > page_size_max)
        return std::nullopt;
    return number;
}

std::string subscriber_entry(const SubscriberSummary &subscriber) {
    return fmt::format(R"({{"sid":"{}","uid":{},"hidden":{},"data":{}}})", subscriber.sid,
                       subscriber.uid ? json_string(*subscriber.uid) : "null", subscriber.hidden,
                       subscriber.data.empty() ? "{}" : subscriber.data);
}

// `found` has one more than `size` when there is another page.
std::string subscribers_document(const std::vector<SubscriberSummary> &found, std::size_t size) {
    const std::size_t count = std::min(size, found.size());
    std::string body = R"({"subscribers":[)";
    for (std::size_t i = 0; i < count; ++i) {
        if (i > 0)
            body += ',';
        body += subscriber_entry(found[i]);
    }
    body += "],\"next\":";
    body += found.size() > size ? '"' + found[count - 1].sid + '"' : "null";
    return body + "}";
}

} // namespace

HttpReply list_subscribers(const Vhost &vhost, const std::string &name, std::string_view query) {
    const auto channel = vhost.find_channel(name);
    if (!channel)
        return no_channel(name);
    const auto parameters = query_parameters(query);
    if (!parameters)
        return bad_request("query is malformed");
    const auto limit = page_size(parameter(*parameters, "limit"));
    if (!limit)
        return bad_request("limit is not a number from 1 to 1000");
    const auto page = vhost.subscribers(*channel, parameter(*parameters, "after"), *limit + 1);
    HttpReply reply;
    reply.response.with("Content-Type", "application/json").with("Cache-Control", "no-store");
    reply.response.body = subscribers_document(page, *limit);
    return reply;
}

} // namespace webrocket::backend
