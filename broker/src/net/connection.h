// A connection over TCP, encrypted or not, or over a unix socket: reading, the outbound queue,
// orderly and abrupt ends. What is said on it is a protocol's business.
#pragma once

#include "base/client_address.h"
#include "base/log.h"
#include "net/admission.h"
#include "net/event_loops.h"
#include "net/memory_budget.h"
#include "net/outbound_queue.h"
#include "net/shared_bytes.h"
#include "net/socket.h"
#include "net/tls.h"

#include <boost/smart_ptr/intrusive_ref_counter.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <sys/types.h>

namespace webrocket {

// The language of a connection. May be replaced by another one on the way (HTTP becomes WebSocket).
class Protocol {
  public:
    virtual ~Protocol() = default;

    // `bytes` are gone after the call.
    virtual void on_data(std::string_view bytes) = 0;
    // The peer will send no more.
    virtual void on_end() = 0;
    // The timer that the protocol armed has run out.
    virtual void on_timer() = 0;
    // Everything queued is written; or the peer does not take all of it at once.
    virtual void on_drained() {}
    virtual void on_stalled() {}
    // TLS has made its handshake.
    virtual void on_encrypted() {}
    // The server stops.
    virtual void on_shutdown() = 0;
    // Whether what comes may wait until others have been heard.
    virtual bool gives_way() const { return false; }
    // Those of one have to share what a loop has for them; null is one, too.
    virtual const void *tenant() const { return nullptr; }
    // It has waited in line, as it wanted to.
    virtual void on_turn() {}
    // What it keeps of what has come, beside the little that each of its kind has.
    virtual std::size_t held_bytes() const { return 0; }
    // Since when, if that is known.
    virtual std::chrono::steady_clock::time_point held_since() const { return {}; }
    // Who is at the other end, for log lines: for people, and for machines.
    virtual std::string description() const = 0;
    virtual LogFields log_fields() const { return {}; }
};

// What a peer that is waited for has to take in each wait, unless it takes all: bytes now and then
// are not enough.
inline constexpr std::uint64_t reading_step_min = std::uint64_t{16} << 10;

// From start() on its loop keeps it, until it is closed.
class Connection final
    : public boost::intrusive_ref_counter<Connection, boost::thread_unsafe_counter>,
      public LoopHook,
      private TimerEntry {
  public:
    // `tls` may be null.
    Connection(EventLoops &loops, EventLoop &loop, Port port, Socket socket,
               std::unique_ptr<TlsSession> tls);
    ~Connection();
    Connection(const Connection &) = delete;
    Connection &operator=(const Connection &) = delete;

    void start(std::unique_ptr<Protocol> protocol);

    // Takes effect when the running call into the present protocol has returned.
    void become(std::unique_ptr<Protocol> protocol);

    // Has `call` run as a call into the protocol: nothing that it throws reaches the loop.
    template <typename Call>
    void call_protocol(Call call);

    // Queued now, written at the end of the loop's turn. More than the limit that the kernel does
    // not take ends the connection: a peer that does not read must not cost memory without bound.
    // There is none where the protocol does not set one, because it sends no more than it is asked
    // for. `deliveries` are what the frame holds, for the figures: it may be several, or none
    // whole.
    void send(Frame frame, std::size_t deliveries = 1);
    void set_pending_limit(std::size_t bytes) { pending_limit_ = bytes; }
    std::size_t pending_bytes() const { return queue_.bytes(); }
    bool is_waiting_for_room() const { return waiting_for_room_; }
    // What would be free without it: its share of what waits for its peer, and what has come.
    Holding holding(std::chrono::steady_clock::time_point now) const;
    // As much of it as the kernel takes.
    void write_now();
    // Has what the peer does not take wait where it is counted: the kernel would hold megabytes of
    // it. What is on its way to the peer comes on top of that, so no line is slower for it.
    void limit_unsent_in_kernel();

    // Bytes to the peer since the beginning: up to the end of the queue, and up to where the peer's
    // system has taken them.
    std::uint64_t queued_position() const { return written_ + queue_.bytes(); }
    std::uint64_t acknowledged_position();
    // Whether the peer's system leaves unanswered what it is sent. It does answer when its program
    // does not read.
    bool is_unanswered();

    // Reading stops until resume_reading(): the peer has to wait.
    void pause_reading() { reading_paused_ = true; }
    bool is_reading_paused() const { return reading_paused_; }
    void resume_reading();

    // Has the protocol's on_turn() called when others have been heard.
    void wait_in_line() { loop_.put_in_line(*this); }

    // Writes what is queued, as long as the peer takes any of it, then says goodbye and waits a
    // moment for the peer to do the same, so that the last words are not lost to a reset. No more
    // calls to the protocol.
    void finish();

    // Drops the connection at the end of the turn.
    void abort();

    // Until the connection is closed.
    void keep(Admission::Place place) { place_ = std::move(place); }
    // From now on it is the connection of one client behind a proxy.
    void pass_place_to(Admission::Place client) { place_.pass_to(std::move(client)); }

    // Counts what the protocol refuses, and tells of it.
    void report_refusal(RefusalReason reason, std::string_view what);

    bool ending() const { return finishing_ || aborted_; }

    void arm(std::chrono::milliseconds wait) { loop_.arm(*this, wait); }
    void disarm() { EventLoop::disarm(*this); }

    EventLoop &loop() { return loop_; }
    Port port() const { return port_; }
    // Of the client: the peer's, until a proxy that is trusted says otherwise.
    const ClientAddress &address() const { return address_; }
    void set_address(const ClientAddress &address) { address_ = address; }
    // Who is at the other end of a unix socket.
    std::optional<uid_t> user() const { return user_; }
    void set_user(std::optional<uid_t> user) { user_ = user; }

    // The rest is for the loop.
    // Something of ReadySet's has changed, or nothing, and it is only its turn.
    void serve(std::uint32_t changes);
    void end_turn();
    // Has its memory fetched while another one is dealt with: of thousands none is in a cache.
    void prefetch() const {
        constexpr std::size_t line = 64;
        for (std::size_t at = 0; at < sizeof(Connection); at += line)
            __builtin_prefetch(reinterpret_cast<const char *>(this) + at);
    }
    void drop();
    void drop_if_aborted();
    // It holds so much, and others need it.
    void let_go(std::size_t held);
    void report_largest_holder(std::size_t held, std::size_t in_use, std::size_t limit);
    void take_turn();
    void shut_down();

  private:
    // What one attempt to read brought.
    enum class Input { bytes, none_yet, after_room, ended, failed };

    void queue_up(Frame frame);
    void wait_for_input();
    void on_input();
    bool has_input() const;
    void wait_for_the_others();
    void on_readable();
    void read_input();
    Input read(std::size_t &count);
    Input read_encrypted(std::size_t &count);
    void take_input(std::string_view bytes);
    bool write_some();
    bool write_some_encrypted();
    void wrote(std::size_t count);
    void write_queue();
    void write_pending();
    void wait_for_room();
    void on_room();
    void end_handshake();
    void await_last_words();
    void close_sending_side();
    void tear_down();
    void schedule_end_turn();
    void on_timer() override;

    static std::size_t idle_bytes(bool is_encrypted);
    void report_failed_handshake();
    // Has `call` run for the loop: what it throws ends the connection, and nothing else.
    template <typename Call>
    void guarded(const Call &call) noexcept;
    void give_up() noexcept;
    void end_wait();
    void report_exception(const std::exception &error) noexcept;
    void report_slow_consumer();

    EventLoops &loops_;
    EventLoop &loop_;
    Socket socket_;
    std::unique_ptr<TlsSession> tls_;
    std::unique_ptr<Protocol> protocol_;
    std::unique_ptr<Protocol> replacement_;
    OutboundQueue queue_;
    std::uint64_t written_ = 0;
    std::uint64_t acknowledged_last_ = 0; // when the last words were last looked after
    std::size_t pending_limit_ = std::numeric_limits<std::size_t>::max();
    // Beside the queue: whoever sends to thousands waits for memory more than for anything else.
    bool in_handshake_ : 1 = false;
    bool in_protocol_ : 1 = false;
    bool end_turn_scheduled_ : 1 = false;
    bool waiting_for_room_ : 1 = false;
    bool waiting_for_input_ : 1 = false;
    bool input_in_line_ : 1 = false;   // others are heard before it is read
    bool input_put_off_ : 1 = false;   // likewise, for a moment
    bool may_be_readable_ : 1 = false; // until a read has found nothing
    bool may_have_more_ : 1 = false;   // behind a read that was not filled
    bool reading_paused_ : 1 = false;
    bool write_after_input_ : 1 = false; // TLS could not write before it has read
    bool read_after_room_ : 1 = false;   // nor read before it has written
    bool finishing_ : 1 = false;
    bool peer_ended_ : 1 = false;
    bool sending_side_closed_ : 1 = false;
    bool aborted_ : 1 = false;
    bool torn_down_ : 1 = false;
    const Port port_;
    ClientAddress address_;
    std::optional<uid_t> user_;
    Admission::Place place_;
};

// A wait beside the one that a connection has for its protocol. What is to be done when it is over
// runs as a call into the protocol; it does not destroy the deadline.
class Deadline final : private TimerEntry {
  public:
    Deadline(Connection &connection, std::chrono::milliseconds wait, std::function<void()> on_over)
        : connection_(connection), wait_(wait), on_over_(std::move(on_over)) {
        arm();
    }
    ~Deadline() = default;
    Deadline(const Deadline &) = delete;
    Deadline &operator=(const Deadline &) = delete;

    void arm() { connection_.loop().arm(*this, wait_); }

  private:
    void on_timer() override;

    Connection &connection_;
    const std::chrono::milliseconds wait_;
    const std::function<void()> on_over_;
};

template <typename Call>
void Connection::call_protocol(Call call) {
    in_protocol_ = true;
    try {
        call(*protocol_);
    } catch (const std::exception &error) {
        report_exception(error);
        give_up();
    }
    in_protocol_ = false;
    if (replacement_)
        protocol_ = std::move(replacement_);
}

} // namespace webrocket
