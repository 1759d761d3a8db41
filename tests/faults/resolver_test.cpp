// Names that do not resolve, names whose resolution hangs, and names with addresses that are
// silent.
//
// A resolver that really hangs needs a network of the test's own, which is not to be had
// everywhere. So this program has its own getaddrinfo(), which libcurl's resolver thread calls as
// it would the C library's: `*.fails.test` is no name, `*.hangs.test` comes back when the test says
// so, `A.B.several.test` has the addresses that the test has set, and every other name is the
// loopback.
#include <atomic>
#include <condition_variable>
#include <csignal>
#include <cstddef>
#include <cstdlib>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <dlfcn.h>
#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "answers.hpp"
#include "observed_client.hpp"
#include "observed_worker.hpp"
#include "tasks.hpp"

namespace faults {
namespace {

/// Where the resolvers hang.
class gate {
  public:
    void pass() {
        std::unique_lock lock(mutex_);
        ++inside_;
        changed_.notify_all();
        changed_.wait(lock, [this] { return is_open_; });
        --inside_;
        changed_.notify_all();
    }
    void shut() {
        const std::lock_guard lock(mutex_);
        is_open_ = false;
    }
    void open() {
        const std::lock_guard lock(mutex_);
        is_open_ = true;
        changed_.notify_all();
    }
    bool await_inside(int count) {
        std::unique_lock lock(mutex_);
        return changed_.wait_for(lock, patience, [&] { return inside_ == count; });
    }
    int inside() {
        const std::lock_guard lock(mutex_);
        return inside_;
    }

  private:
    std::mutex mutex_;
    std::condition_variable changed_;
    bool is_open_ = true;
    int inside_ = 0;
};

// Never taken down: a process that ends while somebody hangs there must not wait for him.
gate &hanging = *new gate;
std::atomic<int> resolutions{0};
std::vector<std::string> addresses_of_several; // set while nobody resolves

int resolve(const char *name, const char *service, const addrinfo *hints, addrinfo **result) {
    using function = int(const char *, const char *, const addrinfo *, addrinfo **);
    static auto *const real = reinterpret_cast<function *>(dlsym(RTLD_NEXT, "getaddrinfo"));
    const std::string_view text = name != nullptr ? name : "";
    const auto is_below = [&](std::string_view domain) {
        return text.size() >= domain.size() && text.substr(text.size() - domain.size()) == domain;
    };
    if (!is_below(".test"))
        return real(name, service, hints, result);
    ++resolutions;
    if (is_below(".fails.test"))
        return EAI_NONAME;
    if (is_below(".hangs.test"))
        hanging.pass();
    if (is_below(".several.test")) {
        addrinfo numeric = *hints;
        numeric.ai_family = AF_UNSPEC;
        numeric.ai_flags = AI_NUMERICHOST;
        addrinfo **end = result;
        for (const std::string &address : addresses_of_several) {
            const int error = real(address.c_str(), service, &numeric, end);
            if (error != 0)
                return error;
            while (*end != nullptr)
                end = &(*end)->ai_next;
        }
        return 0;
    }
    addrinfo only_v4 = *hints;
    only_v4.ai_family = AF_INET;
    return real("127.0.0.1", service, &only_v4, result);
}

} // namespace
} // namespace faults

extern "C" int getaddrinfo(const char *name, const char *service, const addrinfo *hints,
                           addrinfo **result) {
    return faults::resolve(name, service, hints, result);
}

namespace faults {
namespace {

/// In the end every resolver comes back, and its thread is gone before the program is.
class resolver : public testing::Test {
  protected:
    resolver() {
        before_ = count_tasks_at_rest();
        hanging.shut();
        resolutions = 0;
    }
    ~resolver() override {
        hanging.open();
        EXPECT_TRUE(await_tasks(before_));
    }

