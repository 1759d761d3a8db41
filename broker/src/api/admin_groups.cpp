#include "api/admin_groups.h"

#include "api/admin_answers.h"
#include "base/json_text.h"
#include "http/uri.h"
#include "store/group_settings.h"

#include <algorithm>
#include <fmt/format.h>
#include <utility>
#include <variant>

namespace webrocket::admin {
namespace {

std::string filter_json(const std::string &filter) {
    return filter.empty() ? "null" : json_string(filter);
}

std::string member_entry(const GroupMember &member) {
    return fmt::format(R"({{"name":{},"stream":{},"filter":{},"window":{},"unacknowledged":{},)"
                       R"("connected":{}}})",
                       json_string(member.name), json_string(member.stream),
                       filter_json(member.filter), member.window, member.unacknowledged,
                       member.connected);
}

// What the list has of each as well.
std::string main_figures(const GroupFigures &figures) {
    return fmt::format(
        R"("lag":{},"oldest_ms":{},"unacknowledged":{},"redelivered":{},"dead_letters":{})",
        figures.lag, figures.lag > 0 ? fmt::format("{}", figures.oldest_ms) : "null",
        figures.unacknowledged, figures.redelivered, figures.dead_letters);
}

std::string other_figures(const GroupFigures &figures) {
    return fmt::format(
        R"("bytes":{},"delayed":{},"unmatched":{},"kept":{},"acknowledged":{},"refused":{},)"
        R"("lost":{})",
        figures.bytes, figures.delayed, figures.unmatched, figures.kept, figures.acknowledged,
        figures.refused, figures.lost);
}

std::string path_of(const Group &group) {
    return fmt::format("{}/groups/{}", group.vhost(), group.name());
}

std::string group_entry(const Group &group) {
    return fmt::format(R"({{"name":"{}","paused":{},"members":{{"size":{}}},{},"links":[{},{}]}})",
                       group.name(), group.settings().paused, group.members().size(),
                       main_figures(group.figures()), link("self", path_of(group)),
                       link("vhost", group.vhost()));
}

std::string group_document(const Group &group) {
    const auto figures = group.figures();
    const std::string path = path_of(group);
    return fmt::format(
        R"({{"group":{{"name":"{}","settings":{},"members":{},{},{},"links":[{},{},{}]}}}})",
        group.name(), group_settings_json(group.settings()), array(group.members(), member_entry),
        main_figures(figures), other_figures(figures), link("self", path),
        link("vhost", group.vhost()), link("dead-letters", path + "/dead-letters"));
}

// Behind the group's name, where the path has so much.
constexpr std::string_view dead_letters_name = "dead-letters";
constexpr std::string_view groups_name = "groups";

} // namespace

std::optional<HttpReply> GroupResources::answer(const HttpRequest &request,
                                                const std::vector<std::string> &segments,
                                                std::string_view query, bool shows_payloads) {
    // No vhost has one of these names in its path.
    const auto found = std::find_if(segments.begin(), segments.end(), [](const auto &segment) {
        return segment == groups_name || segment == "channels";
    });
    if (found == segments.begin() || found == segments.end() || *found != groups_name)
        return std::nullopt;
    const std::string vhost =
        join_segments(segments, static_cast<std::size_t>(found - segments.begin()));
    const std::vector<std::string> rest(found + 1, segments.end());
    if (rest.empty())
        return list(request.method, vhost, query);
    if (rest.size() == 1)
        return group(request, vhost, rest.front());
    if (rest[1] != dead_letters_name)
        return at_once(no_page());
    const DeadLetterResources::Target target{
        vhost, rest.front(), {rest.begin() + 2, rest.end()}, query, shows_payloads};
    const auto refuse = [&](Outcome outcome) { return at_once(refusal(outcome)); };
    if (auto reply = DeadLetterResources::refusal_of_route(request.method, target))
        return reply;
    if (!registry_.find_vhost(vhost))
        return refuse(Outcome::no_vhost);
    auto named = groups_.find(vhost, rest.front());
    if (!named)
        return refuse(Outcome::no_group);
    return dead_letters_.answer(request, target, std::move(named));
}

HttpReply GroupResources::list(std::string_view method, const std::string &vhost,
                               std::string_view query) const {
    if (!reads(method))
        return at_once(wrong_method("GET, HEAD"));
    if (!registry_.find_vhost(vhost))
        return at_once(refusal(Outcome::no_vhost));
    const auto parameters = query_parameters(query);
    if (!parameters)
        return at_once(error(400, "query is malformed"));
    const auto limit = page_limit(parameter(*parameters, "limit"));
    if (!limit)
        return at_once(error(400, limit_complaint));
    auto all = groups_.list(vhost);
    const auto &after = parameter(*parameters, "after");
    std::erase_if(all, [&after](const auto &group) { return group->name() <= after; });
    const bool is_last = all.size() <= *limit;
    all.resize(std::min(all.size(), *limit));
    return at_once(
        json(200, fmt::format(R"({{"groups":{},"next":{}}})",
                              array(all, [](const auto &group) { return group_entry(*group); }),
                              is_last ? "null" : json_string(all.back()->name()))));
}

HttpReply GroupResources::group(const HttpRequest &request, const std::string &vhost,
                                const std::string &name) {
    const auto method = request.method;
    if (!reads(method) && method != "PUT" && method != "DELETE")
        return at_once(wrong_method("PUT, GET, HEAD, DELETE"));
    if (!registry_.find_vhost(vhost))
        return at_once(refusal(Outcome::no_vhost));
    if (method == "PUT")
        return put(request, vhost, name);
    const auto found = groups_.find(vhost, name);
    if (!found)
        return at_once(refusal(Outcome::no_group));
    return reads(method) ? at_once(json(200, group_document(*found)))
                         : remove(request, vhost, name);
}

HttpReply GroupResources::put(const HttpRequest &request, const std::string &vhost,
                              const std::string &name) {
    if (!is_valid_group_name(name))
        return at_once(
            error(400, "the group's name is not 1 to 64 of the characters A-Z a-z 0-9 _ . -"));
    auto wish = parse_group_wish(request.body);
    if (const auto *complaint = std::get_if<std::string>(&wish))
        return at_once(error(400, *complaint));
    Change change{Change::Kind::put_group, vhost, {}, author_of(request)};
    change.group.name = name;
    change.group.wish = std::get<GroupWish>(std::move(wish));
    HttpReply reply;
    reply.later = [this, change = std::move(change)](const Answer &answer) {
        registry_.change(change, [this, vhost = change.vhost, name = change.group.name,
                                  answer](Outcome outcome) {
            const auto group = groups_.find(vhost, name);
            if (outcome == Outcome::done && group)
                answer(json(200, group_document(*group)));
            else
                answer(refusal_of(outcome, vhost, name));
        });
    };
    return reply;
}

HttpReply GroupResources::remove(const HttpRequest &request, const std::string &vhost,
                                 const std::string &name) {
    Change change{Change::Kind::remove_group, vhost, {}, author_of(request)};
    change.group.name = name;
    HttpReply reply;
    reply.later = [this, change = std::move(change)](const Answer &answer) {
        registry_.change(change, [answer](Outcome outcome) {
            answer(outcome == Outcome::done ? json(202) : refusal(outcome));
        });
    };
    return reply;
}

HttpResponse GroupResources::refusal_of(Outcome outcome, const std::string &vhost,
                                        const std::string &name) const {
    if (outcome == Outcome::too_many_groups)
        return error(403, fmt::format("too many groups: {} may have {}", vhost,
                                      groups_.limits().groups_max));
    if (outcome == Outcome::group_has_members)
        return error(409, fmt::format("the order of {} stays as long as it has members", name));
    return refusal(outcome);
}

} // namespace webrocket::admin
