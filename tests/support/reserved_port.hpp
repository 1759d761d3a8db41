#ifndef SUPPORT_RESERVED_PORT_HPP
#define SUPPORT_RESERVED_PORT_HPP

#include <cstdint>

namespace support {

/// A free port of the loopback interface, kept free while this lives: it is bound and not listened
/// on, so that nobody gets it by chance, and a server that asks for it by number still does. Who
/// connects to it meanwhile is refused.
class reserved_port {
  public:
    reserved_port();
    ~reserved_port();
    reserved_port(const reserved_port &) = delete;
    reserved_port &operator=(const reserved_port &) = delete;

    std::uint16_t number() const noexcept { return number_; }

  private:
    int socket_;
    std::uint16_t number_ = 0;
};

} // namespace support

#endif
