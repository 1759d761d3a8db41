// One loop, with a thread of its own: its connections, its timers, the buffers that they share
// because only one of them runs at a time, and a mailbox for what other threads have for them.
#pragma once

#include "base/without_exceptions.h"
#include "net/loop_local.h"
#include "net/port.h"
#include "net/ready_set.h"
#include "net/refusals.h"
#include "net/shared_bytes.h"
#include "net/socket.h"
#include "net/turns.h"

#include <array>
#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/intrusive/list.hpp>
#include <boost/smart_ptr/intrusive_ptr.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <vector>

namespace webrocket {

class Connection;
class EventLoop;
class MemoryBudget;

// Counted by its loop alone.
using ConnectionPtr = boost::intrusive_ptr<Connection>;

using LoopHook =
    boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>>;

struct TimerTag;
using TimerHook =
    boost::intrusive::list_base_hook<boost::intrusive::tag<TimerTag>,
                                     boost::intrusive::link_mode<boost::intrusive::auto_unlink>>;

struct TimerEntry : TimerHook {
    std::chrono::steady_clock::time_point due;
    virtual void on_timer() = 0;

  protected:
    ~TimerEntry() = default;
};

struct Letter;

// Something that has to happen on a loop.
class Addressee {
  public:
    // Of letters that come one after the other to one addressee.
    static constexpr std::size_t letters_max = 64;

    virtual ~Addressee() = default;
    virtual void receive(std::span<const Letter> letters, EventLoop &loop) = 0;
};

struct Letter {
    std::shared_ptr<Addressee> to;
    SharedBytes bytes;
    std::uint64_t number = 0;
};

// What is published goes to a channel's listeners and to a worker's stream, in turn. Each kind has
// a lane of its own, so that those to one addressee come together.
enum class Lane : std::uint8_t { pages, streams };
inline constexpr std::size_t lane_count = 2;

// Counted by the loop, read by whoever asks for metrics.
class Counter {
  public:
    void add(std::uint64_t amount) {
        value_.store(value_.load(std::memory_order_relaxed) + amount, std::memory_order_relaxed);
    }
    std::uint64_t value() const { return value_.load(std::memory_order_relaxed); }

  private:
    std::atomic<std::uint64_t> value_ = 0;
};

struct PortFigures {
    Counter connections_accepted;
    Counter connections_ended;
};

struct LoopFigures {
    std::array<PortFigures, port_count> ports;
    Counter http_requests;
    Counter messages_received;
    Counter frames_sent;
    Counter bytes_received;
    Counter bytes_sent;
    Counter slow_connections_closed;
    Counter messages_refused;

    PortFigures &at(Port port) { return ports[static_cast<std::size_t>(port)]; }
    const PortFigures &at(Port port) const { return ports[static_cast<std::size_t>(port)]; }
};

class EventLoop {
  public:
    EventLoop(std::size_t index, Refusals &refusals, MemoryBudget &memory);
    ~EventLoop();
    EventLoop(const EventLoop &) = delete;
    EventLoop &operator=(const EventLoop &) = delete;

    std::size_t index() const { return index_; }
    boost::asio::io_context &io() { return io_; }
    // Of all loops.
    Refusals &refusals() { return refusals_; }

    // Any thread. Letters to one loop are received in the order in which they were sent, lane by
    // lane. `deliveries` are those for whom it is, as far as that is known.
    void send(Letter letter, Lane lane = Lane::pages, std::size_t deliveries = 1);
    // Whether so much waits in the mailbox that more should not be read from anybody.
    bool is_crowded() const {
        return mailbox_bytes_.load(std::memory_order_relaxed) > mailbox_bytes_max;
    }

    // Any thread.
    template <typename Task>
    void post(Task task) {
        boost::asio::post(io_, std::move(task));
    }

    // The rest is for the loop's own thread.
    static constexpr std::size_t read_buffer_size = std::size_t{64} << 10;
    // As much of it as is read at a time: what cannot be interrupted has to be short where others
    // wait, unless it gives way in another manner.
    std::span<char> read_buffer(bool gives_way) {
        return std::span(read_buffer_)
            .first(turns_.are_shared() && !gives_way ? shared_read_size : read_buffer_size);
    }

    template <typename T>
    T &local() {
        return locals_.get<T>();
    }
    LoopFigures &figures() { return figures_; }
    const LoopFigures &figures() const { return figures_; }

    // Keeps the connection until remove(), and tells it of its socket's input and room.
    void add(Connection &connection, const Socket &socket);
    static void remove(Connection &connection);
    bool has_connections() const { return !connections_.empty(); }
    void for_each_connection(const std::function<void(Connection &)> &action);

    // Has it served once more, after the others: there is something left to read.
    void serve_again(Connection &connection);
    // Has connection->end_turn() called once everything that is ready now has run.
    void end_turn_with(Connection &connection);

    // There are as many lengths of waits as the options give, a dozen: none is a stranger's choice.
    void arm(TimerEntry &entry, std::chrono::milliseconds wait);
    // A connection could not say that it ends.
    void sweep_aborted_later() { some_are_aborted_ = true; }

