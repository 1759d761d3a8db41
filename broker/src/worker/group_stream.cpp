#include "worker/group_stream.h"

#include "base/without_exceptions.h"
#include "http/http_message.h"
#include "worker/group_record.h"

#include <algorithm>
#include <atomic>
#include <fmt/format.h>
#include <span>
#include <spdlog/spdlog.h>
#include <utility>

namespace webrocket {
namespace {

// What waits in the socket's queue before more is taken from the group, and how much is taken then.
constexpr std::size_t queued_bytes_max = std::size_t{256} << 10;
constexpr std::size_t claimed_max = 32;
constexpr std::size_t text_bytes_max = std::size_t{16} << 10;

bool has_to_be_read(const StreamDelivery &delivery) {
    return !delivery.event && delivery.gap.empty();
}

} // namespace

// What is on its way to a stream, which may be gone when it arrives.
class GroupStream::Bell final : public Addressee,
                                public Doorbell,
                                public std::enable_shared_from_this<Bell> {
  public:
    Bell(GroupStream &stream, EventLoop &loop) : stream_(&stream), loop_(loop) {}

    void close() { stream_ = nullptr; }
    GroupStream *stream() const { return stream_; }
    EventLoop &loop() { return loop_; }

    // Any thread. Once is enough until it is heard.
    void ring() override {
        if (!is_rung_.exchange(true))
            loop_.send({shared_from_this(), nullptr, 0}, Lane::streams);
    }
    void receive(std::span<const Letter>, EventLoop &) override {
        is_rung_ = false;
        if (stream_ != nullptr)
            stream_->on_ring();
    }

  private:
    GroupStream *stream_; // its own loop's
    EventLoop &loop_;
    std::atomic<bool> is_rung_ = false;
};

GroupStream::GroupStream(Connection &connection, std::unique_ptr<Membership> membership,
                         Request request, const WorkerStreamRules &rules)
    : connection_(connection), membership_(std::move(membership)), request_(std::move(request)),
      bell_(std::make_shared<Bell>(*this, connection.loop())),
      heartbeat_interval_(rules.heartbeat_interval), heartbeat_(connection) {
    connection_.set_pending_limit(std::max(rules.pending_bytes_max, 2 * queued_bytes_max));
    connection_.limit_unsent_in_kernel();
    connection_.arm(heartbeat_interval_);
    // Goes out with the headers: a worker that sees it knows that it is a member.
    write("retry: 1000\n\n");
    membership_->attach(bell_);
    note("connected");
}

GroupStream::~GroupStream() {
    bell_->close();
    note("disconnected");
}

void GroupStream::note(std::string_view happened) const {
    without_exceptions([&] {
        log(spdlog::level::debug, fmt::format("{} {}", description(), happened), log_fields());
    });
}

std::string GroupStream::description() const {
    return fmt::format("{} stream={} address={}", request_.description, membership_->terms().stream,
                       connection_.address().text());
}

LogFields GroupStream::log_fields() const {
    return {log_field("worker", request_.worker_name),
            log_field("stream", membership_->terms().stream),
            log_field("address", connection_.address().text())};
}

void GroupStream::on_timer() {
    if (heartbeat_.has_vanished()) {
        log(spdlog::level::warn, description() + " has vanished", log_fields());
        connection_.abort();
        return;
    }
    write(": hb\n\n");
    heartbeat_.note_sent();
    connection_.arm(heartbeat_interval_);
}

void GroupStream::on_ring() {
    connection_.call_protocol([this](Protocol &) {
        has_more_ = true;
        if (!may_send() && !is_ended_)
            take(membership_->claim(0));
        else
            send_on();
    });
}

bool GroupStream::may_send() const {
    return !is_ended_ && !is_reading_back_ && !connection_.ending() &&
           connection_.pending_bytes() < queued_bytes_max;
}

void GroupStream::send_on() {
    while (has_more_ && may_send())
        take(membership_->claim(claimed_max));
}

// One that has been replaced is told so even if its peer does not read.
void GroupStream::take(Claimed claimed) {
    if (claimed.state == StreamState::replaced)
        write(replaced_record);
    if (claimed.state != StreamState::open)
        return end();
    has_more_ = claimed.may_have_more;
    auto &deliveries = claimed.deliveries;
    if (std::any_of(deliveries.begin(), deliveries.end(), has_to_be_read))
        read_back(std::move(deliveries));
    else
        send(deliveries);
}

// The loop does not wait for the disk.
void GroupStream::read_back(std::vector<StreamDelivery> deliveries) {
    is_reading_back_ = true;
    membership_->read(std::move(deliveries), [bell = bell_](std::vector<StreamDelivery> read) {
        bell->loop().post([bell, read = std::move(read)] {
            GroupStream *const stream = bell->stream();
            if (stream == nullptr)
                return;
            const ConnectionPtr kept(&stream->connection_);
            kept->call_protocol([&](Protocol &) { stream->on_read(read); });
        });
    });
}

void GroupStream::on_read(const std::vector<StreamDelivery> &deliveries) {
    is_reading_back_ = false;
    if (is_ended_ || connection_.ending())
        return;
    send(deliveries);
    send_on();
}

// Those that come together are copied into one text.
void GroupStream::send(const std::vector<StreamDelivery> &deliveries) {
    std::string text;
    std::size_t in_text = 0;
    const auto send_text = [&] {
        if (!text.empty())
            connection_.send(make_frame(std::exchange(text, {})), std::exchange(in_text, 0));
    };
    for (const StreamDelivery &delivery : deliveries) {
        if (has_to_be_read(delivery))
            continue; // it is settled, or lost with its part of the log
        append(text, delivery);
        ++in_text;
        if (text.size() >= text_bytes_max)
            send_text();
    }
    send_text();
}

void GroupStream::append(std::string &text, const StreamDelivery &delivery) const {
    std::string fields;
    append_group_fields(fields, membership_->epoch(), delivery);
    const std::string_view record =
        delivery.event ? std::string_view(*delivery.event->record()) : std::string_view();
    if (request_.chunked)
        append_http_chunk_head(text, fields.size() + record.size());
    text.append(fields).append(record);
    if (request_.chunked)
        text.append(http_chunk_end);
}

void GroupStream::end() {
    if (std::exchange(is_ended_, true))
        return;
    bell_->close();
    if (request_.chunked)
        connection_.send(make_frame(http_chunk({})));
    connection_.finish();
}

void GroupStream::write(std::string_view record) {
    connection_.send(make_frame(request_.chunked ? http_chunk(record) : std::string(record)));
}

} // namespace webrocket
