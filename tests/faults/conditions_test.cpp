// Conditions that a backend lives under: many descriptors, a storm of signals, a clock that jumps,
// a locale with a decimal comma, an end of the process in the middle of it all.
#include <atomic>
#include <clocale>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <dlfcn.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "answers.hpp"
#include "observed_client.hpp"
#include "observed_worker.hpp"

namespace {

/// How far the wall clock is off. Nobody may set the machine's, so this program's own functions
/// stand before the C library's.
std::atomic<std::time_t> wall_clock_offset{0};

template <class Function>
Function *next_function(const char *name) {
    return reinterpret_cast<Function *>(dlsym(RTLD_NEXT, name));
}

} // namespace

extern "C" int clock_gettime(clockid_t clock, timespec *time) noexcept {
    static auto *const real = next_function<int(clockid_t, timespec *)>("clock_gettime");
    const int result = real(clock, time);
    if (result == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE))
        time->tv_sec += wall_clock_offset;
    return result;
}

extern "C" int gettimeofday(timeval *time, void *zone) noexcept {
    static auto *const real = next_function<int(timeval *, void *)>("gettimeofday");
    const int result = real(time, zone);
    if (result == 0)
        time->tv_sec += wall_clock_offset;
    return result;
}

extern "C" std::time_t time(std::time_t *result) noexcept {
    static auto *const real = next_function<std::time_t(std::time_t *)>("time");
    const std::time_t now = real(nullptr) + wall_clock_offset;
    if (result != nullptr)
        *result = now;
    return now;
}

namespace faults {
namespace {

// ---- Descriptors above 1024 ----

/// While this lives, every new descriptor has a number that select() cannot take.
class many_descriptors {
  public:
    many_descriptors() {
        getrlimit(RLIMIT_NOFILE, &before_);
        rlimit more = before_;
        more.rlim_cur = std::min<rlim_t>(before_.rlim_max, 4096);
        EXPECT_EQ(setrlimit(RLIMIT_NOFILE, &more), 0);
        while (taken_.empty() || taken_.back() < 1024 + 16) {
            const int another = open("/dev/null", O_RDONLY | O_CLOEXEC);
            if (another < 0)
                break;
            taken_.push_back(another);
        }
        EXPECT_GT(taken_.back(), 1024) << "the limit of this process is too low";
    }
    ~many_descriptors() {
        for (const int one : taken_)
            close(one);
        setrlimit(RLIMIT_NOFILE, &before_);
    }
    many_descriptors(const many_descriptors &) = delete;
    many_descriptors &operator=(const many_descriptors &) = delete;

  private:
    rlimit before_{};
    std::vector<int> taken_;
};

TEST(conditions, descriptors_above_1024) {
    const many_descriptors all;
    fault_server answering({answers(202)});
    const observed_client client(answering.url());
    EXPECT_EQ(client.call().status, KN_OK);
    EXPECT_GT(kn_client_fd(client.get()), 1024);
    fault_server streaming({keeps_streaming("data: a\n\n")});
    observed_worker worker(streaming.url());
    EXPECT_EQ(worker.await_events(1).size(), 1U);
    EXPECT_GT(kn_worker_fd(worker.get()), 1024);
}

// ---- A storm of signals ----

std::atomic<long> signals_seen{0};

/// While this lives, this process is interrupted a thousand times a second, with a handler that
/// asks for no restart.
class signal_storm {
  public:
    signal_storm() {
        struct sigaction action {};
        action.sa_handler = [](int) { ++signals_seen; };
        sigaction(SIGALRM, &action, &before_);
        set_timer(1000);
    }
    ~signal_storm() {
        set_timer(0);
        sigaction(SIGALRM, &before_, nullptr);
    }
    signal_storm(const signal_storm &) = delete;
    signal_storm &operator=(const signal_storm &) = delete;

  private:
    static void set_timer(suseconds_t microseconds) {
        const itimerval timer{{0, microseconds}, {0, microseconds}};
        setitimer(ITIMER_REAL, &timer, nullptr);
    }
    struct sigaction before_ {};
};

/// Answers late enough to be interrupted on the way.
script slowly(const std::string &bytes) {
    return [bytes](conversation &with) {
        with.receive();
        with.pause(milliseconds(50));
        with.send(bytes);
        with.stall();
    };
}

TEST(conditions, signals_surface_nowhere) {
    // In a process of its own, so that the signals come to the thread that calls.
    forked_fault_server answering({slowly(whole_answer(202))});
    forked_fault_server streaming({slowly(stream_head() + "data: a\n\n")});
    signals_seen = 0;
    {
        const signal_storm storm;
        const observed_client client(answering.url());
        EXPECT_EQ(client.call().status, KN_OK);
        observed_worker worker(streaming.url());
        EXPECT_EQ(worker.await_events(1).size(), 1U);
        EXPECT_TRUE(worker.failures().empty());
        kn_event *event = nullptr;
        EXPECT_EQ(kn_worker_next(worker.get(), 50, &event, nullptr), KN_AGAIN);
    }
    EXPECT_GT(signals_seen, 10);
}

// ---- A clock that jumps ----

class jumping_clock : public testing::TestWithParam<std::time_t> {
  protected:
    ~jumping_clock() override { wall_clock_offset = 0; }

