// Who is on a presence channel, and whether there is room for one more.
#include "hub/roster.h"
#include "page.h"

#include <gtest/gtest.h>
#include <memory>
#include <string>
#include <vector>

namespace {

using namespace webrocket;

class roster : public testing::Test {
  protected:
    Subscription &someone(const std::string &uid, const std::string &entry) {
        auto subscription = std::make_unique<Subscription>();
        subscription->identity = std::make_shared<const Permission>(Permission{uid, ".*"});
        subscription->hidden = entry.empty();
        if (!subscription->hidden)
            subscription->member = std::make_unique<const Member>(Member{uid, entry});
        return *subscriptions_.emplace_back(std::move(subscription));
    }
    Subscription &hidden(const std::string &uid) { return someone(uid, ""); }

    Roster roster_;
    RosterLimits limits_;

  private:
    std::vector<std::unique_ptr<Subscription>> subscriptions_;
};

TEST_F(roster, is_empty_at_first) {
    EXPECT_EQ(roster_.text(), "[]");
    EXPECT_EQ(roster_.size(), 0U);
    EXPECT_EQ(roster_.bytes(), 0U);
    EXPECT_EQ(roster_.count_of("ann"), 0U);
}

TEST_F(roster, shows_who_can_be_seen_and_counts_everybody) {
    roster_.add(hidden("eve"));
    roster_.add(someone("ann", R"({"uid":"ann"})"));
    roster_.add(hidden("ann"));
    roster_.add(someone("bob", "{}"));
    EXPECT_EQ(roster_.text(), R"([{"uid":"ann"},{}])");
    EXPECT_EQ(roster_.size(), 4U);
    EXPECT_EQ(roster_.members(), 2U);
    EXPECT_EQ(roster_.bytes(), 15U);
    EXPECT_EQ(roster_.count_of("ann"), 2U);
    EXPECT_EQ(roster_.count_of("eve"), 1U);
}

TEST_F(roster, all_go_in_any_order) {
    std::vector<Subscription *> here;
    for (const char *uid : {"a", "b", "c", "d", "e"}) {
        here.push_back(&someone(uid, '"' + std::string(uid) + '"'));
        roster_.add(*here.back());
    }
    roster_.remove(*here[1]);
    EXPECT_EQ(roster_.text(), R"(["a","e","c","d"])");
    roster_.remove(*here[4]);
    EXPECT_EQ(roster_.text(), R"(["a","d","c"])");
    roster_.remove(*here[2]);
    roster_.remove(*here[0]);
    EXPECT_EQ(roster_.text(), R"(["d"])");
    EXPECT_EQ(roster_.members(), 1U);
    EXPECT_EQ(roster_.bytes(), 3U);
    EXPECT_EQ(roster_.count_of("a"), 0U);
    roster_.remove(*here[3]);
    EXPECT_EQ(roster_.text(), "[]");
    EXPECT_EQ(roster_.bytes(), 0U);
}

TEST_F(roster, has_room_for_so_many_of_a_user) {
    limits_.members_per_uid_max = 2;
    Subscription &first = someone("ann", "{}");
    roster_.add(first);
    EXPECT_EQ(roster_.room_for(hidden("ann"), limits_), RosterRoom::enough);
    roster_.add(hidden("ann"));
    EXPECT_EQ(roster_.room_for(someone("ann", "{}"), limits_), RosterRoom::too_many_of_user);
    EXPECT_EQ(roster_.room_for(hidden("ann"), limits_), RosterRoom::too_many_of_user);
    EXPECT_EQ(roster_.room_for(someone("bob", "{}"), limits_), RosterRoom::enough);
    roster_.remove(first);
    EXPECT_EQ(roster_.room_for(someone("ann", "{}"), limits_), RosterRoom::enough);
}

TEST_F(roster, has_room_for_so_many_bytes_of_those_who_can_be_seen) {
    limits_.bytes_max = 5;
    roster_.add(someone("ann", "{}"));
    EXPECT_EQ(roster_.room_for(someone("bob", R"("b")"), limits_), RosterRoom::enough);
    EXPECT_EQ(roster_.room_for(someone("bob", R"("bo")"), limits_), RosterRoom::roster_full);
    EXPECT_EQ(roster_.room_for(hidden("bob"), limits_), RosterRoom::enough);
}

TEST_F(roster, is_taken_as_a_whole) {
    Subscription &ann = someone("ann", "{}");
    Subscription &eve = hidden("eve");
    roster_.add(ann);
    roster_.add(eve);
    EXPECT_EQ(roster_.take_all(), (std::vector<Subscription *>{&ann, &eve}));
    EXPECT_EQ(roster_.text(), "[]");
    EXPECT_EQ(roster_.members(), 0U);
    EXPECT_EQ(roster_.size(), 0U);
    EXPECT_EQ(roster_.bytes(), 0U);
    EXPECT_EQ(roster_.count_of("ann"), 0U);
}

} // namespace
