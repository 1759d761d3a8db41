// worker, at a broker: next, run, dispatch, and above all what happens to the exceptions of
// handlers.
#include <gtest/gtest.h>

#include <chrono>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <poll.h>
#include <pthread.h>

#include <kosmonaut/kosmonaut.hpp>

#include "broker_fixture.hpp"
#include "ended_thread.hpp"
#include "thrown.hpp"

namespace {

using namespace std::chrono_literals;
using kosmonaut::event_ref;
using kosmonaut::status;
using kosmonaut::worker;
using kosmonaut::worker_state;

class WorkerAtABroker : public BrokerTest {
  protected:
    // Sends events with the numbers from 1 to `count`.
    void send(int count, const std::string &topic = "chat/save") {
        if (!authenticated_) {
            browser().authenticate("joe", ".*");
            authenticated_ = true;
        }
        for (int i = 1; i <= count; ++i) {
            browser().trigger(topic, "{\"n\":" + std::to_string(i) + "}");
        }
    }

    static int number_of(event_ref event) {
        const std::string_view data = event.data();
        return std::stoi(std::string(data.substr(data.find("\"n\":") + 4)));
    }

  private:
    bool authenticated_ = false;
};

TEST_F(WorkerAtABroker, TakesEventsInOrder) {
    worker made(url());
    connect(made);
    send(5);
    for (int i = 1; i <= 5; ++i) {
        const auto event = made.next(10s);
        ASSERT_TRUE(event);
        EXPECT_EQ(number_of(*event), i);
        EXPECT_EQ(made.status(), status::ok);
    }
    EXPECT_FALSE(made.next(0ms));
    EXPECT_EQ(made.status(), status::again);
}

TEST_F(WorkerAtABroker, RunHandsEventsToHandlersUntilAHandlerInterrupts) {
    worker made(url());
    std::vector<int> seen;
    made.on("chat/save", [&](event_ref event) {
        seen.push_back(number_of(event));
        if (seen.size() == 3) {
            made.interrupt();
        }
    });
    connect(made);
    send(3);
    EXPECT_EQ(made.run(), status::interrupted);
    EXPECT_EQ(made.status(), status::interrupted);
    EXPECT_EQ(seen, (std::vector<int>{1, 2, 3}));
}

TEST_F(WorkerAtABroker, DispatchServesALoopOfOnesOwn) {
    worker made(url());
    std::vector<kosmonaut::event> kept;
    made.on("*/*", [&](event_ref event) { kept.push_back(event.retain()); });
    connect(made);
    send(3);
    while (kept.size() < 3) {
        pollfd ready{made.fd(), POLLIN, 0};
        ASSERT_EQ(poll(&ready, 1, 10000), 1);
        const status said = made.dispatch();
        ASSERT_TRUE(said == status::ok || said == status::again);
    }
    EXPECT_EQ(number_of(kept.front()), 1);
    EXPECT_EQ(number_of(kept.back()), 3);
}

TEST_F(WorkerAtABroker, AnExceptionThrownByAHandlerLeavesRunIntact) {
    worker made(url());
    std::vector<int> seen;
    made.on("chat/save", [&](event_ref event) {
        seen.push_back(number_of(event));
        if (seen.back() == 2) {
            throw mishap{2};
        }
        if (seen.back() == 4) {
            made.interrupt();
        }
    });
    connect(made);
    send(4);

    try {
        made.run();
        ADD_FAILURE() << "the exception is lost";
    } catch (const mishap &caught) {
        EXPECT_EQ(caught.number, 2);
    }
    EXPECT_EQ(seen, (std::vector<int>{1, 2})) << "run() ends with the exception";
    EXPECT_EQ(made.state(), worker_state::connected);

    // The worker is as good as before, and nothing but the event in question is gone.
    EXPECT_EQ(made.run(), status::interrupted);
    EXPECT_EQ(seen, (std::vector<int>{1, 2, 3, 4}));
}

TEST_F(WorkerAtABroker, AnExceptionThrownByAHandlerLeavesDispatchIntact) {
    worker made(url());
    std::vector<int> seen;
    made.on("chat/save", [&](event_ref event) {
        seen.push_back(number_of(event));
        throw mishap{seen.back()};
    });
    connect(made);
    send(3);

    std::vector<int> caught;
    while (caught.size() < 3) {
        pollfd ready{made.fd(), POLLIN, 0};
        ASSERT_EQ(poll(&ready, 1, 10000), 1);
        try {
            const status said = made.dispatch();
            ASSERT_NE(said, status::interrupted) << "the wrapper's own interrupt got out";
        } catch (const mishap &one) {
            caught.push_back(one.number);
        }
    }
    EXPECT_EQ(caught, (std::vector<int>{1, 2, 3}));
    EXPECT_EQ(made.dispatch(), status::again);
}

TEST_F(WorkerAtABroker, TheFirstExceptionOfAnEventCounts) {
    worker made(url());
    made.on("chat/save", [](event_ref) { throw mishap{1}; });
    made.on("*/*", [](event_ref) { throw mishap{2}; });
    connect(made);
    send(1);
    try {
        made.run();
        ADD_FAILURE() << "the exception is lost";
    } catch (const mishap &caught) {
        EXPECT_EQ(caught.number, 1);
    }
}

TEST_F(WorkerAtABroker, AnInterruptBesideAnExceptionIsReportedAfterIt) {
    worker made(url());
    made.on("chat/save", [&](event_ref) {
        made.interrupt();
        throw mishap{1};
    });
    connect(made);
    send(1);
    EXPECT_THROW(made.run(), mishap);
    EXPECT_EQ(made.run(), status::interrupted);
    EXPECT_EQ(made.dispatch(), status::again);
}

TEST_F(WorkerAtABroker, MayBeDestroyedInItsHandler) {
    auto token = std::make_shared<int>(0);
    const std::weak_ptr<int> alive = token;
    auto made = std::make_unique<worker>(url());
    made->on("chat/save", [&, kept = std::move(token)](event_ref event) {
        made.reset();
        EXPECT_EQ(number_of(event), 1) << "the event lives on";
        EXPECT_FALSE(alive.expired()) << "and so does the handler";
    });
    connect(*made);
    send(2);
    EXPECT_EQ(made->run(), status::closed);
    EXPECT_EQ(made, nullptr);
    EXPECT_TRUE(alive.expired());
}

TEST_F(WorkerAtABroker, MayBeDestroyedInItsHandlerWhichThenThrows) {
    auto made = std::make_unique<worker>(url());
    made->on("chat/save", [&](event_ref) {
        made.reset();
        throw mishap{1};
    });
    connect(*made);
    send(1);
    EXPECT_THROW(made->run(), mishap);
    EXPECT_EQ(made, nullptr);
}

TEST_F(WorkerAtABroker, MayBeMovedInItsHandler) {
    worker first(url());
    std::optional<worker> second;
    std::vector<int> seen;
    first.on("chat/save", [&](event_ref event) {
        seen.push_back(number_of(event));
        if (!second) {
            second.emplace(std::move(first));
        }
        if (seen.size() == 2) {
            second->interrupt();
        }
    });
    connect(first);
    send(2);
    EXPECT_EQ(first.run(), status::interrupted) << "the call goes on with the worker";
    EXPECT_EQ(first.handle(), nullptr); // NOLINT(bugprone-use-after-move): that is the point
    EXPECT_EQ(seen, (std::vector<int>{1, 2}));
    EXPECT_EQ(second->state(), worker_state::connected);
}

TEST_F(WorkerAtABroker, MayReplaceAndRemoveHandlersInAHandler) {
    worker made(url());
    int second_calls = 0;
    made.on("chat/save", [&, big = std::string(1000, 'x')](event_ref) {
        made.on("chat/save", [&](event_ref) {
            ++second_calls;
            made.interrupt();
        });
        EXPECT_EQ(big.size(), 1000U) << "it lives until it returns";
    });
    connect(made);
    send(2);
    EXPECT_EQ(made.run(), status::interrupted);
    EXPECT_EQ(second_calls, 1);
}

#ifdef SUPPORT_THREADS_MAY_BE_ENDED

TEST_F(WorkerAtABroker, AHandlerMayEndItsThread) {
    worker made(url());
    made.on("chat/save", [&](event_ref) { pthread_exit(&made); });
    connect(made);
    send(1);
    EXPECT_EQ(support::left_by_thread([&] { made.run(); }), &made);
}

#endif

TEST_F(WorkerAtABroker, CloseOfAnotherThreadEndsRun) {
    worker made(url());
    std::promise<void> running;
    made.on("chat/save", [&](event_ref) { running.set_value(); });
    connect(made);
    send(1);
    std::thread closer([&] {
        running.get_future().wait();
        EXPECT_TRUE(made.close(10s));
    });
    EXPECT_EQ(made.run(), status::closed);
    closer.join();
    EXPECT_FALSE(made.next());
    EXPECT_EQ(made.status(), status::closed);
}

TEST_F(WorkerAtABroker, CloseInAHandlerOnlyBegins) {
    worker made(url());
    made.on("chat/save", [&](event_ref) {
        std::error_code code;
        EXPECT_FALSE(made.close(10s, code));
        EXPECT_FALSE(code);
    });
    connect(made);
    send(1);
    EXPECT_EQ(made.run(), status::closed);
    EXPECT_TRUE(made.close());
}

TEST_F(WorkerAtABroker, AFatalFailureIsThrownOnce) {
    std::string wrong = url();
    wrong.replace(wrong.find("wr:") + 3, 4, "0000");
    worker made(wrong);
    made.on("chat/save", [](event_ref) {});
    EXPECT_EQ(thrown_by([&] { made.run(); }), status::unauthorized);
    EXPECT_EQ(made.run(), status::closed);
    EXPECT_FALSE(made.next());
    EXPECT_EQ(made.status(), status::closed);
}

} // namespace
