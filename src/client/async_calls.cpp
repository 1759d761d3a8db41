#include "client/async_calls.hpp"

#include <algorithm>

#include "backend/answer_failure.hpp"
#include "base/failure.hpp"
#include "http/sigpipe.hpp"

namespace kn {
namespace {

/// Its text is short enough to need no memory of its own.
failure out_of_memory() { return {KN_ENOMEM, "out of memory"}; }

} // namespace

async_calls::async_calls(const endpoint &where, const settings &options, client_metrics &metrics)
    : where_(where), options_(options), metrics_(metrics),
      sockets_(connections_, may_use_tls(where.is_tls(), options)), multi_(reactor_) {
    multi_.keep_connections(options.max_connections);
    if (may_use_tls(where.is_tls(), options))
        multi_.expect_tls();
    // So that giving a line back needs no memory.
    const auto most = static_cast<std::size_t>(options.max_connections);
    lines_.reserve(most);
    free_lines_.reserve(most);
}

async_calls::~async_calls() {
    for (const std::unique_ptr<line> &l : lines_) {
        if (!l->busy_with)
            continue;
        multi_.remove(l->wire.easy());
        l->busy_with.reset();
    }
    const sigpipe_hold hold;
    lines_.clear();
}

/// Marks that the user's code is running, and on which thread, until it returns or ends that.
class async_calls::callback_scope {
  public:
    explicit callback_scope(async_calls &of) noexcept : calls_(of) {
        of.callback_thread_.store(pthread_self(), std::memory_order_relaxed);
        of.in_callback_.store(true, std::memory_order_release);
    }
    ~callback_scope() { calls_.in_callback_.store(false, std::memory_order_release); }
    callback_scope(const callback_scope &) = delete;
    callback_scope &operator=(const callback_scope &) = delete;

