// How much memory there is for the process.
#pragma once

#include <cstdint>
#include <filesystem>

namespace webrocket {

// The machine's, or what a control group that the process is in leaves it (of version 2 or 1), if
// that is less. All that the system can address, where nothing of it can be read. The files are
// looked for below `root`.
std::uint64_t memory_of_process(const std::filesystem::path &root = "/");

} // namespace webrocket
