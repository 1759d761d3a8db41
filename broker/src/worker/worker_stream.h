// The event stream of one worker, over the HTTP connection that asked for it.
#pragma once

#include "hub/vhost.h"
#include "net/connection.h"
#include "net/shared_bytes.h"
#include "worker/heartbeat.h"

#include <chrono>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace webrocket {

struct WorkerStreamRules {
    std::chrono::milliseconds heartbeat_interval{15000};
    std::size_t pending_bytes_max = std::size_t{16} << 20;
};

class WorkerStream final : public Protocol, private Worker {
  public:
    struct Request {
        std::string worker_id;
        std::string worker_name;
        std::string filter;
        std::shared_ptr<const Pattern> pattern;
        bool chunked = true;
    };

    WorkerStream(Connection &connection, std::shared_ptr<Vhost> vhost, Request request,
                 const WorkerStreamRules &rules);
    ~WorkerStream() override;
    WorkerStream(const WorkerStream &) = delete;
    WorkerStream &operator=(const WorkerStream &) = delete;

    // The stream goes one way.
    void on_data(std::string_view) override {}
    void on_end() override { connection_.abort(); }
    void on_timer() override;
    void on_shutdown() override { end(); }
    std::string description() const override;
    LogFields log_fields() const override;

  private:
    class Mailbox;
    class Dismissal;

    // Any thread, with the lock of the workers.
    const std::string &id() const override { return request_.worker_id; }
    const std::string &name() const override { return request_.worker_name; }
    bool deliver(std::uint64_t id, const SharedBytes &record) override;
    void dismiss() override;

    // The stream's own loop.
    void receive(std::span<const Letter> events);
    void send(std::span<const Letter> events);
    void end();
    void write(std::string_view record);
    void note(std::string_view happened) const;

    Connection &connection_;
    const std::shared_ptr<Vhost> vhost_;
    const Request request_;
    const std::shared_ptr<Mailbox> mailbox_;
    const std::chrono::milliseconds heartbeat_interval_;
    Heartbeat heartbeat_;
};

} // namespace webrocket
