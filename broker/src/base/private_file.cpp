#include "base/private_file.h"

#include <array>
#include <cerrno>
#include <fcntl.h>
#include <spdlog/spdlog.h>
#include <stdexcept>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace webrocket {
namespace {

[[noreturn]] void fail(const std::string &what, const std::filesystem::path &file, int error) {
    if (error == ELOOP)
        throw std::runtime_error(what + " " + file.string() +
                                 ": it is a symbolic link, which is not followed; --storage-dir "
                                 "says where the files themselves are");
    throw std::runtime_error(what + " " + file.string() + ": " +
                             std::generic_category().message(error));
}

class Descriptor {
  public:
    Descriptor(const std::filesystem::path &file, int flags)
        : number_(::open(file.c_str(), flags | O_NOFOLLOW | O_CLOEXEC, owner_only)) {}
    ~Descriptor() {
        if (number_ >= 0)
            ::close(number_);
    }
    Descriptor(Descriptor &&other) noexcept : number_(std::exchange(other.number_, -1)) {}
    Descriptor &operator=(Descriptor &&) = delete;

    bool is_open() const { return number_ >= 0; }
    int number() const { return number_; }

  private:
    int number_;
};

// A group may have been let in on purpose; everybody has not.
void close_to_others(const Descriptor &descriptor, const std::filesystem::path &file) {
    struct stat status {};
    if (::fstat(descriptor.number(), &status) != 0 || !S_ISREG(status.st_mode) ||
        (status.st_mode & S_IRWXO) == 0)
        return;
    if (::fchmod(descriptor.number(), status.st_mode & 07777 & ~mode_t{S_IRWXO}) == 0)
        spdlog::warn("{} was open to every user of this machine; it no longer is", file.string());
    else
        spdlog::warn("{} is open to every user of this machine", file.string());
}

std::filesystem::path draft_of(std::filesystem::path file) { return file += ".new"; }

Descriptor make_draft(const std::filesystem::path &draft) {
    ::unlink(draft.c_str());
    Descriptor descriptor(draft, O_WRONLY | O_CREAT | O_EXCL);
    if (!descriptor.is_open())
        fail("cannot create", draft, errno);
    return descriptor;
}

std::string read_all(const Descriptor &descriptor, const std::filesystem::path &file) {
    std::string content;
    std::array<char, 4096> piece{};
    while (true) {
        const ssize_t count = ::read(descriptor.number(), piece.data(), piece.size());
        if (count < 0 && errno != EINTR)
            fail("cannot read", file, errno);
        if (count == 0)
            return content;
        if (count > 0)
            content.append(piece.data(), static_cast<std::size_t>(count));
    }
}

void write_all(const Descriptor &descriptor, const std::string &content,
               const std::filesystem::path &file) {
    std::size_t done = 0;
    while (done < content.size()) {
        const ssize_t count =
            ::write(descriptor.number(), content.data() + done, content.size() - done);
        if (count < 0 && errno != EINTR)
            fail("cannot write", file, errno);
        if (count > 0)
            done += static_cast<std::size_t>(count);
    }
    if (::fsync(descriptor.number()) != 0)
        fail("cannot write", file, errno);
}

} // namespace

void ensure_private_file(const std::filesystem::path &file) {
    const Descriptor descriptor(file, O_RDWR | O_CREAT);
    if (!descriptor.is_open())
        fail("cannot open", file, errno);
    close_to_others(descriptor, file);
}

std::string read_private_file(const std::filesystem::path &file) {
    const Descriptor descriptor(file, O_RDONLY);
    if (!descriptor.is_open())
        fail("cannot read", file, errno);
    close_to_others(descriptor, file);
    return read_all(descriptor, file);
}

std::string look_into_private_file(const std::filesystem::path &file) {
    const Descriptor descriptor(file, O_RDONLY | O_NONBLOCK);
    if (!descriptor.is_open())
        fail("cannot read", file, errno);
    return read_all(descriptor, file);
}

void require_usable_file(const std::filesystem::path &file) {
    const Descriptor descriptor(file, O_RDWR | O_NONBLOCK);
    if (!descriptor.is_open() && errno != ENOENT)
        fail("cannot open", file, errno);
}

void require_usable_directory(const std::filesystem::path &directory) {
    const std::filesystem::path there = directory.empty() ? "." : directory;
    if (!std::filesystem::is_directory(there))
        fail("cannot use the directory", there, std::filesystem::exists(there) ? ENOTDIR : ENOENT);
    if (::faccessat(AT_FDCWD, there.c_str(), W_OK | X_OK, AT_EACCESS) != 0)
        fail("cannot use the directory", there, errno);
}

void require_place_for_private_file(const std::filesystem::path &file) {
    const std::filesystem::path draft = draft_of(file);
    const Descriptor descriptor = make_draft(draft);
    ::unlink(draft.c_str());
}

void write_private_file(const std::filesystem::path &file, const std::string &content,
                        mode_t mode) {
    const std::filesystem::path draft = draft_of(file);
    try {
        const Descriptor descriptor = make_draft(draft);
        if (::fchmod(descriptor.number(), mode) != 0)
            fail("cannot write", draft, errno);
        write_all(descriptor, content, draft);
        if (::rename(draft.c_str(), file.c_str()) != 0)
            fail("cannot write", file, errno);
    } catch (...) {
        ::unlink(draft.c_str());
        throw;
    }
}

} // namespace webrocket
