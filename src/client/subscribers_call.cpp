#include "client/subscribers_call.hpp"

#include "backend/names.hpp"
#include "base/text.hpp"
#include "http/curl.hpp"

namespace kn {
namespace {

std::string query_of(const std::optional<std::string> &after, std::int32_t limit) {
    std::string query;
    if (after)
        query = "after=" + percent_encoded(*after);
    if (limit != 0) {
        query += query.empty() ? "limit=" : "&limit=";
        query += std::to_string(limit);
    }
    return query;
}

/// Whoever asks for all would go round in circles.
bool leads_nowhere(const kn_subscribers &page, const std::optional<std::string> &after) {
    return page.next && (page.all.empty() || page.next == after);
}

} // namespace

subscribers_call::subscribers_call(const endpoint &where, std::string_view channel,
                                   std::optional<std::string_view> after, std::int32_t limit)
    : where_(where), after_(after) {
    if (after)
        require_text(*after, "the sid to begin after");
    if (limit < 0)
        throw failure(KN_EINVAL, "the limit of the page is " + std::to_string(limit) +
                                     "; it is 0 for the server's, or more");
    request_ = {request::method::get,
                channel_path(where, channel) + "/subscribers",
                {},
                query_of(after_, limit)};
}

bool subscribers_call::take(const answer &received, kn_result &result) {
    require_success(where_, operation::subscribers, channel_in(where_, request_), received);
    std::optional<kn_subscribers> page = read_subscribers(received.body);
    if (!page || leads_nowhere(*page, after_)) {
        failure none = failure(KN_EPROTOCOL, "the answer is no page of subscribers")
                           .with_more("; is this a WebRocket server?");
        none.http_status = static_cast<std::int32_t>(received.http_status);
        throw none;
    }
    result.subscribers = std::move(page);
    return false;
}

} // namespace kn
