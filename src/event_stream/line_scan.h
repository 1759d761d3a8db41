#pragma once

#include <cstddef>
#include <string_view>

namespace kn::event_stream {

/// The line at the front of an input.
struct ScannedLine {
    std::size_t size; // bytes before its CR or LF, or all that there are
    bool is_plain;    // ASCII without control characters: needs no decoding, and holds no U+0000
};

/// One look at each byte, for it is what a busy worker spends most of its time with.
ScannedLine scan_line(std::string_view bytes) noexcept;

} // namespace kn::event_stream
