// The checksum of the event log's records (Castagnoli's polynomial), by the processor where it can.
#pragma once

#include <cstdint>
#include <string_view>

namespace webrocket {

// That of `bytes` behind what `crc` is the checksum of; 0: of nothing.
std::uint32_t crc32c(std::string_view bytes, std::uint32_t crc = 0);

// The same on any processor: what the other one is held against in tests.
std::uint32_t crc32c_by_table(std::string_view bytes, std::uint32_t crc = 0);

} // namespace webrocket
