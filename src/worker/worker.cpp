#include "worker/worker.h"

#include <algorithm>

#include <sys/random.h>

#include "base/deferred_destroys.h"
#include "base/error.h"
#include "base/failure.h"
#include "base/quoted.h"
#include "base/status.h"

namespace kn {
namespace {

#if defined(__SANITIZE_ADDRESS__)
constexpr bool keeps_memory = false;
#else
constexpr bool keeps_memory = true;
#endif

std::uint32_t random_seed() noexcept {
    std::uint32_t seed = 1;
    if (getrandom(&seed, sizeof seed, GRND_NONBLOCK) != sizeof seed)
        seed =
            static_cast<std::uint32_t>(std::chrono::steady_clock::now().time_since_epoch().count());
    return seed;
}

} // namespace

/// The driver's seat for the length of a call.
class Worker::Seat {
  public:
    explicit Seat(Worker &w, bool is_taken = false) : worker_(w), is_lent_(is_taken) {
        if (!is_taken && !w.inside_.take_seat()) {
            if (!w.is_closing())
                throw Failure(KN_ESTATE,
                              "another call is inside this worker, the one of " + w.where_.url());
            is_mine_ = false;
        }
    }
    /// The log, which is told last, may end its thread.
    ~Seat() noexcept(false) {
        if (!is_mine_ || worker_.home_.is_left())
            return;
        bool has_closed = false;
        if (worker_.is_closing())
            has_closed = worker_.conclude_closing();
        else if (worker_.is_watched_.load(std::memory_order_acquire))
            worker_.ready_descriptor();
        if (!is_lent_)
            worker_.inside_.give_up_seat();
        if (has_closed && std::uncaught_exceptions() == 0)
            worker_.tell_closed();
    }
    Seat(const Seat &) = delete;
    Seat &operator=(const Seat &) = delete;

    /// Beside a call that is closing down, the answer is that the worker is closed.
    bool is_mine() const noexcept { return is_mine_; }

  private:
    Worker &worker_;
    const bool is_lent_; // by the caller, who gives it up
    bool is_mine_ = true;
};

/// Marks that the user's code is running, and on which thread.
class Worker::CallbackScope {
  public:
    explicit CallbackScope(Worker &w) noexcept : worker_(w) {
        w.callback_thread_.store(pthread_self(), std::memory_order_relaxed);
        w.in_callback_.store(true, std::memory_order_release);
    }
    ~CallbackScope() { worker_.in_callback_.store(false, std::memory_order_release); }
    CallbackScope(const CallbackScope &) = delete;
    CallbackScope &operator=(const CallbackScope &) = delete;

  private:
    Worker &worker_;
};

/// Callbacks that live while they may be called, though others have taken their place. Where this
/// is the last to let go of them, their `destroy` is the user's code like themselves: it may change
/// handlers, close, fork, and end its thread.
template <class Kept>
class Worker::WhileCalled {
  public:
    explicit WhileCalled(Worker &w, std::shared_ptr<Kept> what = nullptr) noexcept
        : worker_(w), what_(std::move(what)) {}
    WhileCalled(const WhileCalled &) = delete;
    WhileCalled &operator=(const WhileCalled &) = delete;

    void keep(const std::shared_ptr<Kept> &what) {
        if (what == what_)
            return;
        let_go();
        what_ = what;
    }
    void let_go() {
        {
            const CallbackScope scope(worker_);
            DeferredDestroys destroys;
            what_.reset();
            destroys.run();
        }
        worker_.home_.require();
    }
    Kept &operator*() const noexcept { return *what_; }

  private:
    Worker &worker_;
    std::shared_ptr<Kept> what_;
};

namespace {

class HandlerScope {
  public:
    explicit HandlerScope(kn_event &event) noexcept : event_(event) { event.set_in_handler(true); }
    ~HandlerScope() { event_.set_in_handler(false); }
    HandlerScope(const HandlerScope &) = delete;
    HandlerScope &operator=(const HandlerScope &) = delete;

