#include "commands.h"

#include "documents.h"
#include "group_commands.h"
#include "printable.h"

#include <algorithm>
#include <optional>

namespace webrocket {
namespace {

using Arguments = std::vector<std::string>;

std::string lines(std::vector<std::string> entries) {
    std::sort(entries.begin(), entries.end());
    std::string out;
    for (const auto &entry : entries)
        out.append(entry).append(1, '\n');
    return out;
}

std::string channel_path(const Arguments &arguments) {
    if (arguments[1].empty())
        throw AdminError("invalid channel name");
    return vhost_path(arguments[0]) + "/channels/" + percent_encode(arguments[1]);
}

AdminOutput list_vhosts(const AdminClient &client, const Arguments &) {
    auto body = client.request("GET", "/");
    std::vector<std::string> paths;
    for (const auto vhost : elements(body, "vhosts"))
        paths.push_back(text(vhost, "path"));
    return {lines(std::move(paths)), std::move(body)};
}

AdminOutput show_vhost(const AdminClient &client, const Arguments &arguments) {
    auto body = client.request("GET", vhost_path(arguments[0]));
    const auto vhost = member(body, "vhost", JsonType::object).value;
    auto shown = text(vhost, "path") + "\n" + text(vhost, "accessToken") + "\n";
    return {std::move(shown), std::move(body)};
}

AdminOutput add_vhost(const AdminClient &client, const Arguments &arguments) {
    client.request("POST", vhost_path(arguments[0]));
    return show_vhost(client, arguments);
}

AdminOutput delete_vhost(const AdminClient &client, const Arguments &arguments) {
    return {{}, client.request("DELETE", vhost_path(arguments[0]))};
}

AdminOutput clear_vhosts(const AdminClient &client, const Arguments &) {
    return {{}, client.request("DELETE", "/")};
}

AdminOutput regenerate_vhost_token(const AdminClient &client, const Arguments &arguments) {
    client.request("PUT", vhost_path(arguments[0]) + "/token");
    auto body = client.request("GET", vhost_path(arguments[0]));
    auto token = text(member(body, "vhost", JsonType::object).value, "accessToken") + "\n";
    return {std::move(token), std::move(body)};
}

AdminOutput list_channels(const AdminClient &client, const Arguments &arguments) {
    auto body = client.request("GET", vhost_path(arguments[0]) + "/channels");
    std::vector<std::string> entries;
    for (const auto channel : elements(body, "channels")) {
        const auto subscribers = member(channel, "subscribers", JsonType::object).value;
        entries.push_back(text(channel, "name") + "\t(" +
                          std::string(member(subscribers, "size", JsonType::number).value) +
                          " subscribers)");
    }
    return {lines(std::move(entries)), std::move(body)};
}

AdminOutput add_channel(const AdminClient &client, const Arguments &arguments) {
    return {{}, client.request("POST", channel_path(arguments))};
}

AdminOutput delete_channel(const AdminClient &client, const Arguments &arguments) {
    return {{}, client.request("DELETE", channel_path(arguments))};
}

AdminOutput clear_channels(const AdminClient &client, const Arguments &arguments) {
    return {{}, client.request("DELETE", vhost_path(arguments[0]) + "/channels")};
}

AdminOutput list_subscribers(const AdminClient &client, const Arguments &arguments) {
    auto body = client.request("GET", channel_path(arguments) + "/subscribers");
    std::vector<std::string> entries;
    for (const auto subscriber : elements(body, "subscribers")) {
        const auto uid = optional_text(subscriber, "uid");
        entries.push_back(text(subscriber, "sid") + "\t" + printable(uid.value_or("-")));
    }
    return {lines(std::move(entries)), std::move(body)};
}

std::string connection_line(std::string_view connection) {
    std::string line = text(connection, "sid");
    const auto uid = optional_text(connection, "uid");
    line += "\t" + printable(uid.value_or("-"));
    for (const auto *name : {"address", "since"})
        line += "\t" + text(connection, name);
    for (const auto *name : {"messages", "bytes", "refused", "queue"})
        line += "\t" + std::string(member(connection, name, JsonType::number).value);
    return line + "\n";
}

// In the server's order.
AdminOutput list_connections(const AdminClient &client, const Arguments &arguments) {
    return list_pages(client,
                      vhost_path(arguments[0]) +
                          "/connections?sort=" + percent_encode(arguments[1]) + "&",
                      "connections", limit_of(arguments[2]), connection_line);
}

AdminOutput list_workers(const AdminClient &client, const Arguments &arguments) {
    auto body = client.request("GET", vhost_path(arguments[0]) + "/workers");
    std::vector<std::string> ids;
    for (const auto worker : elements(body, "workers"))
        ids.push_back(text(worker, "id"));
    return {lines(std::move(ids)), std::move(body)};
}

std::vector<AdminCommand> vhost_commands() {
    return {
        {"list_vhosts", "", "Shows list of the registered vhosts", 0, list_vhosts},
        {"add_vhost", "[path]", "Registers new vhost", 1, add_vhost},
        {"delete_vhost", "[path]", "Removes specified vhost", 1, delete_vhost,
         "removes the vhost with its channels and its token, and disconnects everybody:"},
        {"show_vhost", "[path]", "Shows information about the specified vhost", 1, show_vhost},
        {"clear_vhosts", "", "Removes all vhosts", 0, clear_vhosts,
         "removes all vhosts with their channels and tokens, and disconnects everybody"},
        {"regenerate_vhost_token", "[path]", "Generates new access token for the specified vhost",
         1, regenerate_vhost_token, "ends the token that backends use now, of the vhost"},
        {"list_channels", "[vhost]", "Shows list of channels opened under given vhost", 1,
         list_channels},
        {"add_channel", "[vhost] [name]", "Opens new channel under given vhost", 2, add_channel},
        {"delete_channel", "[vhost] [name]", "Removes channel from the specified vhost", 2,
         delete_channel},
        {"clear_channels", "[vhost]", "Removes all channels from the specified vhost", 1,
         clear_channels, "closes all channels, and unsubscribes everybody, of the vhost"},
        {"list_subscribers", "[vhost] [name]",
         "Shows list of the browsers subscribed to the specified channel", 2, list_subscribers},
        {"list_connections", "[vhost]",
         "Shows list of the browsers connected to the specified vhost: session, user, address,\n"
         "    since when, messages, bytes, refused messages, bytes that wait for it",
         1, list_connections, nullptr, Listing::sorted_as_well},
        {"list_workers", "[vhost]",
         "Shows list of the backend workers connected to the specified vhost", 1, list_workers},
    };
}

} // namespace

const std::vector<AdminCommand> &admin_commands() {
    static const std::vector<AdminCommand> commands = [] {
        std::vector<AdminCommand> all = vhost_commands();
        const auto groups = group_commands();
        all.insert(all.end(), groups.begin(), groups.end());
        return all;
    }();
    return commands;
}

} // namespace webrocket
