// options: setters that can be strung together, and settings that cannot be.
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <kosmonaut/kosmonaut.hpp>

#include "thrown.hpp"
#include "unused_address.hpp"

namespace {

using namespace std::chrono_literals;
using kosmonaut::status;

static_assert(std::is_nothrow_move_constructible_v<kosmonaut::options>);
static_assert(std::is_nothrow_move_assignable_v<kosmonaut::options>);
static_assert(!std::is_copy_constructible_v<kosmonaut::options>);

TEST(Options, SettersCanBeStrungTogether) {
    kosmonaut::options options;
    kosmonaut::options &same = options.connect_timeout(2s)
                                   .request_timeout(1500ms)
                                   .idle_timeout(kosmonaut::forever)
                                   .reconnect_delay(100ms, 1min)
                                   .filter("chat/(save|remove)")
                                   .max_event_size(1024)
                                   .log(nullptr);
    EXPECT_EQ(&same, &options);
}

TEST(Options, ASettingThatCannotBeThrowsAtItsSetter) {
    kosmonaut::options options;
    EXPECT_EQ(thrown_by([&] { options.connect_timeout(0ms); }), status::invalid);
    EXPECT_EQ(thrown_by([&] { options.request_timeout(-2ms); }), status::invalid);
    EXPECT_EQ(thrown_by([&] { options.idle_timeout(0ms); }), status::invalid);
    EXPECT_EQ(thrown_by([&] { options.reconnect_delay(2s, 1s); }), status::invalid);
    EXPECT_EQ(thrown_by([&] { options.max_event_size(0); }), status::invalid);
    EXPECT_EQ(thrown_by([&] { options.filter("two\nlines"); }), status::invalid);
}

TEST(Options, WhatIsThrownNamesTheSetting) {
    const auto says = [](auto &&call, const std::string &name) {
        try {
            call();
            ADD_FAILURE() << name;
        } catch (const kosmonaut::error &error) {
            EXPECT_NE(std::string(error.what()).find(name), std::string::npos) << error.what();
        }
    };
    kosmonaut::options options;
    says([&] { options.request_timeout(-3s); }, "request_timeout");
    says([&] { options.max_connections(0); }, "max_connections");
    says([&] { options.retries(-1); }, "retries");
    says([&] { options.add_header("Host", "mine"); }, "add_header");
    kosmonaut::batch batch;
    says([&] { batch.add("news", "hello", "no json"); }, "trigger 1");
}

TEST(Options, NamesThatAreMacrosElsewhereHaveOthers) {
    kosmonaut::options options;
    options.verify_server(true).verify(true).idle_timeout(kosmonaut::no_limit);
    EXPECT_EQ(kosmonaut::no_limit, kosmonaut::forever);
}

TEST(Options, EachSetterHasATwinWithAnErrorCode) {
    kosmonaut::options options;
    std::error_code code;
    options.connect_timeout(0ms, code);
    EXPECT_EQ(code, status::invalid);
    options.connect_timeout(1s, code);
    EXPECT_FALSE(code);
    options.request_timeout(0ms, code);
    EXPECT_EQ(code, status::invalid);
    options.idle_timeout(0ms, code);
    EXPECT_EQ(code, status::invalid);
    options.reconnect_delay(0ms, 0ms, code);
    EXPECT_EQ(code, status::invalid);
    options.max_event_size(-1, code);
    EXPECT_EQ(code, status::invalid);
    options.filter("", code);
    EXPECT_FALSE(code);
}

TEST(Options, TextWithANulIsNeverCutShort) {
    using namespace std::string_view_literals;
    kosmonaut::options options;
    EXPECT_EQ(thrown_by([&] { options.filter("chat/a\0b"sv); }), status::invalid);
}

TEST(Options, MovedFromHoldsNothing) {
    kosmonaut::options first;
    kosmonaut::options second = std::move(first);
    EXPECT_EQ(first.handle(), nullptr); // NOLINT(bugprone-use-after-move): that is the point
    EXPECT_NE(second.handle(), nullptr);
    EXPECT_EQ(thrown_by([&] { first.connect_timeout(1s); }), status::invalid);

    first = std::move(second);
    EXPECT_NE(first.handle(), nullptr);
    swap(first, second);
    EXPECT_EQ(first.handle(), nullptr);
    EXPECT_NE(second.handle(), nullptr);
}

TEST(Options, WhatWasMovedFromIsNotTheDefaults) {
    kosmonaut::options options;
    const kosmonaut::options elsewhere = std::move(options);
    const std::string url = unused_address();
    EXPECT_EQ(
        thrown_by([&] { kosmonaut::client(url, options); }), // NOLINT(bugprone-use-after-move)
        status::invalid);
    EXPECT_EQ(thrown_by([&] { kosmonaut::worker(url, options); }), status::invalid);
    std::error_code code;
    const kosmonaut::client client(url, options, code);
    EXPECT_EQ(code, status::invalid);
    EXPECT_EQ(client.handle(), nullptr);
    code.clear();
    const kosmonaut::worker worker(url, options, code);
    EXPECT_EQ(code, status::invalid);
    EXPECT_EQ(worker.handle(), nullptr);
    const kosmonaut::client fine(url, elsewhere, code);
    EXPECT_FALSE(code);
}

TEST(Options, ReleaseHandsTheHandleOver) {
    kosmonaut::options options;
    kn_options *handle = options.release();
    EXPECT_EQ(options.handle(), nullptr);
    kosmonaut::options again(handle); // so that it is freed
    EXPECT_EQ(again.handle(), handle);
}

TEST(Options, ALogHandlerIsDestroyedWithTheLastHandleThatUsesIt) {
    auto token = std::make_shared<int>(0);
    const std::weak_ptr<int> alive = token;
    {
        kosmonaut::options options;
        options.log(kosmonaut::log_level::debug,
                    [kept = std::move(token)](kosmonaut::log_level, std::string_view) {});
        const kosmonaut::client client("http://wr:secret@localhost/vhost", options);
        options = kosmonaut::options();
        EXPECT_FALSE(alive.expired());
    }
    EXPECT_TRUE(alive.expired());
}

TEST(Options, ALogHandlerHearsAndMayThrow) {
    int lines = 0;
    kosmonaut::options options;
    options.log(kosmonaut::log_level::debug, [&](kosmonaut::log_level, std::string_view line) {
        EXPECT_EQ(line.find("secret"), std::string_view::npos);
        ++lines;
        throw std::runtime_error("nobody hears this");
    });
    kosmonaut::worker worker(unused_address(), options);
    worker.on_error([&](const kosmonaut::error &) { worker.interrupt(); });
    EXPECT_FALSE(worker.next(10s));
    EXPECT_EQ(worker.status(), status::interrupted);
    EXPECT_GT(lines, 0);
}

} // namespace
