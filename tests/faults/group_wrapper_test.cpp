// At least once by the C++ wrapper: what exceptions say, and events on threads.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <map>
#include <mutex>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>
#include <kosmonaut/kosmonaut.hpp>

#include "group.hpp"

namespace faults {
namespace {

using namespace std::chrono_literals;
using kosmonaut::application;
using kosmonaut::backend;
using kosmonaut::delivery;
using kosmonaut::event_order;
using kosmonaut::event_ref;
using kosmonaut::options;
using kosmonaut::received_event;
using kosmonaut::status;

using ids_of = std::vector<std::string>;

options in_group() {
    options settings;
    settings.delivery(delivery::at_least_once).group("g").reconnect_delay(5ms, 20ms);
    return settings;
}

/// A record as the broker writes it, with its time.
std::string timed_records(std::uint64_t first, std::uint64_t last) {
    std::string all;
    for (std::uint64_t tag = first; tag <= last; ++tag)
        all += record_of({.tag = tag, .more = "time: 1764450000000\n"});
    return all;
}

/// Runs the application on a thread of its own until @p is_done.
template <class Done>
bool run_until(application &app, const Done &is_done) {
    std::thread watching([&] {
        const clock::time_point deadline = clock::now() + patience;
        while (!is_done() && clock::now() < deadline)
            std::this_thread::sleep_for(1ms);
        app.stop();
    });
    const status answer = app.run();
    watching.join();
    EXPECT_EQ(answer, status::interrupted);
    return is_done();
}

TEST(group_wrapper, sets_the_options) {
    group_server server({keeps_group_stream(records(1, 1))});
    kosmonaut::worker worker(
        server.url(),
        in_group().window(9).order(event_order::channel).worker_name("w").auto_ack(false));
    ASSERT_TRUE(worker.next(std::chrono::milliseconds(longer_than_patience_ms)));
    const request what = server.streams().at(0);
    EXPECT_EQ(query_value(what, "window"), "9");
    EXPECT_EQ(query_value(what, "order"), "channel");
    EXPECT_EQ(query_value(what, "worker"), "w");
    EXPECT_EQ(query_value(what, "group"), "g");
}

TEST(group_wrapper, reads_what_the_broker_says) {
    group_server server({keeps_group_stream(
        record_of({.tag = 1, .more = "ref: p.1\ntime: 1764450000123\nattempt: 2\n"}) +
        records(2, 2))});
    kosmonaut::worker worker(server.url(), in_group());
    const auto first = worker.next(std::chrono::milliseconds(longer_than_patience_ms));
    ASSERT_TRUE(first);
    EXPECT_EQ(first->ref(), "p.1");
    EXPECT_EQ(first->attempt(), 2);
    EXPECT_EQ(first->time(), std::chrono::system_clock::time_point(1764450000123ms));
    EXPECT_TRUE(first->extend());
    EXPECT_TRUE(first->decline(1s));
    EXPECT_THROW(first->ack(), kosmonaut::error);
    const auto second = worker.next(std::chrono::milliseconds(longer_than_patience_ms));
    ASSERT_TRUE(second);
    EXPECT_EQ(second->ref(), std::nullopt);
    EXPECT_EQ(second->time(), std::nullopt);
    EXPECT_TRUE(worker.close());
    EXPECT_FALSE(second->ack()) << "too late";
}

TEST(group_wrapper, gives_back_what_a_handler_throws_at) {
    group_server server(
        {keeps_group_stream(record_of({.tag = 1, .more = "attempt: 2\n"}) + records(2, 2))});
    kosmonaut::worker worker(server.url(), in_group());
    worker.on("chat/said", [](event_ref event) {
        if (event.id() == "e-1")
            throw std::runtime_error("no database");
    });
    EXPECT_THROW(worker.run(), std::runtime_error);
    const clock::time_point deadline = clock::now() + patience;
    while (!server.has_acknowledged(2) && clock::now() < deadline)
        (void)worker.dispatch();
    EXPECT_TRUE(worker.close());
    const auto all = server.answers();
    const auto nack = std::find_if(all.begin(), all.end(),
                                   [](const told_answer &told) { return told.kind == "nack"; });
    ASSERT_NE(nack, all.end());
    EXPECT_EQ(nack->ids, ids_of{"e-1"});
    EXPECT_EQ(nack->delay_ms, 5'000);
    EXPECT_FALSE(nack->is_unhandled);
}

TEST(group_wrapper, tells_an_application_of_exceptions_and_gives_back) {
    group_server server({keeps_group_stream(records(1, 2))});
    application app(server.url(), in_group());
    std::vector<std::string> failed;
    app.use("chat", backend().on("said",
                                 [](const received_event &event) {
                                     if (event.id() == "e-1")
                                         throw std::runtime_error("mishap");
                                 }))
        .on_exception([&](const std::exception_ptr &, const received_event &event) {
            failed.emplace_back(event.id());
        });
    EXPECT_TRUE(
        run_until(app, [&] { return server.has_acknowledged(2) && server.count("nack") == 1; }));
    EXPECT_EQ(failed, ids_of{"e-1"});
}

// ---- Threads ----

TEST(group_threads, of_an_application_deal_with_events_together) {
    constexpr std::size_t count = 4;
    group_server server({keeps_group_stream(timed_records(1, count))});
    application app(server.url(), in_group());
    std::mutex mutex;
    std::condition_variable changed;
    std::set<std::thread::id> inside;
    app.threads(count).use("chat", backend().on("said", [&](const received_event &) {
        std::unique_lock lock(mutex);
        inside.insert(std::this_thread::get_id());
        changed.notify_all();
        changed.wait_for(lock, patience, [&] { return inside.size() == count; });
    }));
    EXPECT_TRUE(run_until(app, [&] { return server.has_acknowledged(count); }));
    EXPECT_EQ(inside.size(), count);
    EXPECT_TRUE(app.close());
}

TEST(group_threads, run_all_handlers_of_an_event_in_order) {
    group_server server({keeps_group_stream(timed_records(1, 50))});
    application app(server.url(), in_group());
    std::mutex mutex;
    std::map<std::string, std::vector<int>> ran;
    const auto note = [&](int nth) {
        return [&, nth](const received_event &event) {
            const std::lock_guard lock(mutex);
            ran[std::string(event.id())].push_back(nth);
        };
    };
    app.threads(3)
        .use("chat", backend().on("said", note(1)))
        .use("*", backend().on("said", note(2)).on("*", note(3)));
    EXPECT_TRUE(run_until(app, [&] { return server.has_acknowledged(50); }));
    EXPECT_EQ(ran.size(), 50U);
    for (const auto &[id, handlers] : ran)
        EXPECT_EQ(handlers, (std::vector<int>{1, 2, 3})) << id;
}

TEST(group_threads, keep_an_answer_that_was_given) {
    group_server server({keeps_group_stream(timed_records(1, 1))});
    application app(server.url(), in_group());
    app.threads(2).use("chat",
                       backend().on("said", [](const received_event &event) { event.nack(77ms); }));
    EXPECT_TRUE(run_until(app, [&] { return server.count("nack") == 1; }));
    EXPECT_EQ(server.answers().at(0).delay_ms, 77);
}

TEST(group_threads, give_back_what_a_handler_throws_at) {
    group_server server({keeps_group_stream(timed_records(1, 1))});
    application app(server.url(), in_group());
    std::atomic<int> heard{0};
    app.threads(2)
        .use("chat",
             backend().on("said",
                          [](const received_event &) { throw std::runtime_error("mishap"); }))
        .on_exception([&](const std::exception_ptr &, const received_event &) { ++heard; });
    EXPECT_TRUE(run_until(app, [&] { return server.count("nack") == 1; }));
    EXPECT_EQ(heard, 1);
    EXPECT_EQ(server.answers().at(0).delay_ms, 1'000);
}

TEST(group_threads, let_an_exception_out_of_run) {
    group_server server({keeps_group_stream(timed_records(1, 1))});
    application app(server.url(), in_group());
    app.threads(2).use("chat", backend().on("said", [](const received_event &) {
        throw std::runtime_error("mishap");
    }));
    EXPECT_THROW(app.run(), std::runtime_error);
    EXPECT_TRUE(app.close());
    EXPECT_EQ(server.count("nack"), 1U);
}

TEST(group_threads, end_with_what_they_have_and_leave_the_rest) {
    group_server server({keeps_group_stream(timed_records(1, 20))});
    application app(server.url(), in_group());
    std::atomic<int> begun{0};
    std::atomic<int> ended{0};
    app.threads(2).use("chat", backend().on("said", [&](const received_event &) {
        ++begun;
        std::this_thread::sleep_for(50ms);
        ++ended;
    }));
    EXPECT_TRUE(run_until(app, [&] { return begun >= 2; }));
    EXPECT_EQ(begun, ended) << "run() has left a handler behind";
    EXPECT_TRUE(app.close());
    EXPECT_EQ(begun, ended);
    std::size_t back = 0;
    for (const told_answer &told : server.answers())
        if (told.kind == "nack") {
            back += told.ids.size();
            EXPECT_TRUE(told.is_unhandled);
        }
    EXPECT_EQ(back + static_cast<std::size_t>(ended), 20U);
}

TEST(group_threads, go_on_with_what_was_left) {
    group_server server({keeps_group_stream(timed_records(1, 20))});
    application app(server.url(), in_group());
    std::atomic<int> begun{0};
    app.threads(2).use("chat", backend().on("said", [&](const received_event &) {
        ++begun;
        std::this_thread::sleep_for(5ms);
    }));
    EXPECT_TRUE(run_until(app, [&] { return begun >= 2; }));
    EXPECT_TRUE(run_until(app, [&] { return server.has_acknowledged(20); }));
    EXPECT_EQ(begun, 20);
}

TEST(group_threads, are_set_before_the_first_use) {
    group_server server({keeps_group_stream("")});
    application app(server.url(), in_group());
    app.use("chat", backend().on("said", [](const received_event &) {}));
    EXPECT_TRUE(run_until(app, [&] { return server.streams().size() == 1; }));
    EXPECT_THROW(app.threads(2), kosmonaut::error);
}

TEST(group_threads, keep_a_session_in_order_at_most_once) {
    std::string events;
    for (int i = 0; i < 200; ++i)
        events += "id: " + std::to_string(i) +
                  "\nevent: chat/said\ndata: {\"uid\":null,\"sid\":\"s" + std::to_string(i % 7) +
                  "\"}\n\n";
    fault_server server({keeps_streaming(events)});
    application app(server.url());
    std::mutex mutex;
    std::map<std::string, std::vector<int>> heard;
    std::atomic<int> count{0};
    app.threads(4).use("chat", backend().on("said", [&](const received_event &event) {
        const std::lock_guard lock(mutex);
        heard[std::string(event.sid().value_or(""))].push_back(std::stoi(std::string(event.id())));
        ++count;
    }));
    EXPECT_TRUE(run_until(app, [&] { return count == 200; }));
    EXPECT_EQ(heard.size(), 7U);
    for (const auto &[sid, ids] : heard)
        EXPECT_TRUE(std::is_sorted(ids.begin(), ids.end())) << sid;
}

} // namespace
} // namespace faults
