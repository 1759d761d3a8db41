#include "http/blocking_connection.hpp"

namespace kn {
namespace {

/// A transfer in a multi handle, for as long as it takes.
class participation {
  public:
    participation(multi &where, const connection &of) : multi_(where), easy_(of.easy()) {
        multi_.add(easy_, of.trace());
    }
    ~participation() { multi_.remove(easy_); }
    participation(const participation &) = delete;
    participation &operator=(const participation &) = delete;

  private:
    multi &multi_;
    CURL *easy_;
};

} // namespace

blocking_connection::blocking_connection(const endpoint &where, const settings &options,
                                         socket_observer &observer)
    : open_(observer, may_use_tls(where.is_tls(), options)), multi_(sockets_),
      wire_(where, options, open_) {
    if (may_use_tls(where.is_tls(), options))
        multi_.expect_tls();
}

answer blocking_connection::exchange(const request &what, const deadline &until) {
    is_sound_ = false;
    const auto began_at = open_sockets::clock::now();
    CURLcode code;
    do {
        wire_.prepare(what, until);
        code = perform();
    } while (wire_.met_stale_connection(code));
    is_sound_ = code == CURLE_OK;
    if (is_sound_)
        answered_at_ = open_sockets::clock::now();
    else if (wire_.fell_silent(code))
        silent_since_ = began_at;
    return wire_.conclude(code);
}

CURLcode blocking_connection::perform() {
    const participation in(multi_, wire_);
    ready_sockets ready;
    for (;;) {
        multi_.advance(ready);
        if (const std::optional<multi::completion> done = multi_.next_completion())
            return done->code;
        ready = sockets_.wait(multi_.deadline());
    }
}

} // namespace kn
