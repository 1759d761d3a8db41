#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <vector>

#include <pthread.h>

#include "base/deadline.h"
#include "base/process.h"
#include "client/any_call.h"
#include "client/client_metrics.h"
#include "client/completion.h"
#include "client/result.h"
#include "client/retries.h"
#include "http/connection.h"
#include "http/multi.h"
#include "net/reactor.h"

namespace kn {

/// The calls that nobody waits for. Any thread hands them in; one at a time, the driver, moves them
/// on. They begin in the order in which they came, as many at once as there may be connections.
class AsyncCalls {
  public:
    AsyncCalls(const Endpoint &where, const Settings &options, ClientMetrics &metrics,
               Retries &retries);
    ~AsyncCalls();
    AsyncCalls(const AsyncCalls &) = delete;
    AsyncCalls &operator=(const AsyncCalls &) = delete;

    // Any thread's.

    /// Throws KN_EFULL when too many are pending.
    void hand_in(AnyCall &&call, Completion &&whom);
    std::size_t pending() const noexcept { return pending_.load(std::memory_order_acquire); }
    int fd() const noexcept;
    /// Makes the descriptor readable. A signal handler's, too.
    void ring() const noexcept { reactor_.ring(); }
    /// No more calls are told how they ended.
    void abandon() noexcept;

    // The driver's.

    /// Moves the calls on with what is ready, or becomes so until then; how many ended.
    std::size_t advance(const Deadline &until);
    /// Whether the last advance() found something, so that there may be more.
    bool may_have_more() const noexcept { return may_have_more_; }
    /// Whoever polls the descriptor comes back for what there may be.
    void tell_of_more() const noexcept;
    /// To be called when the driver leaves: the descriptor takes over.
    void rest() noexcept;
    /// The number of the call that was handed in last. They are numbered from 1.
    std::uint64_t newest();
    /// Whether every call up to this one has ended.
    bool has_ended(std::uint64_t number);

  private:
    class CallbackScope;
    struct PendingCall {
        std::uint64_t number;
        AnyCall call;
        Completion whom;
        Deadline until; // once it has begun
        kn_result result;
        Tries tries;
        Reactor::TimePoint due; // where it is to be tried again
    };
    /// A connection, and the call that is on it.
    struct Line {
        Line(const Endpoint &where, const Settings &options, OpenSockets &sockets)
            : wire(where, options, sockets) {}
        Connection wire;
        std::unique_ptr<PendingCall> busy_with;
    };

    /// What there is to tell of the connections.
    class Connections final : public SocketObserver {
      public:
        Connections(ClientMetrics &metrics, Reactor &waiting)
            : metrics_(metrics), reactor_(waiting) {}
        void opened(int socket) noexcept override {
            metrics_.opened(socket);
            reactor_.adopt(socket);
        }
        void closing(int socket) noexcept override {
            reactor_.disown(socket);
            metrics_.closing(socket);
        }

      private:
        ClientMetrics &metrics_;
        Reactor &reactor_;
    };

    bool is_in_own_callback() const noexcept;
    bool has_waiting();
    std::unique_ptr<PendingCall> next_waiting();
    bool has_room() const noexcept;
    bool may_begin_another() const noexcept;
    bool has_due_retry() const noexcept;
    std::unique_ptr<PendingCall> next_retry();
    Deadline next_deadline() const noexcept;
    bool put_off(Line &on, const Failure &why) noexcept;
    bool try_to_advance(const Reactor::Readiness &ready);
    Line *free_line();
    std::size_t begin_waiting();
    bool try_to_begin(Line &on);
    void begin(Line &on);
    std::size_t end_completed();
    std::size_t end_all(const Failure &why);
    bool go_on(Line &on, CURLcode code);
    void end(Line &on);

    const Endpoint &where_;
    const Settings &options_;
    ClientMetrics &metrics_;
    Retries &retries_;
    Home home_;

    std::mutex mutex_; // guards what any thread may change: the next two
    std::deque<std::unique_ptr<PendingCall>> waiting_;
    std::uint64_t newest_ = 0;
    std::atomic<std::size_t> pending_{0};
    std::atomic<bool> is_abandoned_{false};
    std::atomic<bool> in_callback_{false};
    std::atomic<pthread_t> callback_thread_{};
    mutable std::atomic<bool> bell_rings_{false};
    mutable std::atomic<bool> is_watched_{false}; // somebody asked for the descriptor

    bool may_have_more_ = false;
    Reactor reactor_;
    Connections connections_{metrics_, reactor_};
    OpenSockets sockets_;
    Multi multi_;
    std::vector<std::unique_ptr<Line>> lines_; // go before the multi handle they are in
    std::vector<Line *> free_lines_;
    std::vector<std::unique_ptr<PendingCall>> put_off_; // the first that is due at the end
};

} // namespace kn
