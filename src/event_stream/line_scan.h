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

/// An event as a broker writes it: the lines `id`, `event` and `data`, each once, in this order and
/// with a space before the value, and an empty one; all of them end with LF.
struct ScannedRecord {
    std::size_t size; // of all its lines; 0: the input begins with something else, or ends within
    std::string_view id;   // plain
    std::string_view type; // plain
    std::string_view data;
    bool is_data_plain;
};

/// The record at the front of an input.
ScannedRecord scan_record(std::string_view bytes) noexcept;

} // namespace kn::event_stream
