// Files that no other user may read: secrets are in them, or beside them.
#pragma once

#include <filesystem>
#include <string>
#include <sys/types.h>

namespace webrocket {

inline constexpr mode_t owner_only = 0600;
inline constexpr mode_t owner_and_group = 0640; // who may read it, and not write

// All of these throw std::runtime_error with a message for the operator, and follow no symbolic
// link.

// Makes an empty file unless there is one, and sees to it that it can be read and written.
void ensure_private_file(const std::filesystem::path &file);

// The whole of a file; one that every user may read is closed to them first.
std::string read_private_file(const std::filesystem::path &file);

// Likewise, and leaves it as it is.
std::string look_into_private_file(const std::filesystem::path &file);

// Of one that is there: whether it can be read and written.
void require_usable_file(const std::filesystem::path &file);

// Whether files can be made in it.
void require_usable_directory(const std::filesystem::path &directory);

// Whether it could be written.
void require_place_for_private_file(const std::filesystem::path &file);

// Replaces a file in one step: a reader sees all of it or nothing. `mode` is its mode, whatever the
// umask is.
void write_private_file(const std::filesystem::path &file, const std::string &content,
                        mode_t mode = owner_only);

} // namespace webrocket
