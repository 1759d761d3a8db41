// What must survive a restart: vhosts, their tokens, their channels, their groups of workers.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace webrocket {

class GroupStore;

struct StoredVhost {
    std::string path;
    std::string access_token;
    std::vector<std::string> channels;
};

// Nothing was written.
class StoreError : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};

// Changes are made within a transaction: all of them are durable when commit() returns, and none
// has happened when something throws StoreError.
class Store {
  public:
    virtual ~Store() = default;
    // Where it is, for people.
    virtual std::string name() const { return "the storage"; }
    virtual void begin() = 0;
    virtual void commit() = 0;
    virtual void roll_back() noexcept = 0;
    virtual std::vector<StoredVhost> load() = 0;
    virtual void add_vhost(std::string_view path, std::string_view access_token) = 0;
    virtual void remove_vhost(std::string_view path) = 0;
    virtual void remove_all_vhosts() = 0;
    virtual void set_access_token(std::string_view path, std::string_view access_token) = 0;
    virtual void add_channel(std::string_view vhost, std::string_view channel) = 0;
    virtual void remove_channel(std::string_view vhost, std::string_view channel) = 0;
    virtual void remove_all_channels(std::string_view vhost) = 0;
    // A vhost that is removed takes its groups along.
    virtual GroupStore &groups() = 0;
};

class StoreTransaction {
  public:
    explicit StoreTransaction(Store &store) : store_(store) { store_.begin(); }
    ~StoreTransaction() {
        if (!committed_)
            store_.roll_back();
    }
    StoreTransaction(const StoreTransaction &) = delete;
    StoreTransaction &operator=(const StoreTransaction &) = delete;

    void commit() {
        store_.commit();
        committed_ = true;
    }

  private:
    Store &store_;
    bool committed_ = false;
};

} // namespace webrocket
