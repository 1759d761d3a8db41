#include "http/blocking_connection.h"

namespace kn {
namespace {

/// A transfer in a multi handle, for as long as it takes.
class Participation {
  public:
    Participation(Multi &where, const Connection &of) : multi_(where), easy_(of.easy()) {
        multi_.add(easy_, of.trace());
    }
    ~Participation() { multi_.remove(easy_); }
    Participation(const Participation &) = delete;
    Participation &operator=(const Participation &) = delete;

  private:
    Multi &multi_;
    CURL *easy_;
};

} // namespace

BlockingConnection::BlockingConnection(const Endpoint &where, const Settings &options,
                                       SocketObserver &observer)
    : open_(observer, may_use_tls(where.is_tls(), options)), multi_(sockets_),
      wire_(where, options, open_) {
    if (may_use_tls(where.is_tls(), options))
        multi_.expect_tls();
}

Answer BlockingConnection::exchange(const Request &what, const Deadline &until) {
    is_sound_ = false;
    const auto began_at = OpenSockets::Clock::now();
    CURLcode code;
    do {
        wire_.prepare(what, until);
        code = perform();
    } while (wire_.met_stale_connection(code));
    is_sound_ = code == CURLE_OK;
    if (is_sound_)
        answered_at_ = OpenSockets::Clock::now();
    else if (wire_.fell_silent(code))
        silent_since_ = began_at;
    return wire_.conclude(code);
}

CURLcode BlockingConnection::perform() {
    const Participation in(multi_, wire_);
    ReadySockets ready;
    for (;;) {
        multi_.advance(ready);
        if (const std::optional<Multi::Completion> done = multi_.next_completion())
            return done->code;
        ready = sockets_.wait(multi_.deadline());
    }
}

} // namespace kn
