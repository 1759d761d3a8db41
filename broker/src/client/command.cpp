#include "client/command.h"

#include "base/json.h"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

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

CommandKind kind_of(const JsonMember &member) {
    for (const auto &[name, kind] : command_names) {
        if (is_called(member, name))
            return kind;
    }
    return CommandKind::malformed;
}

// What is kept of a larger one would be kept for as long as the loop is there.
constexpr std::size_t kept_bytes_max = std::size_t{16} << 10;
constexpr std::size_t kept_members_max = 256;

void reset(std::string &text) {
    if (text.capacity() > kept_bytes_max)
        std::string().swap(text);
    text.clear();
}

void reset(Command &command) {
    command.kind = CommandKind::malformed;
    reset(command.token);
    reset(command.channel);
    reset(command.event);
    reset(command.trigger);
    command.event_json = {};
    command.data = {};
    command.data_members = {};
    command.data_flaw = JsonFlaw::none;
    command.hidden = false;
    reset(command.ref);
    command.has_bad_ref = false;
    if (command.document.list.capacity() > kept_members_max)
        std::vector<JsonMember>().swap(command.document.list);
}

void read_text(const JsonMember &member, std::string &text) {
    if (member.type == JsonType::string)
        decode_json_string(member.value, text);
    else
        text.clear();
}

void read_event(const JsonMember &member, Command &command) {
    read_text(member, command.event);
    command.event_json = member.type == JsonType::string ? member.value : std::string_view();
}

void read_data(const JsonMember &member, Command &command) {
    const bool is_object = member.type == JsonType::object;
    command.data = is_object ? member.value : std::string_view();
    command.data_members = is_object ? members_of(member) : JsonMembers();
    command.data_flaw = is_object ? member.flaw : JsonFlaw::none;
}

bool is_true(const JsonMember &member) {
    return member.type == JsonType::boolean && member.value == "true";
}

bool is_ref(std::string_view text) {
    constexpr std::size_t length_max = 64;
    return !text.empty() && text.size() <= length_max &&
           std::all_of(text.begin(), text.end(), [](char c) {
               return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                      c == '_' || c == '.' || c == '-';
           });
}

void read_ref(const JsonMember &member, Command &command) {
    read_text(member, command.ref);
    command.has_bad_ref = !is_ref(command.ref);
    if (command.has_bad_ref)
        command.ref.clear();
}

// Of a repeated field the last one counts.
void read_field(const JsonMember &member, Command &command) {
    if (is_called(member, "data"))
        read_data(member, command);
    else if (is_called(member, "event"))
        read_event(member, command);
    else if (is_called(member, "channel"))
        read_text(member, command.channel);
    else if (is_called(member, "trigger"))
        read_text(member, command.trigger);
    else if (is_called(member, "token"))
        read_text(member, command.token);
    else if (is_called(member, "ref"))
        read_ref(member, command);
    else if (is_called(member, "hidden"))
        command.hidden = is_true(member);
}

// What old clients put beside the command, where the command does not have it.
void read_beside(const JsonMembers &members, const JsonMembers &payload, Command &command) {
    if (command.kind == CommandKind::broadcast && find_member(payload, "trigger") == nullptr) {
        if (const JsonMember *trigger = find_member(members, "trigger"))
            read_text(*trigger, command.trigger);
    }
    if (command.kind == CommandKind::subscribe && find_member(payload, "hidden") == nullptr) {
        if (const JsonMember *hidden = find_member(members, "hidden"))
            command.hidden = is_true(*hidden);
    }
}

} // namespace

void parse_command(std::string_view message, std::size_t nesting_max, Command &command) {
    reset(command);
    command.message = message;
    const JsonWanted wanted{.depth_max = nesting_max, .levels = levels_of_data};
    if (!scan_json_object(message, wanted, command.document))
        return;
    const JsonMembers members = command.document;
    CommandKind kind = CommandKind::malformed;
    const auto chosen =
        std::find_if(members.begin(), members.end(), [&kind](const JsonMember &member) {
            kind = kind_of(member);
            return kind != CommandKind::malformed;
        });
    if (chosen == members.end())
        return;
    if (kind != CommandKind::pong && chosen->type != JsonType::object)
        return;
    command.kind = kind;
    if (kind == CommandKind::pong)
        return;
    const JsonMembers payload = members_of(*chosen);
    for (const JsonMember &field : payload)
        read_field(field, command);
    read_beside(members, payload, command);
}

} // namespace webrocket
