#ifndef SUPPORT_BROKER_HPP
#define SUPPORT_BROKER_HPP

#include <optional>
#include <string>
#include <vector>

#include "child_process.hpp"
#include "http_exchange.hpp"
#include "reserved_port.hpp"
#include "scratch_directory.hpp"
#include "vhost_address.hpp"

namespace support {

/// A real broker in a process of its own. Its addresses and its storage outlive the process, so
/// that start() after stop() or kill() is a restart. Everything here throws when it does not work
/// out.
class broker {
  public:
    /// @p flags for webrocket-server, besides those that every test needs.
    explicit broker(std::vector<std::string> flags = {});

    void start();
    /// SIGTERM; throws unless it then ends well.
    void stop();
    /// SIGKILL. Returns when it is gone.
    void kill();
    /// SIGSTOP and SIGCONT: it keeps its connections, and answers nobody meanwhile.
    void pause();
    void resume();

    /// The new vhost's URL, with its token.
    std::string add_vhost(const std::string &path);
    /// The vhost's URL from now on.
    std::string regenerate_token(const std::string &path);
    void delete_vhost(const std::string &path);
    /// The ids of the workers that are connected.
    std::vector<std::string> workers(const std::string &path);

  private:
    std::string url_of(const std::string &path);
    /// Throws unless the answer has the status @p expected.
    http_answer admin(const std::string &method, const std::string &target, unsigned expected);
    std::string log() const;

    const std::vector<std::string> flags_;
    const scratch_directory directory_;
    const reserved_port port_;
    const reserved_port admin_port_;
    std::string cookie_;
    std::optional<child_process> process_;
};

} // namespace support

#endif
