#include "api/admin_answers.h"

#include "base/json_text.h"
#include "base/unix_user.h"

#include <charconv>
#include <utility>

namespace webrocket::admin {
namespace {

constexpr const char *json_type = "application/json";

} // namespace

HttpResponse json(int status, std::string body) {
    HttpResponse response;
    response.status = status;
    response.with("Content-Type", json_type);
    response.body = std::move(body);
    return response;
}

HttpResponse error(int status, std::string_view text) {
    return json(status, fmt::format(R"({{"error":{}}})", json_string(text)));
}

HttpResponse refusal(Outcome outcome) {
    switch (outcome) {
    case Outcome::no_vhost:
        return error(404, "vhost doesn't exist");
    case Outcome::no_channel:
        return error(404, "channel doesn't exist");
    case Outcome::vhost_exists:
        return error(400, "vhost already exists");
    case Outcome::channel_exists:
        return error(400, "channel already exists");
    case Outcome::too_many_channels:
        return error(400, "too many channels").refusing(RefusalReason::too_many_channels);
    case Outcome::no_group:
        return error(404, "group doesn't exist");
    case Outcome::group_exists:
        return error(400, "group already exists");
    case Outcome::too_many_groups:
        return error(403, "too many groups");
    case Outcome::group_has_members:
        return error(409, "the order of a group that has members stays");
    case Outcome::done:
    case Outcome::not_stored:
        break;
    }
    return error(500, "internal error");
}

HttpResponse see(std::string location) {
    auto response = json(302);
    response.with("Location", std::move(location));
    return response;
}

HttpResponse plain(int status, std::string_view text) {
    return std::move(plain_text(status, text).with("X-Content-Type-Options", "nosniff"));
}

HttpResponse no_page() { return plain(404, "404 page not found"); }

HttpResponse wrong_method(std::string allow) {
    auto response = plain(405, "Method Not Allowed");
    response.with("Allow", std::move(allow));
    return response;
}

std::string link(std::string_view relation, std::string_view target) {
    return fmt::format(R"({{"rel":"{}","href":"{}"}})", relation, target);
}

Author author_of(const HttpRequest &request) {
    return {"administrator", request.address, request.user ? user_name(*request.user) : ""};
}

std::optional<std::size_t> page_limit(std::string_view text) {
    if (text.empty())
        return page_default;
    std::size_t limit = 0;
    const char *end = text.data() + text.size();
    const auto [stop, problem] = std::from_chars(text.data(), end, limit);
    if (problem != std::errc() || stop != end || limit < 1 || limit > page_max)
        return std::nullopt;
    return limit;
}

} // namespace webrocket::admin
