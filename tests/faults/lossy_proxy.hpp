// What stands between a client and a broker, and does with every tenth answer what it should not:
// it loses it, or keeps it back, or has the broker hear the request twice.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <set>
#include <string>

#include "fault_server.hpp"

namespace faults {

class lossy_proxy {
  public:
    /// @p broker_url is the vhost's, with its token.
    explicit lossy_proxy(const std::string &broker_url);
    lossy_proxy(const lossy_proxy &) = delete;
    lossy_proxy &operator=(const lossy_proxy &) = delete;

    /// The vhost's, by way of the proxy.
    std::string url() const;

    int lost() const { return lost_; }
    int delayed() const { return delayed_; }
    int repeated() const { return repeated_; }

  private:
    class upstream;
    enum class fate { pass, lose, delay, delay_long, repeat };

    void serve(conversation &with);
    fate fate_of(const request &what);

    const std::string before_host_;
    const int broker_port_;
    const std::string behind_port_;
    std::atomic<int> lost_{0};
    std::atomic<int> delayed_{0};
    std::atomic<int> repeated_{0};
    std::mutex mutex_; // guards the next two
    unsigned dice_ = 1;
    std::set<std::string> delayed_long_;
    fault_server server_; // goes first
};

} // namespace faults
