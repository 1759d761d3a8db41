// What a session listens to.
#include "client/subscription_set.h"
#include "hub/channel.h"

#include <gtest/gtest.h>
#include <memory>
#include <string>
#include <vector>

namespace {

using namespace webrocket;
using Texts = std::vector<std::string>;

class subscription_set : public testing::Test {
  protected:
    Subscription &add(const std::string &name) {
        auto subscription = std::make_unique<Subscription>();
        subscription->channel = std::make_shared<Channel>(name, loops_, workers_, limits_, budget_);
        Subscription &added = *subscription;
        set_.make_room_for_one();
        set_.add(std::move(subscription));
        return added;
    }

    Texts names() {
        Texts all;
        set_.remove_if([&](const Subscription &subscription) {
            all.push_back(subscription.channel->name());
            return false;
        });
        return all;
    }

    EventLoops loops_{1};
    Workers workers_{WorkerLimits(), 1};
    Current<RosterLimits> limits_{RosterLimits()};
    FanOutBudget budget_{"/vhost", 0};
    SubscriptionSet set_;
};

TEST_F(subscription_set, finds_each_by_its_name) {
    EXPECT_EQ(set_.find("a"), nullptr);
    std::vector<Subscription *> added;
    Texts all;
    for (int i = 0; i < 100; ++i) {
        all.push_back(std::to_string(i * 37 % 100));
        added.push_back(&add(all.back()));
    }
    for (std::size_t i = 0; i < all.size(); ++i)
        EXPECT_EQ(set_.find(all[i]), added[i]);
    for (const char *other : {"", "-", "100", "0 ", "a"})
        EXPECT_EQ(set_.find(other), nullptr);
    EXPECT_EQ(set_.size(), 100U);
}

TEST_F(subscription_set, each_can_go) {
    for (const char *name : {"b", "a", "d", "c"})
        add(name);
    set_.remove(*set_.find("b"));
    EXPECT_EQ(names(), (Texts{"a", "c", "d"}));
    set_.remove(*set_.find("d"));
    set_.remove(*set_.find("a"));
    EXPECT_EQ(names(), Texts{"c"});
    set_.remove(*set_.find("c"));
    EXPECT_EQ(names(), Texts());
}

TEST_F(subscription_set, some_go_at_once) {
    for (const char *name : {"b", "a", "d", "c"})
        add(name);
    set_.remove_if([](const Subscription &subscription) {
        const std::string &name = subscription.channel->name();
        return name == "a" || name == "b" || name == "d";
    });
    EXPECT_EQ(names(), Texts{"c"});
    set_.remove_if([](const Subscription &) { return true; });
    EXPECT_EQ(set_.size(), 0U);
}

TEST_F(subscription_set, is_taken_as_a_whole) {
    add("b");
    add("a");
    EXPECT_EQ(set_.take_all().size(), 2U);
    EXPECT_EQ(set_.size(), 0U);
    EXPECT_EQ(set_.find("a"), nullptr);
}

} // namespace
