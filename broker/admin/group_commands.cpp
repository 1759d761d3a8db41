#include "group_commands.h"

#include "documents.h"
#include "printable.h"
#include "store/group_settings.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

namespace webrocket {
namespace {

using Arguments = std::vector<std::string>;

std::string group_path(const Arguments &arguments) {
    if (arguments[1].empty())
        throw AdminError("invalid group name");
    return vhost_path(arguments[0]) + "/groups/" + percent_encode(arguments[1]);
}

std::string letters_path(const Arguments &arguments) {
    return group_path(arguments) + "/dead-letters";
}

std::string letter_path(const Arguments &arguments) {
    if (arguments[2].empty())
        throw AdminError("invalid id of a dead letter");
    return letters_path(arguments) + "/" + percent_encode(arguments[2]);
}

// A number, a word or a text, for people; `-` for null.
std::string value(std::string_view object, std::string_view name) {
    const auto found = member(object, name);
    if (found.type == JsonType::string)
        return printable(decode_json_string(found.value));
    return found.type == JsonType::null ? "-" : std::string(found.value);
}

// Of milliseconds since 1970.
std::string time_text(std::string_view object, std::string_view name) {
    const auto ms = std::strtoll(number(object, name).c_str(), nullptr, 10);
    return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}Z",
                       fmt::gmtime(static_cast<std::time_t>(ms / 1000)), ms % 1000);
}

std::string settings_text(std::string_view group) {
    const auto settings = member(group, "settings", JsonType::object).value;
    std::string out = "filter=" + printable(optional_text(settings, "filter").value_or("")) + "\n";
    for (const auto &setting : group_setting_table())
        out += fmt::format("{}={}\n", setting.name, value(settings, setting.name));
    return out;
}

std::string group_line(std::string_view group) {
    std::string line = text(group, "name");
    line += "\t" + number(member(group, "members", JsonType::object).value, "size");
    for (const auto *name : {"lag", "oldest_ms", "unacknowledged", "redelivered", "dead_letters"})
        line += "\t" + value(group, name);
    return line + (value(group, "paused") == "true" ? "\tpaused\n" : "\t-\n");
}

AdminOutput list_groups(const AdminClient &client, const Arguments &arguments) {
    return list_pages(client, vhost_path(arguments[0]) + "/groups?", "groups",
                      std::numeric_limits<std::size_t>::max(), group_line);
}

std::string member_line(std::string_view member) {
    std::string line = "member " + text(member, "name");
    const bool is_connected = value(member, "connected") == "true";
    return line + fmt::format(": {}, {} of {} unacknowledged, filter {}\n",
                              is_connected ? "connected" : "away", number(member, "unacknowledged"),
                              number(member, "window"), value(member, "filter"));
}

AdminOutput show_group(const AdminClient &client, const Arguments &arguments) {
    auto body = client.request("GET", group_path(arguments));
    const auto group = member(body, "group", JsonType::object).value;
    std::string shown = settings_text(group);
    for (const auto *name :
         {"lag", "bytes", "oldest_ms", "unacknowledged", "delayed", "unmatched", "dead_letters",
          "kept", "acknowledged", "redelivered", "refused", "lost"})
        shown += fmt::format("{} {}\n", name, value(group, name));
    for (const auto member : elements(group, "members"))
        shown += member_line(member);
    return {std::move(shown), std::move(body)};
}

// `"lease_ms":5000` of lease_ms=5000. The server judges the bounds.
std::string json_member(const std::string &assignment) {
    const auto equals = assignment.find('=');
    if (equals == std::string::npos)
        throw AdminError("not SETTING=VALUE: " + printable(assignment));
    const std::string name = assignment.substr(0, equals);
    const std::string value = assignment.substr(equals + 1);
    if (name == group_filter_name)
        return fmt::format("\"{}\":{}", name, value.empty() ? "null" : json_string(value));
    const auto *const setting = find_group_setting(name);
    if (setting == nullptr)
        throw AdminError(printable(name) + " is none of " + group_setting_names());
    const auto json = setting->json(value);
    if (!json)
        throw AdminError(setting->complaint());
    return fmt::format("\"{}\":{}", name, *json);
}

AdminOutput set_group(const AdminClient &client, const Arguments &arguments) {
    std::string wanted;
    for (auto argument = arguments.begin() + 2; argument != arguments.end(); ++argument)
        wanted.append(wanted.empty() ? "" : ",").append(json_member(*argument));
    auto body = client.request("PUT", group_path(arguments), "{" + wanted + "}");
    auto shown = settings_text(member(body, "group", JsonType::object).value);
    return {std::move(shown), std::move(body)};
}

// One that is not there must not come to be by a slip of the pen.
AdminOutput set_paused(const AdminClient &client, const Arguments &arguments, const char *paused) {
    client.request("GET", group_path(arguments));
    return {
        {},
        client.request("PUT", group_path(arguments), fmt::format(R"({{"paused":{}}})", paused))};
}

