#include "api/backend_triggers.h"

#include "api/backend_answers.h"
#include "api/idempotency_key.h"
#include "base/json.h"
#include "hub/names.h"
#include "hub/payload.h"
#include "hub/topic.h"

#include <memory>
#include <optional>
#include <utility>
#include <variant>

#include <fmt/format.h>

namespace webrocket::backend {
namespace {

// {"trigger":{"data":{"text":"hi"}}}
constexpr std::size_t levels_of_trigger = 3;

const std::string no_object =
    fmt::format("body is not a JSON object, or is nested deeper than {} levels", json_depth_max);

const std::string too_much_text = "the vhost publishes too much";
const std::string other_call_text = "the key was used for another event or other data";

constexpr std::string_view empty_object = "{}";

// What a backend wants sent.
struct Trigger {
    std::string name;
    std::string_view event; // the same as JSON, with its quotes
    std::string_view data_text;
    JsonMembers data; // of that
};
struct Refusal {
    int status;
    int code;
    std::string text;
};

HttpReply accepted() {
    HttpReply reply;
    reply.response.status = 202;
    return reply;
}

// There may be a thousand of them in an answer, for which all pages wait: nothing is allocated.
void append_result(std::string &results, const Refusal &refusal) {
    results.append(R"({"status":)").append(std::to_string(refusal.status)).append(R"(,"error":)");
    append_json_string(results, refusal.text);
    results.append(R"(,"code":)").append(std::to_string(refusal.code)).append(1, '}');
}

std::variant<Trigger, Refusal> read_trigger(const JsonMembers &members) {
    const JsonMember *event = find_member(members, "event");
    std::string name =
        event != nullptr && event->type == JsonType::string ? decode_json_string(event->value) : "";
    if (name.size() > name_bytes_max)
        return Refusal{400, error_code::bad_request, "event name is longer than 255 bytes"};
    if (!is_valid_event_name(name))
        return Refusal{400, error_code::bad_request, "invalid event name"};
    const JsonMember *data = find_member(members, "data");
    if (data == nullptr || data->type == JsonType::null)
        return Trigger{std::move(name), event->value, empty_object, {}};
    if (data->type != JsonType::object)
        return Refusal{400, error_code::bad_request, "data is not an object"};
    if (data->flaw != JsonFlaw::none)
        return Refusal{400, error_code::bad_request,
                       fmt::format("data has {}", describe(data->flaw))};
    return Trigger{std::move(name), event->value, data->value, members_of(*data)};
}

// Where it is to go: the channel, if there is one.
struct Target {
    const std::string &name;
    std::shared_ptr<Channel> channel;
};

enum class Sending { done, no_channel, too_much, other_call };

Sending publish(const Target &target, const Trigger &trigger) {
    if (!target.channel)
        return Sending::no_channel;
    switch (target.channel->publish(trigger_message(trigger.event, trigger.data, target.name))) {
    case Publishing::published:
        return Sending::done;
    case Publishing::channel_closed:
        return Sending::no_channel;
    case Publishing::budget_exceeded:
        return Sending::too_much;
    }
    return Sending::done;
}

// Under a key once, whatever has become of the channel since.
Sending send(Vhost &vhost, const Target &target, const Trigger &trigger, std::string_view key) {
    if (key.empty())
        return publish(target, trigger);
    auto claim = vhost.keys().claim({target.name, key, trigger.name, trigger.data_text});
    switch (claim.kind()) {
    case IdempotencyKeys::Claim::Kind::repeated:
        return Sending::done;
    case IdempotencyKeys::Claim::Kind::other:
        return Sending::other_call;
    case IdempotencyKeys::Claim::Kind::first:
        break;
    }
    const Sending sent = publish(target, trigger);
    if (sent == Sending::done)
        claim.took_effect();
    return sent;
}

// The key of a trigger's own, or what the request's means for it. Empty where there is none.
std::variant<std::string, Refusal> key_of(const JsonMembers &members, std::string_view given,
                                          std::size_t index) {
    const JsonMember *own = find_member(members, "key");
    if (own == nullptr)
        return given.empty() ? std::string() : key_of_item(given, index);
    std::string key = own->type == JsonType::string ? decode_json_string(own->value) : "";
    if (!is_valid_key(key))
        return Refusal{400, error_code::bad_request, fmt::format("key is not {}", key_grammar)};
    return key;
}

std::optional<Refusal> trigger_item(Vhost &vhost, const JsonMember &element, std::string_view given,
                                    std::size_t index) {
    if (element.type != JsonType::object)
        return Refusal{400, error_code::bad_request, "not a trigger object"};
    const JsonMembers members = members_of(element);
    const JsonMember *name = find_member(members, "channel");
    if (name == nullptr || name->type != JsonType::string)
        return Refusal{400, error_code::bad_request, "no channel"};
    const auto key = key_of(members, given, index);
    if (const auto *refusal = std::get_if<Refusal>(&key))
        return *refusal;
    const std::string channel_name = decode_json_string(name->value);
    const Target target{channel_name, vhost.channels().find(channel_name)};
    const auto &text = std::get<std::string>(key);
    if (!target.channel && text.empty())
        return Refusal{404, error_code::channel_not_found, no_channel_text(channel_name)};
    const auto read = read_trigger(members);
    if (const auto *refusal = std::get_if<Refusal>(&read))
        return *refusal;
    switch (send(vhost, target, std::get<Trigger>(read), text)) {
    case Sending::done:
        return std::nullopt;
    case Sending::no_channel:
        return Refusal{404, error_code::channel_not_found, no_channel_text(channel_name)};
    case Sending::too_much:
        return Refusal{429, error_code::limit_reached, too_much_text};
    case Sending::other_call:
        return Refusal{409, error_code::conflict, other_call_text};
    }
    return std::nullopt;
}

HttpReply too_much(const FanOutBudget &budget) {
    auto reply = failure(429, error_code::limit_reached, too_much_text, RefusalReason::fan_out);
    reply.response.with("Retry-After", std::to_string(budget.wait().count()));
    return reply;
}

} // namespace

HttpReply trigger(Vhost &vhost, const std::string &channel, const HttpRequest &request) {
    const auto [key, complaint] = given_key(request);
    if (complaint)
        return bad_request(*complaint);
    const Target target{channel, vhost.channels().find(channel)};
    if (!target.channel && key.empty())
        return no_channel(channel);
    const auto document = scan_json_object(request.body, {.levels = levels_of_trigger});
    if (!document)
        return bad_request(no_object);
    const JsonMember *wanted = find_member(*document, "trigger");
    if (wanted == nullptr || wanted->type != JsonType::object)
        return bad_request("no trigger object");
    const auto read = read_trigger(members_of(*wanted));
    if (const auto *refusal = std::get_if<Refusal>(&read))
        return failure(refusal->status, refusal->code, refusal->text);
    switch (send(vhost, target, std::get<Trigger>(read), key)) {
    case Sending::done:
        return accepted();
    case Sending::no_channel:
        return no_channel(channel);
    case Sending::too_much:
        return too_much(vhost.channels().budget());
    case Sending::other_call:
        return failure(409, error_code::conflict, other_call_text);
    }
    return accepted();
}

HttpReply trigger_batch(Vhost &vhost, const HttpRequest &request, std::size_t batch_max) {
    const auto [key, complaint] = given_key(request);
    if (complaint)
        return bad_request(*complaint);
    // Each is answered at some length, however short it is: what is too much is not even read.
    const auto document = scan_json_object(
        request.body, {.levels = levels_of_trigger + 1, .second_level_max = batch_max});
    if (!document)
        return bad_request(no_object);
    if (!document->is_whole)
        return failure(413, 413, fmt::format("more than {} triggers", batch_max),
                       RefusalReason::batch_too_large);
    const JsonMember *triggers = find_member(*document, "triggers");
    if (triggers == nullptr || triggers->type != JsonType::array)
        return bad_request("no triggers array");
    HttpReply reply;
    reply.response.with("Content-Type", "application/json");
    std::string &results = reply.response.body;
    results = R"({"results":[)";
    std::size_t index = 0;
    for (const auto &element : members_of(*triggers)) {
        if (index > 0)
            results += ',';
        const auto refusal = trigger_item(vhost, element, key, index++);
        if (refusal)
            append_result(results, *refusal);
        else
            results += R"({"status":202})";
    }
    results += "]}";
    return reply;
}

} // namespace webrocket::backend
