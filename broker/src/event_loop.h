// One loop: its connections, its timers, and the buffers that they share because only one of them
// runs at a time.
#pragma once

#include "frame_decoder.h"

#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/intrusive/list.hpp>
#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace webrocket {

class Connection;

enum class TimerKind { http_request, linger, websocket_ping, worker_heartbeat };
inline constexpr std::size_t timer_kind_count = 4;

struct TimerIntervals {
    std::chrono::milliseconds http_request{60000};
    std::chrono::milliseconds linger{2000};
    std::chrono::milliseconds websocket_ping{30000};
    std::chrono::milliseconds worker_heartbeat{15000};
};

using LoopHook =
    boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>>;

struct TimerTag;
using TimerHook =
    boost::intrusive::list_base_hook<boost::intrusive::tag<TimerTag>,
                                     boost::intrusive::link_mode<boost::intrusive::auto_unlink>>;

// All waits of one kind are equally long, so a queue in order of arming is in order of expiry.
struct TimerEntry : TimerHook {
    std::chrono::steady_clock::time_point due;
    virtual void on_timer() = 0;

  protected:
    ~TimerEntry() = default;
};

class EventLoop {
  public:
    EventLoop(boost::asio::io_context &io, const TimerIntervals &intervals);
    ~EventLoop();
    EventLoop(const EventLoop &) = delete;
    EventLoop &operator=(const EventLoop &) = delete;

    boost::asio::io_context &io() { return io_; }

    static constexpr std::size_t read_buffer_size = 64 * 1024;
    std::array<char, read_buffer_size> &read_buffer() { return read_buffer_; }

    FrameDecoderPool &decoders() { return decoders_; }

    // Has connection->end_turn() called once everything that is ready now has run.
    void end_turn_with(std::shared_ptr<Connection> connection);

    void arm(TimerEntry &entry, TimerKind kind);
    static void disarm(TimerEntry &entry) { entry.TimerHook::unlink(); }

    void add(Connection &connection);
    std::size_t connection_count() const { return connections_.size(); }
    void for_each_connection(const std::function<void(Connection &)> &action);

    // The value of the HTTP Date header, made at most once a second.
    const std::string &http_date();

  private:
    struct TimerQueue {
        explicit TimerQueue(boost::asio::io_context &io) : timer(io) {}
        std::chrono::milliseconds interval{0};
        boost::intrusive::list<TimerEntry, boost::intrusive::base_hook<TimerHook>,
                               boost::intrusive::constant_time_size<false>>
            entries;
        boost::asio::steady_timer timer;
        bool running = false;
    };

    void end_turn();
    void run_timer(TimerQueue &queue);

    boost::asio::io_context &io_;
    std::array<char, read_buffer_size> read_buffer_;
    FrameDecoderPool decoders_;
    std::vector<std::shared_ptr<Connection>> ending_turn_;
    std::vector<std::shared_ptr<Connection>> ending_turn_now_;
    bool end_turn_posted_ = false;
    std::vector<std::unique_ptr<TimerQueue>> timers_;
    boost::intrusive::list<Connection, boost::intrusive::base_hook<LoopHook>,
                           boost::intrusive::constant_time_size<false>>
        connections_;
    std::string http_date_;
    std::chrono::system_clock::time_point http_date_second_;
};

} // namespace webrocket
