// Where the lines go: standard error, which somebody reads, or not. A reader or a disk that stands
// still must cost lines and never a loop, so nothing here waits for longer than a moment: what does
// not go out is kept, and what is too much is dropped and counted.
#pragma once

#include "base/blocking_writer.h"

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <spdlog/sinks/base_sink.h>
#include <string>
#include <string_view>

namespace webrocket {

class LogSink final : public spdlog::sinks::base_sink<std::mutex> {
  public:
    // Of what waits to be written.
    static constexpr std::size_t pending_max = std::size_t{256} << 10;

    // Does not close the descriptor.
    explicit LogSink(int descriptor);
    ~LogSink() override;
    LogSink(const LogSink &) = delete;
    LogSink &operator=(const LogSink &) = delete;

    std::uint64_t dropped() const { return dropped_.load(std::memory_order_relaxed); }
    bool is_pending() const { return is_pending_.load(std::memory_order_relaxed); }
    // Until more of it may go out. False when the time is over first.
    bool wait(std::chrono::milliseconds patience);

  private:
    enum class Kind { blocking, socket, non_blocking };

    void sink_it_(const spdlog::details::log_msg &message) override;
    void flush_() override;

    std::string formatted(const spdlog::details::log_msg &message);
    void put(std::string_view line);
    void tell_of_dropped();
    void drop(std::string_view lines);
    // How much of it went out; all of it when it cannot ever, which counts as dropped.
    std::size_t write_some(std::string_view text);
    std::ptrdiff_t try_to_write(std::string_view text);

    int descriptor_;
    Kind kind_ = Kind::blocking;
    std::optional<BlockingWriter> writer_; // of that kind
    const bool is_terminal_;
    std::string pending_;
    std::uint64_t untold_ = 0;
    std::atomic<std::uint64_t> dropped_ = 0;
    std::atomic<bool> is_pending_ = false;
};

} // namespace webrocket
