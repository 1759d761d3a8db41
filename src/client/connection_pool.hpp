#pragma once

#include <condition_variable>
#include <cstddef>
#include <memory>
#include <mutex>
#include <vector>

#include "http/blocking_connection.hpp"

namespace kn {

/// The connections on which a client's calls wait for their answers, as many as the options allow.
/// Of those not in use the one used last goes first, so that few of them stay warm.
class connection_pool {
  public:
    connection_pool(const endpoint &where, const settings &options, socket_observer &observer)
        : where_(where), options_(options), observer_(observer),
          free_(static_cast<std::size_t>(options.max_connections)) {}

    /// A connection for the length of one call; it goes back by itself.
    class lease {
      public:
        /// Waits for one where all are in use; throws KN_ETIMEOUT when that takes too long.
        lease(connection_pool &pool, const deadline &until)
            : pool_(pool), connection_(pool.take(until)) {}
        ~lease() { pool_.give_back(std::move(connection_)); }
        lease(const lease &) = delete;
        lease &operator=(const lease &) = delete;
        blocking_connection *operator->() const noexcept { return connection_.get(); }

      private:
        connection_pool &pool_;
        std::unique_ptr<blocking_connection> connection_;
    };

  private:
    std::unique_ptr<blocking_connection> take(const deadline &until);
    void await_free(std::unique_lock<std::mutex> &lock, const deadline &until);
    /// NULL: there was none after all.
    void give_back(std::unique_ptr<blocking_connection> used) noexcept;

    const endpoint &where_;
    const settings &options_;
    socket_observer &observer_;
    std::mutex mutex_;
    std::condition_variable given_back_;
    std::size_t free_; // how many more may be in use
    std::vector<std::unique_ptr<blocking_connection>> idle_;
};

} // namespace kn
