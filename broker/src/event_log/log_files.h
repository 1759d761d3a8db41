// What the event log asks of the system, in one place, so that tests can have it fail.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <sys/types.h>
#include <vector>

namespace webrocket {

// Functions that return an int or a count return -1 and set errno where they fail. Any thread.
class LogFiles {
  public:
    virtual ~LogFiles() = default;

    // With mode 0700; done if there is one.
    virtual int make_directory(const std::filesystem::path &directory) = 0;
    // Of what is in it. Throws std::system_error where it cannot be read.
    virtual std::vector<std::string> names(const std::filesystem::path &directory) = 0;
    // Both with mode 0600; neither follows a symbolic link. `create` refuses a file that is there.
    virtual int create(const std::filesystem::path &file) = 0;
    virtual int open(const std::filesystem::path &file) = 0;
    virtual void close(int descriptor) = 0;
    virtual ssize_t write(int descriptor, const void *bytes, std::size_t size,
                          std::uint64_t offset) = 0;
    virtual ssize_t read(int descriptor, void *bytes, std::size_t size, std::uint64_t offset) = 0;
    // Space for the whole file, so that it cannot run out in the middle. Done where the file system
    // does not know how.
    virtual int allocate(int descriptor, std::uint64_t size) = 0;
    virtual int truncate(int descriptor, std::uint64_t size) = 0;
    virtual int sync(int descriptor) = 0;
    virtual int sync_directory(const std::filesystem::path &directory) = 0;
    virtual int rename(const std::filesystem::path &from, const std::filesystem::path &to) = 0;
    virtual int remove(const std::filesystem::path &file) = 0;
    virtual std::int64_t size(int descriptor) = 0;
    // Bytes that this process may still use there.
    virtual std::int64_t free_bytes(const std::filesystem::path &directory) = 0;
    // Changes whenever the machine starts.
    virtual std::string boot_id() = 0;
};

// The system's own.
LogFiles &system_log_files();

} // namespace webrocket
