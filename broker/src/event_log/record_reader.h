// Reading records by their place, neighbours together.
#pragma once

#include "event_log/segment.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string_view>

namespace webrocket {

struct RecordPlace {
    LogFile *file = nullptr;  // somebody else keeps it open
    std::uint64_t number = 0; // of the file
    std::uint32_t offset = 0;
    std::uint32_t size = 0; // 0: nowhere
};

// Calls `found` for each that can be read, in order, with its place among them. Waits for the disk.
void read_records(std::span<const RecordPlace> places,
                  const std::function<void(std::size_t index, std::string_view record)> &found);

} // namespace webrocket
