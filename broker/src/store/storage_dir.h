// The files of a node: its database and the cookie that its operator needs.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <sys/types.h>

namespace webrocket {

inline constexpr const char *default_node_name = "webrocket";

// The files of a node are called by its name.
bool is_valid_node_name(std::string_view name);

// Whose storage is meant when nobody says so: that of the default name, or the only one that is in
// the directory. Throws std::runtime_error when there are several others.
std::string find_node(const std::filesystem::path &directory);

class StorageDir {
  public:
    // What is to be done with it: to look leaves everything as it is.
    enum class Use { take, look };

    // Creates the directory, and refuses one that others may change. An empty name is found.
    // Throws std::runtime_error with a message for the operator; so does a look at one that could
    // not be created.
    StorageDir(std::filesystem::path directory, std::string node_name, Use use = Use::take);

    std::filesystem::path database_file() const;
    // Of the log of events.
    std::filesystem::path events_directory() const;
    std::filesystem::path cookie_file() const;
    std::filesystem::path reader_file() const;
    std::filesystem::path socket_file() const;

    // The admin cookie: made on the first start, then kept.
    std::string cookie() const;
    // The secret that may only read, which the group of its file may have.
    std::string reader() const;

    // Of what is there already: each throws as its use would.
    void look_at_directory() const;
    void look_at_database() const;
    void look_at_events() const;
    static void look_at_secret(const std::filesystem::path &file);

  private:
    static std::string secret_in(const std::filesystem::path &file, mode_t mode);

    std::filesystem::path directory_;
    std::string node_name_;
};

} // namespace webrocket
