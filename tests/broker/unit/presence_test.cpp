// Who is on a presence channel: what newcomers, those who are there, and workers are told.
#include "hub/payload.h"
#include "hub/presence.h"
#include "hub/vhost.h"
#include "page.h"

#include <gtest/gtest.h>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace {

using namespace webrocket;
using Texts = std::vector<std::string>;

// Takes down the topics and payloads that it is given.
class RecordingWorker final : public Worker {
  public:
    const std::string &id() const override { return id_; }
    const std::string &name() const override { return name_; }
    bool deliver(std::uint64_t, const SharedBytes &record) override {
        told.push_back(*record);
        topics.push_back(record->substr(7, record->find('\n') - 7)); // "event: TOPIC"
        return true;
    }
    void dismiss() override {}

    Texts told;
    Texts topics;

  private:
    const std::string id_ = "worker";
    const std::string name_;
};

class presence : public testing::Test {
  protected:
    presence() { vhost_->channels().open("presence-room"); }

    std::shared_ptr<Channel> room() const { return vhost_->channels().find("presence-room"); }

    std::unique_ptr<Subscription> subscription_of(Page &page, const std::string &uid,
                                                  const std::string &data, bool hidden = false) {
        auto subscription = std::make_unique<Subscription>();
        subscription->subscriber = &page;
        subscription->identity = std::make_shared<const Permission>(Permission{uid, ".*"});
        subscription->hidden = hidden;
        subscription->data = data;
        if (!hidden)
            subscription->member =
                std::make_unique<Member>(make_member(*room(), uid, known_object(data)));
        return subscription;
    }

    Joining join(Subscription &subscription) {
        const JoinedChannel joined = room()->join(subscription);
        if (joined.outcome == Joining::joined)
            rosters_.push_back(joined.roster);
        return joined.outcome;
    }

    void run() {
        loops_.first().io().restart();
        loops_.first().io().poll();
    }

    EventLoops loops_{1};
    VhostLimits limits_;
    std::shared_ptr<Vhost> vhost_ = std::make_shared<Vhost>("/moon", "token", loops_, limits_);
    Page ann_{loops_.first(), "s-ann"};
    Page bob_{loops_.first(), "s-bob"};
    Page eve_{loops_.first(), "s-eve"};
    Texts rosters_;
};

std::string joined(std::string_view entry) {
    return R"({":memberJoined":)" + std::string(entry) + '}';
}

std::string left(std::string_view entry) { return R"({":memberLeft":)" + std::string(entry) + '}'; }

constexpr std::string_view ann_entry = R"({"name":"Ann","uid":"ann","channel":"presence-room"})";
constexpr std::string_view bob_entry = R"({"uid":"bob","channel":"presence-room"})";

TEST_F(presence, the_roster_is_of_who_is_there_before) {
    const auto ann = subscription_of(ann_, "ann", R"({"name":"Ann"})");
    const auto bob = subscription_of(bob_, "bob", "");
    ASSERT_EQ(join(*ann), Joining::joined);
    ASSERT_EQ(join(*bob), Joining::joined);
    const auto eve = subscription_of(eve_, "eve", "", true);
    join(*eve);
    EXPECT_EQ(rosters_, (Texts{"[]", '[' + std::string(ann_entry) + ']',
                               '[' + std::string(ann_entry) + ',' + std::string(bob_entry) + ']'}));
}

TEST_F(presence, all_hear_who_comes_and_the_others_who_goes) {
    const auto ann = subscription_of(ann_, "ann", R"({"name":"Ann"})");
    const auto bob = subscription_of(bob_, "bob", "");
    join(*ann);
    join(*bob);
    run();
    EXPECT_EQ(ann_.heard, (Texts{joined(ann_entry), joined(bob_entry)}));
    EXPECT_EQ(bob_.heard, Texts{joined(bob_entry)});
    room()->leave(*ann, Departure::left, known_object(R"({"name":"A.","why":"tired"})"));
    run();
    EXPECT_EQ(bob_.heard.back(),
              left(R"({"name":"A.","why":"tired","uid":"ann","channel":"presence-room"})"));
    EXPECT_EQ(ann_.heard.size(), 2U);
    EXPECT_EQ(room()->subscriber_count(), 1U);
}

