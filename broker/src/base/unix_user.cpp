#include "base/unix_user.h"

#include <array>
#include <pwd.h>
#include <unistd.h>

namespace webrocket {
namespace {

std::string own_name() {
    passwd entry{};
    passwd *found = nullptr;
    std::array<char, 4096> buffer{};
    if (::getpwuid_r(::geteuid(), &entry, buffer.data(), buffer.size(), &found) == 0 &&
        found != nullptr)
        return found->pw_name;
    return std::to_string(::geteuid());
}

} // namespace

std::string user_name(uid_t user) {
    static const std::string own = own_name();
    if (user == 0)
        return "root";
    return user == ::geteuid() ? own : std::to_string(user);
}

} // namespace webrocket
