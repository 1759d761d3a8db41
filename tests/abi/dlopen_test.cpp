// The library as plug-ins and other languages use it: opened at run time, and closed while it is in
// use. It stays loaded (-z nodelete): threads may be inside, and a function of it runs at each
// fork().
#include <atomic>
#include <csignal>
#include <cstdlib>
#include <string>
#include <thread>

#include <dlfcn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include <kosmonaut/kosmonaut.h>

#include "answers.hpp"

namespace {

using faults::clock;
using faults::conversation;
using faults::fault_server;
using faults::keeps_streaming;
using faults::milliseconds;
using faults::patience;

/// The library, opened; what is called stays callable after it was closed.
class library {
  public:
    library() : handle_(dlopen(KOSMONAUT_LIBRARY, RTLD_NOW | RTLD_LOCAL)) {
        EXPECT_NE(handle_, nullptr) << dlerror();
    }
    ~library() { close(); }
    library(const library &) = delete;
    library &operator=(const library &) = delete;

    void close() {
        if (handle_ != nullptr) {
            EXPECT_EQ(dlclose(handle_), 0) << dlerror();
        }
        handle_ = nullptr;
    }

  private:
    template <class Function>
    Function *find(const char *name, Function *) const {
        auto *const found = reinterpret_cast<Function *>(dlsym(handle_, name));
        EXPECT_NE(found, nullptr) << name;
        return found;
    }

    void *handle_;

  public:
#define FUNCTION(name) decltype(&::kn_##name) name = find("kn_" #name, decltype (&::kn_##name)())
    FUNCTION(worker_new);
    FUNCTION(worker_free);
    FUNCTION(worker_on);
    FUNCTION(worker_next);
    FUNCTION(worker_run);
    FUNCTION(worker_interrupt);
    FUNCTION(worker_close);
    FUNCTION(worker_state);
    FUNCTION(event_data);
    FUNCTION(event_free);
    FUNCTION(client_new);
    FUNCTION(client_free);
    FUNCTION(client_open_channel);
    FUNCTION(version);
#undef FUNCTION
};

bool await_state(const library &kn, const kn_worker *worker, std::int32_t state) {
    const clock::time_point deadline = clock::now() + patience;
    while (kn.worker_state(worker) != state && clock::now() < deadline)
        std::this_thread::sleep_for(milliseconds(1));
    return kn.worker_state(worker) == state;
}

kn_worker *new_worker(const library &kn, const std::string &url) {
    kn_worker *worker = nullptr;
    EXPECT_EQ(kn.worker_new(url.c_str(), nullptr, &worker, nullptr), KN_OK);
    return worker;
}

/// A stream with an event at the start and, when the test says so, another one.
class two_events {
  public:
    two_events()
        : server_({[this](conversation &with) {
              with.receive();
              with.send(faults::stream_head() + "data: first\n\n");
              while (!is_second_due_)
                  with.pause(milliseconds(1));
              with.send("data: second\n\n");
              with.stall();
          }}) {}

    std::string url() const { return server_.url(); }
    void send_second() { is_second_due_ = true; }

