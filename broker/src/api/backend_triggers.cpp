#include "api/backend_triggers.h"

#include "api/backend_answers.h"
#include "base/json.h"
#include "hub/names.h"
#include "hub/payload.h"
#include "hub/topic.h"

#include <optional>
#include <variant>

#include <fmt/format.h>

namespace webrocket::backend {
namespace {

// {"trigger":{"data":{"text":"hi"}}}
constexpr std::size_t levels_of_trigger = 3;

const std::string no_object =
    fmt::format("body is not a JSON object, or is nested deeper than {} levels", json_depth_max);

const std::string too_much_text = "the vhost publishes too much";

// What a backend wants sent: JSON texts, the data empty for {}.
struct Trigger {
    std::string_view event; // with its quotes
    JsonMembers data;
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
    const std::string name =
        event != nullptr && event->type == JsonType::string ? decode_json_string(event->value) : "";
    if (name.size() > name_bytes_max)
        return Refusal{400, error_code::bad_request, "event name is longer than 255 bytes"};
    if (!is_valid_event_name(name))
        return Refusal{400, error_code::bad_request, "invalid event name"};
    const JsonMember *data = find_member(members, "data");
    if (data == nullptr || data->type == JsonType::null)
        return Trigger{event->value, {}};
    if (data->type != JsonType::object)
        return Refusal{400, error_code::bad_request, "data is not an object"};
    if (data->flaw != JsonFlaw::none)
        return Refusal{400, error_code::bad_request,
                       fmt::format("data has {}", describe(data->flaw))};
    return Trigger{event->value, members_of(*data)};
}

Publishing publish(Channel &channel, const Trigger &trigger) {
    return channel.publish(trigger_message(trigger.event, trigger.data, channel.name()));
}

std::optional<Refusal> trigger_item(const ChannelDirectory &channels, const JsonMember &element) {
    if (element.type != JsonType::object)
        return Refusal{400, error_code::bad_request, "not a trigger object"};
    const JsonMembers members = members_of(element);
    const JsonMember *name = find_member(members, "channel");
    if (name == nullptr || name->type != JsonType::string)
        return Refusal{400, error_code::bad_request, "no channel"};
    const std::string channel_name = decode_json_string(name->value);
    const auto channel = channels.find(channel_name);
    if (!channel)
        return Refusal{404, error_code::channel_not_found, no_channel_text(channel_name)};
    const auto read = read_trigger(members);
    if (const auto *refusal = std::get_if<Refusal>(&read))
        return *refusal;
    switch (publish(*channel, std::get<Trigger>(read))) {
    case Publishing::published:
        return std::nullopt;
    case Publishing::channel_closed:
        return Refusal{404, error_code::channel_not_found, no_channel_text(channel_name)};
    case Publishing::budget_exceeded:
        return Refusal{429, error_code::limit_reached, too_much_text};
    }
    return std::nullopt;
}

HttpReply too_much(const FanOutBudget &budget) {
    auto reply = failure(429, error_code::limit_reached, too_much_text, RefusalReason::fan_out);
    reply.response.with("Retry-After", std::to_string(budget.wait().count()));
    return reply;
}

} // namespace

HttpReply trigger(const ChannelDirectory &channels, const std::string &name,
                  std::string_view body) {
    const auto channel = channels.find(name);
    if (!channel)
        return no_channel(name);
    const auto document = scan_json_object(body, {.levels = levels_of_trigger});
    if (!document)
        return bad_request(no_object);
    const JsonMember *wanted = find_member(*document, "trigger");
    if (wanted == nullptr || wanted->type != JsonType::object)
        return bad_request("no trigger object");
    const auto read = read_trigger(members_of(*wanted));
    if (const auto *refusal = std::get_if<Refusal>(&read))
        return failure(refusal->status, refusal->code, refusal->text);
    switch (publish(*channel, std::get<Trigger>(read))) {
    case Publishing::published:
        return accepted();
    case Publishing::channel_closed:
        return no_channel(name);
    case Publishing::budget_exceeded:
        return too_much(channels.budget());
    }
    return accepted();
}

HttpReply trigger_batch(const ChannelDirectory &channels, std::string_view body,
                        std::size_t batch_max) {
    // Each is answered at some length, however short it is: what is too much is not even read.
    const auto document =
        scan_json_object(body, {.levels = levels_of_trigger + 1, .second_level_max = batch_max});
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
    for (const auto &element : members_of(*triggers)) {
        if (!results.ends_with('['))
            results += ',';
        const auto refusal = trigger_item(channels, element);
        if (refusal)
            append_result(results, *refusal);
        else
            results += R"({"status":202})";
    }
    results += "]}";
    return reply;
}

} // namespace webrocket::backend
