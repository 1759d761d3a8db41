// worker, without a broker: what it refuses, what it holds, and the exceptions of its error
// handler.
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

#include <pthread.h>

#include <kosmonaut/kosmonaut.hpp>

#include "ended_thread.hpp"
#include "thrown.hpp"
#include "unused_address.hpp"

namespace {

using namespace std::chrono_literals;
using namespace std::string_view_literals;
using kosmonaut::event_ref;
using kosmonaut::status;
using kosmonaut::worker;
using kosmonaut::worker_state;

static_assert(std::is_nothrow_move_constructible_v<worker>);
static_assert(std::is_nothrow_move_assignable_v<worker>);
static_assert(!std::is_copy_constructible_v<worker>);
static_assert(std::is_nothrow_swappable_v<worker>);
static_assert(noexcept(std::declval<worker &>().interrupt()), "it is called in signal handlers");

TEST(Worker, ABadUrlThrows) {
    EXPECT_EQ(thrown_by([] { worker made("no url"); }), status::invalid);
    std::error_code code;
    const worker none("no url", code);
    EXPECT_EQ(code, status::invalid);
    EXPECT_EQ(none.handle(), nullptr);
}

TEST(Worker, MovedFromHoldsNothing) {
    worker first(unused_address());
    kn_worker *handle = first.handle();
    EXPECT_EQ(first.state(), worker_state::idle);
    EXPECT_GE(first.fd(), 0);

    worker second = std::move(first);
    EXPECT_EQ(first.handle(), nullptr); // NOLINT(bugprone-use-after-move): that is the point
    EXPECT_EQ(first.fd(), -1);
    EXPECT_EQ(first.state(), worker_state::idle);
    EXPECT_EQ(first.status(), status::invalid);
    EXPECT_EQ(first.interrupt(), status::invalid);
    EXPECT_EQ(thrown_by([&] { (void)first.next(0ms); }), status::invalid);
    EXPECT_EQ(thrown_by([&] { first.run(); }), status::invalid);
    EXPECT_EQ(thrown_by([&] { (void)first.dispatch(); }), status::invalid);
    EXPECT_EQ(thrown_by([&] { first.close(); }), status::invalid);
    EXPECT_EQ(thrown_by([&] { first.on("a/b", [](event_ref) {}); }), status::invalid);
    EXPECT_EQ(thrown_by([&] { first.on_error([](const kosmonaut::error &) {}); }), status::invalid);

    first = std::move(second);
    EXPECT_EQ(first.handle(), handle);
    swap(first, second);
    EXPECT_EQ(second.handle(), handle);

    const worker third(second.release());
    EXPECT_EQ(second.handle(), nullptr);
    EXPECT_EQ(third.handle(), handle);
}

TEST(Worker, AssignmentLetsGoOfWhatItHeld) {
    auto token = std::make_shared<int>(0);
    const std::weak_ptr<int> alive = token;
    worker first(unused_address());
    first.on("a/b", [kept = std::move(token)](event_ref) {});
    EXPECT_FALSE(alive.expired());
    first = worker(unused_address());
    EXPECT_TRUE(alive.expired());
}

TEST(Worker, BadPatternsThrowAndTheHandlerIsDestroyed) {
    worker made(unused_address());
    for (const std::string_view pattern : {""sv, "chat"sv, "chat/"sv, "c*t/save"sv, "chat/\0"sv}) {
        auto token = std::make_shared<int>(0);
        const std::weak_ptr<int> alive = token;
        EXPECT_EQ(thrown_by([&] { made.on(pattern, [kept = std::move(token)](event_ref) {}); }),
                  status::invalid)
            << pattern;
        EXPECT_TRUE(alive.expired());
    }
    std::error_code code;
    made.on(
        "chat", [](event_ref) {}, code);
    EXPECT_EQ(code, status::invalid);
    made.on(
        "chat/save", [](event_ref) {}, code);
    EXPECT_FALSE(code);
    made.on("chat/save", nullptr, code);
    EXPECT_FALSE(code);
}

TEST(Worker, RunsNotWithoutHandlers) {
    worker made(unused_address());
    EXPECT_EQ(thrown_by([&] { made.run(); }), status::state);
    std::error_code code;
    EXPECT_EQ(made.dispatch(code), status::state);
    EXPECT_EQ(code, status::state);
}

TEST(Worker, AnEmptyNextTellsWhichNothingItIs) {
    worker made(unused_address());
    EXPECT_FALSE(made.next(0ms));
    EXPECT_EQ(made.status(), status::again);

    EXPECT_EQ(made.interrupt(), status::ok);
    EXPECT_FALSE(made.next());
    EXPECT_EQ(made.status(), status::interrupted);

    EXPECT_TRUE(made.close());
    EXPECT_FALSE(made.next());
    EXPECT_EQ(made.status(), status::closed);
    EXPECT_EQ(made.state(), worker_state::closed);

    std::error_code code = status::internal;
    EXPECT_FALSE(made.next(0ms, code));
    EXPECT_FALSE(code) << "a positive status is no error";
}

TEST(Worker, AnExceptionOfTheErrorHandlerComesOutOfNext) {
    worker made(unused_address());
    made.on_error([](const kosmonaut::error &error) {
        EXPECT_EQ(error.status(), status::connect);
        throw mishap{7};
    });
    try {
        (void)made.next(10s);
        ADD_FAILURE() << "the exception is lost";
    } catch (const mishap &caught) {
        EXPECT_EQ(caught.number, 7);
    }
    made.on_error(nullptr);
    EXPECT_FALSE(made.next(0ms));
    EXPECT_EQ(made.status(), status::again) << "nothing of it is left behind";
}

TEST(Worker, AnExceptionOfTheErrorHandlerComesOutOfTheTwinAsWell) {
    worker made(unused_address());
    made.on("a/b", [](event_ref) {});
    made.on_error([](const kosmonaut::error &) { throw mishap{8}; });
    std::error_code code;
    EXPECT_THROW((void)made.next(10s, code), mishap);
    EXPECT_THROW(made.run(code), mishap);
}

TEST(Worker, AnInterruptOfTheUserSurvivesAnException) {
    worker made(unused_address());
    made.on_error([&](const kosmonaut::error &) {
        made.interrupt();
        throw mishap{9};
    });
    EXPECT_THROW((void)made.next(10s), mishap);
    EXPECT_FALSE(made.next(10s));
    EXPECT_EQ(made.status(), status::interrupted);

    made.on_error(nullptr);
    EXPECT_FALSE(made.next(0ms));
    EXPECT_EQ(made.status(), status::again) << "and it is reported once";
}

TEST(Worker, MayBeDestroyedInItsErrorHandler) {
    auto token = std::make_shared<int>(0);
    const std::weak_ptr<int> alive = token;
    std::optional<worker> made(unused_address());
    made->on_error([&, kept = std::move(token)](const kosmonaut::error &) { made.reset(); });
    EXPECT_FALSE(made->next(10s));
    EXPECT_FALSE(made);
    EXPECT_TRUE(alive.expired());
}

TEST(Worker, MayBeDestroyedInAHandlerThatThrows) {
    std::optional<worker> made(unused_address());
    made->on_error([&](const kosmonaut::error &) {
        made.reset();
        throw mishap{10};
    });
    EXPECT_THROW((void)made->next(10s), mishap);
}

TEST(Worker, MayBeMovedInItsErrorHandler) {
    worker first(unused_address());
    std::optional<worker> second;
    first.on_error([&](const kosmonaut::error &) {
        second.emplace(std::move(first));
        second->interrupt();
    });
    EXPECT_FALSE(first.next(10s));
    ASSERT_TRUE(second);
    EXPECT_EQ(second->status(), status::interrupted);
    EXPECT_FALSE(second->next(0ms));
    EXPECT_EQ(second->status(), status::again);
}

TEST(Worker, MoveOnlyHandlersAreFine) {
    worker made(unused_address());
    made.on("a/b", [owned = std::make_unique<int>(1)](event_ref) { (void)owned; });
    made.on_error([owned = std::make_unique<int>(2)](const kosmonaut::error &) { (void)owned; });
}

#ifdef SUPPORT_THREADS_MAY_BE_ENDED

TEST(Worker, AnErrorHandlerMayEndItsThread) {
    worker made(unused_address());
    made.on_error([&](const kosmonaut::error &) { pthread_exit(&made); });
    EXPECT_EQ(support::left_by_thread([&] { (void)made.next(10s); }), &made);
}

TEST(Worker, ALogMayEndItsThread) {
    int left = 0;
    const auto end = [&](kosmonaut::log_level, std::string_view) { pthread_exit(&left); };
    worker made(unused_address(), kosmonaut::options().log(kosmonaut::log_level::debug, end));
    EXPECT_EQ(support::left_by_thread([&] { (void)made.next(10s); }), &left);
}

#endif

} // namespace
