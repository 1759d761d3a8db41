#include "api/admin_api.h"

#include "api/admin_answers.h"
#include "api/metrics.h"
#include "base/json.h"
#include "base/secrets.h"
#include "http/uri.h"

#include <fmt/format.h>
#include <iterator>
#include <limits>
#include <mutex>
#include <unistd.h>
#include <variant>

namespace webrocket {
using namespace admin;
namespace {

// The same for everything, so that a stranger cannot tell what exists; but whoever has mistaken the
// port finds out.
HttpReply forbidden() {
    HttpReply reply =
        at_once(error(403, "this is the broker's admin port, and its cookie is missing or wrong; "
                           "pages and backends talk to the other port"));
    reply.response.refusing(RefusalReason::wrong_cookie);
    return reply;
}

// `"accessToken":"…",`, for those who may see it.
std::string token_member(Vhost &vhost, bool with_token) {
    return with_token ? fmt::format(R"("accessToken":"{}",)", vhost.credentials().token())
                      : std::string();
}

std::string vhost_entry(Vhost &vhost, bool with_token) {
    return fmt::format(R"({{"path":"{}",{}"links":[{}]}})", vhost.path(),
                       token_member(vhost, with_token), link("self", vhost.path()));
}

std::string vhost_document(Vhost &vhost, bool with_token) {
    return fmt::format(R"({{"vhost":{{"path":"{}",{}"channels":{{"size":{}}},"links":[{},{}]}}}})",
                       vhost.path(), token_member(vhost, with_token), vhost.channels().count(),
                       link("channels", vhost.path() + "/channels"), link("self", vhost.path()));
}

std::string channel_path(const Vhost &vhost, std::string_view name) {
    return fmt::format("{}/channels/{}", vhost.path(), name);
}

std::string channel_entry(const Vhost &vhost, const ChannelSummary &channel) {
    return fmt::format(R"({{"name":"{}","subscribers":{{"size":{}}},"links":[{},{}]}})",
                       channel.name, channel.subscribers,
                       link("self", channel_path(vhost, channel.name)),
                       link("vhost", vhost.path()));
}

std::string channel_document(const Vhost &vhost, const Channel &channel) {
    const std::string path = channel_path(vhost, channel.name());
    return fmt::format(
        R"({{"channel":{{"name":"{}","subscribers":{{"size":{}}},"links":[{},{},{}]}}}})",
        channel.name(), channel.subscriber_count(), link("self", path), link("vhost", vhost.path()),
        link("subscribers", path + "/subscribers"));
}

std::string subscriber_entry(const Vhost &vhost, const std::string &channel,
                             const SubscriberSummary &subscriber) {
    return fmt::format(R"({{"sid":"{}","uid":{},"hidden":{},"links":[{},{}]}})", subscriber.sid,
                       subscriber.uid ? json_string(*subscriber.uid) : "null", subscriber.hidden,
                       link("channel", channel_path(vhost, channel)), link("vhost", vhost.path()));
}

std::string worker_entry(const Vhost &vhost, const WorkerSummary &worker) {
    return fmt::format(R"({{"id":"{}","name":{},"filter":{},"links":[{},{}]}})", worker.id,
                       worker.name.empty() ? "null" : json_string(worker.name),
                       worker.filter.empty() ? "null" : json_string(worker.filter),
                       link("self", vhost.path() + "/workers/" + worker.id),
                       link("vhost", vhost.path()));
}

// Most answers hold secrets: no cache on the way, nor a browser's, is to keep any.
void keep_to_oneself(HttpResponse &response) { response.with("Cache-Control", "no-store"); }

// What the loops have found, put together by the last of them.
class ConnectionGathering {
  public:
    ConnectionGathering(std::size_t loops, ConnectionQuery query, Answer answer)
        : waiting_(loops), query_(std::move(query)), answer_(std::move(answer)) {}

    const ConnectionQuery &query() const { return query_; }

    // Any thread.
    void add(std::vector<ListedConnection> found) {
        {
            const std::lock_guard lock(mutex_);
            std::move(found.begin(), found.end(), std::back_inserter(found_));
            if (--waiting_ > 0)
                return;
        }
        answer_(json(200, connections_document(std::move(found_), query_)));
    }

