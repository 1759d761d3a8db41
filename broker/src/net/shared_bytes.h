// What event loops hand to each other: bytes that are made once.
#pragma once

#include <boost/smart_ptr/shared_ptr.hpp>
#include <string>

namespace webrocket {

using SharedBytes = boost::shared_ptr<const std::string>;

// Not inline: GCC 16 takes what is made here for a Frame where it sees how both are made, and
// warns.
SharedBytes share(std::string bytes);

} // namespace webrocket