  private:
    std::atomic<bool> is_second_due_{false};
    fault_server server_;
};

void count(kn_event *, void *events) { ++*static_cast<std::atomic<int> *>(events); }

bool await_count(const std::atomic<int> &events, int count) {
    const clock::time_point deadline = clock::now() + patience;
    while (events < count && clock::now() < deadline)
        std::this_thread::sleep_for(milliseconds(1));
    return events >= count;
}

/// The exit status of a child that does @p what; -1 if it was killed, by itself or for taking too
/// long.
template <class What>
int exit_status_of(const What &what) {
    const pid_t child = fork();
    if (child == 0) {
        what();
        exit(testing::Test::HasFailure() ? 1 : 0); // with all that runs at the end of a program
    }
    const clock::time_point deadline = clock::now() + patience;
    int status = 0;
    while (waitpid(child, &status, WNOHANG) == 0) {
        if (clock::now() > deadline)
            kill(child, SIGKILL);
        std::this_thread::sleep_for(milliseconds(1));
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST(dlopen, a_program_goes_on_after_it_has_let_go_of_the_library) {
    two_events stream;
    fault_server answers({faults::says(faults::whole_answer(202))});
    library kn;
    kn_client *client = nullptr;
    ASSERT_EQ(kn.client_new(answers.url().c_str(), nullptr, &client, nullptr), KN_OK);
    EXPECT_EQ(kn.client_open_channel(client, "news", nullptr), KN_OK);

    kn_worker *worker = new_worker(kn, stream.url());
    std::atomic<int> events{0};
    ASSERT_EQ(kn.worker_on(worker, "*/*", count, &events, nullptr, nullptr), KN_OK);
    kn_status status = KN_OK;
    std::thread running([&] { status = kn.worker_run(worker, nullptr); });
    EXPECT_TRUE(await_count(events, 1));
    EXPECT_EQ(kn.worker_interrupt(worker), KN_OK);
    running.join();
    EXPECT_EQ(status, KN_INTERRUPTED);

    kn.worker_free(worker);
    kn.client_free(client);
    kn.close();
    std::thread([] {}).join();
    EXPECT_EQ(exit_status_of([] {}), 0) << "and forks, with a function of the library's in it";
}

TEST(dlopen, a_thread_inside_run_lives_through_the_library_s_end) {
    two_events stream;
    library kn;
    kn_worker *worker = new_worker(kn, stream.url());
    std::atomic<int> events{0};
    ASSERT_EQ(kn.worker_on(worker, "*/*", count, &events, nullptr, nullptr), KN_OK);
    kn_status status = KN_OK;
    std::thread running([&] { status = kn.worker_run(worker, nullptr); });
    EXPECT_TRUE(await_count(events, 1));
    kn.close();
    stream.send_second();
    EXPECT_TRUE(await_count(events, 2)) << "it goes on as if nothing had happened";
    EXPECT_EQ(kn.worker_close(worker, -1, nullptr), KN_OK);
    running.join();
    EXPECT_EQ(status, KN_CLOSED);
    kn.worker_free(worker);
}

TEST(dlopen, a_thread_inside_next_lives_through_the_library_s_end_and_its_worker_s) {
    two_events stream;
    library kn;
    kn_worker *worker = new_worker(kn, stream.url());
    kn_event *first = nullptr;
    kn_status status = KN_OK;
    std::atomic<bool> is_waiting{false};
    std::thread waiting([&] {
        EXPECT_EQ(kn.worker_next(worker, -1, &first, nullptr), KN_OK);
        is_waiting = true;
        kn_event *none = nullptr;
        status = kn.worker_next(worker, -1, &none, nullptr);
    });
    const clock::time_point deadline = clock::now() + patience;
    while (!is_waiting && clock::now() < deadline)
        std::this_thread::sleep_for(milliseconds(1));
    kn.close();
    kn.worker_free(worker);
    waiting.join();
    EXPECT_EQ(status, KN_CLOSED);
    EXPECT_STREQ(kn.event_data(first, nullptr), "first") << "an event outlives them all";
    kn.event_free(first);
}

TEST(dlopen, a_program_may_end_with_a_thread_still_inside) {
    EXPECT_EQ(exit_status_of([] {
                  // All of it is left to the end of the process.
                  auto *stream = new two_events;
                  auto *kn = new library;
                  kn_worker *worker = new_worker(*kn, stream->url());
                  std::thread([kn, worker] {
                      kn_event *event = nullptr;
                      while (kn->worker_next(worker, -1, &event, nullptr) == KN_OK)
                          kn->event_free(event);
                  }).detach();
                  EXPECT_TRUE(await_state(*kn, worker, KN_WORKER_CONNECTED));
                  kn->close();
              }),
              0);
}

TEST(dlopen, the_library_may_be_opened_again) {
    fault_server server({keeps_streaming("data: a\n\n")});
    for (int i = 0; i < 3; ++i) {
        library kn;
        kn_worker *worker = new_worker(kn, server.url());
        kn_event *event = nullptr;
        EXPECT_EQ(kn.worker_next(worker, milliseconds(patience).count(), &event, nullptr), KN_OK);
        kn.event_free(event);
        kn.worker_free(worker);
    }
}

TEST(dlopen, the_thread_that_opened_the_library_need_not_live) {
    fault_server server({keeps_streaming("data: a\n\n")});
    library *kn = nullptr;
    kn_worker *worker = nullptr;
    std::thread([&] {
        kn = new library;
        worker = new_worker(*kn, server.url());
    }).join();
    kn_event *event = nullptr;
    EXPECT_EQ(kn->worker_next(worker, milliseconds(patience).count(), &event, nullptr), KN_OK);
    kn->event_free(event);
    kn->worker_free(worker);
    EXPECT_STRNE(kn->version(), "");
    delete kn;
}

} // namespace
