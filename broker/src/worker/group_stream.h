// The event stream of a member of a reliable group, over the HTTP connection that asked for it.
#pragma once

#include "groups/membership.h"
#include "net/connection.h"
#include "worker/heartbeat.h"
#include "worker/worker_stream.h"

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace webrocket {

// Takes from its group what it may send, as its peer reads: what a slow worker does not take yet is
// in nobody's way, and in nobody's memory.
class GroupStream final : public Protocol {
  public:
    struct Request {
        std::string description; // of the worker, its group and its vhost
        std::string worker_name;
        bool chunked = true;
    };

    GroupStream(Connection &connection, std::unique_ptr<Membership> membership, Request request,
                const WorkerStreamRules &rules);
    ~GroupStream() override;
    GroupStream(const GroupStream &) = delete;
    GroupStream &operator=(const GroupStream &) = delete;

    // The stream goes one way.
    void on_data(std::string_view) override {}
    void on_end() override { connection_.abort(); }
    void on_timer() override;
    void on_drained() override { send_on(); }
    void on_shutdown() override { end(); }
    std::string description() const override;
    LogFields log_fields() const override;

  private:
    class Bell;

    void on_ring();
    void send_on();
    bool may_send() const;
    void take(Claimed claimed);
    void read_back(std::vector<StreamDelivery> deliveries);
    void on_read(const std::vector<StreamDelivery> &deliveries);
    void send(const std::vector<StreamDelivery> &deliveries);
    void append(std::string &text, const StreamDelivery &delivery) const;
    void write(std::string_view record);
    void end();
    void note(std::string_view happened) const;

    Connection &connection_;
    const std::unique_ptr<Membership> membership_;
    const Request request_;
    const std::shared_ptr<Bell> bell_;
    const std::chrono::milliseconds heartbeat_interval_;
    Heartbeat heartbeat_;
    bool has_more_ = true; // else it is rung when there is some
    bool is_reading_back_ = false;
    bool is_ended_ = false;
};

} // namespace webrocket