TEST_F(presence, the_hidden_are_on_no_roster_and_not_announced) {
    const auto ann = subscription_of(ann_, "ann", "", true);
    const auto bob = subscription_of(bob_, "bob", "");
    join(*ann);
    join(*bob);
    run();
    EXPECT_EQ(rosters_, (Texts{"[]", "[]"}));
    EXPECT_EQ(ann_.heard, Texts{joined(bob_entry)});
    room()->leave(*ann, Departure::left);
    run();
    EXPECT_EQ(bob_.heard, Texts{joined(bob_entry)});
    EXPECT_EQ(room()->subscriber_count(), 1U);
}

TEST_F(presence, reports_are_of_everybody) {
    const auto ann = subscription_of(ann_, "ann", R"({ "uid":"x",  "n":1.0})", true);
    join(*ann);
    EXPECT_EQ(joined_report(*ann),
              R"({"channel":"presence-room","sid":"s-ann","uid":"ann","hidden":true,)"
              R"("data":{"uid":"x","n":1.0}})");
    EXPECT_EQ(left_report(*ann, Departure::lost, {}),
              R"({"channel":"presence-room","sid":"s-ann","uid":"ann","hidden":true,)"
              R"("data":{"uid":"x","n":1.0},"reason":"lost"})");
    EXPECT_EQ(left_report(*ann, Departure::left, known_object(R"({"n":2,"why":"tired"})")),
              R"({"channel":"presence-room","sid":"s-ann","uid":"ann","hidden":true,)"
              R"("data":{"uid":"x","n":2,"why":"tired"},"reason":"left"})");
}

TEST_F(presence, every_departure_has_a_name) {
    EXPECT_EQ(name_of(Departure::left), "left");
    EXPECT_EQ(name_of(Departure::closed), "closed");
    EXPECT_EQ(name_of(Departure::lost), "lost");
    EXPECT_EQ(name_of(Departure::removed), "removed");
}

TEST_F(presence, workers_are_told_in_the_order_in_which_it_happens) {
    RecordingWorker worker;
    vhost_->workers().add(worker, ".*/:.*", Pattern::compile(".*/:.*"));
    const auto ann = subscription_of(ann_, "ann", "");
    const auto bob = subscription_of(bob_, "bob", "", true);
    join(*ann);
    join(*bob);
    room()->leave(*ann, Departure::left);
    join(*ann);
    const std::string came = "presence-room/:joined";
    const std::string went = "presence-room/:left";
    EXPECT_EQ(worker.topics, (Texts{came, came, went, came}));
    vhost_->workers().remove(worker);
}

TEST_F(presence, a_closed_channel_is_told_of_at_once_and_nobody_leaves_it_again) {
    RecordingWorker worker;
    vhost_->workers().add(worker, ".*/:left", Pattern::compile(".*/:left"));
    const auto ann = subscription_of(ann_, "ann", "");
    const auto bob = subscription_of(bob_, "bob", "", true);
    join(*ann);
    join(*bob);
    vhost_->channels().close("presence-room");
    ASSERT_EQ(worker.told.size(), 2U);
    for (const auto &report : worker.told)
        EXPECT_NE(report.find(R"("reason":"removed")"), std::string::npos) << report;
    // Bob goes before he has heard of it.
    bob->channel->leave(*bob, Departure::closed);
    run();
    EXPECT_EQ(worker.told.size(), 2U);
    EXPECT_EQ(ann_.heard, Texts{joined(R"({"uid":"ann","channel":"presence-room"})")});
    EXPECT_EQ(ann_.removals, 1);
    EXPECT_EQ(bob_.removals, 0);
    vhost_->workers().remove(worker);
}

TEST_F(presence, who_cannot_join_is_not_there) {
    const auto channel = room();
    limits_.channels.roster.members_per_uid_max = 1;
    limits_.channels.roster.bytes_max = ann_entry.size();
    vhost_->set_limits(limits_);
    const auto ann = subscription_of(ann_, "ann", R"({"name":"Ann"})");
    const auto again = subscription_of(ann_, "ann", "", true);
    const auto bob = subscription_of(bob_, "bob", "");
    EXPECT_EQ(join(*ann), Joining::joined);
    EXPECT_EQ(join(*again), Joining::too_many_of_user);
    EXPECT_EQ(join(*bob), Joining::roster_full);
    EXPECT_EQ(rosters_, Texts{"[]"});
    EXPECT_EQ(channel->subscriber_count(), 1U);
    run();
    EXPECT_TRUE(bob_.heard.empty());
    vhost_->channels().close("presence-room");
    EXPECT_EQ(channel->join(*bob).outcome, Joining::channel_closed);
    run();
}

} // namespace
