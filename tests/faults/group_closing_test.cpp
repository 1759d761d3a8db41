// At least once: closing in every state, freeing, forking, and events that outlive their worker.
#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "group.hpp"

namespace faults {
namespace {

using ids_of = std::vector<std::string>;

told_answer only(const group_server &server, std::string_view kind) {
    for (const told_answer &told : server.answers())
        if (told.kind == kind)
            return told;
    ADD_FAILURE() << "no " << kind;
    return {};
}

TEST(group_close, acknowledges_what_is_owed_and_gives_the_rest_back) {
    group_server server({keeps_group_stream(records(1, 4))});
    group_worker worker(server.url());
    ASSERT_TRUE(worker.await_events(4));
    EXPECT_EQ(kn_event_ack(worker.events().at(0)), KN_OK);
    EXPECT_EQ(kn_event_ack(worker.events().at(2)), KN_OK);
    EXPECT_EQ(kn_worker_close(worker.get(), -1, nullptr), KN_OK);
    EXPECT_EQ(kn_worker_state(worker.get()), KN_WORKER_CLOSED);
    EXPECT_EQ(server.answers().size(), 2U);
    EXPECT_TRUE(server.has_acknowledged(1));
    EXPECT_TRUE(server.has_acknowledged(3));
    EXPECT_FALSE(server.has_acknowledged(2));
    const told_answer back = only(server, "nack");
    EXPECT_EQ(back.ids, (ids_of{"e-2", "e-4"}));
    EXPECT_TRUE(back.is_unhandled);
    EXPECT_EQ(back.delay_ms, 0);
    EXPECT_EQ(kn_event_ack(worker.events().at(1)), KN_CLOSED);
    EXPECT_EQ(kn_worker_close(worker.get(), -1, nullptr), KN_OK) << "a second time";
    EXPECT_EQ(worker.next(0), KN_CLOSED);
}

TEST(group_close, gives_back_what_waited_and_what_is_on_its_way) {
    group_server server({keeps_group_stream(records(1, 50))});
    group_worker worker(server.url());
    ASSERT_TRUE(worker.go_on_until([&] { return worker.events().size() == 1; }));
    std::this_thread::sleep_for(milliseconds(50));
    EXPECT_EQ(kn_worker_close(worker.get(), -1, nullptr), KN_OK);
    EXPECT_EQ(only(server, "nack").ids.size(), 50U);
}

TEST(group_close, of_a_worker_that_was_not_used_is_done_at_once) {
    group_server server({keeps_group_stream("")});
    group_worker worker(server.url());
    EXPECT_EQ(kn_worker_close(worker.get(), 0, nullptr), KN_OK);
    EXPECT_EQ(server.streams().size(), 0U);
    EXPECT_EQ(worker.next(0), KN_CLOSED);
}

TEST(group_close, of_a_worker_that_connects_is_done_at_once) {
    group_server server({[](conversation &with, const request &) { with.stall(); }});
    group_worker worker(server.url());
    ASSERT_TRUE(worker.go_on_until([&] { return server.streams().size() == 1; }));
    EXPECT_EQ(kn_worker_close(worker.get(), 0, nullptr), KN_OK);
}

TEST(group_close, that_owes_nothing_sends_nothing) {
    group_server server({keeps_group_stream("")});
    group_worker worker(server.url());
    ASSERT_TRUE(
        worker.go_on_until([&] { return kn_worker_state(worker.get()) == KN_WORKER_CONNECTED; }));
    EXPECT_EQ(kn_worker_close(worker.get(), 0, nullptr), KN_OK);
    EXPECT_EQ(server.answers().size(), 0U);
}

TEST(group_close, without_waiting_goes_on_when_the_descriptor_says_so) {
    group_server server({keeps_group_stream(records(1, 2))}, [](const told_answer &) {
        std::this_thread::sleep_for(milliseconds(30));
        return taken_answer();
    });
    group_worker worker(server.url());
    ASSERT_TRUE(worker.await_events(2));
    EXPECT_EQ(kn_event_ack(worker.events().at(0)), KN_OK);
    pollfd watched{kn_worker_fd(worker.get()), POLLIN, 0};
    kn_status status = KN_AGAIN;
    int calls = 0;
    while ((status = kn_worker_close(worker.get(), 0, nullptr)) == KN_AGAIN) {
        ++calls;
        EXPECT_EQ(kn_worker_state(worker.get()), KN_WORKER_CLOSING);
        ASSERT_EQ(poll(&watched, 1, 30'000), 1);
    }
    EXPECT_EQ(status, KN_OK);
    EXPECT_GE(calls, 1);
    EXPECT_LT(calls, 100) << "it is readable for something";
    EXPECT_EQ(server.answers().size(), 2U);
    EXPECT_EQ(poll(&watched, 1, 0), 1) << "for good";
}

TEST(group_close, that_nobody_answers_ends_with_its_time) {
    group_server server({keeps_group_stream(records(1, 1))}, [](const told_answer &) {
        std::this_thread::sleep_for(milliseconds(600));
        return taken_answer();
    });
    group_worker worker(server.url());
    ASSERT_TRUE(worker.await_events(1));
    EXPECT_EQ(kn_event_ack(worker.events().at(0)), KN_OK);
    const clock::time_point began = clock::now();
    EXPECT_EQ(kn_worker_close(worker.get(), 50, nullptr), KN_AGAIN);
    EXPECT_LT(clock::now() - began, milliseconds(500));
    EXPECT_EQ(kn_worker_state(worker.get()), KN_WORKER_CLOSING);
    EXPECT_EQ(worker.next(0), KN_CLOSED);
    EXPECT_EQ(kn_worker_close(worker.get(), -1, nullptr), KN_OK) << "it goes on";
    EXPECT_TRUE(server.has_acknowledged(1));
}

TEST(group_close, tries_again_within_its_time) {
    std::atomic<int> times{0};
    group_server server({keeps_group_stream(records(1, 1))}, [&](const told_answer &) {
        return ++times < 3 ? answers_text(503) : taken_answer();
    });
    group_worker worker(server.url());
    ASSERT_TRUE(worker.await_events(1));
    EXPECT_EQ(kn_event_ack(worker.events().at(0)), KN_OK);
    EXPECT_EQ(kn_worker_close(worker.get(), longer_than_patience_ms, nullptr), KN_OK);
    EXPECT_EQ(times, 3);
}

TEST(group_close, says_that_acknowledgements_were_refused) {
    group_server server({keeps_group_stream(records(1, 1))}, [](const told_answer &) {
        return whole_answer(404, {}, json_error("no such group", 456));
    });
    group_worker worker(server.url());
    ASSERT_TRUE(worker.await_events(1));
    EXPECT_EQ(kn_event_ack(worker.events().at(0)), KN_OK);
    kn_error *error = nullptr;
    EXPECT_EQ(kn_worker_close(worker.get(), -1, &error), KN_ENOGROUP);
    EXPECT_EQ(taken(error).http_status, 404);
    EXPECT_EQ(kn_worker_state(worker.get()), KN_WORKER_CLOSED);
    EXPECT_EQ(kn_worker_close(worker.get(), -1, nullptr), KN_OK);
}

TEST(group_close, in_a_handler_leaves_its_event_acknowledged) {
    group_server server({keeps_group_stream(records(1, 3))});
    group_worker worker(server.url());
    worker.on("chat/said",
              [&](kn_event *) { EXPECT_EQ(kn_worker_close(worker.get(), -1, nullptr), KN_AGAIN); });
    EXPECT_EQ(kn_worker_run(worker.get(), nullptr), KN_CLOSED);
    EXPECT_EQ(kn_worker_close(worker.get(), -1, nullptr), KN_OK);
    EXPECT_TRUE(server.has_acknowledged(1));
    EXPECT_FALSE(server.has_acknowledged(2));
    EXPECT_EQ(only(server, "nack").ids, (ids_of{"e-2", "e-3"}));
}

TEST(group_close, in_the_first_of_two_handlers_gives_the_event_back) {
    group_server server({keeps_group_stream(records(1, 1))});
    group_worker worker(server.url());
    worker.on("chat/said", [&](kn_event *) { kn_worker_close(worker.get(), -1, nullptr); });
    worker.on("chat/*", [](kn_event *) { ADD_FAILURE() << "handing over has ended"; });
    EXPECT_EQ(kn_worker_run(worker.get(), nullptr), KN_CLOSED);
    EXPECT_EQ(kn_worker_close(worker.get(), -1, nullptr), KN_OK);
    EXPECT_FALSE(server.has_acknowledged(1));
    EXPECT_EQ(only(server, "nack").ids, ids_of{"e-1"});
    EXPECT_TRUE(only(server, "nack").is_unhandled);
}

TEST(group_close, beside_a_call_waits_for_it_and_then_for_the_answers) {
    group_server server({keeps_group_stream(records(1, 2))});
    group_worker worker(server.url());
    std::atomic<int> handled{0};
    worker.on("chat/said", [&](kn_event *) { ++handled; });
    std::thread driver([&] { EXPECT_EQ(kn_worker_run(worker.get(), nullptr), KN_CLOSED); });
    const clock::time_point until = clock::now() + patience;
    while (handled < 2 && clock::now() < until)
        std::this_thread::sleep_for(milliseconds(1));
    EXPECT_EQ(kn_worker_close(worker.get(), -1, nullptr), KN_OK);
    driver.join();
    EXPECT_TRUE(server.has_acknowledged(2));
    EXPECT_EQ(server.count("nack"), 0U);
}

TEST(group_close, while_the_stream_is_broken_still_acknowledges) {
    group_server server({ends_group_stream(records(1, 1)),
                         [](conversation &with, const request &) { with.stall(); }});
    group_worker worker(server.url());
    ASSERT_TRUE(worker.await_events(1));
    ASSERT_TRUE(worker.go_on_until([&] { return server.streams().size() == 2; }));
    EXPECT_EQ(kn_event_ack(worker.events().at(0)), KN_OK);
    EXPECT_EQ(kn_worker_close(worker.get(), -1, nullptr), KN_OK);
    EXPECT_TRUE(server.has_acknowledged(1));
}

TEST(group_close, after_the_end_of_the_stream_still_acknowledges) {
    group_server server({ends_group_stream(records(1, 1)), [](conversation &with, const request &) {
                             with.send(whole_answer(204));
                         }});
    group_worker worker(server.url());
    ASSERT_TRUE(worker.go_on_until([&] { return worker.events().size() == 1; }));
    while (worker.next(longer_than_patience_ms) == KN_AGAIN) {
    }
    EXPECT_EQ(worker.next(0), KN_CLOSED);
    EXPECT_EQ(kn_event_ack(worker.events().at(0)), KN_OK);
    EXPECT_EQ(kn_worker_close(worker.get(), -1, nullptr), KN_OK);
    EXPECT_TRUE(server.has_acknowledged(1));
}

TEST(group_events, outlive_their_worker) {
    group_server server({keeps_group_stream(records(1, 3))});
    kn_event *kept = nullptr;
    {
        group_worker worker(server.url());
        ASSERT_TRUE(worker.await_events(3));
        kept = kn_event_retain(worker.events().at(1));
    }
    EXPECT_STREQ(kn_event_id(kept), "e-2");
    EXPECT_EQ(kn_event_attempt(kept), 1);
    EXPECT_EQ(kn_event_extend(kept), KN_CLOSED);
    EXPECT_EQ(kn_event_ack(kept), KN_CLOSED);
    EXPECT_EQ(kn_event_nack(kept, 0), KN_ESTATE);
    kn_event_free(kept);
}

TEST(group_events, are_freed_by_other_threads_while_the_worker_goes) {
    for (int round = 0; round < 20; ++round) {
        group_server server({keeps_group_stream(records(1, 200))});
        auto worker = std::make_unique<group_worker>(server.url());
        ASSERT_TRUE(worker->await_events(200));
        std::vector<kn_event *> events;
        events.swap(worker->events());
        std::thread other([&] {
            for (kn_event *event : events) {
                if (reinterpret_cast<std::uintptr_t>(event) % 64 < 32)
                    kn_event_ack(event);
                kn_event_free(event);
            }
        });
        worker.reset();
        other.join();
    }
}

TEST(group_fork, leaves_the_child_nothing_to_answer) {
    group_server server({keeps_group_stream(records(1, 2))});
    group_worker worker(server.url());
    ASSERT_TRUE(worker.await_events(2));
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
        kn_event *event = worker.events().at(0);
        bool is_right = kn_event_ack(event) == KN_EFORK && kn_event_nack(event, 0) == KN_EFORK &&
                        kn_event_extend(event) == KN_EFORK && kn_event_defer(event) == KN_EFORK &&
                        kn_event_attempt(event) == 1;
        kn_event_free(event);
        kn_worker_free(worker.get());
        _exit(is_right ? 0 : 1);
    }
    int ended = 0;
    ASSERT_EQ(waitpid(child, &ended, 0), child);
    EXPECT_EQ(ended, 0);
    worker.go_on_for(milliseconds(50));
    EXPECT_EQ(server.answers().size(), 0U) << "the child has answered";
    EXPECT_EQ(kn_event_ack(worker.events().at(0)), KN_OK);
    EXPECT_TRUE(worker.go_on_until([&] { return server.has_acknowledged(1); }));
}

TEST(group_descriptor, is_readable_when_another_thread_has_answered) {
    group_server server({keeps_group_stream(records(1, 1))});
    group_worker worker(server.url());
    ASSERT_TRUE(worker.await_events(1));
    pollfd watched{kn_worker_fd(worker.get()), POLLIN, 0};
    const auto rest = [&] {
        const clock::time_point until = clock::now() + patience;
        while (poll(&watched, 1, 0) == 1 && clock::now() < until)
            worker.next(0);
    };
    rest();
    std::thread([&] { EXPECT_EQ(kn_event_ack(worker.events().at(0)), KN_OK); }).join();
    const clock::time_point until = clock::now() + patience;
    while (!server.has_acknowledged(1) && clock::now() < until) {
        ASSERT_EQ(poll(&watched, 1, 30'000), 1);
        worker.next(0);
    }
    EXPECT_TRUE(server.has_acknowledged(1));
}

} // namespace
} // namespace faults
