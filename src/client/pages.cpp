#include "client/pages.h"

#include <cmath>
#include <utility>

#include "backend/names.h"
#include "base/text.h"
#include "base/utf8.h"
#include "client/result.h"
#include "http/curl.h"
#include "json/decode.h"
#include "json/json_parts.h"

namespace kn {
namespace {

// ---- What is asked ----

std::string after_query(std::string_view after) { return "after=" + percent_encoded(after); }

/// @p after_what says what it is, for a message.
std::string page_query(std::optional<std::string_view> after, const char *after_what,
                       std::int32_t limit) {
    if (after)
        require_text(*after, after_what);
    if (limit < 0)
        throw Failure(KN_EINVAL, "the limit of the page is " + std::to_string(limit) +
                                     "; it is 0 for the server's, or more");
    std::string query;
    if (after)
        query = after_query(*after);
    if (limit != 0) {
        query += query.empty() ? "limit=" : "&limit=";
        query += std::to_string(limit);
    }
    return query;
}

// ---- What is answered ----

/// Whoever asks for all would go round in circles.
template <class Page>
bool leads_nowhere(const Page &page, const Request &sent) {
    if (!page.next)
        return false;
    const std::string again = after_query(*page.next) + '&';
    return page.all.empty() || (sent.query + '&').compare(0, again.size(), again) == 0;
}

template <class Page>
void take_page(const Request &sent, const Answer &received, kn_result &result) {
    std::optional<Page> page = read_page<Page>(received.body);
    if (!page || leads_nowhere(*page, sent))
        throw unreadable(received, std::string("the answer is no page of ") + Page::name);
    result.given = AnyPage(*std::move(page));
}

/// A count of @p object; nothing where it has none, or what is none.
std::optional<std::int64_t> count_member(const json_t *object, const char *key) {
    constexpr double most = 1LL << 53; // beyond, not every number can be told
    const json_t *value = json_object_get(object, key);
    const double count = json_is_number(value) ? json_number_value(value) : -1;
    if (count < 0 || count > most || count != std::floor(count))
        return std::nullopt;
    return static_cast<std::int64_t>(count);
}

} // namespace

std::optional<Subscriber> Subscriber::read(std::string_view entry) {
    const std::optional<CutObject> parts = cut_member(entry, "data");
    if (!parts || parts->part.front() != '{')
        return std::nullopt;
    const JsonPtr object = decode_object(parts->rest);
    std::optional<std::string> sid = exact_member(object.get(), "sid", parts->rest);
    std::optional<std::string> uid = exact_member(object.get(), "uid", parts->rest);
    // Who cannot be told is not nobody.
    const bool is_nobody = json_is_null(json_object_get(object.get(), "uid"));
    const json_t *hidden = json_object_get(object.get(), "hidden");
    if (!sid || sid->empty() || uid.has_value() == is_nobody || !json_is_boolean(hidden))
        return std::nullopt;
    return Subscriber{*std::move(sid), std::move(uid), json_is_true(hidden),
                      std::string(parts->part)};
}

std::optional<Channel> Channel::read(std::string_view entry) {
    const JsonPtr object = decode_object(entry);
    std::optional<std::string> name = exact_member(object.get(), "name", entry);
    std::optional<std::string> type = exact_member(object.get(), "type", entry);
    const auto subscribers = count_member(object.get(), "subscribers");
    const auto members = count_member(object.get(), "members");
    const bool counts_members = json_object_get(object.get(), "members") != nullptr;
    if (!name || name->empty() || !type || type->empty() || !subscribers ||
        members.has_value() != counts_members)
        return std::nullopt;
    return Channel{*std::move(name), *std::move(type), *subscribers, members.value_or(-1)};
}

template <class Page>
std::optional<Page> read_page(std::string_view body) {
    const std::optional<CutObject> parts = cut_member(body, Page::name);
    const auto entries = parts ? array_elements(parts->part) : std::nullopt;
    if (!entries || !is_utf8(body))
        return std::nullopt;
    const JsonPtr object = decode_object(parts->rest);
    Page page;
    page.next = exact_member(object.get(), "next", parts->rest);
    const bool is_last = json_is_null(json_object_get(object.get(), "next"));
    if (!is_last && (!page.next || page.next->empty()))
        return std::nullopt;
    page.all.reserve(entries->size());
    for (const std::string_view entry : *entries) {
        auto row = Page::Row::read(entry);
        if (!row)
            return std::nullopt;
        page.all.push_back(*std::move(row));
    }
    return page;
}

template std::optional<kn_subscribers> read_page(std::string_view body);
template std::optional<kn_channels> read_page(std::string_view body);

Call calls::subscribers(const Endpoint &where, std::string_view channel,
                        std::optional<std::string_view> after, std::int32_t limit) {
    std::string query = page_query(after, "the sid to begin after", limit);
    return {where,
            operations::subscribers,
            {.path = channel_path(where, channel) + "/subscribers", .query = std::move(query)},
            &take_page<kn_subscribers>};
}

Call calls::channels(const Endpoint &where, std::string_view prefix,
                     std::optional<std::string_view> after, std::int32_t limit) {
    if (!prefix.empty())
        require_channel_name(prefix);
    std::string query = page_query(after, "the name to begin after", limit);
    if (!prefix.empty())
        query += (query.empty() ? "prefix=" : "&prefix=") + percent_encoded(prefix);
    return {where,
            operations::channels,
            {.path = where.vhost + "/channels", .query = std::move(query)},
            &take_page<kn_channels>};
}

} // namespace kn
