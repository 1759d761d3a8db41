// A program of one thread stays one: the library starts none. The server is a process of its own.
#include <algorithm>
#include <cstddef>
#include <string>

#include <gtest/gtest.h>

#include "answers.hpp"
#include "tasks.hpp"

#include <kosmonaut/kosmonaut.h>

namespace faults {
namespace {

/// ThreadSanitizer brings a thread of its own, so it is what was there before that counts.
class single_thread : public testing::Test {
  protected:
    std::size_t before_ = count_tasks();
    forked_fault_server server_{{keeps_streaming("data: a\n\ndata: b\n\n")}};
};

struct seen {
    kn_worker *worker = nullptr;
    std::size_t tasks = 0;
    int events = 0;
};

void count_in_handler(kn_event *, void *data) {
    auto &s = *static_cast<seen *>(data);
    s.tasks = std::max(s.tasks, count_tasks());
    if (++s.events == 2)
        kn_worker_interrupt(s.worker);
}

std::size_t tasks_inside_run(const std::string &url) {
    seen s;
    EXPECT_EQ(kn_worker_new(url.c_str(), nullptr, &s.worker, nullptr), KN_OK);
    EXPECT_EQ(kn_worker_on(s.worker, "*/*", count_in_handler, &s, nullptr, nullptr), KN_OK);
    EXPECT_EQ(kn_worker_run(s.worker, nullptr), KN_INTERRUPTED);
    EXPECT_EQ(s.events, 2);
    kn_worker_free(s.worker);
    return s.tasks;
}

TEST_F(single_thread, is_the_only_one_inside_run) {
    EXPECT_EQ(tasks_inside_run(server_.url()), before_);
    EXPECT_EQ(count_tasks(), before_);
}

TEST_F(single_thread, is_the_only_one_inside_run_with_a_host_s_name) {
    EXPECT_EQ(tasks_inside_run(server_.where().url("http", "localhost")), before_);
    EXPECT_EQ(count_tasks(), before_);
}

TEST_F(single_thread, is_the_only_one_after_a_client_s_call) {
    forked_fault_server server({says(whole_answer(202))});
    kn_client *client = nullptr;
    ASSERT_EQ(kn_client_new(server.url().c_str(), nullptr, &client, nullptr), KN_OK);
    EXPECT_EQ(kn_client_open_channel(client, "news", nullptr), KN_OK);
    EXPECT_EQ(count_tasks(), before_);
    kn_client_free(client);
    EXPECT_EQ(count_tasks(), before_);
}

} // namespace
} // namespace faults
