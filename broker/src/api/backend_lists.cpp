#include "api/backend_lists.h"

#include "api/backend_answers.h"
#include "base/json.h"
#include "http/uri.h"
#include "hub/names.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>
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

std::string_view name_of(ChannelType type) {
    switch (type) {
    case ChannelType::private_channel:
        return "private";
    case ChannelType::presence:
        return "presence";
    case ChannelType::normal:
        break;
    }
    return "normal";
}

std::string channel_entry(const ChannelSummary &channel) {
    std::string entry = fmt::format(R"({{"name":"{}","type":"{}","subscribers":{})", channel.name,
                                    name_of(channel_type(channel.name)), channel.subscribers);
    if (channel.members)
        entry += fmt::format(R"(,"members":{})", *channel.members);
    return entry + "}";
}

std::string subscriber_entry(const SubscriberSummary &subscriber) {
    return fmt::format(R"({{"sid":"{}","uid":{},"hidden":{},"data":{}}})", subscriber.sid,
                       subscriber.uid ? json_string(*subscriber.uid) : "null", subscriber.hidden,
                       subscriber.data.empty() ? "{}" : subscriber.data);
}

// `found` has one more than `size` when there is another page; `key_of` is what pages follow.
template <typename Row, typename Entry, typename Key>
std::string page_document(std::string_view name, const std::vector<Row> &found, std::size_t size,
                          Entry entry_of, Key key_of) {
    const std::size_t count = std::min(size, found.size());
    std::string body = fmt::format(R"({{"{}":[)", name);
    for (std::size_t i = 0; i < count; ++i) {
        if (i > 0)
            body += ',';
        body += entry_of(found[i]);
    }
    body += "],\"next\":";
    body += found.size() > size ? '"' + key_of(found[count - 1]) + '"' : "null";
    return body + "}";
}

HttpReply document(std::string body) {
    HttpReply reply;
    reply.response.with("Content-Type", "application/json").with("Cache-Control", "no-store");
    reply.response.body = std::move(body);
    return reply;
}

HttpReply bad_limit() { return bad_request("limit is not a number from 1 to 1000"); }

} // namespace

HttpReply list_channels(const ChannelDirectory &channels, std::string_view query) {
    const auto parameters = query_parameters(query);
    if (!parameters)
        return bad_request("query is malformed");
    const auto limit = page_size(parameter(*parameters, "limit"));
    if (!limit)
        return bad_limit();
    const std::string &prefix = parameter(*parameters, "prefix");
    if (!prefix.empty() && !is_valid_channel_name(prefix))
        return bad_request("no channel's name begins with the prefix");
    const auto found = channels.list(prefix, parameter(*parameters, "after"), *limit + 1);
    return document(page_document("channels", found, *limit, channel_entry,
                                  [](const ChannelSummary &channel) { return channel.name; }));
}

HttpReply show_channel(const ChannelDirectory &channels, const std::string &name) {
    const auto channel = channels.find(name);
    return channel ? document(channel_entry(channel->summary())) : no_channel(name);
}

HttpReply list_subscribers(const ChannelDirectory &channels, const std::string &name,
                           std::string_view query) {
    const auto channel = channels.find(name);
    if (!channel)
        return no_channel(name);
    const auto parameters = query_parameters(query);
    if (!parameters)
        return bad_request("query is malformed");
    const auto limit = page_size(parameter(*parameters, "limit"));
    if (!limit)
        return bad_limit();
    const auto page = channel->subscribers(parameter(*parameters, "after"), *limit + 1);
    return document(
        page_document("subscribers", page, *limit, subscriber_entry,
                      [](const SubscriberSummary &subscriber) { return subscriber.sid; }));
}

} // namespace webrocket::backend