    std::size_t before_ = 0;
};

std::string url_of(std::string_view host) { return port().url("http", host); }

TEST_F(resolver, that_finds_a_name_leaves_no_thread) {
    forked_fault_server server({keeps_streaming("data: a\n\n")});
    observed_worker worker(server.where().url("http", "broker.test"));
    worker.await_events(1);
    EXPECT_EQ(resolutions, 1) << "that was this program's getaddrinfo()";
    EXPECT_TRUE(await_tasks(before_));
}

TEST_F(resolver, that_finds_no_name_is_asked_again) {
    observed_worker worker(url_of("broker.fails.test"));
    for (const told_failure &failure : worker.await_failures(3))
        EXPECT_EQ(failure.status, KN_ECONNECT) << failure.message;
    EXPECT_GE(resolutions, 3);
}

TEST_F(resolver, that_finds_no_name_fails_a_client_s_call) {
    const observed_client client(url_of("broker.fails.test"));
    EXPECT_EQ(client.call().status, KN_ECONNECT);
}

TEST_F(resolver, that_hangs_is_no_failure_if_it_comes_back) {
    forked_fault_server server({keeps_streaming("data: a\n\n")});
    observed_worker worker(server.where().url("http", "broker.hangs.test"));
    EXPECT_EQ(worker.next(50), KN_AGAIN);
    EXPECT_TRUE(hanging.await_inside(1));
    EXPECT_EQ(worker.next(50), KN_AGAIN);
    EXPECT_EQ(worker.state(), KN_WORKER_CONNECTING);
    hanging.open();
    worker.await_events(1);
    EXPECT_TRUE(worker.failures().empty());
}

TEST_F(resolver, that_hangs_does_not_hold_free) {
    kn_worker *worker = nullptr;
    ASSERT_EQ(kn_worker_new(url_of("broker.hangs.test").c_str(), nullptr, &worker, nullptr), KN_OK);
    kn_event *event = nullptr;
    EXPECT_EQ(kn_worker_next(worker, 50, &event, nullptr), KN_AGAIN);
    ASSERT_TRUE(hanging.await_inside(1));
    const clock::time_point began = clock::now();
    kn_worker_free(worker);
    EXPECT_LT(clock::now() - began, patience);
    EXPECT_EQ(hanging.inside(), 1) << "the resolver still hangs";
}

TEST_F(resolver, that_hangs_does_not_hold_close) {
    observed_worker worker(url_of("broker.hangs.test"));
    EXPECT_EQ(worker.next(50), KN_AGAIN);
    ASSERT_TRUE(hanging.await_inside(1));
    const clock::time_point began = clock::now();
    EXPECT_EQ(kn_worker_close(worker.get(), -1, nullptr), KN_OK);
    EXPECT_LT(clock::now() - began, patience);
    EXPECT_EQ(hanging.inside(), 1);
}

TEST_F(resolver, that_hangs_does_not_hold_a_thread_that_waits) {
    kn_worker *worker = nullptr;
    ASSERT_EQ(kn_worker_new(url_of("broker.hangs.test").c_str(), nullptr, &worker, nullptr), KN_OK);
    kn_status status = KN_OK;
    std::thread waiting([&] {
        kn_event *event = nullptr;
        status = kn_worker_next(worker, -1, &event, nullptr);
    });
    ASSERT_TRUE(hanging.await_inside(1));
    const clock::time_point began = clock::now();
    kn_worker_free(worker);
    waiting.join();
    EXPECT_EQ(status, KN_CLOSED);
    EXPECT_LT(clock::now() - began, patience);
    EXPECT_EQ(hanging.inside(), 1);
}

TEST_F(resolver, that_hangs_counts_as_connecting) {
    worker_settings how;
    how.connect_timeout_ms = 200;
    observed_worker worker(url_of("broker.hangs.test"), how);
    for (const told_failure &failure : worker.await_failures(2))
        EXPECT_EQ(failure.status, KN_ETIMEOUT) << failure.message;
}

TEST_F(resolver, that_hangs_holds_a_client_s_call_no_longer_than_connecting_may_take) {
    client_settings how;
    how.connect_timeout_ms = 200;
    const clock::time_point began = clock::now();
    {
        const observed_client client(url_of("broker.hangs.test"), how);
        EXPECT_EQ(client.call().status, KN_ETIMEOUT);
    }
    EXPECT_LT(clock::now() - began, patience);
    EXPECT_EQ(hanging.inside(), 1);
}

TEST_F(resolver, that_hangs_does_not_hold_the_end_of_the_process) {
    const std::string url = url_of("broker.hangs.test");
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
        kn_worker *worker = nullptr;
        kn_event *event = nullptr;
        if (kn_worker_new(url.c_str(), nullptr, &worker, nullptr) != KN_OK ||
            kn_worker_next(worker, 50, &event, nullptr) != KN_AGAIN || !hanging.await_inside(1))
            _exit(1);
        kn_worker_free(worker);
        exit(0);
    }
    const clock::time_point deadline = clock::now() + patience;
    int status = -1;
    while (waitpid(child, &status, WNOHANG) == 0) {
        if (clock::now() > deadline) {
            kill(child, SIGKILL);
            waitpid(child, &status, 0);
            FAIL() << "it did not end";
        }
        std::this_thread::sleep_for(milliseconds(1));
    }
    EXPECT_TRUE(WIFEXITED(status));
    EXPECT_EQ(WEXITSTATUS(status), 0);
}

// ---- Addresses that swallow whoever knocks ----

/// Connecting there never ends: the queue of those who wait is full.
class silent_address {
  public:
    silent_address(const std::string &address, int port) {
        addrinfo hints{};
        hints.ai_socktype = SOCK_STREAM;
        hints.ai_flags = AI_NUMERICHOST;
        addrinfo *found = nullptr;
        EXPECT_EQ(getaddrinfo(address.c_str(), std::to_string(port).c_str(), &hints, &found), 0);
        const auto make_socket = [&] {
            return descriptor(
                socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
        };
        listener_ = make_socket();
        EXPECT_EQ(bind(listener_.get(), found->ai_addr, found->ai_addrlen), 0) << address;
        EXPECT_EQ(listen(listener_.get(), 0), 0);
        for (bool is_in = true; is_in;) {
            descriptor waiting = make_socket();
            (void)connect(waiting.get(), found->ai_addr, found->ai_addrlen);
            pollfd watched{waiting.get(), POLLOUT, 0};
            is_in = poll(&watched, 1, 200) > 0;
            waiting_.push_back(std::move(waiting));
        }
        freeaddrinfo(found);
    }

  private:
    descriptor listener_;
    std::vector<descriptor> waiting_;
};

struct some_addresses {
    const char *name;
    std::vector<std::string> silent;
    std::string good;
};
void PrintTo(const some_addresses &some, std::ostream *out) { *out << some.name; }

class silent_addresses : public resolver, public testing::WithParamInterface<some_addresses> {
  protected:
    /// After the server, which is forked off.
    void silence(int port) {
        addresses_of_several = GetParam().silent;
        for (const std::string &address : GetParam().silent)
            silent_.emplace_back(address, port);
        addresses_of_several.push_back(GetParam().good);
    }
    static constexpr const char *host = "broker.several.test";
    static constexpr std::int64_t connect_timeout_ms = 1'000;

