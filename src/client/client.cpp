#include "client/client.h"

#include <optional>
#include <utility>

#include "backend/answer_failure.h"
#include "base/failure.h"

namespace kn {

/// The driver's seat for the length of a call.
class Client::Seat {
  public:
    explicit Seat(Client &of) : client_(of) {
        if (!of.inside_.take_seat())
            throw Failure(KN_ESTATE,
                          "another call moves this client's calls on already, those to " +
                              of.where_.url());
    }
    ~Seat() {
        if (client_.home_.is_left())
            return;
        if (AsyncCalls *all = client_.calls_if_any())
            all->rest();
        client_.inside_.give_up_seat();
    }
    Seat(const Seat &) = delete;
    Seat &operator=(const Seat &) = delete;

  private:
    Client &client_;
};

Client::Client(std::string_view url, const Settings &options)
    : options_(options), where_(Endpoint::parse(url)) {
    ensure_curl();
}

// ---- Calls that wait ----

void Client::carry_out(AnyCall &&call, kn_result &result) {
    std::optional<Failure> failed;
    try {
        exchange(call, result);
    } catch (Failure &why) {
        name_subject(why, where_, call.subject());
        failed.emplace(std::move(why));
    } catch (const std::bad_alloc &) {
        metrics_.call_ended(KN_ENOMEM);
        throw;
    }
    if (!failed) {
        metrics_.call_ended(result.whole.status);
        return;
    }
    metrics_.call_ended(failed->status());
    // Behind the catch: a log may end its thread, which no catch around it survives.
    options_.logger.write(KN_LOG_WARNING, [&] { return failed->message(); });
    throw *std::move(failed);
}

void Client::exchange(AnyCall &call, kn_result &result) {
    const Deadline until = deadline_after(options_.request_timeout);
    Tries tries;
    retries_.begin(call);
    while (const auto pause = try_once(call, tries, until, result))
        rest(*pause);
}

/// Nothing where the call has ended; how long to wait where it is to be tried again. The connection
/// is others' meanwhile.
std::optional<milliseconds> Client::try_once(AnyCall &call, Tries &tries, const Deadline &until,
                                             kn_result &result) {
    const ConnectionPool::Lease leased(pool_, until);
    for (bool goes_on = true; goes_on;) {
        try {
            const Deadline limit = retries_.try_until(call, tries, until);
            goes_on = call.take(retries_.heard(leased->exchange(call.current(), limit)), result);
        } catch (Failure &why) {
            name_subject(why, where_, call.subject());
            if (Retries::is_done(why, call, tries))
                return std::nullopt;
            if (!is_abandoned_.load(std::memory_order_acquire))
                if (const auto pause = retries_.pause_after(why, call, tries, until))
                    return pause;
            tell_of_tries(why, tries);
            if (!call.settle(why, result))
                throw;
            goes_on = false;
        }
    }
    return std::nullopt;
}

/// Until it is time for the next try, or the owner is gone: what is tried then is the last one.
void Client::rest(milliseconds pause) {
    std::unique_lock lock(resting_);
    rest_is_over_.wait_for(lock, pause,
                           [this] { return is_abandoned_.load(std::memory_order_acquire); });
}

// ---- Calls that are handed in ----

AsyncCalls &Client::calls() {
    if (AsyncCalls *made = calls_if_any())
        return *made;
    const std::lock_guard lock(making_calls_);
    if (!owned_calls_) {
        owned_calls_ = std::make_unique<AsyncCalls>(where_, options_, metrics_, retries_);
        calls_.store(owned_calls_.get(), std::memory_order_release);
    }
    return *owned_calls_;
}

void Client::hand_in(AnyCall &&call, Completion &&whom) {
    calls().hand_in(std::move(call), std::move(whom));
}

/// What other threads have to say, which goes before everything else.
std::optional<kn_status> Client::standing_answer() noexcept {
    if (is_abandoned_.load(std::memory_order_acquire))
        return KN_CLOSED;
    if (interruption_.take())
        return KN_INTERRUPTED;
    return std::nullopt;
}

kn_status Client::dispatch() {
    const Seat taken(*this);
    AsyncCalls &all = calls();
    for (int looks = 0; looks < most_looks; ++looks) {
        if (const std::optional<kn_status> answer = standing_answer())
            return *answer;
        if (all.advance(std::chrono::steady_clock::now()) > 0)
            return KN_OK;
        if (!all.may_have_more())
            return KN_AGAIN;
    }
    all.tell_of_more();
    return KN_AGAIN;
}

kn_status Client::flush(milliseconds timeout) {
    const Seat taken(*this);
    const Deadline until = deadline_after(timeout);
    AsyncCalls &all = calls();
    const std::uint64_t last = all.newest();
    for (bool has_looked = false;; has_looked = true) {
        if (const std::optional<kn_status> answer = standing_answer())
            return *answer;
        const bool is_done = all.has_ended(last);
        if (is_done || (has_looked && has_passed(until))) {
            all.tell_of_more();
            return is_done ? KN_OK : KN_AGAIN;
        }
        all.advance(until);
    }
}

int Client::fd() { return calls().fd(); }

void Client::interrupt() noexcept {
    interruption_.leave([this] {
        if (const AsyncCalls *all = calls_if_any())
            all->ring();
    });
}

std::size_t Client::pending() const noexcept {
    const AsyncCalls *all = calls_if_any();
    return all != nullptr ? all->pending() : 0;
}

void Client::abandon() noexcept {
    {
        const std::lock_guard lock(resting_);
        is_abandoned_.store(true, std::memory_order_release);
    }
    rest_is_over_.notify_all();
    if (AsyncCalls *all = calls_if_any())
        all->abandon();
}

} // namespace kn