    // What pages say is read as it comes, as long as a turn does not become long. Then they wait,
    // those of each tenant (a vhost, mostly) in a line of their own, and tenants take turns: one
    // that has thousands of them is not heard more often than one that has ten.
    bool input_has_to_wait() const {
        return !turns_.empty() || work_done() - turn_begin_ > turn_work;
    }
    void put_off_input(Connection &connection, const void *tenant);

    // Clients of HTTP take turns, a moment of the loop's time each: those that find it used up wait
    // in line, until whatever else is ready has been heard. One request may cost what a hundred
    // messages of pages do, and a hundred may come at once.
    bool has_a_line() const { return !line_.empty() || turn_time_ > turn_limit_; }
    void put_in_line(Connection &connection);
    template <typename Call>
    void in_turn(const Call &call) {
        const auto begin = std::chrono::steady_clock::now();
        call();
        turn_time_ += std::chrono::steady_clock::now() - begin;
    }

    static void disarm(TimerEntry &entry) { entry.TimerHook::unlink(); }

  private:
    static constexpr std::size_t mailbox_bytes_max = std::size_t{16} << 20;
    // What is done in a turn, and for one tenant until the next one comes, in bytes that are read;
    // a nanosecond each, about. Each message costs more than its bytes, and so does each delivery
    // of one, though many that come together cost little.
    static constexpr std::uint64_t turn_work = 16'000'000;
    static constexpr std::uint64_t shared_turn_work = 1'000'000;
    static constexpr std::uint64_t work_of_a_tenant = 250'000;
    static constexpr std::uint64_t work_of_message = 3'000;
    static constexpr std::uint64_t work_of_delivery = 30;
    static constexpr std::size_t shared_read_size = 4096;
    static constexpr std::chrono::microseconds turn_limit_min{200};
    static constexpr std::chrono::milliseconds turn_limit_max{2};
    // A message is read, published, and written, in a round each, after one that finds it.
    static constexpr unsigned rounds_of_others = 3;

    // Of waits that are equally long: in order of arming they are in order of expiry.
    struct TimerQueue {
        TimerQueue(boost::asio::io_context &io, std::chrono::milliseconds length)
            : wait(length), timer(io) {}
        const std::chrono::milliseconds wait;
        boost::intrusive::list<TimerEntry, boost::intrusive::base_hook<TimerHook>,
                               boost::intrusive::constant_time_size<false>>
            entries;
        boost::asio::steady_timer timer;
        bool running = false;
    };

    void serve_the_ready();
    void serve_changes();
    void serve_those_put_off();
    std::uint64_t work_done() const {
        return figures_.bytes_received.value() +
               work_of_message * figures_.messages_received.value() +
               work_of_delivery * deliveries_caused_;
    }
    void schedule_end_turn();
    void end_turn();
    void put_listeners_first(std::size_t answered);
    void drop_aborted();
    void post_line();
    void serve_line_after(unsigned rounds);
    void serve_line();
    void empty_mailbox();
    void hand_out(std::span<const Letter> rest);
    void look_at_memory();
    TimerQueue &queue_of(std::chrono::milliseconds wait);
    void run_timer(TimerQueue &queue);

    const std::size_t index_;
    Refusals &refusals_;
    MemoryBudget &memory_;
    boost::asio::io_context io_{1};
    std::array<char, read_buffer_size> read_buffer_;
    LoopLocals locals_;
    LoopFigures figures_;
    std::vector<ConnectionPtr> ending_turn_;
    std::vector<ConnectionPtr> ending_turn_now_;
    std::atomic<bool> end_turn_posted_ = false;
    bool end_turn_follows_ = false; // what is being served now
    bool writing_follows_ = false;  // what the letters bring
    bool some_are_aborted_ = false;
    std::int64_t held_at_look_ = 0; // bytes that this thread had taken then
    std::vector<ConnectionPtr> serving_again_;
    std::vector<ConnectionPtr> serving_again_now_;
    Turns<ConnectionPtr> turns_;
    std::uint64_t turn_begin_ = 0;        // in work that was done then
    std::uint64_t deliveries_caused_ = 0; // on this loop, by what was read on it
    std::deque<ConnectionPtr> line_;
    bool line_is_posted_ = false;
    std::chrono::steady_clock::time_point posted_at_;
    std::chrono::steady_clock::duration turn_time_{0};
    std::chrono::steady_clock::duration turn_limit_ = turn_limit_min;
    std::vector<std::unique_ptr<TimerQueue>> timers_;
    boost::intrusive::list<Connection, boost::intrusive::base_hook<LoopHook>,
                           boost::intrusive::constant_time_size<false>>
        connections_;
    ReadySet ready_;

    alignas(64) std::mutex mailbox_mutex_;
    std::array<std::vector<Letter>, lane_count> mailbox_;
    std::array<std::vector<Letter>, lane_count> opened_;
    std::atomic<std::size_t> mailbox_bytes_ = 0;
};

} // namespace webrocket
