// What a worker reads of its events, however they come to its stream's loop.
#include "http/http_message.h"
#include "hub/payload.h"
#include "hub/vhost.h"
#include "net/connection.h"
#include "worker/worker_stream.h"

#include <array>
#include <boost/asio/local/connect_pair.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <gtest/gtest.h>
#include <memory>
#include <string>
#include <string_view>
#include <sys/socket.h>
#include <vector>

namespace {

using namespace webrocket;
using boost::asio::local::stream_protocol;

class worker_stream : public testing::TestWithParam<bool> {
  protected:
    worker_stream() : peer_(loops_.first().io()) {
        stream_protocol::socket ours(loops_.first().io());
        boost::asio::local::connect_pair(ours, peer_);
        ours.native_non_blocking(true);
        connection_.reset(
            new Connection(loops_, loops_.first(), Port::service, Socket(ours.release()), nullptr));
        connection_->start(std::make_unique<WorkerStream>(
            *connection_, vhost_, WorkerStream::Request{"w", "", "", nullptr, GetParam()},
            WorkerStreamRules()));
    }
    ~worker_stream() override {
        connection_->abort();
        turn();
    }

    static std::string framed(std::string_view text) {
        return GetParam() ? http_chunk(text) : std::string(text);
    }

    // Returns what the worker has to read of it.
    std::string send(const std::string &topic, const std::string &payload) {
        const std::string record = report_record(topic, payload);
        EXPECT_EQ(vhost_->workers().dispatch(vhost_->workers().match(topic), share(record)),
                  Dispatch::taken);
        return framed("id: " + std::to_string(++last_id_) + '\n' + record);
    }

    void turn() {
        loops_.first().io().restart();
        loops_.first().io().poll();
    }

    // As much as comes.
    std::string read(std::size_t size) {
        std::string text;
        std::array<char, 65536> bytes{};
        for (int idle = 0; text.size() < size && idle < 1000; ++idle) {
            turn();
            ssize_t count = 0;
            while ((count = ::recv(peer_.native_handle(), bytes.data(), bytes.size(),
                                   MSG_DONTWAIT)) > 0) {
                text.append(bytes.data(), static_cast<std::size_t>(count));
                idle = 0;
            }
        }
        return text;
    }

    std::uint64_t deliveries() { return loops_.first().figures().frames_sent.value(); }

    EventLoops loops_{1};
    std::shared_ptr<Vhost> vhost_ =
        std::make_shared<Vhost>("/moon", "token", loops_, VhostLimits());

  private:
    stream_protocol::socket peer_;
    ConnectionPtr connection_;
    std::uint64_t last_id_ = 0;
};

INSTANTIATE_TEST_SUITE_P(chunked_or_not, worker_stream, testing::Bool());

TEST_P(worker_stream, events_that_come_one_by_one) {
    const std::string welcome = framed("retry: 1000\n\n");
    EXPECT_EQ(read(welcome.size()), welcome);
    const std::string first = send("a", R"({"n":1})");
    EXPECT_EQ(read(first.size()), first);
    const std::string second = send("b", "{}");
    EXPECT_EQ(read(second.size()), second);
}

TEST_P(worker_stream, events_that_come_together) {
    std::string expected = framed("retry: 1000\n\n");
    const auto before = deliveries();
    for (int i = 0; i < 1000; ++i)
        expected += send("topic/" + std::to_string(i), "{}");
    EXPECT_EQ(read(expected.size()), expected);
    EXPECT_EQ(deliveries() - before, 1000U);
}

// Some are copied, some are not.
TEST_P(worker_stream, events_of_every_size) {
    std::string expected = framed("retry: 1000\n\n");
    const auto before = deliveries();
    std::size_t count = 0;
    for (std::size_t size = 1; size <= 100'000; size = size * 3 / 2 + 1) {
        for (const std::size_t each : {size, std::size_t{1}, size}) {
            expected += send("e", '"' + std::string(each, 'x') + '"');
            ++count;
        }
    }
    EXPECT_EQ(read(expected.size()), expected);
    EXPECT_EQ(deliveries() - before, count);
}

TEST_P(worker_stream, heartbeats_and_the_end_come_between_whole_records) {
    std::string expected = framed("retry: 1000\n\n");
    expected += send("large", '"' + std::string(5000, 'x') + '"');
    expected += send("small", "{}");
    turn();
    vhost_->workers().dismiss_all();
    if (GetParam())
        expected += http_chunk({});
    EXPECT_EQ(read(expected.size()), expected);
}

} // namespace
