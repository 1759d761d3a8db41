#ifndef SUPPORT_CHILD_PROCESS_HPP
#define SUPPORT_CHILD_PROCESS_HPP

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

namespace support {

/// A program in the background. It never outlives the thread that started it, however that ends.
class child_process {
  public:
    /// Its output is appended to a file. @p command begins with the program's path.
    child_process(const std::vector<std::string> &command, const std::filesystem::path &output);
    /// SIGKILL, if it is still running.
    ~child_process();
    child_process(const child_process &) = delete;
    child_process &operator=(const child_process &) = delete;

    bool has_ended();
    void send(int signal);
    /// Sends a signal and waits for the end; what waitpid() says about it.
    int end_with(int signal);

  private:
    pid_t pid_;
    std::optional<int> status_; // once it has ended
};

} // namespace support

#endif
