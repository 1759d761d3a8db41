#include "client/async_calls.h"

#include <algorithm>
#include <utility>

#include "backend/answer_failure.h"
#include "base/failure.h"
#include "http/sigpipe.h"

namespace kn {
namespace {

/// Its text is short enough to need no memory of its own.
Failure out_of_memory() { return {KN_ENOMEM, "out of memory"}; }

} // namespace

AsyncCalls::AsyncCalls(const Endpoint &where, const Settings &options, ClientMetrics &metrics,
                       Retries &retries)
    : where_(where), options_(options), metrics_(metrics), retries_(retries),
      sockets_(connections_, may_use_tls(where.is_tls(), options)), multi_(reactor_) {
    multi_.keep_connections(options.max_connections);
    if (may_use_tls(where.is_tls(), options))
        multi_.expect_tls();
    // So that giving a line back needs no memory.
    const auto most = static_cast<std::size_t>(options.max_connections);
    lines_.reserve(most);
    free_lines_.reserve(most);
}

AsyncCalls::~AsyncCalls() {
    for (const std::unique_ptr<Line> &l : lines_) {
        if (!l->busy_with)
            continue;
        multi_.remove(l->wire.easy());
        l->busy_with.reset();
    }
    const SigpipeHold hold;
    lines_.clear();
}

/// Marks that the user's code is running, and on which thread, until it returns or ends that.
class AsyncCalls::CallbackScope {
  public:
    explicit CallbackScope(AsyncCalls &of) noexcept : calls_(of) {
        of.callback_thread_.store(pthread_self(), std::memory_order_relaxed);
        of.in_callback_.store(true, std::memory_order_release);
    }
    ~CallbackScope() { calls_.in_callback_.store(false, std::memory_order_release); }
    CallbackScope(const CallbackScope &) = delete;
    CallbackScope &operator=(const CallbackScope &) = delete;

