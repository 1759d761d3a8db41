#include "api/backend_members.h"

#include "api/backend_answers.h"
#include "worker/group_stream.h"

#include <algorithm>
#include <fmt/format.h>
#include <string_view>
#include <utility>

namespace webrocket::backend {
namespace {

std::string_view name_of(GroupOrder order) {
    switch (order) {
    case GroupOrder::none:
        return "none";
    case GroupOrder::sid:
        return "sid";
    case GroupOrder::uid:
        return "uid";
    case GroupOrder::channel:
        return "channel";
    }
    return "";
}

HttpReply too_many(std::string_view what, const std::string &group, RefusalReason reason) {
    auto reply = failure(503, 503, fmt::format("too many {} of group {}", what, group), reason);
    reply.response.with("Retry-After", "30");
    return reply;
}

HttpReply other_order(const std::string &group) {
    return failure(409, 409,
                   fmt::format("group {} has members, and another order than this", group));
}

HttpReply refusal_of(Outcome outcome, const StreamRequest &request, const GroupDirectory &groups) {
    switch (outcome) {
    case Outcome::no_vhost:
        return failure(404, error_code::vhost_not_found, "vhost doesn't exist");
    case Outcome::too_many_groups:
        return failure(
            403, error_code::forbidden,
            fmt::format("too many groups: a vhost may have {}", groups.limits().groups_max));
    case Outcome::group_has_members:
        return other_order(request.wanted.group);
    default:
        return failure(503, 503, "the group could not be stored");
    }
}

} // namespace

HttpReply MemberStreams::begin(const std::shared_ptr<Vhost> &vhost, StreamRequest request) const {
    const auto &member = request.wanted.member;
    if (!has_place(vhost->path(), request))
        if (auto refusal = refusal_of_room(
                vhost->workers().room_for(member.filter, members_of_groups(groups, vhost->path()))))
            return std::move(*refusal);
    auto admitted = groups.join(vhost->path(), request.wanted.group, request.wanted.member);
    if (admitted.outcome == Admittance::no_group)
        return after_change(vhost, request, Change::Kind::add_group);
    if (admitted.outcome == Admittance::order_may_change)
        return after_change(vhost, request, Change::Kind::put_group);
    return answer(vhost, request, std::move(admitted));
}

// One that comes back takes its own place.
bool MemberStreams::has_place(std::string_view vhost, const StreamRequest &request) const {
    const auto group = groups.find(vhost, request.wanted.group);
    if (!group)
        return false;
    const auto members = group->members();
    return std::any_of(members.begin(), members.end(), [&](const GroupMember &member) {
        return member.name == request.wanted.member.name &&
               member.filter == request.wanted.member.filter;
    });
}

// Its order is its first member's, where that wants one.
HttpReply MemberStreams::after_change(const std::shared_ptr<Vhost> &vhost,
                                      const StreamRequest &request, Change::Kind kind) const {
    Change change{kind, vhost->path(), {}, request.author, {}};
    change.group.name = request.wanted.group;
    if (kind == Change::Kind::add_group)
        change.group.wish.filter = request.wanted.member.filter;
    if (request.wanted.member.order)
        change.group.wish.values.front() = static_cast<std::int64_t>(*request.wanted.member.order);
    HttpReply reply;
    reply.later = [streams = *this, vhost, request, change](const Answer &give) {
        streams.registry.change(change, [streams, vhost, request, give](Outcome outcome) {
            if (outcome != Outcome::done && outcome != Outcome::group_exists)
                return give(refusal_of(outcome, request, streams.groups));
            give(streams.answer(
                vhost, request,
                streams.groups.join(vhost->path(), request.wanted.group, request.wanted.member)));
        });
    };
    return reply;
}

HttpReply MemberStreams::answer(const std::shared_ptr<Vhost> &vhost, const StreamRequest &request,
                                Admitted admitted) const {
    switch (admitted.outcome) {
    case Admittance::member:
        return stream(vhost, request, std::move(admitted.membership));
    case Admittance::other_order:
    case Admittance::order_may_change:
        return other_order(request.wanted.group);
    case Admittance::too_many_members:
        return too_many("workers", request.wanted.group, RefusalReason::too_many_workers);
    case Admittance::too_many_filters:
        return too_many("filters", request.wanted.group, RefusalReason::too_many_filters);
    case Admittance::no_group:
        break;
    }
    return no_group(request.wanted.group);
}

// What is kept for a connection that is gone meanwhile ends with the answer.
HttpReply MemberStreams::stream(const std::shared_ptr<Vhost> &vhost, const StreamRequest &request,
                                std::unique_ptr<Membership> membership) const {
    const StreamTerms &terms = membership->terms();
    HttpReply reply = stream_head(terms.stream, request.chunked);
    reply.response.with("X-WebRocket-Delivery",
                        fmt::format("explicit; resumed={}; deadline_ms={}; lease_ms={}; order={}",
                                    terms.is_resumed ? 1 : 0, terms.ack_deadline.count(),
                                    terms.lease.count(), name_of(terms.order)));
    GroupStream::Request stream{fmt::format("worker {} of group {} of {}",
                                            request.wanted.member.name, request.wanted.group,
                                            vhost->path()),
                                request.wanted.member.name, request.chunked};
    reply.takeover = [held = std::make_shared<std::unique_ptr<Membership>>(std::move(membership)),
                      stream, streams = rules.get()->streams](Connection &connection) {
        return std::make_unique<GroupStream>(connection, std::move(*held), stream, streams);
    };
    return reply;
}

} // namespace webrocket::backend
