// How a worker gets its stream, and gets it back.
#include "worker/worker.h"

#include <utility>

#include "backend/answer_failure.h"
#include "http/curl.h"

namespace kn {

/// Moves the connection on, or sees to it that one is under way when it is time.
void Worker::advance(Deadline until) {
    if (!stream_.is_running() && (!retry_at_ || *retry_at_ <= Clock::now()))
        start_stream();
    home_.require();
    if (member_)
        return advance_of_group(until);
    set_alarm();
    const Reactor::Readiness ready =
        stream_.is_held() ? Reactor::Readiness{} : reactor_.wait(until);
    if (ready.bell) {
        reactor_.silence();
        bell_rings_ = false;
    }
    may_have_more_ = ready.count > 0;
    last_end_ = stream_.advance(ready);
    tell_connected();
}

void Worker::tell_connected() {
    if (std::exchange(has_connected_, false)) {
        // Not where it happens, which is inside libcurl: the log may end its thread.
        options_.logger.write(KN_LOG_INFO, [&] { return "connected to " + where_.url(); });
        home_.require();
    }
}

void Worker::set_alarm() {
    Deadline due = stream_.is_running() ? stream_.deadline() : retry_at_;
    if (member_)
        due = sooner(due, member_->rest());
    if (due)
        reactor_.alarm_at(*due);
}

/// At the end of a call: whoever polls the descriptor has to come back for what is left to do, now
/// or when it is time.
void Worker::ready_descriptor() {
    const bool has_more = has_backlog() || is_cut_short_ || last_end_ || fatal_ || answers_failed_;
    if (has_more && !bell_rings_) {
        reactor_.ring();
        bell_rings_ = true;
    }
    set_alarm();
}

/// All of it or nothing, should memory run out: less would ask for something else.
std::string Worker::make_target() {
    const TopicFilter filter =
        options_.filter ? TopicFilter{*options_.filter, false} : routes_->filter();
    std::string target = where_.url() + "/events";
    char separator = '?';
    const auto add = [&](const char *name, const std::string &value) {
        if (value.empty())
            return;
        target += std::exchange(separator, '&');
        target += name + percent_encoded(value);
    };
    add("filter=", filter.regex);
    if (member_)
        target += separator + member_->query();
    else
        add("worker=", options_.worker_name);
    is_filter_wider_ = filter.is_wider;
    return target;
}

void Worker::start_stream() {
    if (target_.empty())
        target_ = make_target();
    retry_at_.reset();
    open_stream();
    set_state(KN_WORKER_CONNECTING);
    options_.logger.write(KN_LOG_DEBUG, [&] { return "connecting to " + where_.url(); });
}

void Worker::open_stream() {
    const auto max_size = static_cast<std::size_t>(options_.max_event_size);
    if (member_) {
        has_refused_terms_ = false;
        const std::string target = target_ + member_->resumption();
        parser_.emplace(max_size, "", event_stream::Parser::Fields::with_delivery);
        stream_.start(target, "");
        return;
    }
    if (parser_)
        last_event_id_ = parser_->last_event_id(); // of what came whole; the rest comes again
    parser_.emplace(max_size, last_event_id_);
    stream_.start(target_, last_event_id_);
}

bool Worker::on_head(const StreamHead &head) {
    if (policy_.judge(head.http_status, head.is_event_stream) != Verdict::stream)
        return false;
    if (member_ && !member_->begin_stream(head.worker_id, head.delivery)) {
        has_refused_terms_ = true;
        return false;
    }
    policy_.connected(Clock::now());
    metrics_.connected();
    set_state(KN_WORKER_CONNECTED);
    has_connected_ = true;
    return true;
}

void Worker::stream_ended(const StreamEnd &end) {
    stream_.stop();
    if (end.is_in_order)
        policy_.ended_in_order();
    Failure why = end.why;
    Verdict meaning =
        end.http_status == 0 ? Verdict::retry : policy_.judge(end.http_status, end.is_event_stream);
    if (member_) {
        clear_inbox(); // what is not taken in comes again
        member_->stream_broke(Clock::now());
        if (std::exchange(has_refused_terms_, false))
            meaning = refuse_terms(why);
    }
    name_subject(why, where_, {operations::subscribe, {}});
    if (meaning != Verdict::ended)
        metrics_.failed(why);
    switch (meaning) {
    case Verdict::ended:
        options_.logger.write(KN_LOG_INFO, [&] {
            return "the server ended the stream of " + where_.url() + " for good";
        });
        this->end(Ending::closed);
        return;
    case Verdict::fatal:
        options_.logger.write(KN_LOG_ERROR, [&] { return "giving up: " + why.message(); });
        fatal_ = why;
        this->end(Ending::failed);
        return;
    case Verdict::stream:
    case Verdict::retry:
        retry_after(why);
        return;
    }
}

void Worker::retry_after(const Failure &why) {
    const Clock::time_point now = Clock::now();
    const milliseconds delay = policy_.next_delay(now, why.retry_after_ms);
    retry_at_ = now + delay;
    set_state(KN_WORKER_WAITING);
    options_.logger.write(KN_LOG_WARNING, [&] {
        return why.message() + "; trying again in " + std::to_string(delay.count()) + " ms";
    });
    report(why);
}

void Worker::end(Ending how) noexcept {
    ending_ = how;
    stream_.stop();
    set_state(KN_WORKER_CLOSED);
    // Readable for good: whoever polls has to hear of it.
    reactor_.ring();
}

} // namespace kn
