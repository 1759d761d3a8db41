// The HTTP endpoint of backends: channels, events, tokens, event streams.
#pragma once

#include "http_message.h"
#include "hub.h"
#include "json.h"
#include "worker_stream.h"

#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace webrocket {

class BackendApi {
  public:
    BackendApi(Hub &hub, const WorkerStreamRules &rules) : hub_(hub), rules_(rules) {}

    HttpReply handle(const HttpRequest &request);
    static HttpResponse refuse(int status);

  private:
    enum class Resource { none, channel, channel_events, token, events, vhost };
    struct Route {
        Vhost *vhost = nullptr;
        Resource resource = Resource::none;
        std::string channel;
    };

    Route route(std::string_view path) const;
    Vhost *vhost_at_front_of(std::string_view path) const;

    HttpReply open_channel(Vhost &vhost, const std::string &name);
    HttpReply close_channel(Vhost &vhost, const std::string &name);
    HttpReply fire(Vhost &vhost, const std::string &name, std::string_view body);
    HttpReply fire_many(Vhost &vhost, std::string_view body);

    // What a backend wants sent: JSON texts, the data empty for {}.
    struct Trigger {
        std::string_view event;
        std::string_view data;
    };
    struct Refusal {
        int status;
        int code;
        std::string_view text;
    };
    static std::variant<Trigger, Refusal> read_trigger(const std::vector<JsonMember> &members);
    std::optional<Refusal> fire_one(Vhost &vhost, std::string_view element);
    void publish(Channel &channel, const Trigger &trigger);

    static HttpReply issue_token(Vhost &vhost, std::string_view query, bool head_only);
    HttpReply stream(Vhost &vhost, const HttpRequest &request, std::string_view query) const;

    Hub &hub_;
    WorkerStreamRules rules_;
};

} // namespace webrocket
