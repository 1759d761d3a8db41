#pragma once

#include <kosmonaut/status.h>

namespace kn {

const char *status_name(kn_status status) noexcept;
const char *status_message(kn_status status) noexcept;
bool status_is_retriable(kn_status status) noexcept;

} // namespace kn
