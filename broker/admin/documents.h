// The Admin API's documents, and its paths, as commands need them.
#pragma once

#include "admin_client.h"
#include "base/json.h"
#include "commands.h"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace webrocket {

// Each of these throws AdminError where a document is not as it should be.
JsonMember member(std::string_view object, std::string_view name, JsonType type);
// Of any type.
JsonMember member(std::string_view object, std::string_view name);
std::string text(std::string_view object, std::string_view name);
std::string number(std::string_view object, std::string_view name);
// Nothing when it is null.
std::optional<std::string> optional_text(std::string_view object, std::string_view name);
std::vector<std::string_view> elements(std::string_view object, std::string_view name);

// A vhost without a name would be the resource of all vhosts.
std::string vhost_path(const std::string &vhost);

// What was said with --limit.
std::size_t limit_of(const std::string &text);

// As many pages as it takes for `limit` lines, of the list called `name`. `path` ends where
// parameters go on.
AdminOutput list_pages(const AdminClient &client, const std::string &path, std::string_view name,
                       std::size_t limit, std::string (*line)(std::string_view element));

} // namespace webrocket
