#include "net/event_loop.h"

#include "net/connection.h"
#include "net/held_memory.h"
#include "net/memory_budget.h"

#include <algorithm>
#include <utility>

namespace webrocket {
namespace {

// How many of them the first addressee gets before another one has a letter.
std::size_t letters_to_one(std::span<const Letter> letters) {
    const auto some = letters.first(std::min(letters.size(), Addressee::letters_max));
    const auto end = std::find_if(some.begin(), some.end(), [&](const Letter &letter) {
        return letter.to != letters.front().to;
    });
    return static_cast<std::size_t>(end - some.begin());
}

// What it is serving now: nobody else has to wake it.
thread_local const EventLoop *serving = nullptr;

} // namespace

// Opens the loop's own descriptors now: later there may be none.
EventLoop::EventLoop(std::size_t index, Refusals &refusals, MemoryBudget &memory)
    : index_(index), refusals_(refusals), memory_(memory), turns_(work_of_a_tenant),
      ready_(io_, [this] { serve_the_ready(); }) {}

EventLoop::~EventLoop() {
    while (has_connections())
        connections_.front().drop();
    for (auto &queue : timers_)
        queue->entries.clear();
    for (auto *kept : {&serving_again_, &ending_turn_})
        kept->clear();
    line_.clear();
    turns_.clear();
}

void EventLoop::add(Connection &connection, const Socket &socket) {
    ready_.add(socket, &connection);
    intrusive_ptr_add_ref(&connection);
    connections_.push_back(connection);
}

void EventLoop::remove(Connection &connection) {
    if (!connection.LoopHook::is_linked())
        return;
    connection.LoopHook::unlink();
    intrusive_ptr_release(&connection);
}

void EventLoop::serve_again(Connection &connection) {
    serving_again_.emplace_back(&connection);
    if (serving != this)
        ready_.look_again();
}

// What they bring is written together, when all of it is there.
void EventLoop::serve_the_ready() {
    serving = this;
    turn_begin_ = work_done();
    serving_again_now_.swap(serving_again_); // what is put there now is for the next round
    serve_changes();
    for (const auto &connection : serving_again_now_)
        connection->serve(0);
    serving_again_now_.clear();
    serve_those_put_off();
    serving = nullptr;
    look_at_memory();
    if (std::exchange(end_turn_follows_, false))
        without_exceptions([this] { end_turn(); });
    if (serving_again_.empty() && turns_.empty())
        ready_.wait();
    else
        ready_.look_again();
}

// One that is served may end another one, which is kept until all of them have been.
void EventLoop::serve_changes() {
    std::array<ConnectionPtr, ReadySet::changes_max> changed;
    const auto changes = ready_.changes();
    std::transform(changes.begin(), changes.end(), changed.begin(), [](const epoll_event &change) {
        return ConnectionPtr(static_cast<Connection *>(change.data.ptr));
    });
    for (std::size_t i = 0; i < changes.size(); ++i)
        changed[i]->serve(changes[i].events);
}

void EventLoop::put_off_input(Connection &connection, const void *tenant) {
    turns_.wait(tenant, ConnectionPtr(&connection));
}

void EventLoop::serve_those_put_off() {
    if (turns_.empty())
        return;
    constexpr std::uint64_t work_of_serving = 2000;
    turns_.serve(turns_.are_shared() ? shared_turn_work : turn_work,
                 [this](const ConnectionPtr &connection) {
                     const std::uint64_t before = work_done();
                     connection->take_turn();
                     return work_done() - before + work_of_serving;
                 });
}

void EventLoop::send(Letter letter, Lane lane, std::size_t deliveries) {
    if (serving == this)
        deliveries_caused_ += deliveries;
    {
        const std::lock_guard lock(mailbox_mutex_);
        const std::size_t size = letter.bytes ? letter.bytes->size() : 0;
        auto &letters = mailbox_[static_cast<std::size_t>(lane)];
        letters.push_back(std::move(letter));
        mailbox_bytes_.fetch_add(size, std::memory_order_relaxed);
    }
    schedule_end_turn();
}

void EventLoop::end_turn_with(Connection &connection) {
    ending_turn_.emplace_back(&connection);
    if (!writing_follows_)
        schedule_end_turn();
}

void EventLoop::schedule_end_turn() {
    if (serving == this) {
        end_turn_follows_ = true;
        return;
    }
    // The lock of the mailbox makes the look of whoever has a letter a fresh one.
    if (end_turn_posted_.load(std::memory_order_relaxed) || end_turn_posted_.exchange(true))
        return;
    try {
        post([this] {
            end_turn_posted_.store(false);
            end_turn();
        });
    } catch (const std::exception &) {
        end_turn_posted_.store(false);
        throw;
    }
}

// All threads are asked only where this one has taken a good deal.
void EventLoop::look_at_memory() {
    constexpr std::int64_t step = std::int64_t{1} << 20;
    const std::int64_t held = held_memory::of_this_thread();
    if (held < held_at_look_ + step) {
        held_at_look_ = std::min(held_at_look_, held);
        return;
    }
    held_at_look_ = held;
    memory_.look();
}

// Ending one connection may give others something to say; they follow in a turn of their own.
void EventLoop::end_turn() {
    const std::size_t answered = ending_turn_.size();
    writing_follows_ = true;
    empty_mailbox();
    writing_follows_ = false;
    ending_turn_now_.swap(ending_turn_);
    put_listeners_first(answered);
    for (std::size_t i = 0; i < ending_turn_now_.size(); ++i) {
        if (i + 1 < ending_turn_now_.size())
            ending_turn_now_[i + 1]->prefetch();
        ending_turn_now_[i]->end_turn();
    }
    ending_turn_now_.clear();
    look_at_memory();
    if (std::exchange(some_are_aborted_, false))
        drop_aborted();
}

// What was said is waited for more than the answer to who has said it, which has what follows to do
// meanwhile. It does not wait for thousands.
void EventLoop::put_listeners_first(std::size_t answered) {
    constexpr std::size_t few = 64;
    if (ending_turn_now_.size() - answered <= few)
        std::rotate(ending_turn_now_.begin(),
                    ending_turn_now_.begin() + static_cast<std::ptrdiff_t>(answered),
                    ending_turn_now_.end());
}

void EventLoop::drop_aborted() {
    for (auto it = connections_.begin(); it != connections_.end();) {
        Connection &connection = *it++;
        connection.drop_if_aborted();
    }
}

void EventLoop::put_in_line(Connection &connection) {
    line_.emplace_back(&connection);
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

// Where the others have more to do than a moment's work, half of the time is theirs: whoever
// publishes to thousands is then heard together with those who do, and written for once.
void EventLoop::serve_line() {
    const auto others_time = std::chrono::steady_clock::now() - posted_at_;
    turn_limit_ = std::clamp<std::chrono::steady_clock::duration>(others_time, turn_limit_min,
                                                                  turn_limit_max);
    turn_time_ = {};
    while (!line_.empty() && turn_time_ <= turn_limit_) {
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
    for (auto &letters : opened_) {
        hand_out(letters);
        letters.clear();
    }
}

void EventLoop::hand_out(std::span<const Letter> rest) {
    while (!rest.empty()) {
        const auto letters = rest.first(letters_to_one(rest));
        without_exceptions([&] { letters.front().to->receive(letters, *this); });
        rest = rest.subspan(letters.size());
    }
}

void EventLoop::arm(TimerEntry &entry, std::chrono::milliseconds wait) {
    entry.TimerHook::unlink();
    TimerQueue &queue = queue_of(wait);
    entry.due = std::chrono::steady_clock::now() + wait;
    queue.entries.push_back(entry);
    if (!queue.running)
        run_timer(queue);
}

EventLoop::TimerQueue &EventLoop::queue_of(std::chrono::milliseconds wait) {
    const auto found = std::find_if(timers_.begin(), timers_.end(),
                                    [wait](const auto &queue) { return queue->wait == wait; });
    if (found != timers_.end())
        return **found;
    return *timers_.emplace_back(std::make_unique<TimerQueue>(io_, wait));
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

void EventLoop::for_each_connection(const std::function<void(Connection &)> &action) {
    for (auto &connection : connections_)
        action(connection);
}

} // namespace webrocket
