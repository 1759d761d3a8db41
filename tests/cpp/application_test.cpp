// application: routes, answers, and what becomes of failures.
#include <gtest/gtest.h>

#include <exception>
#include <stdexcept>
#include <string>

#include <kosmonaut/kosmonaut.hpp>

#include "broker_fixture.hpp"
#include "ended_thread.hpp"
#include "unused_address.hpp"

namespace {

using namespace std::chrono_literals;
using kosmonaut::application;
using kosmonaut::backend;
using kosmonaut::received_event;
using kosmonaut::status;

TEST(Application, ABadUrlThrows) { EXPECT_THROW(application app("no url"), kosmonaut::error); }

TEST(Application, NeedsAHandlerToRun) {
    application app(unused_address());
    try {
        app.run();
        FAIL() << "it ran without a handler";
    } catch (const kosmonaut::error &error) {
        EXPECT_EQ(error.status(), status::state);
    }
}

TEST(Application, APatternThatIsNoneThrows) {
    application app(unused_address());
    EXPECT_THROW(app.use("a*b", backend().on("save", [](const received_event &) {})),
                 kosmonaut::error);
}

TEST(Application, StopIsSticky) {
    application app(unused_address());
    app.use("chat", backend().on("save", [](const received_event &) {}));
    app.stop();
    EXPECT_EQ(app.run(), status::interrupted);
}

TEST(Application, FailuresThatAreRetriedAreHeard) {
    application app(unused_address());
    status heard = status::ok;
    app.use("chat", backend().on("save", [](const received_event &) {}))
        .on_error([&](const kosmonaut::error &error) {
            heard = error.status();
            app.stop();
        });
    EXPECT_EQ(app.run(), status::interrupted);
    EXPECT_EQ(heard, status::connect);
}

class ApplicationAtABroker : public BrokerTest {
  protected:
    void SetUp() override {
        BrokerTest::SetUp();
        app_.emplace(url());
        app_->client().open_channel("room");
    }

    // After the handlers are in place.
    void enter() {
        connect(app_->worker());
        browser().authenticate("joe", ".*");
        browser().subscribe("room");
    }

    std::optional<application> app_;
};

TEST_F(ApplicationAtABroker, RoutesByWhatStandsBeforeTheSlash) {
    std::string trace;
    const auto note = [&](std::string what) {
        return [&, what](const received_event &event) {
            trace += what + "(" + std::string(event.name()) + ") ";
            if (event.name() == "last") {
                app_->stop();
            }
        };
    };
    app_->use("chat", backend().on("save", note("save")).on("last", note("last")))
        .use("news", backend().on("*", note("any")));
    enter();
    browser().trigger("news/one", "{}");
    browser().trigger("chat/unknown", "{}");
    browser().trigger("chat/save", "{}");
    browser().trigger("chat/last", "{}");
    EXPECT_EQ(app_->run(), status::interrupted);
    EXPECT_EQ(trace, "any(one) save(save) last(last) ");
}

TEST_F(ApplicationAtABroker, AnswersReachTheBrowser) {
    app_->use("chat", backend().on("save", [&](const received_event &event) {
        event.reply("room", "saved", R"({"by":"backend"})");
        event.broadcast_copy("room");
        event.broadcast_copy("room", "copied");
        app_->stop();
    }));
    enter();
    browser().trigger("chat/save", R"({"text":"hi"})");
    EXPECT_EQ(app_->run(), status::interrupted);
    EXPECT_NE(browser().wait_for("saved").find(R"("by":"backend")"), std::string::npos);
    EXPECT_NE(browser().wait_for("save").find(R"("text":"hi")"), std::string::npos);
    EXPECT_NE(browser().wait_for("copied").find(R"("uid":"joe")"), std::string::npos);
}

TEST_F(ApplicationAtABroker, AHandlersExceptionComesOutOfRunWithoutAHook) {
    app_->use("chat", backend().on("save", [](const received_event &) {
        throw std::runtime_error("mishap");
    }));
    enter();
    browser().trigger("chat/save", "{}");
    EXPECT_THROW(app_->run(), std::runtime_error);
}

#ifdef SUPPORT_THREADS_MAY_BE_ENDED
TEST_F(ApplicationAtABroker, AHandlerAndAHookMayEndTheirThread) {
    app_->use("chat",
              backend()
                  .on("save", [&](const received_event &) { pthread_exit(&*app_); })
                  .on("fail", [](const received_event &) { throw std::runtime_error("mishap"); }))
        .on_exception(
            [&](const std::exception_ptr &, const received_event &) { pthread_exit(&*app_); });
    enter();
    for (const char *topic : {"chat/save", "chat/fail"}) {
        browser().trigger(topic, "{}");
        EXPECT_EQ(support::left_by_thread([&] { app_->run(); }), &*app_) << topic;
    }
}
#endif

TEST_F(ApplicationAtABroker, AHookHearsExceptionsAndTheApplicationGoesOn) {
    std::string heard;
    app_->use("chat",
              backend()
                  .on("save", [](const received_event &) { throw std::runtime_error("mishap"); })
                  .on("last", [&](const received_event &) { app_->stop(); }))
        .on_exception([&](std::exception_ptr thrown, const received_event &event) {
            try {
                std::rethrow_exception(thrown);
            } catch (const std::runtime_error &error) {
                heard = std::string(event.topic()) + ": " + error.what();
            }
        });
    enter();
    browser().trigger("chat/save", "{}");
    browser().trigger("chat/last", "{}");
    EXPECT_EQ(app_->run(), status::interrupted);
    EXPECT_EQ(heard, "chat/save: mishap");
}

} // namespace