AdminOutput pause_group(const AdminClient &client, const Arguments &arguments) {
    return set_paused(client, arguments, "true");
}

AdminOutput resume_group(const AdminClient &client, const Arguments &arguments) {
    return set_paused(client, arguments, "false");
}

AdminOutput delete_group(const AdminClient &client, const Arguments &arguments) {
    return {{}, client.request("DELETE", group_path(arguments))};
}

std::string letter_line(std::string_view letter) {
    return fmt::format("{}\t{}\t{}\t{}\t{}\t{}\n", text(letter, "id"), time_text(letter, "time"),
                       text(letter, "topic"), number(letter, "attempt"), text(letter, "reason"),
                       printable(optional_text(letter, "ref").value_or("-")));
}

AdminOutput list_dead_letters(const AdminClient &client, const Arguments &arguments) {
    return list_pages(client, letters_path(arguments) + "?", "dead_letters", limit_of(arguments[2]),
                      letter_line);
}

AdminOutput show_dead_letter(const AdminClient &client, const Arguments &arguments) {
    auto body = client.request("GET", letter_path(arguments));
    const auto letter = member(body, "dead_letter", JsonType::object).value;
    std::string shown;
    for (const auto *name : {"id", "topic", "attempt", "reason"})
        shown += fmt::format("{} {}\n", name, value(letter, name));
    if (const auto ref = optional_text(letter, "ref"))
        shown += "ref " + printable(*ref) + "\n";
    for (const auto *name : {"time", "given_up"})
        shown += fmt::format("{} {}\n", name, time_text(letter, name));
    shown += printable(std::string(member(letter, "data").value)) + "\n";
    return {std::move(shown), std::move(body)};
}

AdminOutput requeue_dead_letter(const AdminClient &client, const Arguments &arguments) {
    return {{}, client.request("POST", letter_path(arguments) + "/requeue")};
}

// Prints how many there were.
AdminOutput counted(std::string body, std::string_view name) {
    auto count = number(body, name) + "\n";
    return {std::move(count), std::move(body)};
}

AdminOutput requeue_dead_letters(const AdminClient &client, const Arguments &arguments) {
    return counted(client.request("POST", letters_path(arguments) + "/requeue"), "requeued");
}

AdminOutput delete_dead_letter(const AdminClient &client, const Arguments &arguments) {
    return {{}, client.request("DELETE", letter_path(arguments))};
}

AdminOutput delete_dead_letters(const AdminClient &client, const Arguments &arguments) {
    return counted(client.request("DELETE", letters_path(arguments)), "deleted");
}

} // namespace

std::vector<AdminCommand> group_commands() {
    return {
        {"list_groups", "[vhost]",
         "Shows list of the reliable groups of the specified vhost: name, members, lag, age of\n"
         "    the oldest event (ms), unacknowledged, redelivered, dead letters, paused",
         1, list_groups},
        {"show_group", "[vhost] [name]", "Shows settings, figures and members of the group", 2,
         show_group},
        {"set_group", "[vhost] [name] [SETTING=VALUE ...]",
         "Changes settings of the group, which is made if it is not there, and shows them all:\n"
         "    filter, order, lease_ms, ack_deadline_ms, max_deliver, max_events, max_bytes,\n"
         "    max_age_ms, overflow, paused",
         2, set_group, nullptr, Listing::none, true},
        {"delete_group", "[vhost] [name]", "Removes the group with its events", 2, delete_group,
         "removes all events and dead letters, and ends the streams of all members, of the group"},
        {"pause_group", "[vhost] [name]", "Has the group hand out no more events", 2, pause_group},
        {"resume_group", "[vhost] [name]", "Has the group hand out events again", 2, resume_group},
        {"list_dead_letters", "[vhost] [name]",
         "Shows list of the events that the group has given up: id, time, topic, attempts,\n"
         "    reason, ref",
         2, list_dead_letters, nullptr, Listing::limited},
        {"show_dead_letter", "[vhost] [name] [id]", "Shows one of them with its data", 3,
         show_dead_letter},
        {"requeue_dead_letter", "[vhost] [name] [id]", "Has the group try it again", 3,
         requeue_dead_letter},
        {"requeue_dead_letters", "[vhost] [name]",
         "Has the group try all of them again, and shows how many there were", 2,
         requeue_dead_letters},
        {"delete_dead_letter", "[vhost] [name] [id]", "Deletes one of them", 3, delete_dead_letter,
         "deletes the dead letter"},
        {"delete_dead_letters", "[vhost] [name]",
         "Deletes all of them, and shows how many there were", 2, delete_dead_letters,
         "deletes all dead letters of the group"},
    };
}

} // namespace webrocket
