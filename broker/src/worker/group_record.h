// What a member of a group reads of an event.
#pragma once

#include "groups/membership.h"

#include <cstddef>
#include <string>
#include <string_view>

namespace webrocket {

// The fields before those of the event itself, or all of a gap's record.
void append_group_fields(std::string &out, std::string_view epoch, const StreamDelivery &delivery);

inline constexpr std::string_view replaced_record = "event: :replaced\ndata: {}\n\n";

} // namespace webrocket
