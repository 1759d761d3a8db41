#include "base/log_sink.h"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <fmt/format.h>
#include <limits.h>
#include <poll.h>
#include <string>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

namespace webrocket {
namespace {

bool is_kind(int descriptor, mode_t kind) {
    struct stat status {};
    return ::fstat(descriptor, &status) == 0 && (status.st_mode & S_IFMT) == kind;
}

std::string_view color_of(spdlog::level::level_enum level) {
    switch (level) {
    case spdlog::level::critical:
    case spdlog::level::err:
        return "\033[31m";
    case spdlog::level::warn:
        return "\033[33m";
    case spdlog::level::info:
        return "\033[32m";
    default:
        return "\033[36m";
    }
}

constexpr std::string_view no_color = "\033[m";

} // namespace

// Others may write to the same pipe or terminal, and expect it to wait for them: it is opened once
// more to be told otherwise. Where that is not allowed, or would not help, as with files, somebody
// else waits.
LogSink::LogSink(int descriptor)
    : descriptor_(descriptor), is_terminal_(::isatty(descriptor) == 1) {
    if (is_kind(descriptor, S_IFSOCK)) {
        kind_ = Kind::socket;
    } else if (is_kind(descriptor, S_IFIFO) || is_terminal_) {
        const auto path = "/proc/self/fd/" + std::to_string(descriptor);
        const int own = ::open(path.c_str(), O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
        if (own >= 0) {
            descriptor_ = own;
            kind_ = Kind::non_blocking;
        }
    }
    if (kind_ == Kind::blocking)
        writer_.emplace(descriptor_);
}

LogSink::~LogSink() {
    if (kind_ == Kind::non_blocking)
        ::close(descriptor_);
}

void LogSink::sink_it_(const spdlog::details::log_msg &message) {
    flush_();
    put(formatted(message));
}

void LogSink::flush_() {
    while (!pending_.empty()) {
        const auto count = write_some(pending_);
        if (count == 0)
            return;
        pending_.erase(0, count);
    }
    is_pending_ = false;
    if (untold_ > 0)
        tell_of_dropped();
}

std::string LogSink::formatted(const spdlog::details::log_msg &message) {
    spdlog::memory_buf_t buffer;
    formatter_->format(message, buffer);
    std::string line(buffer.data(), buffer.size());
    if (is_terminal_ && message.color_range_end > message.color_range_start) {
        line.insert(message.color_range_end, no_color);
        line.insert(message.color_range_start, color_of(message.level));
    }
    return line;
}

// The lines keep their order: none overtakes what waits.
void LogSink::put(std::string_view line) {
    if (pending_.empty())
        line.remove_prefix(write_some(line));
    if (line.empty())
        return;
    if (!pending_.empty() && pending_.size() + line.size() > pending_max) {
        drop(line);
        return;
    }
    pending_.append(line);
    is_pending_ = true;
}

void LogSink::drop(std::string_view lines) {
    const auto count = static_cast<std::uint64_t>(std::count(lines.begin(), lines.end(), '\n'));
    untold_ += count;
    dropped_.fetch_add(count, std::memory_order_relaxed);
}

void LogSink::tell_of_dropped() {
    const auto text =
        fmt::format("{} lines of the log were dropped: whoever reads it did not keep up", untold_);
    untold_ = 0;
    put(formatted({spdlog::string_view_t(), spdlog::level::warn, text}));
}

std::size_t LogSink::write_some(std::string_view text) {
    std::size_t written = 0;
    while (written < text.size()) {
        // A pipe takes so much in one piece or not at all.
        const auto piece = text.substr(written, PIPE_BUF);
        const auto count = try_to_write(piece);
        if (count > 0)
            written += static_cast<std::size_t>(count);
        else if (errno == EAGAIN || errno == EWOULDBLOCK)
            return written;
        else if (count == 0 || errno != EINTR)
            break;
    }
    // Nobody is there to read, or the disk is full: the next line may have better luck.
    drop(text.substr(written));
    return text.size();
}

bool LogSink::wait(std::chrono::milliseconds patience) {
    if (writer_)
        return writer_->wait(patience);
    pollfd wanted{descriptor_, POLLOUT, 0};
    return ::poll(&wanted, 1, static_cast<int>(patience.count())) > 0;
}

std::ptrdiff_t LogSink::try_to_write(std::string_view text) {
    errno = 0;
    if (kind_ == Kind::socket)
        return ::send(descriptor_, text.data(), text.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (writer_)
        return writer_->write(text);
    return ::write(descriptor_, text.data(), text.size());
}

} // namespace webrocket
