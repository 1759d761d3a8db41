// The event stream of one worker, over the HTTP connection that asked for it.
#pragma once

#include "connection.h"
#include "hub.h"

#include <memory>
#include <string>

namespace webrocket {

struct WorkerStreamRules {
    std::size_t pending_bytes_max = std::size_t{16} << 20;
};

class WorkerStream final : public Protocol, private Worker {
  public:
    struct Request {
        std::string worker_id;
        std::string filter;
        std::shared_ptr<const Pattern> pattern;
        bool chunked = true;
    };

    WorkerStream(Connection &connection, Vhost &vhost, Request request,
                 const WorkerStreamRules &rules);
    ~WorkerStream() override;
    WorkerStream(const WorkerStream &) = delete;
    WorkerStream &operator=(const WorkerStream &) = delete;

    // The stream goes one way.
    void on_data(std::string_view) override {}
    void on_end() override { connection_.abort(); }
    void on_timer() override;
    void on_shutdown() override { dismiss(); }
    std::string_view description() const override { return description_; }

  private:
    const std::string &id() const override { return id_; }
    bool deliver(const WorkerEvent &event) override;
    void dismiss() override;
    void write(std::string_view record);

    Connection &connection_;
    Vhost *vhost_; // null once the worker is dismissed
    std::string id_;
    std::string description_;
    bool chunked_;
};

} // namespace webrocket
