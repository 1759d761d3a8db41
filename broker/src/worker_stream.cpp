#include "worker_stream.h"

#include "http_message.h"

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

bool WorkerStream::deliver(const WorkerEvent &event) {
    if (connection_.ending())
        return false;
    connection_.send(chunked_ ? event.chunk() : event.record());
    return !connection_.ending();
}

void WorkerStream::dismiss() {
    if (vhost_ == nullptr)
        return;
    vhost_->workers().remove(*this);
    vhost_ = nullptr;
    if (chunked_)
        connection_.send(make_frame(http_chunk({})));
    connection_.finish();
}

void WorkerStream::write(std::string_view record) {
    connection_.send(make_frame(chunked_ ? http_chunk(record) : std::string(record)));
}

} // namespace webrocket
