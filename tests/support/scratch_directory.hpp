#ifndef SUPPORT_SCRATCH_DIRECTORY_HPP
#define SUPPORT_SCRATCH_DIRECTORY_HPP

#include <filesystem>

namespace support {

/// A directory that goes with its object, and everything in it.
class scratch_directory {
  public:
    scratch_directory();
    ~scratch_directory();
    scratch_directory(const scratch_directory &) = delete;
    scratch_directory &operator=(const scratch_directory &) = delete;

    const std::filesystem::path &path() const noexcept { return path_; }

  private:
    std::filesystem::path path_;
};

} // namespace support

#endif
