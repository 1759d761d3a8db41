// A connected socket: no more than its descriptor, which is closed with it.
#pragma once

#include "base/client_address.h"

#include <utility>

namespace webrocket {

class Socket {
  public:
    Socket() = default;
    explicit Socket(int descriptor) : descriptor_(descriptor) {}
    Socket(Socket &&other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
    Socket &operator=(Socket &&other) noexcept;
    ~Socket() { close(); }

    explicit operator bool() const { return descriptor_ >= 0; }
    int descriptor() const { return descriptor_; }
    void close() noexcept;

    // Of who is at the other end of TCP.
    ClientAddress peer() const;
    // What is small goes out at once, and nothing waits for the kernel.
    void prepare() const;
    void shut_down_sending() const;
    void shut_down() const;

  private:
    int descriptor_ = -1;
};

} // namespace webrocket
