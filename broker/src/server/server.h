// Puts the rooms together: storage, vhosts, loops, ports; start, reload and orderly stop.
#pragma once

#include "api/admin_api.h"
#include "api/health.h"
#include "groups/group_registry.h"
#include "http/http_service.h"
#include "hub/vhost_registry.h"
#include "net/admission.h"
#include "net/event_loops.h"
#include "net/listener.h"
#include "net/tls.h"
#include "server/admin_socket.h"
#include "server/options.h"
#include "server/public_port.h"
#include "server/ready_file.h"
#include "server/unheard_events.h"
#include "store/sqlite_store.h"
#include "store/storage_dir.h"

#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace webrocket {

// Of one port: several when an address stands for both families.
using Listeners = std::vector<std::unique_ptr<Listener>>;

class Server {
  public:
    // Throws std::exception with a message for the operator.
    // `parse` is asked for the options again when they are to be read anew.
    Server(const ParsedOptions &parsed, std::function<ParsedOptions()> parse);
    ~Server();
    Server(const Server &) = delete;
    Server &operator=(const Server &) = delete;

    // Serves until SIGINT or SIGTERM.
    void run();

  private:
    explicit Server(const Options &options);
    std::unique_ptr<AdminSocket> make_admin_socket();
    void wait_for_signal();
    void on_signal(int number);
    void reload_options();
    void put_in_force();
    void reload_certificates();
    static void reload_certificate(TlsContext *tls, const char *port);
    void stop();
    void shut_down_connections(Port port);
    void when_nobody_is_left(Port port, std::function<void()> go_on);
    void write_ready_file();
    void watch_log();
    void report_every_minute();
    void report();
    void warn_of_what_is_open() const;

    Options options_;
    std::map<std::string, std::string> option_values_; // in force, by name
    std::function<ParsedOptions()> parse_;
    StorageDir storage_;
    SqliteStore store_;
    ReadyFile ready_file_; // after the store: whoever holds that lock owns the file
    EventLoops loops_;
    VhostRegistry registry_;
    GroupRegistry groups_;
    UnheardEvents unheard_events_;
    Health health_;
    std::unique_ptr<TlsContext> public_tls_;
    std::unique_ptr<TlsContext> admin_tls_;
    Admission admission_;
    Admission admin_admission_;
    PublicPort public_port_;
    AdminApi admin_api_;
    HttpService public_service_;
    HttpService admin_service_;
    Listeners public_listeners_;
    Listeners admin_listeners_;
    std::unique_ptr<AdminSocket> admin_socket_; // null when it is not wanted
    boost::asio::signal_set signals_;
    boost::asio::steady_timer stop_timer_;
    boost::asio::steady_timer report_timer_;
    boost::asio::steady_timer log_timer_;
    std::chrono::steady_clock::time_point drain_end_;
    bool stopping_ = false;
};

} // namespace webrocket
