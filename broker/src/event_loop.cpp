#include "event_loop.h"

#include "connection.h"

#include <algorithm>
#include <ctime>
#include <utility>

namespace webrocket {

EventLoop::EventLoop(std::size_t index, const TimerIntervals &intervals, Refusals &refusals)
    : index_(index), refusals_(refusals), ping_(make_frame(websocket_ping())) {
    for (std::size_t i = 0; i < timer_kind_count; ++i)
        timers_.push_back(std::make_unique<TimerQueue>(io_));
    const auto set = [this](TimerKind kind, std::chrono::milliseconds interval) {
        timers_[static_cast<std::size_t>(kind)]->interval = interval;
    };
    set(TimerKind::tls_handshake, intervals.handshake);
    set(TimerKind::http_head, intervals.handshake);
    set(TimerKind::http_request, intervals.http_request);
    set(TimerKind::unread_answer, intervals.unread_answer);
    set(TimerKind::last_words, intervals.last_words);
    set(TimerKind::linger, intervals.linger);
    set(TimerKind::message, intervals.message);
    set(TimerKind::newcomer, intervals.newcomer);
    set(TimerKind::websocket_ping, intervals.websocket_ping);
    set(TimerKind::worker_heartbeat, intervals.worker_heartbeat);
    set(TimerKind::rest, intervals.rest);
}

EventLoop::~EventLoop() {
    line_.clear();
    for (auto &queue : timers_)
        queue->entries.clear();
    connections_.clear();
}

void EventLoop::send(Letter letter) {
    {
        const std::lock_guard lock(mailbox_mutex_);
        const std::size_t size = letter.bytes ? letter.bytes->size() : 0;
        mailbox_.push_back(std::move(letter));
        mailbox_bytes_.fetch_add(size, std::memory_order_relaxed);
    }
    schedule_end_turn();
}

void EventLoop::end_turn_with(std::shared_ptr<Connection> connection) {
    ending_turn_.push_back(std::move(connection));
    schedule_end_turn();
}

void EventLoop::schedule_end_turn() {
    if (end_turn_posted_.exchange(true))
        return;
    try {
        post([this] { end_turn(); });
    } catch (const std::exception &) {
        end_turn_posted_.store(false);
        throw;
    }
}

// Ending one connection may give others something to say; they follow in a turn of their own.
void EventLoop::end_turn() {
    end_turn_posted_.store(false);
    empty_mailbox();
    ending_turn_now_.swap(ending_turn_);
    for (const auto &connection : ending_turn_now_)
        connection->end_turn();
    ending_turn_now_.clear();
    if (std::exchange(some_are_doomed_, false))
        drop_the_doomed();
}

void EventLoop::drop_the_doomed() {
    for (auto it = connections_.begin(); it != connections_.end();) {
        Connection &connection = *it++;
        connection.drop_if_doomed();
    }
}

void EventLoop::put_in_line(std::shared_ptr<Connection> connection) {
    line_.push_back(std::move(connection));
    post_line();
}

void EventLoop::post_line() {
    if (line_is_posted_)
        return;
    posted_at_ = std::chrono::steady_clock::now();
    serve_line_after(rounds_of_others);
}

void EventLoop::serve_line_after(unsigned rounds) {
    post([this, rounds] {
        line_is_posted_ = false; // unless it is again
        if (rounds == 0)
            serve_line();
        else
            without_exceptions([this, rounds] { serve_line_after(rounds - 1); });
    });
    line_is_posted_ = true;
}

// Half of the time is theirs where the others have more to do than a moment's work.
void EventLoop::serve_line() {
    turn_time_ = {};
    const auto others_time = std::chrono::steady_clock::now() - posted_at_;
    const auto limit = std::max<std::chrono::steady_clock::duration>(turn_time_max, others_time);
    while (!line_.empty() && turn_time_ <= limit) {
        const auto connection = std::move(line_.front());
        line_.pop_front();
        in_turn([&connection] { connection->take_turn(); });
    }
    if (!line_.empty())
        without_exceptions([this] { post_line(); });
}

void EventLoop::empty_mailbox() {
    {
        const std::lock_guard lock(mailbox_mutex_);
        opened_.swap(mailbox_);
        mailbox_bytes_.store(0, std::memory_order_relaxed);
    }
    for (auto &letter : opened_)
        without_exceptions([&] { letter.to->receive(letter, *this); });
    opened_.clear();
}

void EventLoop::arm(TimerEntry &entry, TimerKind kind) {
    entry.TimerHook::unlink();
    TimerQueue &queue = *timers_[static_cast<std::size_t>(kind)];
    entry.due = std::chrono::steady_clock::now() + queue.interval;
    queue.entries.push_back(entry);
    if (!queue.running)
        run_timer(queue);
}

void EventLoop::run_timer(TimerQueue &queue) {
    if (queue.entries.empty()) {
        queue.running = false;
        return;
    }
    queue.timer.expires_at(queue.entries.front().due);
    queue.running = false; // unless it is
    queue.timer.async_wait([this, &queue](const boost::system::error_code &error) {
        if (error)
            return;
        const auto now = std::chrono::steady_clock::now();
        while (!queue.entries.empty() && queue.entries.front().due <= now) {
            TimerEntry &entry = queue.entries.front();
            queue.entries.pop_front();
            without_exceptions([&entry] { entry.on_timer(); });
        }
        run_timer(queue);
    });
    queue.running = true;
}

void EventLoop::add(Connection &connection) { connections_.push_back(connection); }

void EventLoop::for_each_connection(const std::function<void(Connection &)> &action) {
    for (auto &connection : connections_)
        action(connection);
}

const std::string &EventLoop::http_date() {
    const auto second = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
    if (second != http_date_second_ || http_date_.empty()) {
        http_date_second_ = second;
        const std::time_t time = std::chrono::system_clock::to_time_t(second);
        std::tm parts{};
        gmtime_r(&time, &parts);
        std::array<char, 64> text{};
        const auto length =
            std::strftime(text.data(), text.size(), "%a, %d %b %Y %H:%M:%S GMT", &parts);
        http_date_.assign(text.data(), length);
    }
    return http_date_;
}

} // namespace webrocket
