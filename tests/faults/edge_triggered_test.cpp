// A caller whose loop is told of changes alone (EPOLLET; Go and tokio inside): what a call leaves
// behind when it says that nothing is ready, the caller is never told of.
#include <atomic>
#include <cstddef>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include <sys/epoll.h>

#include <gtest/gtest.h>

#include "answers.hpp"
#include "observed_client.hpp"
#include "observed_worker.hpp"

namespace faults {
namespace {

class edges {
  public:
    explicit edges(int fd) : epoll_(epoll_create1(EPOLL_CLOEXEC)) {
        epoll_event event{};
        event.events = EPOLLIN | EPOLLET;
        EXPECT_EQ(epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event), 0);
    }
    bool wait() const {
        epoll_event event;
        const int limit_ms = static_cast<int>(milliseconds(patience).count());
        return epoll_wait(epoll_.get(), &event, 1, limit_ms) == 1;
    }

  private:
    descriptor epoll_;
};

/// What such a loop does: calls until there is nothing more, then waits for the next change.
void loop(const edges &changes, const std::function<kn_status()> &call,
          const std::function<bool()> &is_done) {
    while (!is_done()) {
        ASSERT_TRUE(changes.wait()) << "nobody would ever call again";
        kn_status status;
        do
            status = call();
        while (status == KN_OK);
        ASSERT_EQ(status, KN_AGAIN);
    }
}

/// Waits for an answer that came early, and then as long as libcurl waits before it tries a second
/// address (200 ms): that timer's end is one more change, and would call in a caller who was not
/// told of the answer.
void await_and_be_late(const std::atomic<bool> &flag) {
    const clock::time_point deadline = clock::now() + patience;
    while (!flag && clock::now() < deadline)
        std::this_thread::sleep_for(milliseconds(1));
    ASSERT_TRUE(flag);
    std::this_thread::sleep_for(milliseconds(300));
}

/// Answers before it is asked. What a connection says is there to be read before anybody could have
/// begun to look for it.
script answers_early(std::string bytes, std::atomic<bool> &has_answered) {
    return [bytes = std::move(bytes), &has_answered](conversation &with) {
        with.send(bytes);
        has_answered = true;
        with.receive();
        with.stall();
    };
}

void count(const kn_result *result, void *data) {
    EXPECT_EQ(kn_result_status(result), KN_OK);
    ++*static_cast<std::size_t *>(data);
}

// More connections than one look shows, of which no call has ended when all of them are ready.
TEST(edge_triggered, client_is_told_of_all_connections) {
    constexpr std::size_t many = 30;
    std::atomic<std::size_t> asked{0};
    fault_server server({[&](conversation &with) {
        with.receive();
        ++asked;
        while (asked < many)
            with.pause(milliseconds(1));
        with.send(whole_answer(202));
        with.stall();
    }});
    const observed_client client(server.url());
    const edges changes(kn_client_fd(client.get()));
    std::size_t ended = 0;
    for (std::size_t i = 0; i < many; ++i)
        ASSERT_EQ(kn_client_open_channel_async(client.get(), "a", count, &ended, nullptr, nullptr),
                  KN_OK);
    loop(
        changes, [&] { return kn_client_dispatch(client.get(), nullptr); },
        [&] { return ended == many; });
}

/// A client with a call whose answer has come before it began to look.
class early_answer : public testing::Test {
  protected:
    void SetUp() override {
        ASSERT_EQ(kn_client_open_channel_async(client.get(), "a", count, &ended, nullptr, nullptr),
                  KN_OK);
        kn_client_dispatch(client.get(), nullptr); // which connects
        await_and_be_late(has_answered);
    }

    std::atomic<bool> has_answered{false};
    fault_server server{{answers_early(whole_answer(202), has_answered)}};
    const observed_client client{server.url()};
    const edges changes{kn_client_fd(client.get())};
    std::size_t ended = 0;
};

TEST_F(early_answer, client_is_told_of_it) {
    loop(
        changes, [&] { return kn_client_dispatch(client.get(), nullptr); },
        [&] { return ended == 1; });
}

TEST_F(early_answer, client_is_told_of_it_after_a_flush) {
    while (ended == 0) {
        ASSERT_TRUE(changes.wait()) << "nobody would ever call again";
        kn_client_flush(client.get(), 0, nullptr);
    }
}

TEST(edge_triggered, worker_is_told_of_events_that_came_early) {
    std::atomic<bool> has_answered{false};
    fault_server server({answers_early(stream_head() + "data: a\n\n", has_answered)});
    observed_worker worker(server.url());
    const edges changes(kn_worker_fd(worker.get()));
    worker.next(0); // which connects
    await_and_be_late(has_answered);
    loop(
        changes, [&] { return worker.next(0); }, [&] { return !worker.events().empty(); });
}

} // namespace
} // namespace faults
