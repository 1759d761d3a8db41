// How a worker ends.
#include "worker/worker.h"

#include <algorithm>
#include <utility>

namespace kn {
namespace {

/// The driver's seat, which was taken, until the end of a scope.
class HeldSeat {
  public:
    explicit HeldSeat(Occupancy &of) noexcept : inside_(of) {}
    ~HeldSeat() { inside_.give_up_seat(); }
    HeldSeat(const HeldSeat &) = delete;
    HeldSeat &operator=(const HeldSeat &) = delete;

  private:
    Occupancy &inside_;
};

} // namespace

kn_status Worker::close(milliseconds timeout) {
    closing_.store(true, std::memory_order_release);
    reactor_.ring();
    std::int32_t open = state_.load(std::memory_order_acquire);
    while (open < KN_WORKER_CLOSING &&
           !state_.compare_exchange_weak(open, KN_WORKER_CLOSING, std::memory_order_acq_rel)) {
    }
    if (is_in_own_callback())
        return KN_AGAIN;
    const milliseconds limit = timeout < milliseconds::zero() ? options_.request_timeout : timeout;
    const Deadline until = deadline_after(limit);
    kn_status status = KN_AGAIN;
    bool has_closed = false;
    std::optional<Failure> refusal;
    if (inside_.wait_for_seat(until)) {
        const HeldSeat held(inside_);
        status = member_ ? settle(until) : KN_OK;
        has_closed = status == KN_OK && finish_closing();
        refusal.swap(refusal_);
    }
    if (has_closed)
        tell_closed();
    if (abandoned_.load(std::memory_order_acquire))
        return KN_CLOSED;
    if (refusal)
        throw *refusal;
    return status;
}

/// With the seat taken: lets go of the network and of what was not handed over. False when that was
/// done before.
bool Worker::finish_closing() noexcept {
    if (is_closed_)
        return false;
    is_closed_ = true;
    stream_.stop();
    clear_inbox();
    if (member_)
        member_->give_up();
    last_end_.reset();
    fatal_.reset();
    ending_ = Ending::closed;
    state_.store(KN_WORKER_CLOSED, std::memory_order_release);
    reactor_.ring();
    return true;
}

void Worker::tell_closed() const {
    options_.logger.write(KN_LOG_INFO, [] { return std::string("closed"); });
}

// With the seat taken, and something of it owed.

/// At least once. What has come is taken in before the stream is let go of: what is known by
/// its id can be given back, and need not wait for the end of the lease.
void Worker::begin_closing() noexcept {
    if (has_begun_closing_ || is_closed_)
        return;
    has_begun_closing_ = true;
    try {
        if (has_parsed_)
            take_in();
        if (stream_.is_running()) {
            stream_.advance(reactor_.wait(Clock::now()));
            take_in();
        }
    } catch (const std::exception &) { // NOLINT(bugprone-empty-catch): it comes again
    }
    stream_.stop();
    retry_at_.reset();
    clear_inbox();
    member_->close();
    try {
        look_for_answers(Clock::now()); // on its way, even if nobody closes to the end
    } catch (const std::exception &) {  // NOLINT(bugprone-empty-catch): it stays owed
    }
}

/// At the end of a call during which somebody has closed: what is owed is for close() to wait for.
bool Worker::conclude_closing() noexcept {
    if (!member_)
        return finish_closing();
    begin_closing();
    if (member_->owes_nothing())
        return finish_closing();
    reactor_.ring();
    return false;
}

kn_status Worker::settle(Deadline until) {
    begin_closing();
    for (int looks = 0; !is_closed_ && !member_->owes_nothing();) {
        if (looks > 0 && has_passed(until) && (!may_have_more_ || looks >= most_looks)) {
            set_alarm();
            return KN_AGAIN;
        }
        looks = std::min(looks + 1, most_looks);
        look_for_answers(until);
    }
    return KN_OK;
}

void Worker::look_for_answers(Deadline until) {
    member_->send_what_is_due(Clock::now());
    const Reactor::Readiness ready = wait_beside_answers(until);
    if (std::optional<Failure> why = member_->advance(ready)) {
        metrics_.failed(*why);
        if (member_->owes_nothing())
            refusal_ = std::move(why);
    }
}

} // namespace kn