  private:
    std::vector<silent_address> silent_;
};

TEST_P(silent_addresses, do_not_keep_a_client_from_the_one_that_answers) {
    const forked_fault_server server({answers(202)});
    silence(server.where().number());
    client_settings how;
    how.connect_timeout_ms = connect_timeout_ms;
    const observed_client client(server.where().url("http", host), how);
    EXPECT_EQ(client.call().status, KN_OK);
    EXPECT_EQ(kn_client_connections(client.get()), 0) << "those that came to nothing";

    kn_status status = KN_EINTERNAL;
    const auto note = [](const kn_result *result, void *told) {
        *static_cast<kn_status *>(told) = kn_result_status(result);
    };
    EXPECT_EQ(kn_client_open_channel_async(client.get(), "c", note, &status, nullptr, nullptr),
              KN_OK);
    EXPECT_EQ(kn_client_flush(client.get(), longer_than_patience_ms, nullptr), KN_OK);
    EXPECT_EQ(status, KN_OK);
}

TEST_P(silent_addresses, do_not_keep_a_worker_from_the_one_that_answers) {
    const forked_fault_server server({keeps_streaming("data: a\n\n")});
    silence(server.where().number());
    worker_settings how;
    how.connect_timeout_ms = connect_timeout_ms;
    observed_worker worker(server.where().url("http", host), how);
    worker.await_events(1);
    EXPECT_TRUE(worker.failures().empty());
}

INSTANTIATE_TEST_SUITE_P(
    resolver, silent_addresses,
    testing::Values(some_addresses{"one_of_two", {"127.0.0.2"}, "127.0.0.1"},
                    some_addresses{"two_of_three", {"127.0.0.2", "127.0.0.3"}, "127.0.0.1"},
                    some_addresses{"one_of_two_in_ipv6", {"::1"}, "::ffff:127.0.0.1"},
                    some_addresses{"ipv6_before_ipv4", {"::1"}, "127.0.0.1"}),
    [](const auto &generated) { return std::string(generated.param.name); });

TEST_F(resolver, does_not_make_the_message_of_a_failure_show_the_token) {
    // A redirect to a host that is called like the token.
    fault_server server(
        {answers(302, {"Location: http://" + std::string(token) + ".fails.test/"})});
    observed_worker worker(server.url());
    EXPECT_EQ(worker.await_failures(1).at(0).status, KN_EPROTOCOL);
}

} // namespace
} // namespace faults
