#include "worker/worker_stream.h"

#include "http/http_message.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <charconv>
#include <fmt/format.h>
#include <limits>
#include <utility>

namespace webrocket {

namespace {

constexpr std::size_t copied_bytes_max = 2048;
constexpr std::size_t text_bytes_max = std::size_t{16} << 10;

// A record's first line, and before it how long all of the record is.
void append_beginning(std::string &text, const Letter &event, bool chunked) {
    constexpr std::string_view id_field = "id: ";
    std::array<char, std::numeric_limits<std::uint64_t>::digits10 + 1> buffer{};
    const char *const end =
        std::to_chars(buffer.data(), buffer.data() + buffer.size(), event.number).ptr;
    const std::string_view id(buffer.data(), static_cast<std::size_t>(end - buffer.data()));
    if (chunked)
        append_http_chunk_head(text, id_field.size() + id.size() + 1 + event.bytes->size());
    text.append(id_field).append(id).push_back('\n');
}

std::size_t text_size_expected(std::span<const Letter> events) {
    constexpr std::size_t room_for_beginning = 40;
    std::size_t size = 0;
    for (const Letter &event : events)
        size += room_for_beginning +
                (event.bytes->size() <= copied_bytes_max ? event.bytes->size() : 0);
    return size;
}

} // namespace

// What is on its way to a stream, which may be gone when it arrives.
class WorkerStream::Mailbox final : public Addressee {
  public:
    explicit Mailbox(WorkerStream &stream) : stream_(&stream) {}

    bool is_open() const { return open_.load(std::memory_order_relaxed); }
    void close() {
        open_ = false;
        stream_ = nullptr;
    }
    WorkerStream *stream() const { return stream_; }

    void receive(std::span<const Letter> letters, EventLoop &) override {
        if (stream_ != nullptr)
            stream_->receive(letters);
    }

  private:
    std::atomic<bool> open_ = true;
    WorkerStream *stream_; // its own loop's
};

class WorkerStream::Dismissal final : public Addressee {
  public:
    explicit Dismissal(std::shared_ptr<Mailbox> mailbox) : mailbox_(std::move(mailbox)) {}
    void receive(std::span<const Letter>, EventLoop &) override {
        if (WorkerStream *stream = mailbox_->stream())
            stream->end();
    }

  private:
    std::shared_ptr<Mailbox> mailbox_;
};

WorkerStream::WorkerStream(Connection &connection, std::shared_ptr<Vhost> vhost, Request request,
                           const WorkerStreamRules &rules)
    : connection_(connection), vhost_(std::move(vhost)), request_(std::move(request)),
      mailbox_(std::make_shared<Mailbox>(*this)), heartbeat_interval_(rules.heartbeat_interval),
      heartbeat_(connection) {
    connection_.set_pending_limit(rules.pending_bytes_max);
    connection_.arm(heartbeat_interval_);
    // Goes out with the headers: a worker that sees it knows that it is registered.
    write("retry: 1000\n\n");
    vhost_->workers().add(*this, request_.filter, request_.pattern);
    // What is thrown here would leave behind a worker that is no more.
    note("connected");
}

WorkerStream::~WorkerStream() {
    mailbox_->close();
    vhost_->workers().remove(*this);
    note("disconnected");
}

void WorkerStream::note(std::string_view happened) const {
    without_exceptions([&] {
        log(spdlog::level::debug, fmt::format("{} {}", description(), happened), log_fields());
    });
}

std::string WorkerStream::description() const {
    return fmt::format("worker {} of {} address={}", request_.worker_id, vhost_->path(),
                       connection_.address().text());
}

LogFields WorkerStream::log_fields() const {
    return {log_field("worker", request_.worker_id), log_field("vhost", vhost_->path()),
            log_field("address", connection_.address().text())};
}

void WorkerStream::on_timer() {
    if (heartbeat_.has_vanished()) {
        log(spdlog::level::warn, description() + " has vanished", log_fields());
        connection_.abort();
        return;
    }
    write(": hb\n\n");
    heartbeat_.note_sent();
    connection_.arm(heartbeat_interval_);
}

bool WorkerStream::deliver(std::uint64_t id, const SharedBytes &record) {
    if (!mailbox_->is_open())
        return false;
    connection_.loop().send({mailbox_, record, id}, Lane::streams);
    return true;
}

void WorkerStream::dismiss() {
    connection_.loop().send({std::make_shared<Dismissal>(mailbox_), nullptr, 0}, Lane::streams);
}

// Where memory runs out the connection ends: what is sent by half cannot be gone on with.
void WorkerStream::receive(std::span<const Letter> events) {
    connection_.call_protocol([&](Protocol &) { send(events); });
    if (connection_.ending())
        mailbox_->close();
}

// Small events that come together are copied into one text; the bytes of a large one are shared by
// all streams that get it.
void WorkerStream::send(std::span<const Letter> events) {
    std::string text;
    text.reserve(std::min(text_size_expected(events), text_bytes_max));
    std::size_t in_text = 0;
    const auto send_text = [&] {
        connection_.send(make_frame(std::exchange(text, {})), std::exchange(in_text, 0));
    };
    for (const Letter &event : events) {
        append_beginning(text, event, request_.chunked);
        ++in_text;
        if (event.bytes->size() <= copied_bytes_max) {
            text.append(*event.bytes);
        } else {
            send_text();
            connection_.send(Frame(event.bytes), 0);
        }
        if (request_.chunked)
            text.append(http_chunk_end);
        if (text.size() + copied_bytes_max > text_bytes_max)
            send_text();
    }
    if (!text.empty())
        send_text();
}

void WorkerStream::end() {
    mailbox_->close();
    vhost_->workers().remove(*this);
    if (request_.chunked)
        connection_.send(make_frame(http_chunk({})));
    connection_.finish();
}

void WorkerStream::write(std::string_view record) {
    connection_.send(make_frame(request_.chunked ? http_chunk(record) : std::string(record)));
}

} // namespace webrocket
