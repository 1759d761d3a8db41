#pragma once

#include <optional>

#include "http/connection.h"
#include "http/multi.h"
#include "net/poll_set.h"

namespace kn {

/// A connection on which a thread waits for its answers. It drives the transfer itself: what
/// curl_easy_perform() does for any transfer at all costs two system calls more for each request.
class BlockingConnection {
  public:
    BlockingConnection(const Endpoint &where, const Settings &options, SocketObserver &observer);

    /// Throws when there is no answer until then.
    Answer exchange(const Request &what, const Deadline &until);

    /// Whether it may be used again. After a failure there is no connection to keep, and where
    /// memory ran out, libcurl's handles cannot be trusted any more.
    bool is_sound() const noexcept { return is_sound_; }

    /// When it brought its last answer.
    OpenSockets::Clock::time_point answered_at() const noexcept { return answered_at_; }
    /// Since when connections that brought no answer are not to be trusted, as this one fell
    /// silent.
    std::optional<OpenSockets::Clock::time_point> silent_since() const noexcept {
        return silent_since_;
    }

  private:
    CURLcode perform();

    bool is_sound_ = true;
    OpenSockets::Clock::time_point answered_at_;
    std::optional<OpenSockets::Clock::time_point> silent_since_;
    OpenSockets open_;
    PollSet sockets_;
    Multi multi_;
    Connection wire_; // goes before the multi handle it is in
};

} // namespace kn
