// What groups have written on the thread `storage`.
#pragma once

#include "groups/unwritten.h"
#include "store/change_writer.h"
#include "store/stored_group.h"

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace webrocket {

StoreWork skip_numbers(std::uint32_t last);
StoreWork set_last_filters(std::uint32_t group, std::vector<std::string> filters);
StoreWork set_without_member_since(std::uint32_t group, std::int64_t since_ms);
// `done` is told whether it is stored, and how many older ones went for it.
StoreWork add_dead_letter(StoredDeadLetter letter, std::function<void(bool, std::size_t)> done);

StoredDeadLetter dead_letter_row(std::uint32_t group, const std::string &epoch,
                                 const DeadLetterToStore &letter);

} // namespace webrocket
