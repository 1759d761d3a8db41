#include "trusted_file.h"

#include "admin_client.h"
#include "base/secrets.h"

#include <array>
#include <cerrno>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

namespace webrocket {
namespace {

std::string reason(int error) { return std::generic_category().message(error); }

class Descriptor {
  public:
    explicit Descriptor(int number) : number_(number) {}
    ~Descriptor() {
        if (number_ >= 0)
            ::close(number_);
    }
    Descriptor(const Descriptor &) = delete;
    Descriptor &operator=(const Descriptor &) = delete;

    int number() const { return number_; }

  private:
    int number_;
};

struct stat status_of(int descriptor, const std::string &file) {
    struct stat status {};
    if (::fstat(descriptor, &status) != 0)
        throw AdminError(fmt::format("couldn't look at {}: {}", file, reason(errno)));
    return status;
}

// Root's, one's own, or of whoever owns the directory: the server's user.
void require_owner(const struct stat &file, const struct stat &directory, const std::string &name) {
    if (file.st_uid != 0 && file.st_uid != ::geteuid() && file.st_uid != directory.st_uid)
        throw AdminError(fmt::format("{} belongs to user {}, and its directory to user {}; "
                                     "it is not used",
                                     name, file.st_uid, directory.st_uid));
}

// Another name of some file of root's would pass for root's own.
void require_plain_file(const struct stat &file, const std::string &name) {
    if (!S_ISREG(file.st_mode))
        throw AdminError(name + " is not a regular file; it is not used");
    if (file.st_nlink != 1)
        throw AdminError(name + " has another name as well (a hard link); it is not used");
    if ((file.st_mode & (S_IWGRP | S_IRWXO)) != 0)
        throw AdminError(
            fmt::format("{} is open to other users (mode {:04o}); close it with: chmod 600 {}",
                        name, file.st_mode & 07777, name));
}

std::string read_some(int descriptor, const std::string &name) {
    std::array<char, 64> bytes{}; // more than a cookie and the end of a line
    const ssize_t count = ::read(descriptor, bytes.data(), bytes.size());
    if (count < 0)
        throw AdminError(fmt::format("couldn't read the cookie file {}: {}", name, reason(errno)));
    return {bytes.data(), static_cast<std::size_t>(count)};
}

[[noreturn]] void fail_to_open(const std::string &name, int error) {
    if (error == ELOOP || error == EMLINK)
        throw AdminError(name + " is a symbolic link; it is not followed");
    throw AdminError(fmt::format("couldn't read the cookie file {}: {}", name, reason(error)));
}

[[noreturn]] void fail_to_find_socket(const std::string &file, int error) {
    const char *hint =
        error == EACCES
            ? "; only root and the server's user may use it, others need --admin-addr and the "
              "cookie"
            : "; --storage-dir, --node or --admin-socket say where a running server has it";
    throw AdminError(fmt::format("couldn't reach the server: {}: {}{}", file, reason(error), hint));
}

std::string directory_of(const std::string &file) {
    const auto slash = file.rfind('/');
    if (slash == std::string::npos)
        return ".";
    return slash == 0 ? "/" : file.substr(0, slash);
}

} // namespace

std::string read_cookie_file(const std::string &directory, const std::string &name) {
    const std::string file = directory + "/" + name;
    const Descriptor folder(::open(directory.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (folder.number() < 0)
        fail_to_open(file, errno);
    // A pipe in its place must not keep us waiting.
    const Descriptor cookie(
        ::openat(folder.number(), name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
    if (cookie.number() < 0)
        fail_to_open(file, errno);
    const auto status = status_of(cookie.number(), file);
    require_plain_file(status, file);
    require_owner(status, status_of(folder.number(), directory), file);
    std::string text = read_some(cookie.number(), file);
    while (text.ends_with('\n') || text.ends_with('\r'))
        text.pop_back();
    if (!has_form_of_cookie(text))
        throw AdminError("there is no cookie in " + file);
    return text;
}

TrustedSocket::TrustedSocket(const std::string &file)
    : descriptor_(::open(file.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC)) {
    if (descriptor_ < 0)
        fail_to_find_socket(file, errno);
    try {
        const auto status = status_of(descriptor_, file);
        if (S_ISLNK(status.st_mode))
            throw AdminError(file + " is a symbolic link; it is not followed");
        if (!S_ISSOCK(status.st_mode))
            throw AdminError(file + " is not a socket; it is not used");
        const Descriptor folder(
            ::open(directory_of(file).c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
        require_owner(status, status_of(folder.number(), directory_of(file)), file);
    } catch (...) {
        ::close(descriptor_);
        throw;
    }
}

TrustedSocket::~TrustedSocket() { ::close(descriptor_); }

std::string TrustedSocket::path() const { return fmt::format("/proc/self/fd/{}", descriptor_); }

} // namespace webrocket
