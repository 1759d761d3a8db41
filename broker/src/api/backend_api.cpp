#include "api/backend_api.h"

#include "api/backend_answers.h"
#include "api/backend_groups.h"
#include "api/backend_lists.h"
#include "api/backend_members.h"
#include "api/backend_triggers.h"
#include "api/idempotency_key.h"
#include "base/json.h"
#include "base/pattern_complaint.h"
#include "base/secrets.h"
#include "base/utf8.h"
#include "http/http_parser.h"
#include "http/replies.h"
#include "http/uri.h"
#include "hub/names.h"

#include <algorithm>
#include <array>
#include <fmt/format.h>

namespace webrocket {

using namespace backend;

namespace {

std::string complaint_about_channel_name(std::string_view name) {
    if (name.size() > name_bytes_max)
        return fmt::format("channel name is longer than {} bytes", name_bytes_max);
    return "invalid channel name" + (is_valid_utf8(name) ? ": " + json_string(name) : "");
}

HttpResponse accepted_at(const Change &change) {
    HttpResponse response;
    response.status = 202;
    response.with("Location", change.vhost + "/channels/" + change.channel);
    return response;
}

// `channels` is how many the vhost has.
HttpResponse response_to(const Change &change, Outcome outcome, std::size_t channels) {
    switch (outcome) {
    case Outcome::done:
    case Outcome::channel_exists:
        return accepted_at(change);
    case Outcome::no_vhost:
        return error(404, error_code::vhost_not_found, "vhost doesn't exist");
    case Outcome::no_channel:
        return error(404, error_code::channel_not_found, no_channel_text(change.channel));
    case Outcome::too_many_channels:
        return error(403, error_code::forbidden,
                     fmt::format("too many channels: {} has {}", change.vhost, channels))
            .refusing(RefusalReason::too_many_channels);
    case Outcome::vhost_exists:
    case Outcome::group_exists:
    case Outcome::no_group:
    case Outcome::too_many_groups:
    case Outcome::group_has_members:
    case Outcome::not_stored:
        break;
    }
    return BackendApi::refuse(500);
}

HttpReply wrong_method(std::string allow) {
    auto reply = failure(405, 405, "method not allowed");
    reply.response.with("Allow", std::move(allow));
    return reply;
}

// `allowed` as in the header Allow.
bool lists_method(std::string_view allowed, std::string_view method) {
    while (!allowed.empty()) {
        const auto end = std::min(allowed.find(", "), allowed.size());
        if (allowed.substr(0, end) == method)
            return true;
        allowed.remove_prefix(std::min(end + 2, allowed.size()));
    }
    return false;
}

bool is_authorized(const HttpRequest &request, Vhost &vhost) {
    const auto header = request.header("Authorization");
    constexpr std::string_view scheme = "Basic ";
    if (header.size() <= scheme.size() ||
        !equal_ignoring_case(header.substr(0, scheme.size()), scheme))
        return false;
    auto encoded = header.substr(scheme.size());
    encoded.remove_prefix(std::min(encoded.find_first_not_of(' '), encoded.size()));
    const auto credentials = decode_base64(encoded);
    return credentials && vhost.credentials().admits(*credentials);
}

Author author_of(const HttpRequest &request) { return {"backend", request.address}; }
HttpReply issue_token(Vhost &vhost, std::string_view query, bool head_only) {
    const auto parameters = query_parameters(query);
    if (!parameters)
        return bad_request("query is malformed");
    const std::string &uid = parameter(*parameters, "uid");
    const std::string &channels = parameter(*parameters, "channels");
    if (uid.empty())
        return bad_request("uid is missing");
    if (uid.size() > name_bytes_max)
        return bad_request("uid is longer than 255 bytes");
    if (!is_valid_utf8(uid))
        return bad_request("uid is not UTF-8");
    if (uid.find('\0') != std::string::npos)
        return bad_request("uid has U+0000 in it");
    if (channels.empty())
        return bad_request("channels is missing");
    if (channels.size() > pattern_bytes_max)
        return bad_request("channels is longer than 1024 bytes");
    if (!Pattern::compile(channels))
        return bad_request("channels " + pattern_complaint(channels));
    HttpReply reply;
    reply.response.with("Content-Type", "application/json").with("Cache-Control", "no-store");
    // HEAD describes the answer; it must not use up room in the book.
    const std::string token = head_only ? std::string(single_access_token_length, '0')
                                        : vhost.tokens().issue({uid, channels});
    reply.response.body = fmt::format(R"({{"token":"{}"}})", token);
    return reply;
}

} // namespace

HttpResponse BackendApi::refuse(int status) {
    switch (status) {
    case 400:
        return error(400, error_code::bad_request, "bad request");
    case 408:
        return error(408, 408, "request timeout");
    case 413:
        return error(413, 413,
                     fmt::format("the body is larger than {} bytes", HttpLimits().body_size_max));
    case 431:
        return error(431, 431,
                     fmt::format("the headers are larger than {} bytes, or more than {}",
                                 HttpLimits().header_size_max, HttpLimits().header_lines_max - 1));
    case 503:
        return error(503, 503, "the broker is being stopped");
    default:
        return error(500, error_code::internal_error, "internal error");
    }
}

// What a path ends with that names a resource, and what may be done with it.
struct BackendApi::Kind {
    Resource resource;
    std::array<std::string_view, 3> ending; // `*` for a channel's name; what is empty comes first
    std::string_view methods;