    /// A script that says @p bytes after the clock has jumped.
    static script jumps_and_says(const std::string &bytes) {
        return [bytes](conversation &with) {
            with.receive();
            wall_clock_offset = GetParam();
            with.pause(milliseconds(50));
            with.send(bytes);
            with.stall();
        };
    }
};

TEST_P(jumping_clock, ends_no_call) {
    fault_server server({jumps_and_says(whole_answer(202))});
    client_settings how;
    how.request_timeout_ms = longer_than_patience_ms;
    const observed_client client(server.url(), how);
    EXPECT_EQ(client.call().status, KN_OK);
}

TEST_P(jumping_clock, ends_no_stream) {
    fault_server server({jumps_and_says(stream_head() + "data: a\n\n")});
    observed_worker worker(server.url());
    EXPECT_EQ(worker.await_events(1).size(), 1U);
    EXPECT_TRUE(worker.failures().empty());
    EXPECT_LT(kn_worker_lag_ms(worker.get()), longer_than_patience_ms);
}

TEST_P(jumping_clock, delays_no_limit) {
    fault_server server({jumps_and_says("")});
    client_settings how;
    how.request_timeout_ms = 200;
    const observed_client client(server.url(), how);
    const clock::time_point began = clock::now();
    EXPECT_EQ(client.call().status, KN_ETIMEOUT);
    EXPECT_LT(clock::now() - began, patience);
}

TEST_P(jumping_clock, delays_no_reconnecting) {
    fault_server server({[](conversation &with) {
                             with.receive();
                             with.send(stream_head() + "data: a\n\n");
                             wall_clock_offset = GetParam();
                         },
                         keeps_streaming("data: b\n\n")});
    observed_worker worker(server.url());
    EXPECT_EQ(worker.await_events(2).size(), 2U);
}

INSTANTIATE_TEST_SUITE_P(by, jumping_clock, testing::Values(-24 * 3600, 24 * 3600),
                         [](const auto &generated) {
                             return generated.param < 0 ? "a_day_back" : "a_day_ahead";
                         });

// ---- A decimal comma ----

/// German, compiled for this test: a system need not have it.
class decimal_comma : public testing::Test {
  protected:
    decimal_comma() {
        std::string name =
            (std::filesystem::temp_directory_path() / "kosmonaut-locale-XXXXXX").string();
        directory_ = mkdtemp(name.data());
        const std::string command = "localedef -i de_DE -f UTF-8 " + directory_ + "/de_DE.UTF-8";
        EXPECT_EQ(std::system(command.c_str()), 0) << command; // NOLINT: nothing of a user's in it
        setenv("LOCPATH", directory_.c_str(), 1);
        EXPECT_NE(setlocale(LC_ALL, "de_DE.UTF-8"), nullptr);
        EXPECT_STREQ(localeconv()->decimal_point, ",");
    }
    ~decimal_comma() override {
        setlocale(LC_ALL, "C");
        unsetenv("LOCPATH");
        std::filesystem::remove_all(directory_);
    }

  private:
    std::string directory_;
};

TEST_F(decimal_comma, changes_nothing_that_is_sent_or_received) {
    fault_server answering({answers(202)});
    const observed_client client(answering.url());
    const std::string data = R"({"n":1234567.5,"m":[1e3,-0.25]})";
    EXPECT_EQ(kn_client_trigger(client.get(), "c", "e", data.data(), data.size(), nullptr), KN_OK);
    EXPECT_NE(answering.requests().at(0).body.find(data), std::string::npos);
    const std::string comma = R"({"n":1,5})";
    EXPECT_EQ(kn_client_trigger(client.get(), "c", "e", comma.data(), comma.size(), nullptr),
              KN_EJSON);

    fault_server refusing({answers(404, {"Retry-After: 2"}, R"({"error":"none","code":454})")});
    const observed_client refused(refusing.url());
    EXPECT_EQ(refused.call(operation::trigger).server_code, 454);

    fault_server streaming({keeps_streaming("data: {\"uid\":\"u\",\"n\":0.5}\n\n")});
    observed_worker worker(streaming.url());
    EXPECT_EQ(worker.await_events(1).at(0).data, R"({"uid":"u","n":0.5})");
    char *figures = nullptr;
    ASSERT_EQ(kn_worker_stats(worker.get(), &figures, nullptr), KN_OK);
    EXPECT_NE(std::string(figures).find("\"events\":1"), std::string::npos) << figures;
    kn_string_free(figures);
}

// ---- The end of the process ----

class end_of_process : public testing::Test {
  protected:
    end_of_process() { GTEST_FLAG_SET(death_test_style, "threadsafe"); }

    /// A client in a call and a worker in its loop, on threads that nobody joins; ends the process
    /// when both are well under way.
    [[noreturn]] static void leave_in_the_middle() {
        auto *silent = new fault_server({never_answers()});
        auto *streaming = new fault_server({keeps_streaming("event: a/b\ndata: {}\n\n")});
        static std::atomic<bool> has_event{false};
        kn_client *client = nullptr;
        kn_worker *worker = nullptr;
        if (kn_client_new(silent->url().c_str(), nullptr, &client, nullptr) != KN_OK ||
            kn_worker_new(streaming->url().c_str(), nullptr, &worker, nullptr) != KN_OK ||
            kn_worker_on(
                worker, "*/*", [](kn_event *, void *) { has_event = true; }, nullptr, nullptr,
                nullptr) != KN_OK)
            std::_Exit(1);
        std::thread([client] { kn_client_open_channel(client, "c", nullptr); }).detach();
        std::thread([worker] { kn_worker_run(worker, nullptr); }).detach();
        while (!has_event || silent->await_requests(1).empty())
            std::this_thread::sleep_for(milliseconds(1));
        std::exit(7);
    }
};

TEST_F(end_of_process, needs_no_farewell) {
    EXPECT_EXIT(leave_in_the_middle(), testing::ExitedWithCode(7), "");
}

} // namespace
} // namespace faults
