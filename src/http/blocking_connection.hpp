#pragma once

#include <optional>

#include "http/connection.hpp"
#include "http/multi.hpp"
#include "net/poll_set.hpp"

namespace kn {

/// A connection on which a thread waits for its answers. It drives the transfer itself: what
/// curl_easy_perform() does for any transfer at all costs two system calls more for each request.
class blocking_connection {
  public:
    blocking_connection(const endpoint &where, const settings &options, socket_observer &observer);

    /// Throws when there is no answer until then.
    answer exchange(const request &what, const deadline &until);

    /// Whether it may be used again. After a failure there is no connection to keep, and where
    /// memory ran out, libcurl's handles cannot be trusted any more.
    bool is_sound() const noexcept { return is_sound_; }

    /// When it brought its last answer.
    open_sockets::clock::time_point answered_at() const noexcept { return answered_at_; }
    /// Since when connections that brought no answer are not to be trusted, as this one fell
    /// silent.
    std::optional<open_sockets::clock::time_point> silent_since() const noexcept {
        return silent_since_;
    }

  private:
    CURLcode perform();

    bool is_sound_ = true;
    open_sockets::clock::time_point answered_at_;
    std::optional<open_sockets::clock::time_point> silent_since_;
    open_sockets open_;
    poll_set sockets_;
    multi multi_;
    connection wire_; // goes before the multi handle it is in
};

} // namespace kn
