// A process that forks while another thread of it is making the library's first handle.
//
// What it would meet there is over in a moment, so this program has its own curl_global_init_mem(),
// in which the thread stays until the test lets it go on.
#include <atomic>
#include <csignal>
#include <thread>

#include <dlfcn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <curl/curl.h>
#include <gtest/gtest.h>
#include <kosmonaut/kosmonaut.h>

#include "fault_server.hpp"

namespace {

std::atomic<bool> is_setting_up{false};
std::atomic<bool> may_go_on{false};

} // namespace

extern "C" CURLcode curl_global_init_mem(long flags, curl_malloc_callback m, curl_free_callback f,
                                         curl_realloc_callback r, curl_strdup_callback s,
                                         curl_calloc_callback c) {
    using function = CURLcode(long, curl_malloc_callback, curl_free_callback, curl_realloc_callback,
                              curl_strdup_callback, curl_calloc_callback);
    static auto *const real =
        reinterpret_cast<function *>(dlsym(RTLD_NEXT, "curl_global_init_mem"));
    is_setting_up = true;
    while (!may_go_on)
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    return real(flags, m, f, r, s, c);
}

namespace faults {
namespace {

kn_status make_and_free() {
    kn_client *client = nullptr;
    const kn_status status = kn_client_new(port().url().c_str(), nullptr, &client, nullptr);
    kn_client_free(client);
    return status;
}

TEST(fork, beside_the_first_handle_leaves_the_child_able_to_make_its_own) {
    kn_status made = KN_EINTERNAL;
    std::thread making([&] { made = make_and_free(); });
    while (!is_setting_up)
        std::this_thread::sleep_for(milliseconds(1));
    // Not before fork() was called, or the child would find nothing amiss in any case.
    std::thread letting_go([] {
        std::this_thread::sleep_for(milliseconds(200));
        may_go_on = true;
    });
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
        may_go_on = true;
        _exit(make_and_free() == KN_OK ? 0 : 1);
    }
    making.join();
    letting_go.join();
    EXPECT_EQ(made, KN_OK);
    int status = -1;
    const clock::time_point until = clock::now() + patience;
    while (waitpid(child, &status, WNOHANG) == 0) {
        if (clock::now() > until) {
            kill(child, SIGKILL);
            waitpid(child, &status, 0);
            FAIL() << "the child hangs";
        }
        std::this_thread::sleep_for(milliseconds(1));
    }
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

} // namespace
} // namespace faults
