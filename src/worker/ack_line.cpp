#include "worker/ack_line.h"

#include <utility>

#include "http/sigpipe.h"

namespace kn {

AckLine::AckLine(Reactor &where, const Endpoint &to, const Settings &options)
    : connections_(where), sockets_(connections_, may_use_tls(to.is_tls(), options)), multi_(where),
      wire_(to, options, sockets_) {
    multi_.keep_connections(1);
    if (may_use_tls(to.is_tls(), options))
        multi_.expect_tls();
}

AckLine::~AckLine() {
    const SigpipeHold hold;
    if (is_busy_)
        multi_.remove(wire_.easy());
}

void AckLine::begin(Request what, const Deadline &until) {
    request_ = std::move(what);
    until_ = until;
    add();
    is_busy_ = true;
}

void AckLine::add() {
    wire_.prepare(request_, until_);
    multi_.add(wire_.easy(), wire_.trace());
}

bool AckLine::advance(const ReadySockets &ready) {
    if (!is_busy_)
        return false;
    multi_.advance(ready);
    const std::optional<Multi::Completion> done = multi_.next_completion();
    if (!done)
        return false;
    multi_.remove(wire_.easy());
    is_busy_ = false;
    if (wire_.met_stale_connection(done->code)) {
        add();
        is_busy_ = true;
        return false;
    }
    code_ = done->code;
    return true;
}

Answer AckLine::conclude() { return wire_.conclude(code_); }

} // namespace kn
