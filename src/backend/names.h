#pragma once

#include <string_view>

namespace kn {

/// What may stand in the names of the Backend API ("Names"). Each throws KN_EINVAL with the reason.
void require_channel_name(std::string_view name);
void require_event_name(std::string_view name);

/// What the broker's list shows a worker under: letters, digits, `_`, `-` and `.`, 64 at most.
void require_worker_name(std::string_view name);
/// The workers of a group, of the same letters.
void require_group_name(std::string_view name);

} // namespace kn
