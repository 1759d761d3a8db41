#pragma once

#include <optional>

#include "base/deadline.h"
#include "base/failure.h"
#include "base/settings.h"
#include "http/connection.h"
#include "http/endpoint.h"
#include "http/multi.h"
#include "http/open_sockets.h"
#include "http/request.h"
#include "net/reactor.h"

namespace kn {

/// The worker's second connection, on which its answers go out one request after the other. Its
/// sockets are in the worker's reactor, beside the stream's.
class AckLine {
  public:
    AckLine(Reactor &where, const Endpoint &to, const Settings &options);
    ~AckLine();
    AckLine(const AckLine &) = delete;
    AckLine &operator=(const AckLine &) = delete;

    bool is_busy() const noexcept { return is_busy_; }
    /// Only where it is not busy.
    void begin(Request what, const Deadline &until);

    /// Moves on with what is ready. True: the request has ended, and conclude() comes next.
    bool advance(const ReadySockets &ready);
    /// The answer, or why there is none, which it throws.
    Answer conclude();

    /// When advance() has something to do though no socket is ready.
    Deadline deadline() const noexcept { return is_busy_ ? multi_.deadline() : std::nullopt; }

  private:
    class Connections final : public SocketObserver {
      public:
        explicit Connections(Reactor &waiting) : reactor_(waiting) {}
        void opened(int socket) noexcept override { reactor_.adopt(socket); }
        void closing(int socket) noexcept override { reactor_.disown(socket); }

      private:
        Reactor &reactor_;
    };

    void add();

    Request request_;
    Deadline until_;
    bool is_busy_ = false;
    CURLcode code_ = CURLE_OK;
    Connections connections_;
    OpenSockets sockets_;
    Multi multi_;
    Connection wire_; // goes before the multi handle that it is in
};

} // namespace kn
