// What a worker asks for that is to be a member of a group.
#pragma once

#include "base/pattern.h"
#include "store/stored_group.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace webrocket {

inline constexpr std::size_t window_max = 10'000;

struct MemberRequest {
    std::string name;
    std::string filter;
    std::shared_ptr<const Pattern> pattern; // null: every topic
    std::size_t window = 256;
    std::optional<GroupOrder> order; // that the group must have
    // It was this stream's, and read events up to that tag.
    std::optional<std::string> resumed_stream;
    std::uint64_t last_tag = 0;
};

} // namespace webrocket
