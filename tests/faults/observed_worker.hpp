// A worker with all that it tells: events, the failures that it retries, and its log.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <mutex>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include <kosmonaut/kosmonaut.h>

#include "fault_server.hpp"

namespace faults {

/// What a kn_error says.
struct told_failure {
    kn_status status = KN_OK;
    std::int32_t http_status = 0;
    std::int32_t server_code = 0;
    std::int64_t retry_after_ms = -1;
    std::string message;
};

/// Reads a failure, and fails the test if it shows the token.
told_failure told(const kn_error *error);

/// Takes a call's error over: what it said, and no more of it.
told_failure taken(kn_error *error);

void expect_no_secret(std::string_view text);

/// Takes the log of the handles made with @p options, and fails the test if it shows the token.
class kept_log {
  public:
    struct line {
        std::int32_t level;
        std::string text;
    };

    void listen(kn_options *options);
    std::vector<line> lines() const;
    bool has_level(std::int32_t level) const;

  private:
    static void take(std::int32_t level, const char *text, void *self);

    mutable std::mutex mutex_; // a client may log on several threads
    std::vector<line> lines_;
};

struct told_event {
    std::string topic;
    std::string data;
    std::string id;
    bool operator==(const told_event &) const = default;
};
void PrintTo(const told_event &event, std::ostream *out);

/// What differs from test to test. The delays are short because the tests wait for them.
struct worker_settings {
    std::int64_t reconnect_min_ms = 5;
    std::int64_t reconnect_max_ms = 20;
    std::int64_t connect_timeout_ms = longer_than_patience_ms;
    std::int64_t idle_timeout_ms = longer_than_patience_ms;
    std::int64_t max_event_size = 0; // the default
    std::string ca_file;             // empty: the system's
};

class observed_worker {
  public:
    explicit observed_worker(const std::string &url, const worker_settings &how = {});
    ~observed_worker();
    observed_worker(const observed_worker &) = delete;
    observed_worker &operator=(const observed_worker &) = delete;

    kn_worker *get() const noexcept { return worker_; }
    std::int32_t state() const { return kn_worker_state(worker_); }

    /// One call of kn_worker_next(). An event goes to events(), a fatal failure to last_failure().
    kn_status next(std::int64_t timeout_ms);
    const told_failure &last_failure() const noexcept { return last_failure_; }

    /// Goes on until @p is_done or until the worker has ended, for as long as a test is patient;
    /// the last status.
    kn_status go_on_until(const std::function<bool()> &is_done);
    /// All events so far, once there are @p count.
    std::vector<told_event> await_events(std::size_t count);
    /// All retried failures so far, once there are @p count.
    std::vector<told_failure> await_failures(std::size_t count);
    /// All requests so far, once @p server has got @p count of them.
    std::vector<request> await_requests(const fault_server &server, std::size_t count);
    /// The status with which the worker ends.
    kn_status await_end();

    const std::vector<told_event> &events() const noexcept { return events_; }
    const std::vector<told_failure> &failures() const noexcept { return failures_; }
    const kept_log &log() const noexcept { return log_; }

  private:
    kept_log log_;
    std::vector<told_event> events_;
    std::vector<told_failure> failures_;
    told_failure last_failure_;
    kn_worker *worker_ = nullptr;
};

} // namespace faults
