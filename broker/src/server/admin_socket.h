// The unix socket of the admin port, where the system says who is at the other end.
#pragma once

#include "net/acceptor.h"
#include "net/event_loops.h"
#include "net/port_service.h"
#include "net/socket.h"

#include <boost/asio/local/stream_protocol.hpp>
#include <filesystem>
#include <memory>
#include <string>
#include <sys/types.h>

namespace webrocket {

class AdminSocket {
  public:
    // Throws std::runtime_error with a message for the operator.
    AdminSocket(EventLoops &loops, std::filesystem::path file, PortService &service);
    ~AdminSocket();
    AdminSocket(const AdminSocket &) = delete;
    AdminSocket &operator=(const AdminSocket &) = delete;

    // The longest path that a socket may have.
    static std::size_t path_length_max();
    // Throws likewise when no socket could be made of that name. Whether another process has it is
    // not asked.
    static void require_place_for(const std::filesystem::path &file);

    const std::filesystem::path &file() const { return file_; }
    void start() { acceptor_.start(); }
    // Removes the file, too.
    void stop();

  private:
    using Protocol = boost::asio::local::stream_protocol;

    void listen();
    void welcome(EventLoop &loop, Socket socket);
    void remove_file();

    EventLoops &loops_;
    const std::filesystem::path file_;
    PortService &service_;
    Acceptor<Protocol> acceptor_;
    dev_t device_ = 0; // of the file, which somebody may replace
    ino_t inode_ = 0;
};

} // namespace webrocket