  private:
    kn_event &event_;
};

} // namespace

Worker::Worker(std::string_view url, const Settings &options)
    : options_(options), where_(Endpoint::parse(url)),
      policy_(options.reconnect_delay_min, options.reconnect_delay_max, random_seed()),
      stream_(reactor_, where_, options_, *this) {
    if (options_.at_least_once)
        member_.emplace(reactor_, where_, options_);
}

bool Worker::is_in_own_callback() const noexcept {
    return in_callback_.load(std::memory_order_acquire) &&
           pthread_equal(callback_thread_.load(std::memory_order_relaxed), pthread_self()) != 0;
}

template <class Change>
kn_status Worker::change_handlers(Change &&change) {
    if (is_in_own_callback()) {
        if (is_closing())
            return KN_CLOSED;
        change();
        return KN_OK;
    }
    const Seat taken(*this);
    if (!taken.is_mine() || is_closing())
        return KN_CLOSED;
    change();
    return KN_OK;
}

kn_status Worker::on(std::string_view pattern_text, CallbackPtr<kn_handler> handler) {
    const Pattern what(pattern_text);
    return change_handlers([&] {
        const bool is_fixed = state() != KN_WORKER_IDLE && !options_.filter;
        if (handler != nullptr && is_fixed && !routes_->knows(pattern_text))
            throw Failure(KN_ESTATE, "the new pattern" + quoted(pattern_text) +
                                         " has to come before the worker's first use, unless the "
                                         "options hold a filter");
        if (routes_.use_count() > 1) // events are handed over by them
            routes_ = std::make_shared<Routes>(*routes_);
        routes_->set(what, std::move(handler));
    });
}

kn_status Worker::on_error(CallbackPtr<kn_error_handler> handler) {
    return change_handlers([&] { error_handler_.swap(handler); });
}

EventPtr Worker::ready_event() {
    const bool is_alone = !member_ && !is_closing() && !interruption_.is_left() &&
                          !is_watched_.load(std::memory_order_acquire);
    return is_alone ? read_event_of_stream() : nullptr;
}

kn_status Worker::next(milliseconds timeout, EventPtr &event, bool has_seat) {
    const Seat taken(*this, has_seat);
    if (!taken.is_mine())
        return KN_CLOSED;
    const kn_status status = wait_for_event(deadline_after(timeout), event);
    if (event && member_)
        acknowledge_gap(*event);
    return status;
}

void Worker::require_handlers() const {
    if (!routes_->has_handlers())
        throw Failure(KN_ESTATE, "the worker of " + where_.url() +
                                     " has no handlers; give it some by kn_worker_on()");
}

kn_status Worker::run() {
    const Seat taken(*this);
    if (!taken.is_mine() || is_closing())
        return KN_CLOSED;
    require_handlers();
    for (;;) {
        EventPtr event;
        kn_status status = wait_for_event(std::nullopt, event);
        if (status == KN_OK)
            status = hand_over_from(std::move(event));
        if (status != KN_OK)
            return status;
    }
}

kn_status Worker::dispatch() {
    const Seat taken(*this);
    if (!taken.is_mine() || is_closing())
        return KN_CLOSED;
    require_handlers();
    EventPtr event;
    const kn_status status = wait_for_event(Clock::now(), event);
    return status == KN_OK ? hand_over_from(std::move(event)) : status;
}

/// What other threads have to say, which goes before everything else; KN_OK: nothing. (An optional
/// status is put together in memory, which would hold up each event.)
kn_status Worker::standing_answer() {
    home_.require(); // the log is a callback, too
    if (is_closing())
        return KN_CLOSED;
    return interruption_.take() ? KN_INTERRUPTED : KN_OK;
}

kn_status Worker::wait_for_event(Deadline until, EventPtr &event) {
    is_cut_short_ = false;
    for (int looks = 0;;) {
        if (const kn_status answer = standing_answer(); answer != KN_OK)
            return answer;
        if (member_)
            if (const kn_status answer = look_around(); answer != KN_OK)
                return answer;
        event = read_event();
        if (event)
            return KN_OK;
        if (last_end_) {
            const StreamEnd end = *std::exchange(last_end_, std::nullopt);
            stream_ended(end);
            continue;
        }
        if (fatal_) {
            const Failure once = *std::exchange(fatal_, std::nullopt);
            throw once;
        }
        if (ending_ != Ending::none)
            return KN_CLOSED;
        // Even whoever does not want to wait gets a look at what is ready.
        if (looks > 0 && has_passed(until) && (!may_have_more_ || looks >= most_looks)) {
            is_cut_short_ = may_have_more_;
            return KN_AGAIN;
        }
        looks = std::min(looks + 1, most_looks);
        advance(until);
    }
}

/// The next event that came whole, if there is one.
EventPtr Worker::read_event() { return member_ ? next_of_group() : read_event_of_stream(); }

EventPtr Worker::read_event_of_stream() {
    while (has_parsed_ || parse_next()) {
        EventPtr event = make_event();
        has_parsed_ = false;
        if (!has_unread())
            clear_inbox();
        if (is_filter_wider_ && !routes_->cover(event->channel_view(), event->name_view()))
            continue; // nobody asked for it
        metrics_.handed_over();
        return event;
    }
    return nullptr;
}

/// Of what the parser has.
EventPtr Worker::make_event() {
    // Text with U+0000 in it reads as absent.
    const std::string_view topic = parser_->type_holds_nul() ? "message" : parser_->type();
    EventPtr event = std::move(recycled_);
    if (event && event->remake(topic, parser_->last_event_id(), parser_->data()))
        return event;
    event.reset();
    event.reset(kn_event::create(topic, parser_->last_event_id(), parser_->data()));
    return event;
}

/// Keeps the memory of an event that nobody but the driver has any more. Not where a sanitizer
/// looks for programs that use an event behind its end.
void Worker::recycle(EventPtr event) noexcept {
    if (keeps_memory && event->is_unshared() && event->room() <= kept_event)
        recycled_ = std::move(event);
}

/// False when no event is whole. Otherwise it is the parser's, and points into the inbox, until
/// there was memory to hand it over.
bool Worker::parse_next() {
    if (!has_unread())
        return false;
    std::string_view unread = std::string_view(inbox_).substr(read_);
    const event_stream::Parser::Outcome outcome = parser_->read(unread);
    read_ = inbox_.size() - unread.size();
    if (const std::optional<std::uint64_t> hint = parser_->take_retry_hint())
        policy_.hint(*hint);
    has_parsed_ = outcome == event_stream::Parser::Outcome::event;
    if (has_parsed_)
        policy_.received_event();
    else if (outcome == event_stream::Parser::Outcome::too_big)
        give_up_reading();
    else
        clear_inbox();
    return has_parsed_;
}

/// The stream is stopped where its end is dealt with.
void Worker::give_up_reading() {
    clear_inbox();
    last_end_ =
        StreamEnd{Failure(KN_ETOOBIG, "an event is larger than " +
                                          std::to_string(options_.max_event_size) + " bytes"),
                  0, false, false};
}

void Worker::on_bytes(std::string_view bytes) {
    metrics_.received(bytes.size());
    policy_.received_something();
    if (!has_unread() && !has_queued())
        metrics_.backlog_began();
    inbox_.append(bytes);
}

void Worker::clear_inbox() noexcept {
    has_parsed_ = false;
    const bool is_quiet = inbox_.size() <= quiet_inbox;
    inbox_.clear();
    read_ = 0;
    // What one burst has filled is given back when it is over.
    if (is_quiet && inbox_.capacity() > kept_inbox)
        inbox_.shrink_to_fit();
    if (!has_queued())
        metrics_.backlog_ended();
}

void Worker::report(const Failure &why) {
    if (error_handler_ == nullptr)
        return;
    WhileCalled handler(*this, error_handler_); // it may replace itself
    const ErrorPtr error(make_error(why));
    call_user([&] { (*handler)(error.get()); });
    handler.let_go();
}

/// No exception of the user's gets any further: there may be C above us. A child that the user has
/// forked does not either. Whether there was one.
template <class Call>
bool Worker::call_user(Call &&call) {
    const CallbackScope scope(*this);
    const bool was_thrown = has_thrown(call);
    if (was_thrown)
        options_.logger.write(KN_LOG_ERROR,
                              [] { return std::string("a handler threw an exception through C"); });
    home_.require();
    return was_thrown;
}

/// Hands over what has come so far, without a look at the network; why it stopped before, if it
/// did.
kn_status Worker::hand_over_from(EventPtr first) {
    WhileCalled<Routes> current(*this);
    const kn_status answer = member_ ? hand_over_all_of_group(std::move(first), current)
                                     : hand_over_all(std::move(first), current);
    current.let_go();
    return answer;
}

kn_status Worker::hand_over_all(EventPtr first, WhileCalled<Routes> &to) {
    for (EventPtr event = std::move(first); event; event = read_event()) {
        to.keep(routes_); // a handler may change them, but not for the event it has
        if (!hand_over(*event, *to))
            return KN_CLOSED;
        recycle(std::move(event));
        if (const kn_status answer = standing_answer(); answer != KN_OK)
            return answer;
    }
    return KN_OK;
}

/// False when a handler closed the worker: the rest of them are not called.
bool Worker::hand_over(kn_event &event, Routes &to) {
    const HandlerScope handling(event);
    const std::vector<const Routes::Route *> &covering = to.covering(event);
    for (const Routes::Route *const r : covering) {
        call_user([&] { (*r->handler)(&event); });
        if (is_closing())
            return false;
    }
    if (covering.empty())
        options_.logger.write(KN_LOG_WARNING,
                              [&] { return std::string("no handler for ") + event.topic(); });
    return true;
}

/// The same at least once. Where it looks at the network in between, more comes; whoever dispatches
/// waits for none of that.
kn_status Worker::hand_over_all_of_group(EventPtr first, WhileCalled<Routes> &to) {
    std::size_t left = member_->queued() + 1;
    for (EventPtr event = std::move(first); event; event = --left > 0 ? read_event() : nullptr) {
        to.keep(routes_);
        if (!hand_over_of_group(*event, *to))
            return KN_CLOSED;
        event.reset();
        if (const kn_status answer = look_around(); answer != KN_OK)
            return answer;
    }
    return KN_OK;
}

bool Worker::hand_over_of_group(kn_event &event, Routes &to) {
    const HandlerScope handling(event);
    const std::vector<const Routes::Route *> &covering = to.covering(event);
    bool was_thrown = false;
    for (std::size_t i = 0; i < covering.size(); ++i) {
        was_thrown |= call_user([&] { (*covering[i]->handler)(&event); });
        if (!is_closing())
            continue;
        if (i + 1 < covering.size())
            decline(event);
        else
            answer_for(event, true, was_thrown);
        return false;
    }
    answer_for(event, !covering.empty(), was_thrown);
    return true;
}

int Worker::fd() const noexcept {
    if (!is_watched_.exchange(true, std::memory_order_acq_rel))
        reactor_.ring(); // what came before nobody was told about
    return reactor_.fd();
}

void Worker::interrupt() noexcept {
    interruption_.leave([this] { reactor_.ring(); });
}

void Worker::await_interrupts() const noexcept { interruption_.await_leavers(); }

void Worker::abandon() noexcept {
    abandoned_.store(true, std::memory_order_release);
    closing_.store(true, std::memory_order_release);
    reactor_.ring();
}

void Worker::set_state(std::int32_t state) noexcept {
    std::int32_t before = state_.load(std::memory_order_acquire);
    // Once somebody began to close it, no news from the network changes that.
    while (before < KN_WORKER_CLOSING &&
           !state_.compare_exchange_weak(before, state, std::memory_order_acq_rel)) {
    }
}

} // namespace kn
