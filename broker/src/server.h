// Puts the rooms together: storage, hub, loop, ports; start and orderly stop.
#pragma once

#include "admin_api.h"
#include "event_loop.h"
#include "hub.h"
#include "listener.h"
#include "options.h"
#include "public_port.h"
#include "ready_file.h"
#include "sqlite_store.h"
#include "storage_dir.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>

namespace webrocket {

class Server {
  public:
    // Throws std::exception with a message for the operator.
    explicit Server(const Options &options);
    ~Server();
    Server(const Server &) = delete;
    Server &operator=(const Server &) = delete;

    // Serves until SIGINT or SIGTERM.
    void run();

  private:
    void stop();
    void wait_for_connections(int polls_left);
    void write_ready_file();

    Options options_;
    StorageDir storage_;
    SqliteStore store_;
    ReadyFile ready_file_; // after the store: whoever holds that lock owns the file
    Hub hub_;
    PublicPort public_port_;
    AdminApi admin_api_;
    boost::asio::io_context io_{1};
    EventLoop loop_;
    Listener public_listener_;
    Listener admin_listener_;
    boost::asio::signal_set signals_;
    boost::asio::steady_timer stop_timer_;
};

} // namespace webrocket
