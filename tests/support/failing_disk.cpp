// A disk that fails, for a program that this is preloaded into (LD_PRELOAD).
//
// FAILING_DISK names a file of 4096 bytes, which is looked at with every call; whoever tests writes
// words into it, separated by blanks, the rest zeros:
//   write=ENOSPC sync=EIO     these fail; an error's name or number
//   stall_write=2000 stall_sync=2000   these take so many milliseconds longer
//   short                     a write takes one byte of what it is given
//   free=1000                 so many bytes are free, statvfs says
// It concerns the directory FAILING_DISK_UNDER and what is in it, and nothing else.
//
// With FAILING_DISK_DURABLE, a directory, what the power could not take away is kept there: of each
// file what was written before it was last synced, by the number of its inode, and in `names` which
// names the directory under FAILING_DISK_UNDER had when that was last synced, a line each: inode,
// blank, name.
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdarg>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <dirent.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <map>
#include <mutex>
#include <string>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <thread>
#include <unistd.h>
#include <vector>

namespace {

constexpr std::size_t control_size = 4096;

template <typename Function>
Function next(const char *name) {
    return reinterpret_cast<Function>(dlsym(RTLD_NEXT, name));
}

using Pwrite = ssize_t (*)(int, const void *, std::size_t, off_t);
using Sync = int (*)(int);

const Pwrite real_pwrite = next<Pwrite>("pwrite64");
const Sync real_fdatasync = next<Sync>("fdatasync");
const Sync real_fsync = next<Sync>("fsync");

std::string variable(const char *name) {
    const char *value = std::getenv(name);
    return value == nullptr ? std::string() : value;
}

const std::string &under() {
    static const std::string path = variable("FAILING_DISK_UNDER");
    return path;
}

const std::string &durable() {
    static const std::string path = variable("FAILING_DISK_DURABLE");
    return path;
}

// What is asked for now.
std::string control() {
    static const char *const mapped = [] {
        const int file = ::open(variable("FAILING_DISK").c_str(), O_RDONLY | O_CLOEXEC);
        void *memory =
            file < 0 ? MAP_FAILED : mmap(nullptr, control_size, PROT_READ, MAP_SHARED, file, 0);
        return memory == MAP_FAILED ? "" : static_cast<const char *>(memory);
    }();
    return {mapped, strnlen(mapped, control_size)};
}

// The value of `word=value`; "" for a word without one, nothing if it is not there.
bool asked(const char *word, std::string &value) {
    const std::string text = " " + control() + " ";
    const std::string wanted = std::string(" ") + word;
    for (std::size_t at = text.find(wanted); at != std::string::npos;
         at = text.find(wanted, at + 1)) {
        const std::size_t behind = at + wanted.size();
        if (text[behind] != '=' && text[behind] != ' ')
            continue;
        value = text[behind] == '=' ? text.substr(behind + 1, text.find(' ', behind) - behind - 1)
                                    : std::string();
        return true;
    }
    return false;
}

int asked_error(const char *word) {
    std::string value;
    if (!asked(word, value))
        return 0;
    if (value == "ENOSPC")
        return ENOSPC;
    if (value == "EIO")
        return EIO;
    if (value == "EDQUOT")
        return EDQUOT;
    return std::atoi(value.c_str());
}

void stall(const char *word) {
    std::string value;
    if (asked(word, value))
        std::this_thread::sleep_for(std::chrono::milliseconds(std::atoi(value.c_str())));
}

bool is_concerned(int descriptor) {
    if (under().empty())
        return false;
    char path[4096];
    const std::string link = "/proc/self/fd/" + std::to_string(descriptor);
    const ssize_t size = readlink(link.c_str(), path, sizeof path);
    const std::string whole(path, size > 0 ? static_cast<std::size_t>(size) : 0);
    return whole == under() || whole.starts_with(under() + "/");
}

// Of a file, what was written since it was synced.
struct Range {
    off_t offset;
    std::size_t size;
};
std::mutex ranges_mutex;
std::map<ino_t, std::vector<Range>> ranges;

void note_write(int descriptor, off_t offset, ssize_t size) {
    struct stat status {};
    if (durable().empty() || size <= 0 || fstat(descriptor, &status) != 0)
        return;
    const std::lock_guard lock(ranges_mutex);
    ranges[status.st_ino].push_back({offset, static_cast<std::size_t>(size)});
}

std::vector<Range> take_ranges(ino_t inode) {
    const std::lock_guard lock(ranges_mutex);
    std::vector<Range> taken;
    std::swap(taken, ranges[inode]);
    return taken;
}

void keep_names() {
    std::string lines;
    DIR *directory = opendir(under().c_str());
    if (directory == nullptr)
        return;
    while (const dirent *entry = readdir(directory))
        if (entry->d_name[0] != '.')
            lines += std::to_string(entry->d_ino) + " " + entry->d_name + "\n";
    closedir(directory);
    const std::string aside = durable() + "/names.new";
    const int file = ::open(aside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (file < 0 || real_pwrite(file, lines.data(), lines.size(), 0) < 0)
        std::abort();
    close(file);
    std::rename(aside.c_str(), (durable() + "/names").c_str());
}

// After a sync that was done: `taken` was written before it.
void keep_content(int descriptor, const struct stat &status, const std::vector<Range> &taken) {
    const std::string name = durable() + "/" + std::to_string(status.st_ino);
    const int file = ::open(name.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    if (file < 0 || ftruncate(file, status.st_size) != 0)
        std::abort();
    std::string bytes;
    for (const Range &range : taken) {
        bytes.resize(range.size);
        const ssize_t got = pread(descriptor, bytes.data(), range.size, range.offset);
        if (got > 0 &&
            real_pwrite(file, bytes.data(), static_cast<std::size_t>(got), range.offset) != got)
            std::abort();
    }
    close(file);
}

// A new file may have the number of one that is gone.
void forget_content(int descriptor) {
    struct stat status {};
    if (durable().empty() || !is_concerned(descriptor) || fstat(descriptor, &status) != 0)
        return;
    take_ranges(status.st_ino);
    unlink((durable() + "/" + std::to_string(status.st_ino)).c_str());
}

int sync_by(Sync real, int descriptor) {
    if (!is_concerned(descriptor))
        return real(descriptor);
    stall("stall_sync");
    if (const int error = asked_error("sync")) {
        errno = error;
        return -1;
    }
    struct stat status {};
    const bool is_kept = !durable().empty() && fstat(descriptor, &status) == 0;
    const std::vector<Range> taken = is_kept ? take_ranges(status.st_ino) : std::vector<Range>();
    const int result = real(descriptor);
    if (result == 0 && is_kept && S_ISDIR(status.st_mode))
        keep_names();
    else if (result == 0 && is_kept)
        keep_content(descriptor, status, taken);
    return result;
}

} // namespace

extern "C" {

ssize_t pwrite64(int descriptor, const void *bytes, std::size_t size, off_t offset) {
    if (!is_concerned(descriptor))
        return real_pwrite(descriptor, bytes, size, offset);
    stall("stall_write");
    if (const int error = asked_error("write")) {
        errno = error;
        return -1;
    }
    std::string ignored;
    const ssize_t written =
        real_pwrite(descriptor, bytes, size > 1 && asked("short", ignored) ? 1 : size, offset);
    note_write(descriptor, offset, written);
    return written;
}

ssize_t pwrite(int descriptor, const void *bytes, std::size_t size, off_t offset) {
    return pwrite64(descriptor, bytes, size, offset);
}

int fallocate64(int descriptor, int mode, off_t offset, off_t size) {
    if (is_concerned(descriptor))
        if (const int error = asked_error("write")) {
            errno = error;
            return -1;
        }
    static const auto real = next<int (*)(int, int, off_t, off_t)>("fallocate64");
    return real(descriptor, mode, offset, size);
}

int fallocate(int descriptor, int mode, off_t offset, off_t size) {
    return fallocate64(descriptor, mode, offset, size);
}

int open64(const char *path, int flags, ...) {
    static const auto real = next<int (*)(const char *, int, ...)>("open64");
    va_list arguments;
    va_start(arguments, flags);
    const mode_t mode = (flags & O_CREAT) != 0 ? va_arg(arguments, mode_t) : 0;
    va_end(arguments);
    const int descriptor = real(path, flags, mode);
    if (descriptor >= 0 && (flags & O_EXCL) != 0)
        forget_content(descriptor);
    return descriptor;
}

int open(const char *path, int flags, ...) {
    va_list arguments;
    va_start(arguments, flags);
    const mode_t mode = (flags & O_CREAT) != 0 ? va_arg(arguments, mode_t) : 0;
    va_end(arguments);
    return open64(path, flags, mode);
}

int fdatasync(int descriptor) { return sync_by(real_fdatasync, descriptor); }
int fsync(int descriptor) { return sync_by(real_fsync, descriptor); }

int statvfs64(const char *path, struct statvfs64 *status) {
    static const auto real = next<int (*)(const char *, struct statvfs64 *)>("statvfs64");
    const int result = real(path, status);
    std::string value;
    if (result == 0 && !under().empty() && std::string(path).starts_with(under()) &&
        asked("free", value))
        status->f_bavail = std::strtoull(value.c_str(), nullptr, 10) / status->f_frsize;
    return result;
}

int statvfs(const char *path, struct statvfs *status) {
    return statvfs64(path, reinterpret_cast<struct statvfs64 *>(status));
}

} // extern "C"
