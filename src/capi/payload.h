#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include "base/failure.h"

namespace kn::capi {

/// A payload as it comes through C: NULL, with length 0, says that there is none.
inline std::optional<std::string_view> payload(const char *data, std::size_t length) {
    if (data != nullptr)
        return std::string_view(data, length);
    if (length != 0)
        throw Failure(KN_EINVAL, "the data is NULL, but its length is not 0");
    return std::nullopt;
}

} // namespace kn::capi
