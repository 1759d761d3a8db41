#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "backend/server_error.h"

namespace kn {

/// What a batch's answer says of one of its triggers.
struct ItemAnswer {
    long status = 0;
    ServerError error;
};
/// Throws KN_EPROTOCOL unless @p body holds @p count of them.
std::vector<ItemAnswer> read_item_answers(std::string_view body, std::size_t count);

/// The `token` of a token answer; nothing when @p body holds none.
std::optional<std::string> read_token(std::string_view body);

} // namespace kn
