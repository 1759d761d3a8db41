#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/failure.h"
#include "base/settings.h"
#include "http/curl.h"
#include "http/endpoint.h"
#include "http/header_list.h"
#include "http/multi.h"
#include "http/transfer.h"
#include "net/reactor.h"

namespace kn {

/// The head of an answer, as far as a worker looks at it.
struct StreamHead {
    long http_status = 0;
    bool is_event_stream = false;
    // "" where they are not there.
    std::string worker_id; // X-WebRocket-Worker-Id
    std::string delivery;  // X-WebRocket-Delivery
};

/// What the worker's connection tells the worker. Called inside stream::advance().
class StreamListener {
  public:
    /// True: this is the stream, its bytes are wanted.
    virtual bool on_head(const StreamHead &head) = 0;
    /// Whether bytes of the stream are wanted now; if not, they wait until the next advance().
    virtual bool has_room() const noexcept = 0;
    virtual void on_bytes(std::string_view bytes) = 0;

  protected:
    ~StreamListener() = default;
};

/// How one try for a stream ended.
struct StreamEnd {
    Failure why;
    long http_status; // of a whole head; 0 when there was none
    bool is_event_stream;
    bool is_in_order; // the stream had begun, and the server has ended it as HTTP wants it
};

/// The transport: one GET that never ends, on libcurl's multi interface, its sockets and timers in
/// the worker's reactor. It follows redirects within its own host, and leaves the credentials
/// behind where one leads to another port or scheme.
class Stream {
  public:
    using Clock = std::chrono::steady_clock;

    Stream(Reactor &where, const Endpoint &to, const Settings &options, StreamListener &listener);
    ~Stream();
    Stream(const Stream &) = delete;
    Stream &operator=(const Stream &) = delete;

    /// Begins a try, from the original URL.
    void start(const std::string &target, std::string_view last_event_id);
    /// Drops what is under way.
    void stop() noexcept;
    bool is_running() const noexcept { return is_running_; }
    /// Bytes have come that there was no room for: advance() has something to do, whether or not a
    /// socket is ready.
    bool is_held() const noexcept { return is_running_ && is_held_; }

    /// Moves on with what is ready; how the try ended, if it did.
    std::optional<StreamEnd> advance(const ReadySockets &ready);

    /// When advance() has something to do though no socket is ready.
    std::optional<Clock::time_point> deadline() const noexcept;

  private:
    static std::size_t take_header(char *bytes, std::size_t size, std::size_t count,
                                   void *self) noexcept;
    static std::size_t take_body(char *bytes, std::size_t size, std::size_t count,
                                 void *self) noexcept;

    void heard_something() noexcept;
    bool on_header_line(std::string_view line);
    bool on_body(std::string_view bytes);

    void make_handles();
    void drop_handles() noexcept;
    void go_on();
    void request(const std::string &url);
    std::optional<StreamEnd> overdue();
    std::optional<StreamEnd> conclude(CURLcode code);
    std::optional<StreamEnd> redirect();
    StreamEnd end_with(Failure why, bool is_in_order = false) const;
    Failure why_there_is_no_stream(CURLcode code) const;
    Failure with_redirect(const Failure &why) const;
    bool is_silent_for_too_long(Clock::time_point now) const noexcept;

    Reactor &reactor_;
    const Endpoint &endpoint_;
    const Settings &options_;
    StreamListener &listener_;

    HeaderList headers_;
    std::string last_event_id_;
    unsigned redirects_ = 0;
    std::string redirected_to_;    // the last one; "" before the first
    bool is_at_own_origin_ = true; // at the origin that the credentials are for

    StreamHead head_;                 // as far as it came
    bool names_event_stream_ = false; // as its type
    bool head_is_whole_ = false;
    bool is_accepted_ = false;
    std::string coding_;  // of the body, where it is not the one that was asked for
    std::string refusal_; // the body of an answer that is no stream

    bool out_of_memory_ = false;
    bool is_running_ = false;
    bool is_held_ = false;
    Clock::time_point last_byte_;
    bool is_excused_ = false; // the silence since then was the caller's once
    std::optional<Clock::time_point> body_deadline_;

    TransferTrace trace_;
    // libcurl's handles. Where memory ran out they cannot be trusted any more, and libcurl may have
    // other words for that: a try that failed before there was an answer costs a new pair.
    bool is_sound_ = true;
    std::optional<Multi> multi_;
    EasyPtr easy_; // goes before the multi handle, which outlives its transfers
};

} // namespace kn
