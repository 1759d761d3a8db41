// A broker's side of at-least-once delivery, as a script of streams, and a worker of such a group.
#pragma once

#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include <kosmonaut/kosmonaut.h>

#include "answers.hpp"
#include "fault_server.hpp"
#include "observed_worker.hpp"

namespace faults {

/// What a stream of acknowledged events begins with.
struct stream_terms {
    std::string name = "S1";
    bool resumed = false;
    std::int64_t deadline_ms = 60'000;
    std::int64_t lease_ms = 10'000;
    std::string order = "none";
};
std::string group_stream_head(const stream_terms &terms = {});

/// A record with an id `e-N` and a tag.
struct record_parts {
    std::uint64_t tag;
    std::string id = {}; // "": e-TAG
    std::string topic = "chat/said";
    std::string data = "{}";
    std::string more = {}; // lines of fields, each with its end
};
std::string record_of(const record_parts &parts);
/// Records with these tags, both included.
std::string records(std::uint64_t first, std::uint64_t last);

/// One request of a worker that says how it dealt with events.
struct told_answer {
    std::string kind; // ack, nack, extend
    std::string group;
    std::string stream;
    std::uint64_t upto = 0;
    std::vector<std::string> ids;
    std::int64_t delay_ms = -1;
    bool is_unhandled = false;
    clock::time_point arrived;
};

/// What a server says to an answer; "" breaks the connection.
using answering = std::function<std::string(const told_answer &)>;
std::string taken_answer();
inline std::string answers_text(int status) { return whole_answer(status); }

/// Plays one script for each stream that is asked for, and the last one for all further ones;
/// answers are kept, and taken.
class group_server {
  public:
    using stream_script = std::function<void(conversation &, const request &)>;

    explicit group_server(
        std::vector<stream_script> streams,
        answering answer = [](const told_answer &) { return taken_answer(); });

    std::string url() const { return server_.url(); }
    const fault_server &server() const noexcept { return server_; }
    std::vector<told_answer> answers() const;
    std::vector<request> streams() const;
    /// Whether an id was acknowledged, by name or by the tag, which is the id's number.
    bool has_acknowledged(std::uint64_t number) const;
    std::size_t count(std::string_view kind) const;

  private:
    void serve(conversation &with);
    void take_answer(conversation &with, const request &what);
    std::size_t note_stream(const request &what);

    const std::vector<stream_script> scripts_;
    const answering answer_;
    mutable std::mutex mutex_;
    std::vector<told_answer> answers_;
    std::vector<request> streams_;
    fault_server server_; // goes first
};

// Scripts of streams.

/// Sends these bytes behind a head, and keeps the stream.
group_server::stream_script keeps_group_stream(std::string bytes, stream_terms terms = {});
/// The same, and ends it.
group_server::stream_script ends_group_stream(std::string bytes, stream_terms terms = {});

/// Of a request's target: the value of a member of its query, "" where it has none.
std::string query_value(const request &what, std::string_view name);

/// A worker of a group, whose events wait in events() until the test answers them.
class group_worker {
  public:
    explicit group_worker(const std::string &url,
                          const std::function<void(kn_options *)> &configure = nullptr);
    ~group_worker();
    group_worker(const group_worker &) = delete;
    group_worker &operator=(const group_worker &) = delete;

    kn_worker *get() const noexcept { return worker_; }
    const kept_log &log() const noexcept { return log_; }
    bool has_logged(std::string_view text) const;

    /// One call of kn_worker_next().
    kn_status next(std::int64_t timeout_ms);
    /// Calls it until @p is_done, for as long as a test is patient.
    bool go_on_until(const std::function<bool()> &is_done);
    /// The same with kn_worker_dispatch().
    bool dispatch_until(const std::function<bool()> &is_done);
    /// Exactly as many events have come; false: they have not.
    bool await_events(std::size_t count);
    /// Calls it for so long, whatever comes.
    void go_on_for(milliseconds time);

    std::vector<kn_event *> &events() noexcept { return events_; }
    std::vector<std::string> ids() const;
    void free_events();
    const std::vector<told_failure> &failures() const noexcept { return failures_; }
    const told_failure &last_failure() const noexcept { return last_failure_; }
    void on(const char *pattern, std::function<void(kn_event *)> handler);

  private:
    kept_log log_;
    std::vector<kn_event *> events_;
    std::vector<told_failure> failures_;
    told_failure last_failure_;
    kn_worker *worker_ = nullptr;
};

} // namespace faults