  private:
    async_calls &calls_;
};

// ---- Any thread ----

void async_calls::hand_in(any_call &&call, completion &&whom) {
    auto handed_in = std::unique_ptr<pending_call>(
        new pending_call{0, std::move(call), std::move(whom), std::nullopt, {}});
    {
        const std::lock_guard lock(mutex_);
        if (pending_.load(std::memory_order_relaxed) >=
            static_cast<std::size_t>(options_.max_pending))
            throw failure(KN_EFULL, std::to_string(options_.max_pending) + " calls to " +
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

int async_calls::fd() const noexcept {
    if (!is_watched_.exchange(true, std::memory_order_acq_rel))
        reactor_.ring(); // what came before nobody was told about
    return reactor_.fd();
}

void async_calls::abandon() noexcept {
    is_abandoned_.store(true, std::memory_order_release);
    reactor_.ring();
}

// ---- Driver ----

std::uint64_t async_calls::newest() {
    const std::lock_guard lock(mutex_);
    return newest_;
}

bool async_calls::has_ended(std::uint64_t number) {
    {
        const std::lock_guard lock(mutex_);
        if (!waiting_.empty() && waiting_.front()->number <= number)
            return false;
    }
    return std::none_of(lines_.begin(), lines_.end(), [number](const std::unique_ptr<line> &l) {
        return l->busy_with && l->busy_with->number <= number;
    });
}

std::size_t async_calls::advance(const deadline &until) {
    std::size_t ended = begin_waiting();
    const reactor::readiness ready = reactor_.wait(ended == 0 ? sooner(until, multi_.deadline())
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
bool async_calls::try_to_advance(const reactor::readiness &ready) {
    try {
        multi_.advance(ready);
    } catch (const std::bad_alloc &) {
        return false;
    }
    return true;
}

void async_calls::tell_of_more() const noexcept {
    if (may_have_more_ && is_watched_.load(std::memory_order_acquire))
        reactor_.ring();
}

void async_calls::rest() noexcept {
    if (!is_watched_.load(std::memory_order_acquire))
        return;
    if (const deadline next = multi_.deadline())
        reactor_.alarm_at(*next);
}

bool async_calls::has_waiting() {
    const std::lock_guard lock(mutex_);
    return !waiting_.empty();
}

/// Nobody but the driver takes one out, so one that was seen is there.
std::unique_ptr<async_calls::pending_call> async_calls::next_waiting() {
    const std::lock_guard lock(mutex_);
    std::unique_ptr<pending_call> next = std::move(waiting_.front());
    waiting_.pop_front();
    return next;
}

/// NULL when as many are busy as there may be.
async_calls::line *async_calls::free_line() {
    if (free_lines_.empty()) {
        if (lines_.size() == lines_.capacity())
            return nullptr;
        auto another = std::make_unique<line>(where_, options_, sockets_);
        set(another->wire.easy(), CURLOPT_PRIVATE, another.get());
        lines_.push_back(std::move(another));
        return lines_.back().get();
    }
    line *const warmest = free_lines_.back();
    free_lines_.pop_back();
    return warmest;
}

/// Begins what the lines have room for; how many calls ended at once, for want of memory.
std::size_t async_calls::begin_waiting() {
    std::size_t ended = 0;
    while (!is_abandoned_.load(std::memory_order_acquire)) {
        line *const on = has_waiting() ? free_line() : nullptr;
        if (on == nullptr)
            break;
        on->busy_with = next_waiting();
        on->busy_with->until = deadline_after(options_.request_timeout);
        if (try_to_begin(*on))
            continue;
        on->busy_with->result.whole.fail(out_of_memory());
        end(*on);
        ++ended;
    }
    return ended;
}

/// False for want of memory.
bool async_calls::try_to_begin(line &on) {
    try {
        begin(on);
    } catch (const std::bad_alloc &) {
        return false;
    }
    return true;
}

void async_calls::begin(line &on) {
    on.wire.prepare(on.busy_with->call.current(), on.busy_with->until);
    multi_.add(on.wire.easy(), on.wire.trace());
}

std::size_t async_calls::end_completed() {
    std::size_t ended = 0;
    while (const std::optional<multi::completion> done = multi_.next_completion()) {
        line &on = *info<line *>(done->easy, CURLINFO_PRIVATE);
        multi_.remove(on.wire.easy());
        if (go_on(on, done->code))
            continue;
        end(on);
        ++ended;
        // The owner may have gone in the callback.
        if (is_abandoned_.load(std::memory_order_acquire))
            break;
        ended += begin_waiting();
    }
    return ended;
}

/// Takes the answer in. True: the call has another request, which is under way.
bool async_calls::go_on(line &on, CURLcode code) {
    pending_call &p = *on.busy_with;
    const auto fail = [this, &p](failure why) {
        name_subject(why, where_, p.call.subject());
        if (!p.call.settle(why, p.result))
            p.result.whole.fail(why);
        return false;
    };
    try {
        if (on.wire.met_stale_connection(code)) {
            begin(on);
            return true;
        }
        if (!p.call.take(on.wire.conclude(code), p.result))
            return false;
        begin(on);
        return true;
    } catch (const failure &why) {
        return fail(why);
    } catch (const std::bad_alloc &) {
        return fail(out_of_memory());
    }
}

/// With the line free again, before the callback, which may hand in the next call.
void async_calls::end(line &on) {
    std::unique_ptr<pending_call> ended = std::move(on.busy_with);
    free_lines_.push_back(&on);
    pending_.fetch_sub(1, std::memory_order_acq_rel);
    const kn_result &result = ended->result;
    metrics_.call_ended(result.whole.status);
    if (result.whole.status < 0)
        options_.logger.write(KN_LOG_WARNING, [&] { return result.whole.error->why.message(); });
    {
        const callback_scope calling(*this);
        ended->whom.tell(result, options_.logger);
        ended->whom.end();
    }
    home_.require();
}

bool async_calls::is_in_own_callback() const noexcept {
    return in_callback_.load(std::memory_order_acquire) &&
           pthread_equal(callback_thread_.load(std::memory_order_relaxed), pthread_self()) != 0;
}

std::size_t async_calls::end_all(const failure &why) {
    std::size_t ended = 0;
    for (const std::unique_ptr<line> &l : lines_) {
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
