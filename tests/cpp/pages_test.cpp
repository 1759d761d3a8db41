// What is told a page at a time: pages, and the ranges that ask for all of them.
#include <gtest/gtest.h>

#include <algorithm>
#include <iterator>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <kosmonaut/kosmonaut.hpp>

#include "broker_fixture.hpp"
#include "thrown.hpp"
#include "unused_address.hpp"

namespace {

using namespace std::chrono_literals;
using namespace std::string_view_literals;
using kosmonaut::channel_page;
using kosmonaut::channel_page_ref;
using kosmonaut::client;
using kosmonaut::status;
using kosmonaut::subscriber_page;
using kosmonaut::subscriber_page_ref;
using kosmonaut::subscriber_range;
using kosmonaut::subscriber_ref;

static_assert(std::is_nothrow_move_constructible_v<subscriber_page>);
static_assert(std::is_nothrow_move_assignable_v<subscriber_page>);
static_assert(!std::is_copy_constructible_v<subscriber_page>);
static_assert(std::is_trivially_copyable_v<subscriber_page_ref>);
static_assert(std::is_trivially_copyable_v<subscriber_ref>);
static_assert(!std::is_copy_constructible_v<subscriber_range>);
static_assert(std::is_same_v<std::iterator_traits<subscriber_range::iterator>::iterator_category,
                             std::input_iterator_tag>);

TEST(Subscribers, AreNotAskedForBeforeTheyAreGoneThrough) {
    client calls(unused_address());
    subscriber_range nobody = calls.subscribers("room");
    EXPECT_EQ(calls.requests(), 0);
    EXPECT_EQ(thrown_by([&] { (void)nobody.begin(); }), status::connect);
    EXPECT_EQ(calls.requests(), 1);
}

TEST(Subscribers, OfABadQuestionAreInvalid) {
    client calls(unused_address());
    EXPECT_EQ(thrown_by([&] { (void)calls.subscribers_page("no/slash"); }), status::invalid);
    EXPECT_EQ(thrown_by([&] { (void)calls.subscribers_page("room", ""); }), status::invalid);
    EXPECT_EQ(thrown_by([&] { (void)calls.subscribers_page("room", "a\0b"sv); }), status::invalid);
    EXPECT_EQ(thrown_by([&] { (void)calls.subscribers_page("room", std::nullopt, -1); }),
              status::invalid);
    EXPECT_EQ(thrown_by([&] { calls.subscribers_async("room", "a\0b"sv, 0, nullptr); }),
              status::invalid);
    EXPECT_EQ(thrown_by([&] { (void)calls.subscribers("no/slash").begin(); }), status::invalid);

    std::error_code code;
    EXPECT_TRUE(calls.subscribers_page("room", "", 0, code).empty());
    EXPECT_EQ(code, status::invalid);
    EXPECT_TRUE(calls.subscribers_page("room", std::nullopt, 0, code).empty());
    EXPECT_EQ(code, status::connect);
}

TEST(Subscribers, OfAClientThatIsGoneAreInvalid) {
    auto calls = std::make_unique<client>(unused_address());
    subscriber_range nobody = calls->subscribers("room");
    calls.reset();
    EXPECT_EQ(thrown_by([&] { (void)nobody.begin(); }), status::invalid);
}

TEST(Subscribers, OfNothingAreNone) {
    const subscriber_page nothing(nullptr);
    EXPECT_TRUE(nothing.empty());
    EXPECT_EQ(nothing.begin(), nothing.end());
    EXPECT_EQ(nothing.next(), std::nullopt);
    EXPECT_EQ(nothing[0].sid(), "");
    EXPECT_EQ(nothing[0].uid(), std::nullopt);
    EXPECT_EQ(nothing[0].data(), "");
    EXPECT_FALSE(nothing[0].is_hidden());
}

class SubscribersAtABroker : public BrokerTest {
  protected:
    void SetUp() override {
        BrokerTest::SetUp();
        calls_.emplace(url());
        calls_->open_channel("room");
    }

    client &calls() { return *calls_; }

