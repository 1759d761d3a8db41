// The files of a node: its database and the cookie that its operator needs.
#pragma once

#include <filesystem>
#include <string>
#include <sys/types.h>

namespace webrocket {

inline constexpr const char *default_node_name = "webrocket";

// Whose storage is meant when nobody says so: that of the default name, or the only one that is in
// the directory. Throws std::runtime_error when there are several others.
std::string find_node(const std::filesystem::path &directory);

class StorageDir {
  public:
    // Creates the directory, and refuses one that others may change. An empty name is found.
    // Throws std::runtime_error with a message for the operator.
    StorageDir(std::filesystem::path directory, std::string node_name);

    std::filesystem::path database_file() const;
    std::filesystem::path cookie_file() const;
    std::filesystem::path reader_file() const;
    std::filesystem::path socket_file() const;

    // The admin cookie: made on the first start, then kept.
    std::string cookie() const;
    // The secret that may only read, which the group of its file may have.
    std::string reader() const;

  private:
    static std::string secret_in(const std::filesystem::path &file, mode_t mode);

    std::filesystem::path directory_;
    std::string node_name_;
};

} // namespace webrocket
