#include "event_loop.h"

#include "connection.h"

#include <boost/asio/post.hpp>
#include <ctime>

namespace webrocket {

EventLoop::EventLoop(boost::asio::io_context &io, const TimerIntervals &intervals) : io_(io) {
    for (std::size_t i = 0; i < timer_kind_count; ++i)
        timers_.push_back(std::make_unique<TimerQueue>(io));
    const auto set = [this](TimerKind kind, std::chrono::milliseconds interval) {
        timers_[static_cast<std::size_t>(kind)]->interval = interval;
    };
    set(TimerKind::http_request, intervals.http_request);
    set(TimerKind::linger, intervals.linger);
    set(TimerKind::websocket_ping, intervals.websocket_ping);
    set(TimerKind::worker_heartbeat, intervals.worker_heartbeat);
}

EventLoop::~EventLoop() {
    for (auto &queue : timers_)
        queue->entries.clear();
    connections_.clear();
}

void EventLoop::end_turn_with(std::shared_ptr<Connection> connection) {
    ending_turn_.push_back(std::move(connection));
    if (end_turn_posted_)
        return;
    end_turn_posted_ = true;
    boost::asio::post(io_, [this] { end_turn(); });
}

// Ending one connection may give others something to say; they follow in a turn of their own.
void EventLoop::end_turn() {
    end_turn_posted_ = false;
    ending_turn_now_.swap(ending_turn_);
    for (const auto &connection : ending_turn_now_)
        connection->end_turn();
    ending_turn_now_.clear();
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
    queue.running = true;
    queue.timer.expires_at(queue.entries.front().due);
    queue.timer.async_wait([this, &queue](const boost::system::error_code &error) {
        if (error)
            return;
        const auto now = std::chrono::steady_clock::now();
        while (!queue.entries.empty() && queue.entries.front().due <= now) {
            TimerEntry &entry = queue.entries.front();
            queue.entries.pop_front();
            entry.on_timer();
        }
        run_timer(queue);
    });
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
