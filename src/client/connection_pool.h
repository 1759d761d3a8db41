#pragma once

#include <condition_variable>
#include <cstddef>
#include <memory>
#include <mutex>
#include <vector>

#include "http/blocking_connection.h"

namespace kn {

/// The connections on which a client's calls wait for their answers, as many as the options allow.
/// Of those not in use the one used last goes first, so that few of them stay warm.
class ConnectionPool {
  public:
    ConnectionPool(const Endpoint &where, const Settings &options, SocketObserver &observer)
        : where_(where), options_(options), observer_(observer),
          free_(static_cast<std::size_t>(options.max_connections)) {}

    /// A connection for the length of one call; it goes back by itself.
    class Lease {
      public:
        /// Waits for one where all are in use; throws KN_ETIMEOUT when that takes too long.
        Lease(ConnectionPool &pool, const Deadline &until)
            : pool_(pool), connection_(pool.take(until)) {}
        ~Lease() { pool_.give_back(std::move(connection_)); }
        Lease(const Lease &) = delete;
        Lease &operator=(const Lease &) = delete;
        BlockingConnection *operator->() const noexcept { return connection_.get(); }

      private:
        ConnectionPool &pool_;
        std::unique_ptr<BlockingConnection> connection_;
    };

  private:
    std::unique_ptr<BlockingConnection> take(const Deadline &until);
    void await_free(std::unique_lock<std::mutex> &lock, const Deadline &until);
    /// NULL: there was none after all.
    void give_back(std::unique_ptr<BlockingConnection> used) noexcept;

    const Endpoint &where_;
    const Settings &options_;
    SocketObserver &observer_;
    std::mutex mutex_;
    std::condition_variable given_back_;
    std::size_t free_; // how many more may be in use
    std::vector<std::unique_ptr<BlockingConnection>> idle_;
};

} // namespace kn
