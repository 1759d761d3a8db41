#include "event_log/segment.h"

#include <cerrno>

namespace webrocket {

int LogFile::write(std::string_view bytes, std::uint64_t offset) {
    while (!bytes.empty()) {
        const ssize_t written = files_.write(descriptor_, bytes.data(), bytes.size(), offset);
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return written < 0 ? errno : ENOSPC;
        bytes.remove_prefix(static_cast<std::size_t>(written));
        offset += static_cast<std::uint64_t>(written);
    }
    return 0;
}

bool LogFile::read(std::string &bytes, std::size_t size, std::uint64_t offset) {
    bytes.resize(size);
    const auto done = read(bytes.data(), size, offset);
    bytes.resize(done.value_or(0));
    return done.has_value();
}

std::optional<std::size_t> LogFile::read(char *bytes, std::size_t size, std::uint64_t offset) {
    std::size_t done = 0;
    while (done < size) {
        const ssize_t got = files_.read(descriptor_, bytes + done, size - done, offset + done);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return std::nullopt;
        if (got == 0)
            break;
        done += static_cast<std::size_t>(got);
    }
    return done;
}

} // namespace webrocket
