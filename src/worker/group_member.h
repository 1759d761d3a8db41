#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <string_view>

#include "base/deadline.h"
#include "base/failure.h"
#include "base/settings.h"
#include "event_stream/parser.h"
#include "http/endpoint.h"
#include "net/reactor.h"
#include "worker/ack_line.h"
#include "worker/event.h"
#include "worker/ledger.h"

namespace kn {

/// What a worker that delivers at least once has besides its stream: its place in a group, the
/// events that wait in its own queue, and the answers on their way. All of it is the driver's.
class GroupMember {
  public:
    using Clock = std::chrono::steady_clock;

    GroupMember(Reactor &where, const Endpoint &to, const Settings &options);
    ~GroupMember();
    GroupMember(const GroupMember &) = delete;
    GroupMember &operator=(const GroupMember &) = delete;

    const std::string &name() const noexcept { return name_; }
    Ledger &ledger() noexcept { return *ledger_; }
    const Ledger &ledger() const noexcept { return *ledger_; }

    // ---- The stream ----

    /// What a request for it says of the group, joined by '&'.
    std::string query() const;
    /// What it says besides of the stream that is to go on.
    std::string resumption() const;
    /// The heads of a stream that was opened. False: the server knows nothing of this.
    bool begin_stream(std::string_view stream, std::string_view terms);
    void stream_broke(Clock::time_point at) noexcept;
    /// Somebody looked, and it was there.
    void looked_at(Clock::time_point when) noexcept { looked_at_ = when; }
    Clock::time_point last_look() const noexcept { return looked_at_; }

    // ---- Events ----

    enum class Taking {
        taken,
        ignored,  // a kind that this release does not know
        replaced, // by another worker of this name: nothing more comes
        malformed,
    };
    /// The record that was read last.
    Taking take(const event_stream::Parser &read, std::string_view topic);
    /// Whether more of the stream is to be read.
    bool has_room() const noexcept {
        return queue_.size() < static_cast<std::size_t>(options_.window);
    }
    std::size_t queued() const noexcept { return queue_.size(); }
    /// Whether next() has one.
    bool has_ready(Clock::time_point now) const noexcept {
        return !queue_.empty() && may_hand_over(now);
    }
    /// The next one, if one may be handed over.
    EventPtr next(Clock::time_point now) noexcept;
    /// None of those that wait is handed over any more, and no answer of use.
    void give_up() noexcept;
    /// All that was not answered goes back.
    void close() noexcept;

    // ---- Answers ----

    /// Whether it is time for a look at the network, though there are events.
    bool wants_look(Clock::time_point now) noexcept;
    void send_what_is_due(Clock::time_point now);
    bool is_sending() const noexcept { return line_ && line_->is_busy(); }
    /// Moves the second connection on; what has gone wrong there.
    std::optional<Failure> advance(const ReadySockets &ready);
    /// When there is something to do though no socket is ready.
    Deadline deadline() noexcept;
    /// The same, and from now on who gives an answer wakes the driver.
    Deadline rest() noexcept;
    bool owes_nothing() noexcept { return stream_.empty() || ledger_->owes_nothing(); }

  private:
    bool may_hand_over(Clock::time_point now) const noexcept {
        return !broken_since_ || now - *broken_since_ < lease_ - lease_margin;
    }
    bool is_connected() const noexcept { return !stream_.empty() && !broken_since_; }
    void extend_waiting(Clock::time_point now) noexcept;
    void begin_request();
    std::optional<Failure> conclude();
    std::optional<Failure> failed(const Failure &why);
    void lose_request() noexcept;
    Deadline deadline_with(const Deadline &debt) const noexcept;

    static constexpr std::chrono::milliseconds lease_margin{1'000};

    Reactor &reactor_;
    const Endpoint &where_;
    const Settings &options_;
    const std::string name_;
    std::shared_ptr<Ledger> ledger_;

    std::string stream_;  // its name; "" before the first
    std::string address_; // of answers: the first members of each
    std::uint64_t last_tag_ = 0;
    milliseconds lease_{10'000};
    milliseconds ack_deadline_{60'000};
    std::optional<Clock::time_point> broken_since_;
    Clock::time_point looked_at_;

    std::deque<EventPtr> queue_;
    Deadline extend_at_;

    std::optional<AckLine> line_;
    Ledger::Kind under_way_ = Ledger::Kind::nothing;
    unsigned failures_ = 0;
    Deadline retry_at_;
    std::minstd_rand dice_;
};

} // namespace kn
