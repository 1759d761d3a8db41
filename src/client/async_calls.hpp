#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <vector>

#include <pthread.h>

#include "base/deadline.hpp"
#include "base/process.hpp"
#include "client/any_call.hpp"
#include "client/client_metrics.hpp"
#include "client/completion.hpp"
#include "client/result.hpp"
#include "http/connection.hpp"
#include "http/multi.hpp"
#include "net/reactor.hpp"

namespace kn {

/// The calls that nobody waits for. Any thread hands them in; one at a time, the driver, moves them
/// on. They begin in the order in which they came, as many at once as there may be connections.
class async_calls {
  public:
    async_calls(const endpoint &where, const settings &options, client_metrics &metrics);
    ~async_calls();
    async_calls(const async_calls &) = delete;
    async_calls &operator=(const async_calls &) = delete;

    // Any thread's.

    /// Throws KN_EFULL when too many are pending.
    void hand_in(any_call &&call, completion &&whom);
    std::size_t pending() const noexcept { return pending_.load(std::memory_order_acquire); }
    int fd() const noexcept;
    /// Makes the descriptor readable. A signal handler's, too.
    void ring() const noexcept { reactor_.ring(); }
    /// No more calls are told how they ended.
    void abandon() noexcept;

    // The driver's.

    /// Moves the calls on with what is ready, or becomes so until then; how many ended.
    std::size_t advance(const deadline &until);
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
    class callback_scope;
    struct pending_call {
        std::uint64_t number;
        any_call call;
        completion whom;
        deadline until; // once it has begun
        kn_result result;
    };
    /// A connection, and the call that is on it.
    struct line {
        line(const endpoint &where, const settings &options, open_sockets &sockets)
            : wire(where, options, sockets) {}
        connection wire;
        std::unique_ptr<pending_call> busy_with;
    };

    /// What there is to tell of the connections.
    class connections final : public socket_observer {
      public:
        connections(client_metrics &metrics, reactor &waiting)
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
        client_metrics &metrics_;
        reactor &reactor_;
    };

    bool is_in_own_callback() const noexcept;
    bool has_waiting();
    std::unique_ptr<pending_call> next_waiting();
    bool try_to_advance(const reactor::readiness &ready);
    line *free_line();
    std::size_t begin_waiting();
    bool try_to_begin(line &on);
    void begin(line &on);
    std::size_t end_completed();
    std::size_t end_all(const failure &why);
    bool go_on(line &on, CURLcode code);
    void end(line &on);

    const endpoint &where_;
    const settings &options_;
    client_metrics &metrics_;
    home home_;

    std::mutex mutex_; // guards what any thread may change: the next two
    std::deque<std::unique_ptr<pending_call>> waiting_;
    std::uint64_t newest_ = 0;
    std::atomic<std::size_t> pending_{0};
    std::atomic<bool> is_abandoned_{false};
    std::atomic<bool> in_callback_{false};
    std::atomic<pthread_t> callback_thread_{};
    mutable std::atomic<bool> bell_rings_{false};
    mutable std::atomic<bool> is_watched_{false}; // somebody asked for the descriptor

    bool may_have_more_ = false;
    reactor reactor_;
    connections connections_{metrics_, reactor_};
    open_sockets sockets_;
    multi multi_;
    std::vector<std::unique_ptr<line>> lines_; // go before the multi handle they are in
    std::vector<line *> free_lines_;
};

} // namespace kn
