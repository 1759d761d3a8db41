#include "api/backend_groups.h"

#include "api/backend_answers.h"
#include "base/json.h"
#include "base/pattern_complaint.h"

#include <array>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <fmt/format.h>
#include <optional>
#include <utility>
#include <vector>

namespace webrocket::backend {
namespace {

constexpr std::size_t ids_max = 1000;
constexpr std::int64_t delay_ms_max = 24LL * 3600 * 1000;

// Nothing but digits, and not more than fits.
std::optional<std::uint64_t> whole_number(std::string_view text) {
    std::uint64_t number = 0;
    const char *const end = text.data() + text.size();
    const auto [stop, problem] = std::from_chars(text.data(), end, number);
    if (problem != std::errc() || stop != end)
        return std::nullopt;
    return number;
}

std::optional<GroupOrder> order_of(std::string_view text) {
    constexpr std::array<std::pair<std::string_view, GroupOrder>, 4> orders = {
        {{"none", GroupOrder::none},
         {"sid", GroupOrder::sid},
         {"uid", GroupOrder::uid},
         {"channel", GroupOrder::channel}}};
    for (const auto &[name, order] : orders) {
        if (name == text)
            return order;
    }
    return std::nullopt;
}

std::string complaint_about_name(std::string_view what, std::string_view name) {
    if (name.empty())
        return fmt::format("{} is missing", what);
    return fmt::format("{} is not 1 to 64 of the characters A-Z a-z 0-9 _ . -", what);
}

// Each returns what is wrong, or nothing.
std::string read_names(const QueryParameters &query, GroupRequest &request) {
    request.group = parameter(query, "group");
    if (!is_valid_group_name(request.group))
        return complaint_about_name("group", request.group);
    request.member.name = parameter(query, "worker");
    if (!is_valid_group_name(request.member.name))
        return complaint_about_name("worker", request.member.name);
    return {};
}

std::string read_filter(const QueryParameters &query, MemberRequest &member) {
    member.filter = parameter(query, "filter");
    if (member.filter.empty())
        return {};
    member.pattern = Pattern::compile(member.filter);
    return member.pattern ? std::string() : "filter " + pattern_complaint(member.filter);
}

std::string read_flow(const QueryParameters &query, MemberRequest &member) {
    if (const std::string &window = parameter(query, "window"); !window.empty()) {
        const auto number = whole_number(window);
        if (!number || *number < 1 || *number > window_max)
            return fmt::format("window is not a number from 1 to {}", window_max);
        member.window = static_cast<std::size_t>(*number);
    }
    if (const std::string &order = parameter(query, "order"); !order.empty()) {
        member.order = order_of(order);
        if (!member.order)
            return "order is none of none, sid, uid, channel";
    }
    return {};
}

std::string read_resumption(const QueryParameters &query, MemberRequest &member) {
    const std::string &stream = parameter(query, "resume");
    if (stream.empty())
        return {};
    member.resumed_stream = stream;
    if (const std::string &tag = parameter(query, "tag"); !tag.empty()) {
        const auto number = whole_number(tag);
        if (!number)
            return "tag is not a number";
        member.last_tag = *number;
    }
    return {};
}

// The body of a call.
struct Call {
    std::string group;
    std::string stream;
    std::uint64_t up_to = 0;
    std::vector<EventId> ids;
    std::chrono::milliseconds delay{0};
    bool is_unhandled = false;
};

const std::string no_call =
    fmt::format("body is not a JSON object, or has more than {} ids", ids_max);

std::string text_of(const JsonMembers &members, std::string_view name) {
    const JsonMember *member = find_member(members, name);
    return member != nullptr && member->type == JsonType::string ? decode_json_string(member->value)
                                                                 : std::string();
}

std::string read_ids(const JsonMembers &members, std::vector<EventId> &ids) {
    const JsonMember *listed = find_member(members, "ids");
    if (listed == nullptr)
        return {};
    if (listed->type != JsonType::array)
        return "ids is not an array";
    for (const JsonMember &element : members_of(*listed)) {
        const auto id = element.type == JsonType::string
                            ? EventId::parse(decode_json_string(element.value))
                            : std::nullopt;
        if (!id)
            return "ids has something in it that is not an id";
        ids.push_back(*id);
    }
    return {};
}

std::string read_number(const JsonMembers &members, std::string_view name, std::uint64_t &number) {
    const JsonMember *member = find_member(members, name);
    if (member == nullptr)
        return {};
    const auto read = member->type == JsonType::number ? whole_number(member->value) : std::nullopt;
    if (!read)
        return fmt::format("{} is not a whole number", name);
    number = *read;
    return {};
}

std::string read_call(const JsonMembers &members, Call &call) {
    call.group = text_of(members, "group");
    call.stream = text_of(members, "stream");
    if (call.group.empty())
        return "group is missing";
    if (call.stream.empty())
        return "stream is missing";
    if (auto complaint = read_number(members, "upto", call.up_to); !complaint.empty())
        return complaint;
    std::uint64_t delay = 0;
    if (auto complaint = read_number(members, "delay_ms", delay); !complaint.empty())
        return complaint;
    if (delay > static_cast<std::uint64_t>(delay_ms_max))
        return fmt::format("delay_ms is more than {}", delay_ms_max);
    call.delay = std::chrono::milliseconds(delay);
    const JsonMember *unhandled = find_member(members, "unhandled");
    if (unhandled != nullptr && unhandled->type != JsonType::boolean)
        return "unhandled is not true or false";
    call.is_unhandled = unhandled != nullptr && unhandled->value == "true";
    return read_ids(members, call.ids);
}

std::size_t carry_out(Group &group, GroupCall kind, const Call &call) {
    switch (kind) {
    case GroupCall::acknowledge:
        return group.acknowledge(call.stream, call.up_to, call.ids);
    case GroupCall::give_back:
        return group.give_back(call.stream, call.ids, call.delay, call.is_unhandled);
    case GroupCall::extend:
        return group.extend(call.stream, call.ids);
    }
    return 0;
}

} // namespace

bool asks_to_acknowledge(const QueryParameters &query) {
    return parameter(query, "ack") == "explicit";
}

std::variant<GroupRequest, std::string> read_group_request(const QueryParameters &query) {
    GroupRequest request;
    for (std::string complaint :
         {read_names(query, request), read_filter(query, request.member),
          read_flow(query, request.member), read_resumption(query, request.member)}) {
        if (!complaint.empty())
            return complaint;
    }
    return request;
}

WorkersElsewhere members_of_groups(const GroupDirectory &groups, std::string_view vhost) {
    WorkersElsewhere members;
    for (const auto &group : groups.list(vhost)) {
        for (GroupMember &member : group->members()) {
            ++members.workers;
            members.filters.insert(std::move(member.filter));
        }
    }
    return members;
}

std::optional<HttpReply> refusal_of_room(WorkerRoom room) {
    if (room == WorkerRoom::enough)
        return std::nullopt;
    const bool of_workers = room == WorkerRoom::too_many_workers;
    auto reply =
        failure(503, 503, of_workers ? "too many workers" : "too many filters",
                of_workers ? RefusalReason::too_many_workers : RefusalReason::too_many_filters);
    reply.response.with("Retry-After", "30");
    return reply;
}

HttpReply call_group(const GroupDirectory &groups, std::string_view vhost, GroupCall kind,
                     std::string_view body) {
    const auto document = scan_json_object(body, {.levels = 2, .second_level_max = ids_max});
    if (!document || !document->is_whole)
        return bad_request(no_call);
    Call call;
    if (const auto complaint = read_call(*document, call); !complaint.empty())
        return bad_request(complaint);
    const auto group = groups.find(vhost, call.group);
    if (!group)
        return no_group(call.group);
    HttpReply reply;
    reply.response.status = 202;
    reply.response.with("Content-Type", "application/json");
    reply.response.body = fmt::format(R"({{"ignored":{}}})", carry_out(*group, kind, call));
    return reply;
}

} // namespace webrocket::backend
