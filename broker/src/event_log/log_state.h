// What the event log has to know of itself before it has read its files: its epoch, which SEQs may
// have been given out, and how it was stopped. A small file, replaced in one step.
#pragma once

#include "event_log/log_files.h"

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <mutex>
#include <string>
#include <string_view>

namespace webrocket {

inline constexpr std::uint64_t sequence_block = 65536;

// Any thread, but for load().
class LogState {
  public:
    struct Content {
        std::string epoch;          // empty: there is no log yet
        std::uint64_t reserved = 0; // SEQs up to this one may be given out
        // Of a clean stop; 0 while the log is in use, and after any other end.
        std::uint64_t next_sequence = 0;
        std::uint64_t last_file = 0;
        std::uint64_t last_end = 0; // of that file
        std::string boot_id;
    };
    enum class Loaded : std::uint8_t { nothing, good, damaged };

    LogState(std::filesystem::path directory, LogFiles &files);

    // What is there. Throws std::runtime_error where it cannot be read.
    Loaded load();
    const Content &content() const { return content_; }

    // These write it, synced, and return 0 or an error number; then nothing has changed.
    int begin(const std::string &epoch, std::uint64_t first_sequence);
    // Has SEQs up to this one, at least, reserved in whole blocks.
    int reserve(std::uint64_t sequence);
    int stop(std::uint64_t next_sequence, std::uint64_t last_file, std::uint64_t last_end);

    // One look, without a lock.
    std::uint64_t reserved() const { return reserved_.load(std::memory_order_acquire); }

  private:
    int write(const Content &content);
    int write_aside(std::string_view bytes, const std::filesystem::path &path);

    const std::filesystem::path directory_;
    LogFiles &files_;
    std::mutex mutex_;
    Content content_;
    std::atomic<std::uint64_t> reserved_{0};
};

} // namespace webrocket
