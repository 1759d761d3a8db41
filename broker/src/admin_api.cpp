#include "admin_api.h"

#include "json.h"
#include "secrets.h"
#include "uri.h"

#include <algorithm>
#include <fmt/format.h>
#include <spdlog/spdlog.h>

namespace webrocket {
namespace {

constexpr const char *json_type = "application/json";

HttpResponse json(int status, std::string body = {}) {
    HttpResponse response;
    response.status = status;
    response.with("Content-Type", json_type);
    response.body = std::move(body);
    return response;
}

HttpResponse error(int status, std::string_view text) {
    return json(status, fmt::format(R"({{"error":"{}"}})", text));
}

HttpResponse no_vhost() { return error(404, "vhost doesn't exist"); }
HttpResponse no_channel() { return error(404, "channel doesn't exist"); }

HttpResponse see(std::string location) {
    auto response = json(302);
    response.with("Location", std::move(location));
    return response;
}

HttpResponse plain(int status, std::string_view text) {
    HttpResponse response;
    response.status = status;
    response.with("Content-Type", "text/plain; charset=utf-8")
        .with("X-Content-Type-Options", "nosniff");
    response.body = fmt::format("{}\n", text);
    return response;
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

std::string vhost_entry(const Vhost &vhost) {
    return fmt::format(R"({{"path":"{}","accessToken":"{}","links":[{}]}})", vhost.path(),
                       vhost.access_token(), link("self", vhost.path()));
}

std::string vhost_document(const Vhost &vhost) {
    return fmt::format(
        R"({{"vhost":{{"path":"{}","accessToken":"{}","channels":{{"size":{}}},"links":[{},{}]}}}})",
        vhost.path(), vhost.access_token(), vhost.channels().size(),
        link("channels", vhost.path() + "/channels"), link("self", vhost.path()));
}

std::string channel_path(const Vhost &vhost, std::string_view name) {
    return fmt::format("{}/channels/{}", vhost.path(), name);
}

std::string channel_entry(const Vhost &vhost, const Channel &channel) {
    return fmt::format(R"({{"name":"{}","subscribers":{{"size":{}}},"links":[{},{}]}})",
                       channel.name(), channel.subscriptions().size(),
                       link("self", channel_path(vhost, channel.name())),
                       link("vhost", vhost.path()));
}

std::string channel_document(const Vhost &vhost, const Channel &channel) {
    const std::string path = channel_path(vhost, channel.name());
    return fmt::format(
        R"({{"channel":{{"name":"{}","subscribers":{{"size":{}}},"links":[{},{},{}]}}}})",
        channel.name(), channel.subscriptions().size(), link("self", path),
        link("vhost", vhost.path()), link("subscribers", path + "/subscribers"));
}

std::string subscriber_entry(const Vhost &vhost, const Subscription &subscription) {
    const std::string *uid = subscription.subscriber->uid();
    return fmt::format(R"({{"sid":"{}","uid":{},"hidden":{},"links":[{},{}]}})",
                       subscription.subscriber->sid(), uid == nullptr ? "null" : json_string(*uid),
                       subscription.hidden,
                       link("channel", channel_path(vhost, subscription.channel->name())),
                       link("vhost", vhost.path()));
}

std::vector<const Subscription *> sorted_by_sid(const Channel &channel) {
    std::vector<const Subscription *> sorted(channel.subscriptions().begin(),
                                             channel.subscriptions().end());
    std::sort(sorted.begin(), sorted.end(), [](const Subscription *a, const Subscription *b) {
        return a->subscriber->sid() < b->subscriber->sid();
    });
    return sorted;
}

std::string worker_entry(const Vhost &vhost, const std::string &id) {
    return fmt::format(R"({{"id":"{}","links":[{},{}]}})", id,
                       link("self", vhost.path() + "/workers/" + id), link("vhost", vhost.path()));
}

// {"<name>":[…]} of whatever `entry` makes of each item.
template <typename Items, typename Entry>
std::string collection(std::string_view name, const Items &items, Entry entry) {
    std::string body = fmt::format(R"({{"{}":[)", name);
    bool first = true;
    for (const auto &item : items) {
        if (!first)
            body.push_back(',');
        first = false;
        body.append(entry(item));
    }
    body.append("]}");
    return body;
}

bool reads(std::string_view method) { return method == "GET" || method == "HEAD"; }

std::string join(const std::vector<std::string> &segments, std::size_t count) {
    std::string path;
    for (std::size_t i = 0; i < count; ++i)
        path.append(1, '/').append(segments[i]);
    return path;
}

} // namespace

HttpReply AdminApi::handle(const HttpRequest &request) {
    // Before anything else, so that a stranger cannot tell what exists.
    if (!equal_secrets(request.header("X-WebRocket-Cookie"), cookie_)) {
        HttpReply reply;
        reply.response.status = 403;
        return reply;
    }
    HttpReply reply;
    try {
        reply.response = route(request);
    } catch (const StoreError &failure) {
        spdlog::error("request failed: {}", failure.what());
        reply.response = error(500, "internal error");
    }
    reply.response.with("X-Webrocket-Cookie", cookie_);
    return reply;
}

HttpResponse AdminApi::refuse(int status) { return plain(status, http_reason(status)); }

HttpResponse AdminApi::route(const HttpRequest &request) {
    const auto segments = path_segments(split_target(request.target).path);
    if (!segments)
        return no_page();
    const std::string_view method = request.method;
    const std::size_t count = segments->size();
    if (count == 0)
        return root(method);
    const auto from_right = [&](std::size_t i) -> std::string_view {
        return i + 1 < count ? std::string_view((*segments)[count - 1 - i]) : std::string_view();
    };
    if (from_right(0) == "subscribers" && from_right(2) == "channels")
        return subscribers(method, join(*segments, count - 3), (*segments)[count - 2]);
    if (from_right(1) == "channels")
        return channel(method, join(*segments, count - 2), segments->back());
    if (from_right(0) == "channels")
        return channels(method, join(*segments, count - 1));
    if (from_right(0) == "token")
        return token(method, join(*segments, count - 1));
    if (from_right(0) == "workers")
        return workers(method, join(*segments, count - 1));
    // A path of several segments is only a vhost if there is one; else it is no page at all.
    const std::string path = join(*segments, count);
    if (count > 1 && method != "POST" && hub_.find_vhost(path) == nullptr)
        return no_page();
    return vhost(method, path);
}

HttpResponse AdminApi::root(std::string_view method) {
    if (reads(method)) {
        return json(200, collection("vhosts", hub_.vhosts(),
                                    [](const auto &entry) { return vhost_entry(*entry.second); }));
    }
    if (method == "DELETE") {
        hub_.remove_all_vhosts();
        return json(202);
    }
    return wrong_method("GET, HEAD, DELETE");
}

HttpResponse AdminApi::vhost(std::string_view method, const std::string &path) {
    Vhost *found = hub_.find_vhost(path);
    if (method == "POST") {
        if (found != nullptr)
            return error(400, "vhost already exists");
        if (!is_valid_vhost_path(path) || is_reserved_vhost_path(path))
            return error(400, "invalid path");
        hub_.add_vhost(path);
        return see(path);
    }
    if (!reads(method) && method != "DELETE")
        return wrong_method("POST, GET, HEAD, DELETE");
    if (found == nullptr)
        return no_vhost();
    if (reads(method))
        return json(200, vhost_document(*found));
    hub_.remove_vhost(*found);
    return json(202);
}

HttpResponse AdminApi::token(std::string_view method, const std::string &path) {
    if (method != "PUT")
        return wrong_method("PUT");
    Vhost *found = hub_.find_vhost(path);
    if (found == nullptr)
        return no_vhost();
    hub_.renew_access_token(*found);
    return see(path);
}

HttpResponse AdminApi::channels(std::string_view method, const std::string &path) {
    if (!reads(method) && method != "DELETE")
        return wrong_method("GET, HEAD, DELETE");
    Vhost *found = hub_.find_vhost(path);
    if (found == nullptr)
        return no_vhost();
    if (reads(method)) {
        return json(200, collection("channels", found->channels(), [found](const auto &entry) {
                        return channel_entry(*found, *entry.second);
                    }));
    }
    hub_.close_all_channels(*found);
    return json(202);
}

HttpResponse AdminApi::channel(std::string_view method, const std::string &path,
                               const std::string &name) {
    if (!reads(method) && method != "DELETE" && method != "POST")
        return wrong_method("POST, GET, HEAD, DELETE");
    Vhost *found = hub_.find_vhost(path);
    if (found == nullptr)
        return no_vhost();
    Channel *named = found->find_channel(name);
    if (method == "POST") {
        if (named != nullptr)
            return error(400, "channel already exists");
        if (!is_valid_channel_name(name))
            return error(400, "invalid channel name");
        hub_.open_channel(*found, name);
        return see(channel_path(*found, name));
    }
    if (named == nullptr)
        return no_channel();
    if (reads(method))
        return json(200, channel_document(*found, *named));
    hub_.close_channel(*found, *named);
    return json(202);
}

HttpResponse AdminApi::subscribers(std::string_view method, const std::string &path,
                                   const std::string &name) {
    if (!reads(method))
        return wrong_method("GET, HEAD");
    const Vhost *found = hub_.find_vhost(path);
    if (found == nullptr)
        return no_vhost();
    const Channel *named = found->find_channel(name);
    if (named == nullptr)
        return no_channel();
    return json(200, collection("subscribers", sorted_by_sid(*named),
                                [found](const Subscription *subscription) {
                                    return subscriber_entry(*found, *subscription);
                                }));
}

HttpResponse AdminApi::workers(std::string_view method, const std::string &path) {
    if (!reads(method))
        return wrong_method("GET, HEAD");
    const Vhost *found = hub_.find_vhost(path);
    if (found == nullptr)
        return no_vhost();
    return json(200,
                collection("workers", found->workers().worker_ids(),
                           [found](const std::string &id) { return worker_entry(*found, id); }));
}

} // namespace webrocket
