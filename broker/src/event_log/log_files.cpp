#include "event_log/log_files.h"

#include "base/private_file.h"

#include <cerrno>
#include <cstdio>
#include <fcntl.h>
#include <fstream>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

namespace webrocket {
namespace {

constexpr mode_t owner_only_directory = 0700;

class SystemLogFiles : public LogFiles {
  public:
    int make_directory(const std::filesystem::path &directory) override {
        return ::mkdir(directory.c_str(), owner_only_directory) == 0 || errno == EEXIST ? 0 : -1;
    }
    std::vector<std::string> names(const std::filesystem::path &directory) override {
        std::vector<std::string> names;
        for (const auto &entry : std::filesystem::directory_iterator(directory))
            names.push_back(entry.path().filename().string());
        return names;
    }
    int create(const std::filesystem::path &file) override {
        return ::open(file.c_str(), O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, owner_only);
    }
    int open(const std::filesystem::path &file) override {
        return ::open(file.c_str(), O_RDWR | O_NOFOLLOW | O_CLOEXEC);
    }
    void close(int descriptor) override { ::close(descriptor); }
    ssize_t write(int descriptor, const void *bytes, std::size_t size,
                  std::uint64_t offset) override {
        return ::pwrite(descriptor, bytes, size, static_cast<off_t>(offset));
    }
    ssize_t read(int descriptor, void *bytes, std::size_t size, std::uint64_t offset) override {
        return ::pread(descriptor, bytes, size, static_cast<off_t>(offset));
    }
    int allocate(int descriptor, std::uint64_t size) override {
        const int result = ::fallocate(descriptor, 0, 0, static_cast<off_t>(size));
        const bool is_unknown = errno == EOPNOTSUPP || errno == ENOSYS || errno == EINVAL;
        return result != 0 && is_unknown ? 0 : result;
    }
    int truncate(int descriptor, std::uint64_t size) override {
        return ::ftruncate(descriptor, static_cast<off_t>(size));
    }
    int sync(int descriptor) override { return ::fdatasync(descriptor); }
    int sync_directory(const std::filesystem::path &directory) override {
        const int descriptor = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (descriptor < 0)
            return -1;
        const int result = ::fsync(descriptor);
        const int error = errno;
        ::close(descriptor);
        errno = error;
        return result;
    }
    int rename(const std::filesystem::path &from, const std::filesystem::path &to) override {
        return std::rename(from.c_str(), to.c_str());
    }
    int remove(const std::filesystem::path &file) override { return ::unlink(file.c_str()); }
    std::int64_t size(int descriptor) override {
        struct stat status {};
        return ::fstat(descriptor, &status) == 0 ? status.st_size : -1;
    }
    std::int64_t free_bytes(const std::filesystem::path &directory) override {
        struct statvfs status {};
        if (::statvfs(directory.c_str(), &status) != 0)
            return -1;
        return static_cast<std::int64_t>(status.f_bavail * status.f_frsize);
    }
    std::string boot_id() override {
        std::ifstream file("/proc/sys/kernel/random/boot_id");
        std::string id;
        std::getline(file, id);
        return id;
    }
};

} // namespace

LogFiles &system_log_files() {
    static SystemLogFiles files;
    return files;
}

} // namespace webrocket
