#include "http/blocking_connection.hpp"

namespace kn {
namespace {

/// A transfer in a multi handle, for as long as it takes.
class participation {
  public:
    participation(multi &where, CURL *easy) : multi_(where), easy_(easy) { multi_.add(easy_); }
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
    : multi_(sockets_), wire_(where, options, observer) {
    if (may_use_tls(where.is_tls(), options))
        multi_.expect_tls();
}

answer blocking_connection::exchange(const request &what, const deadline &until) {
    is_sound_ = false;
    wire_.prepare(what, until);
    const CURLcode code = perform();
    is_sound_ = code == CURLE_OK;
    return wire_.conclude(code);
}

CURLcode blocking_connection::perform() {
    const participation in(multi_, wire_.easy());
    ready_sockets ready;
    for (;;) {
        multi_.advance(ready);
        if (const std::optional<multi::completion> done = multi_.next_completion())
            return done->code;
        ready = sockets_.wait(multi_.deadline());
    }
}

} // namespace kn
