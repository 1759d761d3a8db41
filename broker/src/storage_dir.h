// The files of a node: its database and the cookie that its operator needs.
#pragma once

#include <filesystem>
#include <string>

namespace webrocket {

class StorageDir {
  public:
    // Creates the directory. Throws std::runtime_error with a message for the operator.
    StorageDir(std::filesystem::path directory, std::string node_name);

    std::filesystem::path database_file() const;
    std::filesystem::path cookie_file() const;

    // The admin cookie: made on the first start, then kept.
    std::string cookie() const;

  private:
    std::filesystem::path directory_;
    std::string node_name_;
};

} // namespace webrocket
