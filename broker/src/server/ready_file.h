// The file that tells others that the server is ready, for as long as it is.
#pragma once

#include <filesystem>
#include <string>

namespace webrocket {

class ReadyFile {
  public:
    // Removes what a server that was killed has left behind, and sees whether another could be
    // written there. An empty path: no file is wanted.
    // Throws std::runtime_error with a message for the operator, as write() does.
    explicit ReadyFile(std::filesystem::path file);
    ~ReadyFile() { withdraw(); }
    ReadyFile(const ReadyFile &) = delete;
    ReadyFile &operator=(const ReadyFile &) = delete;

    bool is_wanted() const { return !file_.empty(); }
    void write(const std::string &content);
    void withdraw();

  private:
    std::filesystem::path file_;
    bool is_written_ = false;
};

} // namespace webrocket
