// Who gets what is published on a channel, loop by loop.
#include "hub/fan_out.h"
#include "page.h"
#include "websocket/frame.h"

#include <cstddef>
#include <gtest/gtest.h>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace {

using namespace webrocket;
using Texts = std::vector<std::string>;

class fan_out : public testing::Test {
  protected:
    static constexpr std::size_t loop_count = 3;

    // What the letters are for.
    class Receiver final : public Addressee {
      public:
        explicit Receiver(const FanOut &fan_out) : fan_out_(fan_out) {}
        void receive(std::span<const Letter> letters, EventLoop &loop) override {
            fan_out_.deliver(letters, loop);
        }

      private:
        const FanOut &fan_out_;
    };

    class End final : public Addressee {
      public:
        explicit End(FanOut &fan_out) : fan_out_(fan_out) {}
        void receive(std::span<const Letter>, EventLoop &loop) override {
            for (Subscription *subscription : fan_out_.take_all_on(loop))
                subscription->subscriber->channel_removed(*subscription);
        }

      private:
        FanOut &fan_out_;
    };

    struct Listener {
        explicit Listener(EventLoop &loop) : page(loop, "s") { subscription.subscriber = &page; }
        Page page;
        Subscription subscription;
    };

    Listener &listener_on(std::size_t loop) {
        return *listeners_.emplace_back(std::make_unique<Listener>(loops_[loop]));
    }
    Listener &added_on(std::size_t loop) {
        Listener &listener = listener_on(loop);
        fan_out_.add(listener.subscription);
        return listener;
    }

    void publish(const std::string &text) {
        fan_out_.publish(receiver_, share(websocket_text(text)));
    }

    // Whether there was something to do for the loop.
    bool turn(std::size_t loop) {
        loops_[loop].io().restart();
        return loops_[loop].io().poll() > 0;
    }

    EventLoops loops_{loop_count};
    FanOut fan_out_{loops_};
    const std::shared_ptr<Addressee> receiver_ = std::make_shared<Receiver>(fan_out_);
    std::vector<std::unique_ptr<Listener>> listeners_;
};

TEST_F(fan_out, everybody_hears_what_comes_later) {
    const Listener &early = added_on(0);
    const Listener &elsewhere = added_on(1);
    publish("one");
    const Listener &late = added_on(0);
    publish("two");
    turn(0);
    turn(1);
    EXPECT_EQ(early.page.heard, (Texts{"one", "two"}));
    EXPECT_EQ(elsewhere.page.heard, (Texts{"one", "two"}));
    EXPECT_EQ(late.page.heard, Texts{"two"});
}

TEST_F(fan_out, loops_without_listeners_get_nothing) {
    added_on(1);
    publish("one");
    fan_out_.send_end(std::make_shared<End>(fan_out_));
    EXPECT_FALSE(turn(0));
    EXPECT_TRUE(turn(1));
    EXPECT_FALSE(turn(2));
}

TEST_F(fan_out, a_loop_is_left_alone_once_its_last_listener_has_gone) {
    Listener &listener = added_on(1);
    fan_out_.remove(listener.subscription);
    publish("one");
    EXPECT_FALSE(turn(1));
    EXPECT_EQ(fan_out_.size(), 0U);
}

TEST_F(fan_out, each_of_a_loop_can_go) {
    constexpr std::size_t count = 4;
    for (std::size_t leaving = 0; leaving < count; ++leaving) {
        FanOut room(loops_);
        const auto receiver = std::make_shared<Receiver>(room);
        std::vector<Listener *> all;
        for (std::size_t i = 0; i < count; ++i) {
            all.push_back(&listener_on(2));
            room.add(all.back()->subscription);
        }
        room.remove(all[leaving]->subscription);
        EXPECT_EQ(room.size(), count - 1);
        room.publish(receiver, share(websocket_text("one")));
        turn(2);
        for (std::size_t i = 0; i < count; ++i)
            EXPECT_EQ(all[i]->page.heard, i == leaving ? Texts() : Texts{"one"}) << leaving << i;
    }
}

TEST_F(fan_out, more_than_a_loop_takes_at_once_comes_in_order) {
    const Listener &first = added_on(0);
    const Listener &second = added_on(0);
    Texts published;
    for (std::size_t i = 0; i < 2 * Addressee::letters_max + 1; ++i) {
        published.push_back(std::to_string(i));
        publish(published.back());
    }
    turn(0);
    EXPECT_EQ(first.page.heard, published);
    EXPECT_EQ(second.page.heard, published);
}

// What is small comes as one text; to a newcomer only what is for it.
TEST_F(fan_out, one_that_comes_in_between_hears_the_rest) {
    const Listener &first = added_on(0);
    publish("one");
    publish("two");
    const Listener &between = added_on(0);
    publish("three");
    publish("four");
    const Listener &last = added_on(0);
    turn(0);
    EXPECT_EQ(first.page.heard, (Texts{"one", "two", "three", "four"}));
    EXPECT_EQ(between.page.heard, (Texts{"three", "four"}));
    EXPECT_EQ(last.page.heard, Texts());
}

TEST_F(fan_out, what_is_large_is_shared_and_keeps_its_place) {
    const Listener &listener = added_on(0);
    const SharedBytes large = share(websocket_text(std::string(3000, 'x')));
    publish("one");
    fan_out_.publish(receiver_, large);
    publish("two");
    turn(0);
    const auto &frames = listener.page.frames;
    ASSERT_EQ(frames.size(), 3U);
    EXPECT_EQ(*frames[0], websocket_text("one"));
    EXPECT_EQ(frames[1]->data(), large->data());
    EXPECT_EQ(*frames[2], websocket_text("two"));
}

TEST_F(fan_out, the_end_comes_behind_what_was_published) {
    Listener &listener = added_on(1);
    const Listener &elsewhere = added_on(2);
    publish("one");
    fan_out_.send_end(std::make_shared<End>(fan_out_));
    turn(1);
    EXPECT_EQ(listener.page.heard, Texts{"one"});
    EXPECT_EQ(listener.page.removals, 1);
    EXPECT_EQ(elsewhere.page.removals, 0);
    EXPECT_EQ(fan_out_.size(), 1U);
    turn(2);
    EXPECT_EQ(elsewhere.page.removals, 1);
    // It is not there any more, and may not have noticed.
    fan_out_.remove(listener.subscription);
    EXPECT_EQ(fan_out_.size(), 0U);
}

TEST_F(fan_out, lists_everybody) {
    std::vector<const Subscription *> expected;
    for (const std::size_t loop : {0U, 0U, 2U})
        expected.push_back(&added_on(loop).subscription);
    std::vector<const Subscription *> found;
    fan_out_.for_each([&](const Subscription &subscription) { found.push_back(&subscription); });
    EXPECT_EQ(found, expected);
    EXPECT_EQ(fan_out_.size(), 3U);
}

} // namespace
