#pragma once

#include <string_view>

namespace kn {

/// What may stand in the names of the Backend API ("Names"). Each throws KN_EINVAL with the reason.
void require_channel_name(std::string_view name);
void require_event_name(std::string_view name);

/// Text that a person or a program chose freely: UTF-8, not empty, no control characters.
void require_text(std::string_view text, const char *what);

/// As require_text(), but may be empty.
void require_plain(std::string_view text, const char *what);

/// What the broker's list shows a worker under: letters, digits, `_`, `-` and `.`, 64 at most.
void require_worker_name(std::string_view name);

/// A header of a request, and one that the library does not set itself.
void require_extra_header(std::string_view name, std::string_view value);

bool is_vhost_path(std::string_view path) noexcept;

} // namespace kn
