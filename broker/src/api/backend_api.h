// The HTTP endpoint of backends: channels, events, tokens, event streams.
#pragma once

#include "api/backend_rules.h"
#include "base/current.h"
#include "groups/groups.h"
#include "http/http_message.h"
#include "http/uri.h"
#include "hub/vhost_registry.h"

#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace webrocket {

class BackendApi {
  public:
    BackendApi(VhostRegistry &registry, const GroupDirectory &groups, const BackendRules &rules)
        : registry_(registry), groups_(groups), rules_(rules) {}

    // For what is asked from now on. Any thread.
    void set_rules(const BackendRules &rules) { rules_.set(rules); }

    HeadVerdict judge_head(const HttpRequest &head) const;
    HttpReply handle(const HttpRequest &request);
    static HttpResponse refuse(int status);

  private:
    enum class Resource {
        none,
        channels,
        channel,
        channel_events,
        channel_subscribers,
        token,
        events,
        ack,
        nack,
        extend,
        vhost
    };
    struct Route {
        std::shared_ptr<Vhost> vhost;
        Resource resource = Resource::none;
        std::string channel;
    };

    struct Kind;

    static std::string_view methods_of(Resource resource);
    Route route(std::string_view path) const;
    std::shared_ptr<Vhost> vhost_at_front_of(std::string_view path) const;
    // What is wrong with a request whatever its body is.
    static std::optional<HttpReply> refusal_of(const HttpRequest &head, const Route &route,
                                               std::string_view path);

    HttpReply reply_to(const HttpRequest &request);
    HttpReply open_channel(const HttpRequest &request, Vhost &vhost, const std::string &name);
    HttpReply close_channel(const HttpRequest &request, Vhost &vhost, const std::string &name);
    HttpReply make(const Change &change);
    HttpReply answer(const HttpRequest &request, const Route &found, std::string_view query);
    HttpReply stream(const std::shared_ptr<Vhost> &vhost, const HttpRequest &request,
                     std::string_view query) const;
    HttpReply member_stream(const std::shared_ptr<Vhost> &vhost, const HttpRequest &request,
                            const QueryParameters &query) const;

    VhostRegistry &registry_;
    const GroupDirectory &groups_;
    Current<BackendRules> rules_;
};

} // namespace webrocket
