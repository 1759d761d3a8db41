#pragma once

#include <chrono>
#include <cstdint>
#include <random>

namespace kn {

/// What an answer's status means for the life of a stream.
enum class Verdict { stream, ended, fatal, retry };

/// When a worker tries again, and when it gives up. It knows no sockets and no clock: the time and
/// the seed of its dice come from outside.
class ReconnectPolicy {
  public:
    using Clock = std::chrono::steady_clock;
    using milliseconds = std::chrono::milliseconds;

    ReconnectPolicy(milliseconds min_delay, milliseconds max_delay, std::uint32_t seed);

    /// @p http_status with a content type that was found right or wrong.
    Verdict judge(long http_status, bool is_event_stream) const noexcept;

    /// The stream's own `retry:`, kept within the caller's bounds.
    void hint(std::uint64_t delay_ms) noexcept;

    void connected(Clock::time_point now) noexcept;
    /// Something came on the connection: an event, or a heartbeat.
    void received_something() noexcept { received_something_ = true; }
    void received_event() noexcept { received_something_ = received_event_ = true; }
    /// The server has ended the stream as HTTP wants it. It may let no stream last for longer.
    void ended_in_order() noexcept { ended_in_order_ = true; }
    bool was_connected() const noexcept { return was_connected_; }

    /// How long to wait after a connection, or the try for one, that ended at @p now. A server's
    /// Retry-After (below 0: none) is a lower bound.
    milliseconds next_delay(Clock::time_point now, std::int64_t retry_after_ms) noexcept;

  private:
    bool was_good(Clock::time_point now) const noexcept;
    milliseconds half_random(milliseconds delay) noexcept;

    const milliseconds min_;
    const milliseconds max_;
    milliseconds base_;
    std::minstd_rand dice_;
    unsigned failures_ = 0;
    bool was_connected_ = false; // ever
    bool is_connected_ = false;
    // On this connection:
    bool received_something_ = false;
    bool received_event_ = false;
    bool ended_in_order_ = false;
    Clock::time_point connected_at_;
};

} // namespace kn
