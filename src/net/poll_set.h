#pragma once

#include <cstdint>
#include <vector>

#include <poll.h>

#include "base/deadline.h"
#include "net/socket_watcher.h"

namespace kn {

/// The few sockets that a thread waits for by itself. It needs no descriptor, and no system call
/// but the wait.
class PollSet final : public SocketWatcher {
  public:
    void watch(int socket, std::uint32_t events) override;

    /// Waits until a socket is ready or @p until, or for ever.
    ReadySockets wait(const Deadline &until);

  private:
    std::vector<pollfd> watched_;
};

} // namespace kn
