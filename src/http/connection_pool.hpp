#pragma once

#include <memory>
#include <mutex>
#include <vector>

#include "http/connection.hpp"

namespace kn {

/// The connections of a client that are not in use: the one used last goes first, so that few of
/// them stay warm.
class connection_pool {
  public:
    connection_pool(const endpoint &where, const settings &options)
        : where_(where), options_(options) {}

    /// A connection for the length of one call; it goes back by itself.
    class lease {
      public:
        explicit lease(connection_pool &pool) : pool_(pool), connection_(pool.take()) {}
        ~lease() { pool_.give_back(std::move(connection_)); }
        lease(const lease &) = delete;
        lease &operator=(const lease &) = delete;
        connection *operator->() const noexcept { return connection_.get(); }

      private:
        connection_pool &pool_;
        std::unique_ptr<connection> connection_;
    };

  private:
    std::unique_ptr<connection> take();
    void give_back(std::unique_ptr<connection> idle) noexcept;

    const endpoint &where_;
    const settings &options_;
    std::mutex mutex_;
    std::vector<std::unique_ptr<connection>> idle_;
};

} // namespace kn