    /// Browsers that stay; their sids in order.
    std::vector<std::string> arrive(int count) {
        std::vector<std::string> sids;
        for (int i = 0; i < count; ++i) {
            browsers_.push_back(std::make_unique<support::browser>(url()));
            browsers_.back()->subscribe("room");
            sids.push_back(browsers_.back()->sid());
        }
        std::sort(sids.begin(), sids.end());
        return sids;
    }

  private:
    std::optional<client> calls_;
    std::vector<std::unique_ptr<support::browser>> browsers_;
};

TEST_F(SubscribersAtABroker, AreWhoTheyAre) {
    calls().open_channel("presence-room");
    browser().authenticate("joe", ".*");
    browser().subscribe("presence-room", R"({"n":1.0})", true);
    const subscriber_page page = calls().subscribers_page("presence-room");
    ASSERT_EQ(page.size(), 1U);
    const subscriber_ref joe = page[0];
    EXPECT_EQ(joe.sid(), browser().sid());
    EXPECT_EQ(joe.uid(), "joe");
    EXPECT_TRUE(joe.is_hidden());
    EXPECT_EQ(joe.data(), R"({"n":1.0})");
    EXPECT_EQ(page.next(), std::nullopt);
}

TEST_F(SubscribersAtABroker, MayBeNone) {
    int count = 0;
    for (auto &subscriber : calls().subscribers("room")) {
        (void)subscriber;
        ++count;
    }
    EXPECT_EQ(count, 0);
    EXPECT_EQ(thrown_by([&] { (void)calls().subscribers("nowhere").begin(); }), status::no_channel);
}

TEST_F(SubscribersAtABroker, ComePageAfterPage) {
    const std::vector<std::string> expected = arrive(7);
    for (const std::int32_t page_size : {0, 1, 3, 7, 8}) {
        std::vector<std::string> found;
        for (auto &subscriber : calls().subscribers("room", page_size)) {
            EXPECT_EQ(subscriber.uid(), std::nullopt);
            EXPECT_EQ(subscriber.data(), "{}");
            found.emplace_back(subscriber.sid());
        }
        EXPECT_EQ(found, expected) << page_size;
    }
    const std::int64_t before = calls().requests();
    subscriber_range all = calls().subscribers("room", 3);
    EXPECT_EQ(std::distance(all.begin(), subscriber_range::end()), 7);
    EXPECT_EQ(calls().requests() - before, 3);
}

TEST_F(SubscribersAtABroker, GoOnWhereTheRangeWasLeft) {
    const std::vector<std::string> expected = arrive(4);
    std::vector<std::string> found;
    subscriber_range all = calls().subscribers("room", 2);
    for (auto &subscriber : all) {
        found.emplace_back(subscriber.sid());
        if (found.size() == 1) {
            break;
        }
    }
    client moved = std::move(calls());
    for (auto at = ++all.begin(); at != subscriber_range::end(); ++at) {
        found.emplace_back(at->sid());
    }
    EXPECT_EQ(found, expected);
}

TEST_F(SubscribersAtABroker, AreAPageAtATime) {
    const std::vector<std::string> expected = arrive(3);
    subscriber_page first = calls().subscribers_page("room", std::nullopt, 2);
    ASSERT_EQ(first.next(), expected[1]);
    std::error_code code = status::internal;
    const subscriber_page second = calls().subscribers_page("room", first.next(), 2, code);
    EXPECT_FALSE(code);
    std::vector<std::string> found;
    for (const subscriber_ref &subscriber : first) {
        found.emplace_back(subscriber.sid());
    }
    for (auto subscriber : second) {
        found.emplace_back(subscriber.sid());
    }
    EXPECT_EQ(found, expected);
    EXPECT_EQ(second.next(), std::nullopt);
    EXPECT_EQ(thrown_by([&] { (void)calls().subscribers_page("room", std::nullopt, 1001); }),
              status::bad_request);

    subscriber_page moved = std::move(first);
    EXPECT_TRUE(first.empty()); // NOLINT(bugprone-use-after-move): that is the point
    EXPECT_EQ(moved.size(), 2U);
    first = std::move(moved);
    EXPECT_EQ(first.size(), 2U);
    kn_subscribers *handle = first.release();
    EXPECT_EQ(first.handle(), nullptr);
    const subscriber_page taken(handle);
    EXPECT_EQ(taken.size(), 2U);
}

TEST(Channels, OfABadQuestionAreInvalid) {
    client calls(unused_address());
    EXPECT_EQ(thrown_by([&] { (void)calls.channels_page("no/slash"); }), status::invalid);
    EXPECT_EQ(thrown_by([&] { (void)calls.channels_page("a\0b"sv); }), status::invalid);
    EXPECT_EQ(thrown_by([&] { (void)calls.channels_page("", ""); }), status::invalid);
    EXPECT_EQ(thrown_by([&] { calls.channels_async("", "a\0b"sv, 0, nullptr); }), status::invalid);
    EXPECT_EQ(thrown_by([&] { (void)calls.channels("no/slash").begin(); }), status::invalid);
    std::error_code code;
    EXPECT_TRUE(calls.channels_page("", std::nullopt, 0, code).empty());
    EXPECT_EQ(code, status::connect);
    const channel_page nothing(nullptr);
    EXPECT_EQ(nothing[0].name(), "");
    EXPECT_EQ(nothing[0].type(), "");
    EXPECT_EQ(nothing[0].subscribers(), 0);
    EXPECT_EQ(nothing[0].members(), std::nullopt);
}

TEST_F(SubscribersAtABroker, HaveTheirChannelsListed) {
    const std::vector<std::string> names{"listed-a", "listed-b", "listed-c"};
    for (const std::string &name : names) {
        calls().open_channel(name);
    }
    for (const std::int32_t page_size : {0, 1, 2, 3}) {
        std::vector<std::string> found;
        for (auto &channel : calls().channels("listed-", page_size)) {
            EXPECT_EQ(channel.type(), "normal");
            EXPECT_EQ(channel.members(), std::nullopt);
            found.emplace_back(channel.name());
        }
        EXPECT_EQ(found, names) << page_size;
    }
    calls().open_channel("presence-room");
    browser().authenticate("joe", ".*");
    browser().subscribe("presence-room", "{}", true);
    const channel_page page = calls().channels_page("presence-");
    ASSERT_EQ(page.size(), 1U);
    EXPECT_EQ(page[0].subscribers(), 1);
    EXPECT_EQ(page[0].members(), 0);
    const channel_page first = calls().channels_page("listed-", std::nullopt, 2);
    EXPECT_EQ(first.next(), "listed-b");
    EXPECT_EQ(calls().channels_page("listed-", first.next())[0].name(), "listed-c");
    std::string heard;
    calls().channels_async("listed-", "listed-b", 0, [&](kosmonaut::result_ref ended) {
        const std::optional<channel_page_ref> told = ended.page<channel_page_ref>();
        ASSERT_TRUE(told);
        EXPECT_FALSE(ended.subscribers());
        heard = (*told)[0].name();
    });
    EXPECT_EQ(calls().flush(10s), status::ok);
    EXPECT_EQ(heard, "listed-c");
}

TEST_F(SubscribersAtABroker, MayBeAskedForWithoutWaiting) {
    const std::vector<std::string> expected = arrive(2);
    std::vector<std::string> found;
    bool has_token_a_page = true;
    calls().subscribers_async("room", std::nullopt, 0, [&](kosmonaut::result_ref ended) {
        const std::optional<subscriber_page_ref> page = ended.subscribers();
        ASSERT_TRUE(page);
        for (auto &subscriber : *page) {
            found.emplace_back(subscriber.sid());
        }
    });
    calls().request_token_async("joe", ".*", [&](kosmonaut::result_ref ended) {
        has_token_a_page = ended.subscribers().has_value();
    });
    EXPECT_EQ(calls().flush(10s), status::ok);
    EXPECT_EQ(found, expected);
    EXPECT_FALSE(has_token_a_page);
}

} // namespace