  private:
    std::mutex mutex_;
    std::size_t waiting_;
    std::vector<ListedConnection> found_;
    const ConnectionQuery query_;
    const Answer answer_;
};

// What is wrong with it, or the query.
std::variant<std::string_view, ConnectionQuery> connection_query(std::string_view text) {
    const auto parameters = query_parameters(text);
    if (!parameters)
        return "query is malformed";
    ConnectionQuery query;
    if (const auto &sort = parameter(*parameters, "sort"); !sort.empty()) {
        const auto key = connection_key(sort);
        if (!key)
            return "sort is none of sid, uid, address, since, messages, bytes, refused, queue";
        query.sort = *key;
    }
    const auto limit = page_limit(parameter(*parameters, "limit"));
    if (!limit)
        return limit_complaint;
    query.limit = *limit;
    if (const auto &after = parameter(*parameters, "after"); !after.empty()) {
        query.after = parse_cursor(after, query.sort);
        if (!query.after)
            return "after is not the next of a page with this sort";
    }
    return query;
}

} // namespace

bool AdminApi::is_forbidden(const HttpRequest &request, Access access) {
    return access == Access::none || (access == Access::reads && !reads(request.method));
}

HeadVerdict AdminApi::judge_head(const HttpRequest &head) {
    if (health_.answer(head))
        return {std::nullopt, false};
    return {is_forbidden(head, access_of(head)) ? std::optional(forbidden()) : std::nullopt, true};
}

HttpReply AdminApi::handle(const HttpRequest &request) {
    if (auto response = health_.answer(request))
        return at_once(std::move(*response));
    const Access access = access_of(request);
    // Before anything else, so that a stranger cannot tell what exists.
    if (is_forbidden(request, access))
        return forbidden();
    HttpReply reply = route(request, access);
    if (!reply.later) {
        if (!reads(request.method) && reply.response.status >= 400)
            record_failed_change(request_summary(request), author_of(request),
                                 reply.response.status);
        keep_to_oneself(reply.response);
        return reply;
    }
    reply.later = [begin = std::move(reply.later)](const Answer &answer) {
        begin(Answer([answer](HttpReply late) {
            keep_to_oneself(late.response);
            answer(std::move(late));
        }));
    };
    return reply;
}

AdminApi::Access AdminApi::access_of(const HttpRequest &request) const {
    if (request.user && (*request.user == 0 || *request.user == ::geteuid()))
        return Access::everything;
    // A monitoring system may not be able to send a header of another name.
    constexpr std::string_view scheme = "Bearer ";
    const auto authorization = request.header("Authorization");
    const auto bearer = authorization.starts_with(scheme) ? authorization.substr(scheme.size())
                                                          : std::string_view();
    const auto shows = [&](const std::string &secret) {
        return equal_secrets(request.header("X-WebRocket-Cookie"), secret) ||
               equal_secrets(bearer, secret);
    };
    if (shows(cookie_))
        return Access::everything;
    return shows(reader_) ? Access::reads : Access::none;
}

HttpResponse AdminApi::refuse(int status) { return plain(status, http_reason(status)); }

HttpReply AdminApi::make(Change change, const HttpResponse &on_success) {
    HttpReply reply;
    reply.later = [this, change = std::move(change), on_success](const Answer &answer) {
        registry_.change(change, [on_success, answer](Outcome outcome) {
            answer(outcome == Outcome::done ? on_success : refusal(outcome));
        });
    };
    return reply;
}

HttpReply AdminApi::route(const HttpRequest &request, Access access) {
    const auto [target_path, query] = split_target(request.target);
    const auto segments = path_segments(target_path);
    if (!segments)
        return at_once(no_page());
    if (auto reply = groups_.answer(request, *segments, query, access == Access::everything))
        return std::move(*reply);
    const Author author = author_of(request);
    const std::string_view method = request.method;
    const std::size_t count = segments->size();
    if (count == 0)
        return root(author, method, access);
    if (count == 1 && segments->front() == "metrics")
        return metrics(method);
    const auto from_right = [&](std::size_t i) -> std::string_view {
        return i + 1 < count ? std::string_view((*segments)[count - 1 - i]) : std::string_view();
    };
    if (from_right(0) == "subscribers" && from_right(2) == "channels")
        return subscribers(method, join_segments(*segments, count - 3), (*segments)[count - 2]);
    if (from_right(1) == "channels")
        return channel(author, method, join_segments(*segments, count - 2), segments->back());
    if (from_right(0) == "channels")
        return channels(author, method, join_segments(*segments, count - 1));
    if (from_right(0) == "token")
        return token(author, method, join_segments(*segments, count - 1));
    if (from_right(0) == "workers")
        return workers(method, join_segments(*segments, count - 1));
    if (from_right(0) == "connections")
        return connections(method, join_segments(*segments, count - 1), query);
    // A path of several segments is only a vhost if there is one; else it is no page at all.
    const std::string path = join_segments(*segments, count);
    if (count > 1 && method != "POST" && !registry_.find_vhost(path))
        return at_once(no_page());
    return vhost(author, method, path, access);
}

HttpReply AdminApi::root(const Author &author, std::string_view method, Access access) {
    const bool with_tokens = access == Access::everything;
    if (reads(method)) {
        return at_once(
            json(200, collection("vhosts", registry_.vhosts(), [with_tokens](const auto &vhost) {
                     return vhost_entry(*vhost, with_tokens);
                 })));
    }
    if (method == "DELETE")
        return make({Change::Kind::remove_all_vhosts, {}, {}, author}, json(202));
    return at_once(wrong_method("GET, HEAD, DELETE"));
}

HttpReply AdminApi::metrics(std::string_view method) const {
    if (!reads(method))
        return at_once(wrong_method("GET, HEAD"));
    HttpReply reply;
    reply.response.with("Content-Type", "text/plain; version=0.0.4; charset=utf-8");
    reply.response.body = metrics_text(registry_, loops_, directory_);
    return reply;
}

HttpReply AdminApi::vhost(const Author &author, std::string_view method, const std::string &path,
                          Access access) {
    const auto found = registry_.find_vhost(path);
    if (method == "POST") {
        if (found)
            return at_once(refusal(Outcome::vhost_exists));
        if (path.size() > name_bytes_max)
            return at_once(error(400, "path is longer than 255 bytes"));
        if (!is_valid_vhost_path(path) || is_reserved_vhost_path(path))
            return at_once(error(400, "invalid path"));
        return make({Change::Kind::add_vhost, path, {}, author}, see(path));
    }
    if (!reads(method) && method != "DELETE")
        return at_once(wrong_method("POST, GET, HEAD, DELETE"));
    if (!found)
        return at_once(refusal(Outcome::no_vhost));
    if (reads(method))
        return at_once(json(200, vhost_document(*found, access == Access::everything)));
    return make({Change::Kind::remove_vhost, path, {}, author}, json(202));
}

HttpReply AdminApi::token(const Author &author, std::string_view method, const std::string &path) {
    if (method != "PUT")
        return at_once(wrong_method("PUT"));
    if (!registry_.find_vhost(path))
        return at_once(refusal(Outcome::no_vhost));
    return make({Change::Kind::renew_access_token, path, {}, author}, see(path));
}

HttpReply AdminApi::channels(const Author &author, std::string_view method,
                             const std::string &path) {
    if (!reads(method) && method != "DELETE")
        return at_once(wrong_method("GET, HEAD, DELETE"));
    const auto found = registry_.find_vhost(path);
    if (!found)
        return at_once(refusal(Outcome::no_vhost));
    if (reads(method)) {
        return at_once(
            json(200, collection("channels", found->channels().list(), [&](const auto &channel) {
                     return channel_entry(*found, channel);
                 })));
    }
    return make({Change::Kind::close_all_channels, path, {}, author}, json(202));
}

HttpReply AdminApi::channel(const Author &author, std::string_view method, const std::string &path,
                            const std::string &name) {
    if (!reads(method) && method != "DELETE" && method != "POST")
        return at_once(wrong_method("POST, GET, HEAD, DELETE"));
    const auto found = registry_.find_vhost(path);
    if (!found)
        return at_once(refusal(Outcome::no_vhost));
    const auto named = found->channels().find(name);
    if (method == "POST") {
        if (named)
            return at_once(refusal(Outcome::channel_exists));
        if (name.size() > name_bytes_max)
            return at_once(error(400, "channel name is longer than 255 bytes"));
        if (!is_valid_channel_name(name))
            return at_once(error(400, "invalid channel name"));
        return make({Change::Kind::open_channel, path, name, author},
                    see(channel_path(*found, name)));
    }
    if (!named)
        return at_once(refusal(Outcome::no_channel));
    if (reads(method))
        return at_once(json(200, channel_document(*found, *named)));
    return make({Change::Kind::close_channel, path, name, author}, json(202));
}

HttpReply AdminApi::subscribers(std::string_view method, const std::string &path,
                                const std::string &name) const {
    if (!reads(method))
        return at_once(wrong_method("GET, HEAD"));
    const auto found = registry_.find_vhost(path);
    if (!found)
        return at_once(refusal(Outcome::no_vhost));
    const auto named = found->channels().find(name);
    if (!named)
        return at_once(refusal(Outcome::no_channel));
    const auto everyone = named->subscribers({}, std::numeric_limits<std::size_t>::max());
    return at_once(json(200, collection("subscribers", everyone, [&](const auto &subscriber) {
                            return subscriber_entry(*found, name, subscriber);
                        })));
}

HttpReply AdminApi::connections(std::string_view method, const std::string &path,
                                std::string_view query) {
    if (!reads(method))
        return at_once(wrong_method("GET, HEAD"));
    const auto found = registry_.find_vhost(path);
    if (!found)
        return at_once(refusal(Outcome::no_vhost));
    const auto read = connection_query(query);
    if (const auto *problem = std::get_if<std::string_view>(&read))
        return at_once(error(400, *problem));
    HttpReply reply;
    reply.later = [this, found, asked = std::get<ConnectionQuery>(read)](const Answer &answer) {
        const auto gathering = std::make_shared<ConnectionGathering>(loops_.size(), asked, answer);
        loops_.on_each([found, gathering](const EventLoop &loop) {
            gathering->add(found->sessions().list_on(loop, gathering->query(), found->path()));
        });
    };
    return reply;
}

HttpReply AdminApi::workers(std::string_view method, const std::string &path) const {
    if (!reads(method))
        return at_once(wrong_method("GET, HEAD"));
    const auto found = registry_.find_vhost(path);
    if (!found)
        return at_once(refusal(Outcome::no_vhost));
    return at_once(
        json(200, collection("workers", found->workers().list(),
                             [&](const auto &worker) { return worker_entry(*found, worker); })));
}

} // namespace webrocket
