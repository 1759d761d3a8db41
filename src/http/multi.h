#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <vector>

#include <curl/curl.h>

#include "http/transfer.h"
#include "net/socket_watcher.h"

namespace kn {

/// libcurl's multi interface, with whoever waits for its sockets. It runs any number of transfers;
/// whose they are, and what follows from them, its owner knows.
class Multi {
  public:
    using Clock = std::chrono::steady_clock;

    explicit Multi(SocketWatcher &watcher);
    ~Multi();
    Multi(const Multi &) = delete;
    Multi &operator=(const Multi &) = delete;

    /// Begins a transfer; it gets under way in the next advance(). @p trace is the transfer's own.
    void add(CURL *easy, const TransferTrace &trace);
    /// Drops a transfer, or takes out one that is done.
    void remove(CURL *easy) noexcept;

    /// Moves every transfer on with what is ready.
    void advance(const ReadySockets &ready);

    struct Completion {
        CURL *easy;
        CURLcode code;
    };
    /// A transfer that is done and was not told of yet.
    std::optional<Completion> next_completion() noexcept;

    /// When advance() has something to do though no socket is ready.
    std::optional<Clock::time_point> deadline() const noexcept { return deadline_; }

    /// From now on a transfer may write on TLS, which may raise SIGPIPE. On a bare socket libcurl
    /// asks for no signal with each write, and holding it off would cost a tenth of a request.
    void expect_tls() noexcept { may_use_tls_ = true; }

    /// How many connections are kept open for later.
    void keep_connections(long count);

  private:
    static int watch_socket(CURL *, curl_socket_t socket, int what, void *self, void *) noexcept;
    static int set_timer(CURLM *, long timeout_ms, void *self) noexcept;
    void socket_action(int socket, int events);
    void run_what_is_due();
    void run_what_connects();

    struct Transfer {
        CURL *easy;
        const TransferTrace *trace;
    };

    struct Cleanup {
        void operator()(CURLM *handle) const noexcept { curl_multi_cleanup(handle); }
    };

    SocketWatcher &watcher_;
    bool may_use_tls_ = false;
    bool out_of_memory_ = false;
    bool has_lost_socket_ = false;
    std::vector<Transfer> transfers_;
    std::optional<Clock::time_point> deadline_;
    std::unique_ptr<CURLM, Cleanup> handle_;
};

} // namespace kn
