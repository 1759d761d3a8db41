// event and event_ref: what a browser sent, owned or borrowed.
#include <gtest/gtest.h>

#include <chrono>
#include <optional>
#include <type_traits>
#include <utility>

#include <kosmonaut/kosmonaut.hpp>

#include "broker_fixture.hpp"

namespace {

using namespace std::chrono_literals;
using kosmonaut::event;
using kosmonaut::event_ref;
using kosmonaut::status;

static_assert(std::is_nothrow_move_constructible_v<event>);
static_assert(std::is_nothrow_move_assignable_v<event>);
static_assert(!std::is_copy_constructible_v<event>);
static_assert(std::is_nothrow_swappable_v<event>);
static_assert(std::is_trivially_copyable_v<event_ref>);
static_assert(sizeof(event_ref) == sizeof(void *), "a pointer in other clothes");
static_assert(sizeof(event) == sizeof(void *), "a pointer in other clothes");
static_assert(std::is_convertible_v<const event &, event_ref>);
static_assert(!std::is_convertible_v<event_ref, event>, "retain() says so");

TEST(Event, OfNothingIsEmpty) {
    event none(nullptr);
    EXPECT_EQ(none.topic(), "");
    EXPECT_EQ(none.channel(), "");
    EXPECT_EQ(none.name(), "");
    EXPECT_EQ(none.id(), "");
    EXPECT_EQ(none.data(), "");
    EXPECT_EQ(none.uid(), std::nullopt);
    EXPECT_EQ(none.sid(), std::nullopt);
    EXPECT_EQ(none.attempt(), 0);
    EXPECT_EQ(none.kind(), kosmonaut::event_kind::message);
    EXPECT_EQ(none.retain().handle(), nullptr);

    EXPECT_THROW(none.ack(), kosmonaut::error);
    std::error_code code;
    EXPECT_FALSE(none.nack(1s, code));
    EXPECT_FALSE(none.decline(1s, code));
    EXPECT_FALSE(none.extend(code));
    EXPECT_EQ(none.ref(), std::nullopt);
    EXPECT_EQ(none.time(), std::nullopt);
    EXPECT_EQ(code, status::invalid);
    none.defer(code);
    EXPECT_EQ(code, status::invalid);
}

class EventOfABrowser : public BrokerTest {
  protected:
    void SetUp() override {
        BrokerTest::SetUp();
        worker_.emplace(url());
        connect(*worker_);
        browser().authenticate("joe", ".*");
        browser().trigger("chat/save", R"({"text":"ünï"})");
        taken_ = worker_->next(10s);
        ASSERT_TRUE(taken_);
    }

    std::optional<kosmonaut::worker> worker_;
    std::optional<event> taken_;
};

TEST_F(EventOfABrowser, SaysWhatTheBrowserSent) {
    EXPECT_EQ(taken_->topic(), "chat/save");
    EXPECT_EQ(taken_->channel(), "chat");
    EXPECT_EQ(taken_->name(), "save");
    EXPECT_FALSE(taken_->id().empty());
    EXPECT_EQ(taken_->uid(), "joe");
    EXPECT_TRUE(taken_->sid());
    EXPECT_EQ(taken_->kind(), kosmonaut::event_kind::message);
    EXPECT_EQ(taken_->attempt(), 1);
    EXPECT_NE(taken_->data().find("ünï"), std::string_view::npos) << taken_->data();
    EXPECT_EQ(taken_->data().data()[taken_->data().size()], '\0');
}

TEST_F(EventOfABrowser, OutlivesItsWorker) {
    worker_.reset();
    EXPECT_EQ(taken_->topic(), "chat/save");
}

TEST_F(EventOfABrowser, IsMovedAndRetained) {
    event first = std::move(*taken_);
    EXPECT_EQ(taken_->handle(), nullptr); // NOLINT(bugprone-use-after-move): that is the point
    event second = first.retain();
    first = std::move(second);
    EXPECT_EQ(second.handle(), nullptr);
    swap(first, second);
    EXPECT_EQ(first.handle(), nullptr);
    EXPECT_EQ(event_ref(second).topic(), "chat/save");

    const event third(second.release());
    EXPECT_EQ(second.handle(), nullptr);
    EXPECT_EQ(third.topic(), "chat/save");
}

TEST_F(EventOfABrowser, AtMostOnceNeedsNoAnswer) {
    EXPECT_TRUE(taken_->ack());
    EXPECT_TRUE(taken_->ack());
    try {
        taken_->nack();
        ADD_FAILURE() << "there is nothing to give back";
    } catch (const kosmonaut::error &error) {
        EXPECT_EQ(error.status(), status::state);
    }
    std::error_code code;
    taken_->defer(code); // not in a handler
    EXPECT_EQ(code, status::state);
}

} // namespace