  private:
    AsyncCalls &calls_;
};

// ---- Any thread ----

void AsyncCalls::hand_in(AnyCall &&call, Completion &&whom) {
    auto handed_in = std::unique_ptr<PendingCall>(
        new PendingCall{0, std::move(call), std::move(whom), std::nullopt, {}, {}, {}});
    {
        const std::lock_guard lock(mutex_);
        if (pending_.load(std::memory_order_relaxed) >=
            static_cast<std::size_t>(options_.max_pending))
            throw Failure(KN_EFULL, std::to_string(options_.max_pending) + " calls to " +
                                        where_.url() + " are pending already; nothing was taken");
        handed_in->number = newest_ + 1;
        waiting_.push_back(std::move(handed_in));
        ++newest_;
        pending_.fetch_add(1, std::memory_order_acq_rel);
    }
    if (is_in_own_callback())
        return; // which is followed by a look at what waits
    if (!bell_rings_.exchange(true, std::memory_order_acq_rel))
        reactor_.ring();
}

int AsyncCalls::fd() const noexcept {
    if (!is_watched_.exchange(true, std::memory_order_acq_rel))
        reactor_.ring(); // what came before nobody was told about
    return reactor_.fd();
}

void AsyncCalls::abandon() noexcept {
    is_abandoned_.store(true, std::memory_order_release);
    reactor_.ring();
}

// ---- Driver ----

std::uint64_t AsyncCalls::newest() {
    const std::lock_guard lock(mutex_);
    return newest_;
}

bool AsyncCalls::has_ended(std::uint64_t number) {
    {
        const std::lock_guard lock(mutex_);
        if (!waiting_.empty() && waiting_.front()->number <= number)
            return false;
    }
    const auto is_meant = [number](const std::unique_ptr<PendingCall> &one) {
        return one->number <= number;
    };
    if (std::any_of(put_off_.begin(), put_off_.end(), is_meant))
        return false;
    return std::none_of(lines_.begin(), lines_.end(), [number](const std::unique_ptr<Line> &l) {
        return l->busy_with && l->busy_with->number <= number;
    });
}

std::size_t AsyncCalls::advance(const Deadline &until) {
    std::size_t ended = begin_waiting();
    const Reactor::Readiness ready = reactor_.wait(ended == 0 ? sooner(until, next_deadline())
                                                              : std::chrono::steady_clock::now());
    may_have_more_ = ready.count > 0;
    if (ready.bell) {
        reactor_.silence();
        // In this order: who sees it ring still, has handed in what the next line finds.
        bell_rings_.store(false, std::memory_order_release);
        ended += begin_waiting();
    }
    if (try_to_advance(ready))
        return ended + end_completed();
    // Which of them it hit is not known, and one that nobody watches would never end.
    ended += end_all(out_of_memory());
    return ended + begin_waiting();
}

/// False for want of memory. Calls end behind the catch: what the user does at their end may end
/// the thread.
bool AsyncCalls::try_to_advance(const Reactor::Readiness &ready) {
    try {
        multi_.advance(ready);
    } catch (const std::bad_alloc &) {
        return false;
    }
    return true;
}

void AsyncCalls::tell_of_more() const noexcept {
    if (may_have_more_ && is_watched_.load(std::memory_order_acquire))
        reactor_.ring();
}

void AsyncCalls::rest() noexcept {
    if (!is_watched_.load(std::memory_order_acquire))
        return;
    if (const Deadline next = next_deadline())
        reactor_.alarm_at(*next);
}

bool AsyncCalls::has_waiting() {
    const std::lock_guard lock(mutex_);
    return !waiting_.empty();
}

/// Nobody but the driver takes one out, so one that was seen is there.
std::unique_ptr<AsyncCalls::PendingCall> AsyncCalls::next_waiting() {
    const std::lock_guard lock(mutex_);
    std::unique_ptr<PendingCall> next = std::move(waiting_.front());
    waiting_.pop_front();
    return next;
}

/// When there is something to do though no socket is ready.
Deadline AsyncCalls::next_deadline() const noexcept {
    if (put_off_.empty() || !has_room())
        return multi_.deadline();
    return sooner(multi_.deadline(), put_off_.back()->due);
}

bool AsyncCalls::has_room() const noexcept {
    return !free_lines_.empty() || lines_.size() < lines_.capacity();
}

/// On one connection calls keep their order: none begins before the one that is to be tried again.
bool AsyncCalls::may_begin_another() const noexcept {
    return put_off_.empty() || options_.max_connections > 1;
}

bool AsyncCalls::has_due_retry() const noexcept {
    return !put_off_.empty() && put_off_.back()->due <= Reactor::Clock::now();
}

std::unique_ptr<AsyncCalls::PendingCall> AsyncCalls::next_retry() {
    std::unique_ptr<PendingCall> next = std::move(put_off_.back());
    put_off_.pop_back();
    return next;
}

/// Whether the call on that line is to be tried again. The line is free then.
bool AsyncCalls::put_off(Line &on, const Failure &why) noexcept {
    PendingCall &p = *on.busy_with;
    const auto pause = retries_.pause_after(why, p.call, p.tries, p.until);
    if (!pause)
        return false;
    p.due = Reactor::Clock::now() + *pause;
    const auto before = std::find_if(put_off_.begin(), put_off_.end(),
                                     [&p](const auto &one) { return one->due <= p.due; });
    put_off_.insert(before, std::move(on.busy_with));
    free_lines_.push_back(&on);
    return true;
}

/// NULL when as many are busy as there may be.
AsyncCalls::Line *AsyncCalls::free_line() {
    if (free_lines_.empty()) {
        if (lines_.size() == lines_.capacity())
            return nullptr;
        auto another = std::make_unique<Line>(where_, options_, sockets_);
        set(another->wire.easy(), CURLOPT_PRIVATE, another.get());
        lines_.push_back(std::move(another));
        return lines_.back().get();
    }
    Line *const warmest = free_lines_.back();
    free_lines_.pop_back();
    return warmest;
}

/// Begins what the lines have room for; how many calls ended at once, for want of memory.
std::size_t AsyncCalls::begin_waiting() {
    std::size_t ended = 0;
    while (!is_abandoned_.load(std::memory_order_acquire)) {
        const bool is_retry = has_due_retry();
        const bool is_any = is_retry || (may_begin_another() && has_waiting());
        Line *const on = is_any ? free_line() : nullptr;
        if (on == nullptr)
            break;
        on->busy_with = is_retry ? next_retry() : next_waiting();
        if (!is_retry) {
            on->busy_with->until = deadline_after(options_.request_timeout);
            retries_.begin(on->busy_with->call);
        }
        if (try_to_begin(*on))
            continue;
        on->busy_with->result.whole.fail(out_of_memory());
        end(*on);
        ++ended;
    }
    return ended;
}

/// False for want of memory.
bool AsyncCalls::try_to_begin(Line &on) {
    try {
        begin(on);
    } catch (const std::bad_alloc &) {
        return false;
    }
    return true;
}

void AsyncCalls::begin(Line &on) {
    // So that putting it off needs no memory.
    if (put_off_.capacity() < put_off_.size() + lines_.size())
        put_off_.reserve(2 * put_off_.size() + lines_.capacity());
    const PendingCall &p = *on.busy_with;
    on.wire.prepare(p.call.current(), retries_.try_until(p.call, p.tries, p.until));
    multi_.add(on.wire.easy(), on.wire.trace());
}

std::size_t AsyncCalls::end_completed() {
    std::size_t ended = 0;
    while (const std::optional<Multi::Completion> done = multi_.next_completion()) {
        Line &on = *info<Line *>(done->easy, CURLINFO_PRIVATE);
        multi_.remove(on.wire.easy());
        if (go_on(on, done->code)) {
            if (!on.busy_with)
                ended += begin_waiting();
            continue;
        }
        end(on);
        ++ended;
        // The owner may have gone in the callback.
        if (is_abandoned_.load(std::memory_order_acquire))
            break;
        ended += begin_waiting();
    }
    return ended;
}

/// Takes the answer in. True: the call has another request, which is under way, or is put off.
bool AsyncCalls::go_on(Line &on, CURLcode code) {
    PendingCall &p = *on.busy_with;
    const auto fail = [this, &p](Failure why) {
        if (!p.call.settle(why, p.result))
            p.result.whole.fail(why);
        return false;
    };
    try {
        if (on.wire.met_stale_connection(code)) {
            begin(on);
            return true;
        }
        if (!p.call.take(retries_.heard(on.wire.conclude(code)), p.result))
            return false;
        begin(on);
        return true;
    } catch (Failure &why) {
        name_subject(why, where_, p.call.subject());
        if (Retries::is_done(why, p.call, p.tries))
            return false;
        if (put_off(on, why))
            return true;
        tell_of_tries(why, p.tries);
        return fail(std::move(why));
    } catch (const std::bad_alloc &) {
        return fail(out_of_memory());
    }
}

/// With the line free again, before the callback, which may hand in the next call.
void AsyncCalls::end(Line &on) {
    std::unique_ptr<PendingCall> ended = std::move(on.busy_with);
    free_lines_.push_back(&on);
    pending_.fetch_sub(1, std::memory_order_acq_rel);
    const kn_result &result = ended->result;
    metrics_.call_ended(result.whole.status);
    if (result.whole.status < 0)
        options_.logger.write(KN_LOG_WARNING, [&] { return result.whole.error->why.message(); });
    {
        const CallbackScope calling(*this);
        ended->whom.tell(result, options_.logger);
        ended->whom.end();
    }
    home_.require();
}

bool AsyncCalls::is_in_own_callback() const noexcept {
    return in_callback_.load(std::memory_order_acquire) &&
           pthread_equal(callback_thread_.load(std::memory_order_relaxed), pthread_self()) != 0;
}

std::size_t AsyncCalls::end_all(const Failure &why) {
    std::size_t ended = 0;
    for (const std::unique_ptr<Line> &l : lines_) {
        if (!l->busy_with)
            continue;
        multi_.remove(l->wire.easy());
        if (!l->busy_with->call.settle(why, l->busy_with->result))
            l->busy_with->result.whole.fail(why);
        end(*l);
        ++ended;
        if (is_abandoned_.load(std::memory_order_acquire))
            break;
    }
    return ended;
}

} // namespace kn
