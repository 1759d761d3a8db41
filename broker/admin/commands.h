// The commands of the admin tool.
#pragma once

#include "admin_client.h"

#include <string>
#include <vector>

namespace webrocket {

struct AdminOutput {
    std::string text;     // for people
    std::string document; // the server's own, in JSON; empty when it has nothing to say
};

// Options of a command, which it gets as arguments behind its own.
enum class Listing {
    none,
    limited,       // how many
    sorted_as_well // by what, and how many
};

struct AdminCommand {
    const char *name;
    const char *arguments; // as shown in the help
    const char *description;
    std::size_t argument_count;
    // What is printed on success.
    AdminOutput (*run)(const AdminClient &client, const std::vector<std::string> &arguments);
    // What is lost for good, for those that have to be confirmed; else null. The last argument,
    // which has to be typed, follows, and the others, from the last to the first; unless it is
    // about all vhosts.
    const char *loss = nullptr;
    Listing listing = Listing::none;
    bool takes_more = false; // arguments than that
};

const std::vector<AdminCommand> &admin_commands();

} // namespace webrocket
