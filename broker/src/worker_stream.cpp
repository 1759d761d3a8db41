#include "worker_stream.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

namespace webrocket {

WorkerStream::WorkerStream(Connection &connection, Vhost &vhost, Request request,
                           const WorkerStreamRules &rules)
    : connection_(connection), vhost_(&vhost), id_(std::move(request.worker_id)),
      description_("worker " + id_), chunked_(request.chunked) {
    connection_.set_pending_limit(rules.pending_bytes_max);
    connection_.arm(TimerKind::worker_heartbeat);
    // Goes out with the headers: a worker that sees it knows that it is registered.
    write("retry: 1000\n\n");
    vhost_->workers().add(*this, request.filter, std::move(request.pattern));
    spdlog::debug("{} of {} connected", description_, vhost_->path());
}

WorkerStream::~WorkerStream() {
    if (vhost_ == nullptr)
        return;
    vhost_->workers().remove(*this);
    spdlog::debug("{} of {} disconnected", description_, vhost_->path());
}

void WorkerStream::on_timer() {
    write(": hb\n\n");
    connection_.arm(TimerKind::worker_heartbeat);
}

void WorkerStream::deliver(const WorkerEvent &event) {
    write(fmt::format("id: {}\nevent: {}\ndata: {}\n\n", event.id, event.topic, event.payload));
}

void WorkerStream::dismiss() {
    if (vhost_ == nullptr)
        return;
    vhost_->workers().remove(*this);
    vhost_ = nullptr;
    if (chunked_)
        connection_.send(make_frame("0\r\n\r\n"));
    connection_.finish();
}

void WorkerStream::write(std::string_view record) {
    if (chunked_)
        connection_.send(make_frame(fmt::format("{:x}\r\n{}\r\n", record.size(), record)));
    else
        connection_.send(make_frame(std::string(record)));
}

} // namespace webrocket
