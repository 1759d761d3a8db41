// Who is on a presence channel, and what its subscribers are told about it.
#pragma once

#include "channel.h"

#include <string>
#include <string_view>

namespace webrocket {

// `data` is what the member says about itself: a scanned JSON object, or empty.
Member make_member(const Channel &channel, const std::string &uid, std::string_view data);

// Everyone's entries, as a JSON array.
std::string roster(const Channel &channel);

Frame member_joined(const Member &member);

// `farewell` is laid over what the member said when it came.
Frame member_left(const Channel &channel, const Member &member, std::string_view farewell);

} // namespace webrocket
