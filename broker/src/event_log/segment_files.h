// The files of the event log's segments: their names, making and finding them.
#pragma once

#include "event_log/log_files.h"
#include "event_log/segment.h"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <vector>

namespace webrocket {

class SegmentFiles {
  public:
    SegmentFiles(std::filesystem::path directory, LogFiles &files)
        : directory_(std::move(directory)), files_(files) {}

    const std::filesystem::path &directory() const { return directory_; }
    std::filesystem::path path(std::uint64_t number) const;
    // In order.
    std::vector<std::uint64_t> numbers() const;

    std::shared_ptr<LogFile> open(std::uint64_t number) const; // null: errno says why
    // An empty one with so much room. An error number, and then there is no such file. Waits for no
    // disk: sync_directory() has to be done before what is in it is counted on.
    int create(std::uint64_t number, std::uint64_t size, std::shared_ptr<LogFile> &file) const;
    int sync_directory() const;
    int remove(std::uint64_t number) const;
    // So that nobody takes it for one of the log's any more.
    void set_aside(std::uint64_t number) const;

  private:
    std::filesystem::path directory_;
    LogFiles &files_;
};

} // namespace webrocket
