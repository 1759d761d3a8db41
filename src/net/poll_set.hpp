#pragma once

#include <cstdint>
#include <vector>

#include <poll.h>

#include "base/deadline.hpp"
#include "net/socket_watcher.hpp"

namespace kn {

/// The few sockets that a thread waits for by itself. It needs no descriptor, and no system call
/// but the wait.
class poll_set final : public socket_watcher {
  public:
    void watch(int socket, std::uint32_t events) override;

    /// Waits until a socket is ready or @p until, or for ever.
    ready_sockets wait(const deadline &until);

  private:
    std::vector<pollfd> watched_;
};

} // namespace kn