    std::size_t length() const {
        return static_cast<std::size_t>(
            std::count_if(ending.begin(), ending.end(), [](auto word) { return !word.empty(); }));
    }
    bool fits(const std::vector<std::string> &segments) const {
        const std::size_t count = length();
        return segments.size() >= count &&
               std::equal(ending.end() - static_cast<std::ptrdiff_t>(count), ending.end(),
                          segments.end() - static_cast<std::ptrdiff_t>(count),
                          [](std::string_view word, std::string_view segment) {
                              return word == "*" || word == segment;
                          });
    }
    // Behind the first word of its ending.
    bool names_channel() const {
        return std::find(ending.begin(), ending.end(), "*") != ending.end();
    }

    // In the order in which they are tried.
    static const std::array<Kind, 10> all;
};

const std::array<BackendApi::Kind, 10> BackendApi::Kind::all = {{
    {Resource::channel_events, {"channels", "*", "events"}, "POST"},
    {Resource::channel_subscribers, {"channels", "*", "subscribers"}, "GET, HEAD"},
    {Resource::channel, {"", "channels", "*"}, "GET, HEAD, POST, DELETE"},
    {Resource::channels, {"", "", "channels"}, "GET, HEAD"},
    {Resource::token, {"", "", "token"}, "GET, HEAD"},
    {Resource::ack, {"", "events", "ack"}, "POST"},
    {Resource::nack, {"", "events", "nack"}, "POST"},
    {Resource::extend, {"", "events", "extend"}, "POST"},
    {Resource::events, {"", "", "events"}, "GET, POST"},
    {Resource::vhost, {}, "GET, HEAD"},
}};

std::string_view BackendApi::methods_of(Resource resource) {
    const auto found =
        std::find_if(Kind::all.begin(), Kind::all.end(),
                     [resource](const Kind &kind) { return kind.resource == resource; });
    return found != Kind::all.end() ? found->methods : std::string_view();
}

// The resource is read from the right end of the path; what is left of it names the vhost. A
// reading whose vhost does not exist gives way to the next one.
BackendApi::Route BackendApi::route(std::string_view path) const {
    const auto segments = path_segments(path);
    if (!segments || segments->empty())
        return {vhost_at_front_of(path), Resource::none, {}};
    for (const Kind &kind : Kind::all) {
        const std::size_t left = segments->size() - std::min(segments->size(), kind.length());
        if (left == 0 || !kind.fits(*segments))
            continue;
        if (auto vhost = registry_.find_vhost(join_segments(*segments, left)))
            return {std::move(vhost), kind.resource,
                    kind.names_channel() ? (*segments)[left + 1] : std::string()};
    }
    return {vhost_at_front_of(path), Resource::none, {}};
}

// Whose path it is, though it names none of that vhost's resources.
std::shared_ptr<Vhost> BackendApi::vhost_at_front_of(std::string_view path) const {
    std::shared_ptr<Vhost> vhost;
    std::string front;
    while (path.starts_with('/') && front.size() < name_bytes_max) {
        const auto end = std::min(path.find('/', 1), path.size());
        const auto segment = path_segments(path.substr(0, end));
        if (!segment || segment->empty())
            break;
        front.append(1, '/').append(segment->front());
        if (auto longer = registry_.find_vhost(front))
            vhost = std::move(longer);
        path.remove_prefix(end);
    }
    return vhost;
}

std::optional<HttpReply> BackendApi::refusal_of(const HttpRequest &head, const Route &route,
                                                std::string_view path) {
    if (!route.vhost)
        return failure(404, error_code::vhost_not_found, "vhost doesn't exist");
    const bool reads = head.method == "GET" || head.method == "HEAD";
    if (route.resource == Resource::vhost && reads)
        return at_once(not_websocket());
    // No page has a backend's token; one that makes a browser send what it remembers is not heard.
    if (head.header_count("Origin") > 0)
        return failure(403, error_code::forbidden, "not for pages: the request has an Origin",
                       RefusalReason::origin);
    if (!is_authorized(head, *route.vhost)) {
        auto reply = failure(401, error_code::unauthorized, "unauthorized");
        reply.response.with("WWW-Authenticate", "Basic realm=\"WebRocket\"");
        return reply;
    }
    if (route.resource == Resource::none)
        return has_sound_escapes(path) ? failure(404, 404, "not found")
                                       : bad_request("path is malformed");
    const std::string_view allowed = methods_of(route.resource);
    if (!lists_method(allowed, head.method))
        return wrong_method(std::string(allowed));
    return std::nullopt;
}

HeadVerdict BackendApi::judge_head(const HttpRequest &head) const {
    const auto path = split_target(head.target).path;
    const Route found = route(path);
    const bool takes_body = found.resource == Resource::channel_events ||
                            found.resource == Resource::ack || found.resource == Resource::nack ||
                            found.resource == Resource::extend ||
                            (found.resource == Resource::events && head.method == "POST");
    HeadVerdict verdict{refusal_of(head, found, path), takes_body};
    // What was done under a key before the channel was closed is answered as it was then.
    if (!verdict.refusal && found.resource == Resource::channel_events &&
        !found.vhost->channels().find(found.channel) && given_key(head).key.empty())
        verdict.refusal = no_channel(found.channel);
    if (verdict.refusal)
        verdict.refusal->response.constant_lines = features_line;
    return verdict;
}

HttpReply BackendApi::handle(const HttpRequest &request) {
    HttpReply reply = reply_to(request);
    reply.response.constant_lines = features_line;
    if (reply.later)
        reply.later = [begin = std::move(reply.later)](const Answer &give) {
            begin(Answer([give](HttpReply late) {
                late.response.constant_lines = features_line;
                give(std::move(late));
            }));
        };
    return reply;
}

HttpReply BackendApi::reply_to(const HttpRequest &request) {
    const auto [path, query] = split_target(request.target);
    const Route found = route(path);
    if (auto refusal = refusal_of(request, found, path))
        return std::move(*refusal);
    return answer(request, found, query);
}

HttpReply BackendApi::answer(const HttpRequest &request, const Route &found,
                             std::string_view query) {
    Vhost &vhost = *found.vhost;
    const bool posts = request.method == "POST";
    const bool reads = request.method == "GET" || request.method == "HEAD";
    switch (found.resource) {
    case Resource::none:
    case Resource::vhost:
        break;
    case Resource::channels:
        return list_channels(vhost.channels(), query);
    case Resource::channel:
        if (reads)
            return show_channel(vhost.channels(), found.channel);
        return posts ? open_channel(request, vhost, found.channel)
                     : close_channel(request, vhost, found.channel);
    case Resource::channel_events:
        return trigger(vhost, found.channel, request);
    case Resource::channel_subscribers:
        return list_subscribers(vhost.channels(), found.channel, query);
    case Resource::token:
        return issue_token(vhost, query, request.method == "HEAD");
    case Resource::ack:
        return call_group(groups_, vhost.path(), GroupCall::acknowledge, request.body);
    case Resource::nack:
        return call_group(groups_, vhost.path(), GroupCall::give_back, request.body);
    case Resource::extend:
        return call_group(groups_, vhost.path(), GroupCall::extend, request.body);
    case Resource::events:
        return posts ? trigger_batch(vhost, request, rules_.get()->batch_max)
                     : stream(found.vhost, request, query);
    }
    return at_once(refuse(500));
}

HttpReply BackendApi::open_channel(const HttpRequest &request, Vhost &vhost,
                                   const std::string &name) {
    const Author author = author_of(request);
    if (!is_valid_channel_name(name)) {
        record_failed_change(request_summary(request), author, 400);
        return failure(400, error_code::invalid_channel_name, complaint_about_channel_name(name));
    }
    const Change change{Change::Kind::open_channel, vhost.path(), name, author};
    if (vhost.channels().find(name))
        return at_once(accepted_at(change));
    return make(change);
}

HttpReply BackendApi::close_channel(const HttpRequest &request, Vhost &vhost,
                                    const std::string &name) {
    const Author author = author_of(request);
    if (!vhost.channels().find(name)) {
        record_failed_change(request_summary(request), author, 404);
        return no_channel(name);
    }
    return make({Change::Kind::close_channel, vhost.path(), name, author});
}

HttpReply BackendApi::make(const Change &change) {
    HttpReply reply;
    reply.later = [this, change](const Answer &answer) {
        registry_.change(change, [this, change, answer](Outcome outcome) {
            const auto vhost = registry_.find_vhost(change.vhost);
            answer(response_to(change, outcome, vhost ? vhost->channels().count() : 0));
        });
    };
    return reply;
}

HttpReply BackendApi::stream(const std::shared_ptr<Vhost> &vhost, const HttpRequest &request,
                             std::string_view query) const {
    WorkerStream::Request stream;
    const auto parameters = query_parameters(query);
    if (!parameters)
        return bad_request("query is malformed");
    if (asks_to_acknowledge(*parameters))
        return member_stream(vhost, request, *parameters);
    stream.filter = parameter(*parameters, "filter");
    if (!stream.filter.empty()) {
        stream.pattern = Pattern::compile(stream.filter);
        if (!stream.pattern)
            return bad_request("filter " + pattern_complaint(stream.filter));
    }
    stream.worker_name = parameter(*parameters, "worker");
    if (stream.worker_name.size() > name_bytes_max)
        return bad_request("worker is longer than 255 bytes");
    if (!is_valid_utf8(stream.worker_name))
        return bad_request("worker is not UTF-8");
    if (auto refusal = refusal_of_room(
            vhost->workers().room_for(stream.filter, members_of_groups(groups_, vhost->path()))))
        return std::move(*refusal);
    const Uuid id = random_uuid();
    stream.worker_id.assign(id.data(), id.size());
    stream.chunked = !request.http_1_0;
    HttpReply reply = stream_head(stream.worker_id, stream.chunked);
    reply.takeover = [this, vhost, stream](Connection &connection) {
        return std::make_unique<WorkerStream>(connection, vhost, stream, rules_.get()->streams);
    };
    return reply;
}

HttpReply BackendApi::member_stream(const std::shared_ptr<Vhost> &vhost, const HttpRequest &request,
                                    const QueryParameters &query) const {
    auto read = read_group_request(query);
    if (const auto *complaint = std::get_if<std::string>(&read))
        return bad_request(*complaint);
    const MemberStreams streams{registry_, groups_, rules_};
    return streams.begin(
        vhost, {std::move(std::get<GroupRequest>(read)), author_of(request), !request.http_1_0});
}

} // namespace webrocket
