// Files that no other user may read: secrets are in them, or beside them.
#pragma once

#include <filesystem>
#include <string>

namespace webrocket {

// All of these throw std::runtime_error with a message for the operator.

// Makes an empty file unless there is one, and sees to it that it can be read and written.
void ensure_private_file(const std::filesystem::path &file);

// The whole of a file; one that every user may read is closed to them first.
std::string read_private_file(const std::filesystem::path &file);

// Replaces a file in one step: a reader sees all of it or nothing.
void write_private_file(const std::filesystem::path &file, const std::string &content);

} // namespace webrocket
