#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <pthread.h>

#include <kosmonaut/worker.h>

#include "base/deadline.h"
#include "base/interruption.h"
#include "base/occupancy.h"
#include "base/process.h"
#include "base/settings.h"
#include "event_stream/parser.h"
#include "http/endpoint.h"
#include "net/reactor.h"
#include "worker/event.h"
#include "worker/group_member.h"
#include "worker/metrics.h"
#include "worker/reconnect.h"
#include "worker/routes.h"
#include "worker/stream.h"

namespace kn {

/// A worker. It is moved on by whoever sits in the driver's seat (next, run, dispatch) and by
/// nobody else; other threads leave a note in an atomic and ring the reactor's bell.
class Worker final : private StreamListener {
  public:
    using Clock = std::chrono::steady_clock;

    Worker(std::string_view url, const Settings &options);

    // The driver's calls. Each takes the seat, or throws KN_ESTATE.
    kn_status on(std::string_view pattern_text, CallbackPtr<kn_handler> handler);
    kn_status on_error(CallbackPtr<kn_error_handler> handler);
    /// For whoever sits in the seat: an event that came whole, where nothing else comes first and
    /// nobody has to be told of what is left. No system call is made for it.
    EventPtr ready_event();
    /// @p has_seat: the caller has taken the seat already, and gives it up himself.
    kn_status next(milliseconds timeout, EventPtr &event, bool has_seat = false);
    kn_status run();
    kn_status dispatch();

    // Any thread's.
    int fd() const noexcept;
    std::int32_t state() const noexcept { return state_.load(std::memory_order_acquire); }
    void interrupt() noexcept;
    const WorkerMetrics &metrics() const noexcept { return metrics_; }
    /// NULL at most once.
    const Ledger *ledger() const noexcept { return member_ ? &member_->ledger() : nullptr; }
    kn_status close(milliseconds timeout);
    /// The owner is gone: whoever is still inside goes too.
    void abandon() noexcept;
    /// Comes before the worker is destroyed.
    void await_interrupts() const noexcept;

    Occupancy &inside() noexcept { return inside_; }

  private:
    class Seat;
    class CallbackScope;
    template <class Kept>
    class WhileCalled;
    enum class Ending { none, closed, failed };

    // Out of the stream, while it is advanced.
    bool on_head(const StreamHead &head) override;
    bool has_room() const noexcept override { return inbox_.size() < inbox_limit; }
    void on_bytes(std::string_view bytes) override;

    bool is_closing() const noexcept { return closing_.load(std::memory_order_acquire); }
    bool is_in_own_callback() const noexcept;
    template <class Change>
    kn_status change_handlers(Change &&change);

    void require_handlers() const;
    /// KN_OK with an event; otherwise why there is none.
    kn_status wait_for_event(Deadline until, EventPtr &event);
    kn_status standing_answer();
    EventPtr read_event();
    EventPtr read_event_of_stream();
    EventPtr make_event();
    void recycle(EventPtr event) noexcept;
    bool parse_next();
    bool has_unread() const noexcept { return read_ < inbox_.size(); }
    void clear_inbox() noexcept;
    /// Whether the next call has something to do that no socket will tell.
    bool has_backlog() const noexcept {
        return member_ ? has_backlog_of_group() : has_parsed_ || has_unread() || stream_.is_held();
    }
    bool has_backlog_of_group() const noexcept;
    bool has_queued() const noexcept { return member_ && member_->queued() != 0; }
    void give_up_reading();
    void advance(Deadline until);
    void set_alarm();
    void ready_descriptor();
    std::string make_target();
    void start_stream();
    void open_stream();
    void tell_connected();
    void stream_ended(const StreamEnd &end);
    void retry_after(const Failure &why);
    void report(const Failure &why);
    template <class Call>
    bool call_user(Call &&call);
    void end(Ending how) noexcept;

    kn_status hand_over_from(EventPtr first);
    kn_status hand_over_all(EventPtr first, WhileCalled<Routes> &to);
    bool hand_over(kn_event &event, Routes &to);
    kn_status hand_over_all_of_group(EventPtr first, WhileCalled<Routes> &to);
    bool hand_over_of_group(kn_event &event, Routes &to);

    // At least once: what there is to do besides (at_least_once.cpp).
    void advance_of_group(Deadline until);
    Reactor::Readiness wait_beside_answers(Deadline until);
    Verdict refuse_terms(Failure &why);
    void take_in();
    kn_status look_around();
    EventPtr next_of_group();
    void acknowledge_gap(kn_event &event) noexcept;
    void answer_for(kn_event &event, bool was_handled, bool was_thrown);
    void decline(const kn_event &event) noexcept;
    void tell_of_answers();
    void be_replaced();
    void begin_closing() noexcept;
    bool conclude_closing() noexcept;
    kn_status settle(Deadline until);
    void look_for_answers(Deadline until);

    bool finish_closing() noexcept;
    void tell_closed() const;
    void set_state(std::int32_t state) noexcept;

    /// Read no further ahead than this: a server that is faster than the handlers must not fill the
    /// memory. Each time it is reached libcurl puts aside what it has read beyond, and stops and
    /// resumes the transfer, which a quarter of this would make a tenth of the work.
    static constexpr std::size_t inbox_limit = std::size_t{1} << 20;
    static constexpr std::size_t kept_inbox = std::size_t{256} << 10;
    static constexpr std::size_t quiet_inbox = std::size_t{64} << 10;
    static constexpr std::size_t kept_event = 64 * 1024;

    Settings options_;
    Endpoint where_;
    Home home_;
    Occupancy inside_;

    // Notes from other threads.
    std::atomic<bool> closing_{false};
    std::atomic<bool> abandoned_{false};
    Interruption interruption_;
    mutable std::atomic<bool> is_watched_{false}; // somebody asked for the descriptor
    std::atomic<std::int32_t> state_{KN_WORKER_IDLE};
    WorkerMetrics metrics_;
    std::atomic<pthread_t> callback_thread_{};
    std::atomic<bool> in_callback_{false};

    // From here on the driver's alone.
    std::shared_ptr<Routes> routes_ = std::make_shared<Routes>();
    CallbackPtr<kn_error_handler> error_handler_;

    Reactor reactor_;
    bool bell_rings_ = true;     // as far as the driver knows
    bool may_have_more_ = false; // the last look found something
    bool is_cut_short_ = false;  // the caller was sent away though there may be more
    ReconnectPolicy policy_;
    bool has_connected_ = false; // which is still to be told
    std::string target_;
    bool is_filter_wider_ = false; // than the handlers, which have to leave events out
    std::string last_event_id_;
    std::optional<event_stream::Parser> parser_;
    std::string inbox_; // bytes of the stream, of which the first read_ are dealt with
    std::size_t read_ = 0;
    EventPtr recycled_;                 // one that was handed over, and whose memory is free
    bool has_parsed_ = false;           // an event that was not handed over yet
    std::optional<StreamEnd> last_end_; // waits until all that came before it is dealt with
    Deadline retry_at_;
    Ending ending_ = Ending::none;
    bool is_closed_ = false;
    std::optional<Failure> fatal_;

    // At least once, or nothing.
    std::optional<GroupMember> member_;
    std::optional<Failure> answers_failed_; // which is still to be told
    std::optional<Failure> refusal_;        // of answers, for whoever closes
    bool has_refused_terms_ = false;        // the last stream's
    bool has_refused_before_ = false;       // those of one before
    bool has_begun_closing_ = false;

    Stream stream_; // last, since it calls back into the rest
};

} // namespace kn
