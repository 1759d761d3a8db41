// What a worker does besides where each event is to be acknowledged: its own queue, and answers.
#include "worker/worker.h"

#include <utility>

#include "base/quoted.h"

namespace kn {
namespace {

constexpr milliseconds unhandled_delay{1'000};

/// A wait that was at least so long has ended when something came.
constexpr milliseconds real_wait{1};

} // namespace

/// As advance(), with the second connection beside the stream.
void Worker::advance_of_group(Deadline until) {
    if (has_parsed_)
        take_in(); // there was no memory for it, and it points into the inbox
    const Clock::time_point before = Clock::now();
    member_->send_what_is_due(before);
    const Reactor::Readiness ready =
        wait_beside_answers(stream_.is_held() && member_->has_room() ? before : until);
    const Clock::time_point now = Clock::now();
    last_end_ = stream_.advance(ready);
    if (std::optional<Failure> why = member_->advance(ready))
        answers_failed_ = std::move(why);
    take_in();
    // Nobody can tell how long it was broken already when the last look was long ago.
    if (last_end_)
        member_->stream_broke(now - before >= real_wait ? now : member_->last_look());
    member_->looked_at(now);
    tell_connected();
}

Reactor::Readiness Worker::wait_beside_answers(Deadline until) {
    set_alarm();
    const Reactor::Readiness ready = reactor_.wait(until);
    member_->ledger().wake_up();
    if (ready.bell) {
        reactor_.silence();
        bell_rings_ = false;
    }
    may_have_more_ = ready.count > 0;
    return ready;
}

/// Until the worker was connected once, it is a mistake that a person has to see. But once it may
/// be libcurl's: short of memory, 7.88 sends a request without its query and tells nobody.
Verdict Worker::refuse_terms(Failure &why) {
    why = Failure(KN_EPROTOCOL, "the server does not deliver at least once: its answer has no "
                                "X-WebRocket-Delivery: explicit, or no X-WebRocket-Worker-Id");
    why.http_status = 200;
    return policy_.was_connected() || !std::exchange(has_refused_before_, true) ? Verdict::retry
                                                                                : Verdict::fatal;
}

bool Worker::has_backlog_of_group() const noexcept {
    const bool may_take_in = has_parsed_ || has_unread() || stream_.is_held();
    return member_->has_ready(Clock::now()) || (may_take_in && member_->has_room());
}

/// What came whole goes into the worker's own queue, as far as there is room.
void Worker::take_in() {
    while (ending_ == Ending::none && member_->has_room() && (has_parsed_ || parse_next())) {
        const std::string_view topic = parser_->type_holds_nul() ? "message" : parser_->type();
        const GroupMember::Taking what = member_->take(*parser_, topic);
        has_parsed_ = false;
        if (what == GroupMember::Taking::replaced)
            return be_replaced();
        if (what == GroupMember::Taking::malformed) {
            clear_inbox();
            last_end_ = StreamEnd{Failure(KN_EPROTOCOL, "an event without an id, or with a tag "
                                                        "that is not above the last one"),
                                  0, false, false};
            return;
        }
        if (!has_unread())
            clear_inbox();
    }
}

void Worker::be_replaced() {
    const Failure why(KN_EREPLACED, "another worker took the name" + quoted(member_->name()) +
                                        " in the group" + quoted(options_.group) + " of " +
                                        where_.url());
    clear_inbox();
    last_end_.reset();
    member_->give_up();
    metrics_.failed(why);
    fatal_ = why;
    end(Ending::failed);
    options_.logger.write(KN_LOG_ERROR, [&] { return "giving up: " + why.message(); });
}

/// Between two events: answers that are due are sent, and the end of the stream is dealt with at
/// once, since what waits is not handed over for long after it.
kn_status Worker::look_around() {
    const Clock::time_point now = Clock::now();
    if (ending_ == Ending::none && member_->has_ready(now) && member_->wants_look(now)) {
        advance(now);
        if (!last_end_ && member_->is_sending())
            advance(now); // so that what was begun gets on its way
    }
    if (last_end_) {
        const StreamEnd end = *std::exchange(last_end_, std::nullopt);
        stream_ended(end);
    }
    tell_of_answers();
    return standing_answer();
}

/// The stream's own failure says the same where it is broken, too.
void Worker::tell_of_answers() {
    if (!answers_failed_)
        return;
    const Failure why = *std::exchange(answers_failed_, std::nullopt);
    if (state() != KN_WORKER_CONNECTED)
        return;
    metrics_.failed(why);
    options_.logger.write(KN_LOG_WARNING, [&] { return why.message(); });
    report(why);
}

EventPtr Worker::next_of_group() {
    for (;;) {
        if (!has_queued())
            take_in();
        EventPtr event = member_->next(Clock::now());
        if (!event)
            return nullptr;
        if (!has_queued() && !has_unread())
            metrics_.backlog_ended();
        if (is_filter_wider_ && !event->delivery()->is_gap &&
            !routes_->cover(event->channel_view(), event->name_view())) {
            answer_for(*event, false, false); // nobody asked for it
            continue;
        }
        metrics_.handed_over();
        return event;
    }
}

void Worker::acknowledge_gap(kn_event &event) noexcept {
    if (event.delivery()->is_gap)
        member_->ledger().acknowledge(*event.delivery());
}

/// For one that a handler was not called for, because the one before has closed the worker.
void Worker::decline(const kn_event &event) noexcept {
    member_->ledger().give_back(*event.delivery(), {milliseconds(0), true});
}

/// When the last handler has returned, or where there is none.
void Worker::answer_for(kn_event &event, bool was_handled, bool was_thrown) {
    Delivery &delivery = *event.delivery();
    Ledger &ledger = member_->ledger();
    if (delivery.is_gap) {
        ledger.acknowledge(delivery);
        if (!was_handled)
            options_.logger.write(KN_LOG_WARNING, [&] {
                return std::string("events were lost before they came, and no handler is for ") +
                       "*/:gap: " + event.data();
            });
    } else if (!was_handled) {
        ledger.give_back(delivery, {unhandled_delay, true});
        options_.logger.write(KN_LOG_WARNING, [&] {
            return std::string("no handler for ") + event.topic() + ", which is given back";
        });
    } else if (was_thrown) {
        if (ledger.is_left_open(delivery))
            ledger.give_back(delivery, GivingBack::after_failure(delivery.attempt));
    } else if (options_.auto_ack && ledger.is_left_open(delivery)) {
        ledger.acknowledge(delivery);
    }
    home_.require(); // the log is a callback, too
}

} // namespace kn
