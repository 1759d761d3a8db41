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

struct AdminCommand {
    const char *name;
    const char *arguments; // as shown in the help
    const char *description;
    std::size_t argument_count;
    // What is printed on success.
    AdminOutput (*run)(const AdminClient &client, const std::vector<std::string> &arguments);
    // What is lost for good, for those that have to be confirmed; else null. The vhost's path
    // follows, unless it is about all of them.
    const char *loss = nullptr;
    // Has two arguments more, which are options on the command line: by what to sort, and how many.
    bool is_listing = false;
};

const std::vector<AdminCommand> &admin_commands();

} // namespace webrocket
