// The streams of sse.json through a socket: what a worker hands over, and where it goes on.
#include <gtest/gtest.h>

#include "answers.hpp"
#include "observed_worker.hpp"
#include "sse_vectors.hpp"

namespace faults {
namespace {

class worker_vectors : public testing::TestWithParam<sse::vector> {};

TEST_P(worker_vectors, whole) {
    fault_server server({streams(GetParam().whole()), never_answers()});
    observed_worker worker(server.url());
    // All events are out once the worker asks again.
    const auto requests = worker.await_requests(server, 2);

    std::vector<sse::event> events;
    for (const told_event &event : worker.events())
        events.push_back({event.topic, event.data, event.id});
    EXPECT_EQ(events, GetParam().expected);
    ASSERT_GE(requests.size(), 2U);
    EXPECT_EQ(requests[1].header("Last-Event-ID").value_or(""), GetParam().last_event_id);
    EXPECT_EQ(requests[1].header("Last-Event-ID").has_value(), !GetParam().last_event_id.empty());
}

INSTANTIATE_TEST_SUITE_P(sse, worker_vectors, testing::ValuesIn(sse::load_vectors(SSE_VECTORS)),
                         sse::name_of);

} // namespace
} // namespace faults
