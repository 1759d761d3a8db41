#include "client/command.h"

#include "base/json.h"

#include <algorithm>
#include <array>
#include <utility>

namespace webrocket {
namespace {

constexpr std::array<std::pair<std::string_view, CommandKind>, 7> command_names = {
    {{"auth", CommandKind::auth},
     {"subscribe", CommandKind::subscribe},
     {"unsubscribe", CommandKind::unsubscribe},
     {"broadcast", CommandKind::broadcast},
     {"trigger", CommandKind::trigger},
     {"close", CommandKind::close},
     {"pong", CommandKind::pong}}};

// A command, what it is about, and what that says: {"broadcast":{"data":{"text":"hi"}}}.
constexpr std::size_t levels_of_data = 3;

CommandKind kind_of(std::string_view key) {
    for (const auto &[name, kind] : command_names) {
        if (json_key_is(key, name))
            return kind;
    }
    return CommandKind::malformed;
}

std::string text(const JsonMember *member) {
    return member != nullptr && member->type == JsonType::string ? decode_json_string(member->value)
                                                                 : std::string();
}

bool is_true(const JsonMember *member) {
    return member != nullptr && member->type == JsonType::boolean && member->value == "true";
}

void read_payload(Command &command, const JsonMembers &payload) {
    command.token = text(find_member(payload, "token"));
    command.channel = text(find_member(payload, "channel"));
    if (const JsonMember *event = find_member(payload, "event");
        event != nullptr && event->type == JsonType::string) {
        command.event = decode_json_string(event->value);
        command.event_json = event->value;
    }
    command.trigger = text(find_member(payload, "trigger"));
    command.hidden = is_true(find_member(payload, "hidden"));
    if (const JsonMember *data = find_member(payload, "data");
        data != nullptr && data->type == JsonType::object) {
        command.data = data->value;
        command.data_members = members_of(*data);
        command.data_flaw = data->flaw;
    }
}

} // namespace

Command parse_command(std::string_view frame, std::size_t nesting_max) {
    Command command;
    auto document = scan_json_object(frame, {.depth_max = nesting_max, .levels = levels_of_data});
    if (!document)
        return command;
    command.document = std::move(*document);
    const JsonMembers members = command.document;
    const auto chosen = std::find_if(members.begin(), members.end(), [](const JsonMember &member) {
        return kind_of(member.key) != CommandKind::malformed;
    });
    if (chosen == members.end())
        return command;
    const CommandKind kind = kind_of(chosen->key);
    if (kind == CommandKind::pong) {
        command.kind = kind;
        return command;
    }
    if (chosen->type != JsonType::object)
        return command;
    command.kind = kind;
    const JsonMembers payload = members_of(*chosen);
    read_payload(command, payload);
    if (kind == CommandKind::broadcast && find_member(payload, "trigger") == nullptr)
        command.trigger = text(find_member(members, "trigger"));
    if (kind == CommandKind::subscribe && find_member(payload, "hidden") == nullptr)
        command.hidden = is_true(find_member(members, "hidden"));
    return command;
}

} // namespace webrocket
