// What faults leave of the process that the library is a guest in: no descriptors, and nothing that
// comes from the environment.
#include <cstddef>
#include <cstdlib>
#include <filesystem>
#include <iterator>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "answers.hpp"
#include "observed_client.hpp"
#include "observed_worker.hpp"

namespace faults {
namespace {

std::ptrdiff_t count_descriptors() {
    return std::distance(std::filesystem::directory_iterator("/proc/self/fd"), {});
}

std::vector<script> all_kinds_of_faults() {
    return {answers(503),
            resets_after(""),
            says(""),
            says("garbage\r\n\r\n"),
            says("HTTP/1.1 200 OK\r\nContent-"),
            answers(302, {"Location: /elsewhere"}),
            answers(302),
            resets_after(stream_head() + "data: half"),
            streams("data: a\n\n"),
            says(head(200, {"Content-Type: text/html"})),
            never_answers()};
}

TEST(process, keeps_no_descriptor_of_a_worker_in_trouble) {
    // A stream first, since a refusal before it would be the end.
    std::vector<script> scripts{streams("data: a\n\n")};
    for (int i = 0; i < 5; ++i)
        for (const script &fault : all_kinds_of_faults())
            scripts.push_back(fault);
    const std::size_t count = scripts.size();
    fault_server server(std::move(scripts));
    const std::ptrdiff_t before = count_descriptors();
    {
        worker_settings how;
        how.idle_timeout_ms = 100;
        observed_worker worker(server.url(), how);
        worker.go_on_until([&] { return server.connections() >= count; });
        EXPECT_GE(server.connections(), count);
    }
    EXPECT_TRUE(server.await_closed(server.connections()));
    EXPECT_EQ(count_descriptors(), before);
}

TEST(process, keeps_no_descriptor_of_a_client_in_trouble) {
    const std::size_t count = all_kinds_of_faults().size();
    fault_server server(all_kinds_of_faults());
    const std::ptrdiff_t before = count_descriptors();
    {
        client_settings how;
        how.request_timeout_ms = 100;
        const observed_client client(server.url(), how);
        for (std::size_t i = 0; i < count + 3; ++i)
            EXPECT_LT(client.call().status, 0) << i;
    }
    EXPECT_TRUE(server.await_closed(server.connections()));
    EXPECT_EQ(count_descriptors(), before);
}

TEST(process, does_not_tell_the_library_of_a_proxy) {
    // Credentials go to the broker and to nobody whom the environment happens to name.
    const port nobody;
    for (const char *name : {"http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"})
        setenv(name, nobody.origin().c_str(), 1);
    fault_server answering({answers(202)});
    const observed_client client(answering.url());
    EXPECT_EQ(client.call().status, KN_OK);
    fault_server streaming({keeps_streaming("data: a\n\n")});
    observed_worker worker(streaming.url());
    worker.await_events(1);
}

} // namespace
} // namespace faults
