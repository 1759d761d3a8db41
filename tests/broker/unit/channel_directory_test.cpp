// Which channels of a vhost are open, and their end.
#include "hub/channel_directory.h"
#include "page.h"

#include <atomic>
#include <cstddef>
#include <gtest/gtest.h>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace {

using namespace webrocket;
using Texts = std::vector<std::string>;

class channel_directory : public testing::Test {
  protected:
    channel_directory() {
        limits_.channels_max = 3;
        channels_.set_limits(limits_);
    }

    // "NAME SUBSCRIBERS" of each.
    Texts list() const {
        Texts all;
        for (const auto &channel : channels_.list())
            all.push_back(channel.name + ' ' + std::to_string(channel.subscribers));
        return all;
    }

    Subscription &joined(const std::string &name) {
        auto subscription = std::make_unique<Subscription>();
        subscription->subscriber = &page_;
        EXPECT_EQ(channels_.find(name)->join(*subscription).outcome, Joining::joined);
        return *subscriptions_.emplace_back(std::move(subscription));
    }

    void turn() {
        loops_.first().io().restart();
        loops_.first().io().poll();
    }

    EventLoops loops_{1};
    Workers workers_{WorkerLimits(), 1};
    ChannelLimits limits_;
    FanOutBudget budget_{"/vhost", 0};
    ChannelDirectory channels_{loops_, workers_, budget_, limits_};
    Page page_{loops_.first(), "s"};
    std::vector<std::unique_ptr<Subscription>> subscriptions_;
};

TEST_F(channel_directory, knows_what_is_open_by_name) {
    EXPECT_EQ(channels_.find("c"), nullptr);
    channels_.open("c");
    channels_.open("presence-c");
    const auto found = channels_.find("c");
    ASSERT_NE(found, nullptr);
    EXPECT_EQ(found->name(), "c");
    EXPECT_EQ(found->type(), ChannelType::normal);
    EXPECT_EQ(channels_.find("presence-c")->type(), ChannelType::presence);
    EXPECT_EQ(channels_.find("c"), found);
    EXPECT_EQ(channels_.find("d"), nullptr);
}

TEST_F(channel_directory, the_next_of_a_name_is_another_one) {
    channels_.open("c");
    const auto first = channels_.find("c");
    channels_.close("c");
    EXPECT_TRUE(first->is_closed());
    EXPECT_EQ(first->publish("one"), Publishing::channel_closed);
    EXPECT_EQ(channels_.find("c"), nullptr);
    channels_.open("c");
    const auto second = channels_.find("c");
    EXPECT_NE(second, first);
    EXPECT_EQ(second->publish("two"), Publishing::published);
    channels_.close("d"); // which there is not
    EXPECT_EQ(channels_.count(), 1U);
}

TEST_F(channel_directory, has_room_for_so_many) {
    EXPECT_TRUE(channels_.has_room_for(3));
    EXPECT_FALSE(channels_.has_room_for(4));
    channels_.open("c");
    channels_.open("d");
    EXPECT_TRUE(channels_.has_room_for(1));
    EXPECT_FALSE(channels_.has_room_for(2));
    channels_.close("c");
    EXPECT_TRUE(channels_.has_room_for(2));
    limits_.channels_max = 0;
    channels_.set_limits(limits_);
    EXPECT_FALSE(channels_.has_room_for(1));
    EXPECT_EQ(channels_.count(), 1U);
}

TEST_F(channel_directory, lists_all_by_name_with_their_subscribers) {
    for (const char *name : {"d", "b", "c"})
        channels_.open(name);
    joined("c");
    Subscription &of_d = joined("d");
    joined("d");
    EXPECT_EQ(list(), (Texts{"b 0", "c 1", "d 2"}));
    of_d.channel->leave(of_d, Departure::left);
    channels_.close("c");
    EXPECT_EQ(list(), (Texts{"b 0", "d 1"}));
}

TEST_F(channel_directory, lists_those_with_a_prefix_a_page_at_a_time) {
    for (const char *name : {"a", "room/1", "room/2", "room/3", "s"})
        channels_.open(name);
    const auto names = [this](std::string_view prefix, std::string_view after, std::size_t limit) {
        Texts found;
        for (const auto &channel : channels_.list(prefix, after, limit))
            found.push_back(channel.name);
        return found;
    };
    EXPECT_EQ(names("room/", "", 2), (Texts{"room/1", "room/2"}));
    EXPECT_EQ(names("room/", "room/2", 2), Texts{"room/3"});
    EXPECT_EQ(names("room/", "room/3", 2), Texts());
    EXPECT_EQ(names("", "room/3", 2), Texts{"s"});
    EXPECT_EQ(names("x", "", 2), Texts());
}

TEST_F(channel_directory, subscribers_are_told_of_each_end) {
    channels_.open("c");
    channels_.open("d");
    joined("c");
    joined("d");
    channels_.close_all();
    EXPECT_EQ(list(), Texts());
    turn();
    EXPECT_EQ(page_.removals, 2);
}

TEST_F(channel_directory, they_are_not_told_what_their_vhost_tells_them) {
    channels_.open("c");
    Subscription &subscription = joined("c");
    const auto closed = channels_.find("c");
    channels_.close_with_vhost();
    EXPECT_EQ(channels_.count(), 0U);
    EXPECT_EQ(closed->publish("one"), Publishing::channel_closed);
    turn();
    EXPECT_EQ(page_.removals, 0);
    closed->leave(subscription, Departure::removed);
    EXPECT_EQ(closed->subscriber_count(), 0U);
}

TEST_F(channel_directory, what_is_found_is_of_that_name_whatever_is_opened_and_closed) {
    constexpr int rounds = 2000;
    std::atomic<bool> is_over = false;
    std::vector<std::thread> finders;
    for (const char *name : {"c", "d"}) {
        finders.emplace_back([this, name, &is_over] {
            while (!is_over) {
                if (const auto channel = channels_.find(name)) {
                    EXPECT_EQ(channel->name(), name);
                }
            }
        });
    }
    for (int i = 0; i < rounds; ++i) {
        const char *name = i % 3 == 0 ? "d" : "c";
        channels_.open(name);
        EXPECT_NE(channels_.find(name), nullptr);
        channels_.close(name);
        EXPECT_EQ(channels_.find(name), nullptr);
    }
    is_over = true;
    for (auto &finder : finders)
        finder.join();
}

} // namespace
