// What happens on channels, one thing after the other, on its way to the listeners of several
// loops.
#include "frames.h"
#include "hub/presence.h"
#include "hub/vhost.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <future>
#include <gtest/gtest.h>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace {

using namespace webrocket;
using Texts = std::vector<std::string>;

// On one channel at a time.
class Page final : public Subscriber {
  public:
    Page(EventLoop &loop, std::shared_ptr<Vhost> vhost, std::string sid = "s")
        : sid_(std::move(sid)), loop_(loop), vhost_(std::move(vhost)) {
        vhost_->sessions().add(*this);
    }
    ~Page() {
        leave();
        vhost_->sessions().remove(*this);
    }
    Page(const Page &) = delete;
    Page &operator=(const Page &) = delete;

    void join(const std::shared_ptr<Channel> &channel) {
        auto subscription = std::make_unique<Subscription>();
        subscription->subscriber = this;
        if (channel->type() == ChannelType::presence) {
            const std::string uid = "u" + sid_;
            subscription->identity = std::make_shared<const Permission>(Permission{uid, ".*"});
            subscription->member = std::make_unique<const Member>(make_member(*channel, uid, {}));
        }
        if (channel->join(*subscription).outcome == Joining::joined)
            subscription_ = std::move(subscription);
    }
    void leave() {
        if (subscription_)
            subscription_->channel->leave(*subscription_, Departure::left);
        subscription_.reset();
    }

    std::string_view sid() const override { return sid_; }
    EventLoop &loop() override { return loop_; }
    void deliver(const Frame &frames, std::size_t) override {
        const auto messages = messages_in(*frames);
        heard.insert(heard.end(), messages.begin(), messages.end());
    }
    ConnectionView view() const override { return {}; }
    void channel_removed(Subscription &) override {
        heard.emplace_back("the channel's end");
        subscription_.reset();
    }
    void vhost_removed() override {
        heard.emplace_back("the vhost's end");
        leave();
    }

    Texts heard;

  private:
    const std::string sid_;
    EventLoop &loop_;
    const std::shared_ptr<Vhost> vhost_;
    std::unique_ptr<Subscription> subscription_;
};

class channel : public testing::Test {
  protected:
    static constexpr std::size_t loop_count = 4;

    channel() { vhost_->channels().open("c"); }

    std::shared_ptr<Channel> find(const std::string &name = "c") const {
        return vhost_->channels().find(name);
    }
    bool publish(const std::string &text) { return find()->publish(text) == Publishing::published; }

    // Whether there was something to do for the loop.
    bool turn(std::size_t loop) {
        loops_[loop].io().restart();
        return loops_[loop].io().poll() > 0;
    }
    void turn_all() {
        for (std::size_t i = 0; i < loop_count; ++i)
            turn(i);
    }

    EventLoops loops_{loop_count};
    std::shared_ptr<Vhost> vhost_ =
        std::make_shared<Vhost>("/moon", "token", loops_, VhostLimits());
};

TEST_F(channel, everybody_hears_it_on_whichever_loop) {
    std::vector<std::unique_ptr<Page>> pages;
    for (std::size_t i = 0; i < 3 * loop_count; ++i) {
        pages.push_back(std::make_unique<Page>(loops_[i % loop_count], vhost_));
        pages.back()->join(find());
    }
    EXPECT_TRUE(publish("one"));
    EXPECT_TRUE(publish("two"));
    turn_all();
    for (const auto &page : pages)
        EXPECT_EQ(page->heard, (Texts{"one", "two"}));
}

TEST_F(channel, loops_without_listeners_are_left_alone) {
    Page page(loops_[2], vhost_);
    Page elsewhere(loops_[1], vhost_);
    vhost_->channels().open("d");
    elsewhere.join(find("d"));
    page.join(find());
    publish("one");
    EXPECT_FALSE(turn(0));
    EXPECT_FALSE(turn(1));
    EXPECT_TRUE(turn(2));
    EXPECT_FALSE(turn(3));
    EXPECT_EQ(page.heard, Texts{"one"});
}

TEST_F(channel, whoever_joins_hears_what_comes_later) {
    Page early(loops_[1], vhost_);
    Page late(loops_[1], vhost_);
    early.join(find());
    publish("one");
    late.join(find());
    publish("two");
    turn_all();
    EXPECT_EQ(early.heard, (Texts{"one", "two"}));
    EXPECT_EQ(late.heard, Texts{"two"});
}

TEST_F(channel, whoever_leaves_hears_nothing_more) {
    Page page(loops_[0], vhost_);
    Page other(loops_[0], vhost_);
    for (Page *each : {&page, &other})
        each->join(find());
    publish("one");
    page.leave();
    turn_all();
    EXPECT_TRUE(page.heard.empty());
    EXPECT_EQ(other.heard, Texts{"one"});
}

TEST_F(channel, whoever_comes_again_begins_anew) {
    Page page(loops_[3], vhost_);
    page.join(find());
    publish("one");
    page.leave();
    page.join(find());
    publish("two");
    turn_all();
    EXPECT_EQ(page.heard, Texts{"two"});
}

TEST_F(channel, all_leave_in_any_order) {
    std::vector<std::unique_ptr<Page>> pages;
    for (std::size_t i = 0; i < 2 * loop_count; ++i) {
        pages.push_back(std::make_unique<Page>(loops_[i % loop_count], vhost_));
        pages.back()->join(find());
    }
    for (const std::size_t leaving : {3U, 0U, 7U, 4U}) {
        pages[leaving]->leave();
        pages[leaving]->heard.clear();
        publish(std::to_string(leaving));
        turn_all();
        EXPECT_TRUE(pages[leaving]->heard.empty());
    }
    EXPECT_EQ(find()->subscriber_count(), 4U);
    for (const std::size_t staying : {1U, 2U, 5U, 6U})
        EXPECT_EQ(pages[staying]->heard, (Texts{"3", "0", "7", "4"}));
    // Nobody is left on the loops of the first and the last.
    publish("last");
    EXPECT_FALSE(turn(0));
    EXPECT_TRUE(turn(1));
    EXPECT_TRUE(turn(2));
    EXPECT_FALSE(turn(3));
}

TEST_F(channel, the_end_comes_last) {
    Page page(loops_[1], vhost_);
    Page other(loops_[2], vhost_);
    const auto closed = find();
    for (Page *each : {&page, &other})
        each->join(closed);
    publish("one");
    vhost_->channels().close("c");
    EXPECT_EQ(closed->publish("two"), Publishing::channel_closed);
    EXPECT_EQ(find(), nullptr);
    vhost_->channels().open("c");
    publish("of another channel");
    turn_all();
    for (const Page *each : {&page, &other})
        EXPECT_EQ(each->heard, (Texts{"one", "the channel's end"}));
}

TEST_F(channel, the_end_of_a_vhost_comes_last) {
    Page page(loops_[1], vhost_);
    Page nowhere(loops_[2], vhost_);
    const auto closed = find();
    page.join(closed);
    publish("one");
    vhost_->close();
    EXPECT_EQ(closed->publish("two"), Publishing::channel_closed);
    turn_all();
    EXPECT_EQ(page.heard, (Texts{"one", "the vhost's end"}));
    EXPECT_EQ(nowhere.heard, Texts{"the vhost's end"});
}

TEST_F(channel, its_subscribers_are_listed_by_sid) {
    vhost_->channels().open("presence-room");
    std::vector<std::unique_ptr<Page>> pages;
    for (const char *sid : {"c", "a", "d", "b"}) {
        pages.push_back(std::make_unique<Page>(loops_[pages.size() % loop_count], vhost_, sid));
        pages.back()->join(find("presence-room"));
    }
    const auto sids = [this](const char *after, std::size_t limit) {
        Texts found;
        for (const auto &subscriber : find("presence-room")->subscribers(after, limit)) {
            EXPECT_EQ(subscriber.uid, "u" + subscriber.sid);
            found.push_back(subscriber.sid);
        }
        return found;
    };
    EXPECT_EQ(sids("", 10), (Texts{"a", "b", "c", "d"}));
    EXPECT_EQ(sids("", 3), (Texts{"a", "b", "c"}));
    EXPECT_EQ(sids("b", 1), Texts{"c"});
    EXPECT_EQ(sids("d", 1), Texts());
}

// Takes its time over a report, and with it that of the channel which it is of.
class SlowWorker final : public Worker {
  public:
    const std::string &id() const override { return id_; }
    const std::string &name() const override { return id_; }
    bool deliver(std::uint64_t, const SharedBytes &) override {
        begun.set_value();
        go_on.get_future().wait();
        return true;
    }
    void dismiss() override {}

    std::promise<void> begun;
    std::promise<void> go_on;

  private:
    const std::string id_ = "slow";
};

TEST_F(channel, nobody_waits_for_another_channel) {
    constexpr auto long_enough = std::chrono::seconds(30);
    vhost_->channels().open("presence-room");
    SlowWorker worker;
    vhost_->workers().add(worker, ".*:joined", Pattern::compile(".*:joined"));
    Page newcomer(loops_[0], vhost_);
    Page listener(loops_[1], vhost_);
    listener.join(find());
    std::thread joining([&] { newcomer.join(find("presence-room")); });
    EXPECT_EQ(worker.begun.get_future().wait_for(long_enough), std::future_status::ready);
    auto meanwhile = std::async(std::launch::async, [this] {
        vhost_->channels().open("d");
        vhost_->channels().close("d");
        return publish("one");
    });
    EXPECT_EQ(meanwhile.wait_for(long_enough), std::future_status::ready);
    worker.go_on.set_value();
    joining.join();
    EXPECT_TRUE(meanwhile.get());
    turn_all();
    EXPECT_EQ(listener.heard, Texts{"one"});
    vhost_->workers().remove(worker);
}

TEST_F(channel, what_is_too_much_for_the_vhost_does_not_happen) {
    constexpr std::size_t bytes_per_second = 10;
    VhostLimits limits;
    limits.fan_out_bytes_per_second_max = bytes_per_second;
    vhost_->set_limits(limits);
    vhost_->channels().open("presence-room");
    Page first(loops_[0], vhost_, "a");
    Page second(loops_[1], vhost_, "b");
    // Nobody is told of the first one, and to nobody one may say as much as one likes.
    first.join(find("presence-room"));
    EXPECT_TRUE(publish(std::string(10000, 'x')));
    first.heard.clear();
    EXPECT_EQ(find("presence-room")->publish(std::string(100, 'x')), Publishing::published);
    EXPECT_EQ(find("presence-room")->publish("two"), Publishing::budget_exceeded);
    second.join(find("presence-room"));
    EXPECT_EQ(find("presence-room")->subscriber_count(), 1U);
    EXPECT_EQ(vhost_->channels().budget().refused(), 2U);
    EXPECT_TRUE(publish("nobody hears it"));
    turn_all();
    ASSERT_FALSE(first.heard.empty());
    EXPECT_EQ(first.heard.back().back(), 'x');
    EXPECT_TRUE(second.heard.empty());
}

// Takes down whom it is told of: whether each comes or goes.
class Doorman final : public Worker {
  public:
    const std::string &id() const override { return id_; }
    const std::string &name() const override { return id_; }
    bool deliver(std::uint64_t, const SharedBytes &shared) override {
        constexpr std::string_view before = R"("sid":")";
        const std::string &record = *shared;
        const auto begin = record.find(before) + before.size();
        const std::string sid = record.substr(begin, record.find('"', begin) - begin);
        told[sid].push_back(record.starts_with("event: presence-room/:joined\n") ? "joined"
                                                                                 : "left");
        return true;
    }
    void dismiss() override {}

    std::map<std::string, Texts> told;

  private:
    const std::string id_ = "doorman";
};

// With every loop on a thread of its own.
class channel_of_threads : public channel {
  protected:
    static constexpr int published_by_each = 500;

    // On each loop: publishes, while a visitor comes and goes. The visitor's runs are in `visits`.
    void act(std::size_t loop, int number, Page &visitor, std::vector<Texts> &visits) {
        const std::string name = std::to_string(loop) + ' ' + std::to_string(number);
        if (number % 3 == 0)
            visitor.join(find());
        EXPECT_TRUE(publish(name));
        if (number % 3 == 2) {
            visitor.leave();
            visits.push_back(std::exchange(visitor.heard, {}));
        }
        if (number + 1 < published_by_each)
            loops_[loop].post(
                [=, this, &visitor, &visits] { act(loop, number + 1, visitor, visits); });
        else
            loops_[loop].post([this] { end_one(); });
    }

    void come_and_go(std::size_t loop, int number, Page &visitor) {
        if (number % 2 == 1)
            visitor.leave();
        else if (const auto room = find("presence-room"))
            visitor.join(room);
        if (number + 1 < 2 * published_by_each)
            loops_[loop].post([=, this, &visitor] { come_and_go(loop, number + 1, visitor); });
        else
            loops_[loop].post([this] { end_one(); });
    }

    void end_one() {
        const std::lock_guard lock(mutex_);
        ++ended_;
        changed_.notify_one();
    }

    // Once all is published, what is posted to a loop runs behind all that is published there.
    void run_to_the_end() {
        std::thread running([this] { loops_.run(); });
        wait_for(loop_count);
        for (std::size_t i = 0; i < loop_count; ++i)
            loops_[i].post([this] { end_one(); });
        wait_for(2 * loop_count);
        loops_.stop();
        running.join();
    }

    void wait_for(std::size_t count) {
        std::unique_lock lock(mutex_);
        EXPECT_TRUE(
            changed_.wait_for(lock, std::chrono::seconds(30), [&] { return ended_ >= count; }));
    }

    std::mutex mutex_;
    std::condition_variable changed_;
    std::size_t ended_ = 0;
};

TEST_F(channel_of_threads, there_is_one_order) {
    std::vector<std::unique_ptr<Page>> pages;
    std::vector<std::unique_ptr<Page>> visitors;
    std::vector<std::vector<Texts>> visits(loop_count);
    for (std::size_t i = 0; i < loop_count; ++i) {
        pages.push_back(std::make_unique<Page>(loops_[i], vhost_));
        pages.back()->join(find());
        visitors.push_back(std::make_unique<Page>(loops_[i], vhost_));
        loops_[i].post(
            [=, this, &visits, &visitor = *visitors.back()] { act(i, 0, visitor, visits[i]); });
    }
    run_to_the_end();
    const Texts &order = pages.front()->heard;
    EXPECT_EQ(order.size(), loop_count * published_by_each);
    for (const auto &page : pages)
        EXPECT_EQ(page->heard, order);
    std::size_t heard_by_visitors = 0;
    for (const auto &runs : visits) {
        for (const Texts &run : runs) {
            heard_by_visitors += run.size();
            EXPECT_NE(std::search(order.begin(), order.end(), run.begin(), run.end()), order.end());
        }
    }
    EXPECT_GT(heard_by_visitors, 0U);
}

TEST_F(channel_of_threads, who_comes_and_goes_is_told_in_order_while_it_is_closed_and_opened) {
    vhost_->channels().open("presence-room");
    Doorman doorman;
    vhost_->workers().add(doorman, ".*/:.*", Pattern::compile(".*/:.*"));
    std::vector<std::unique_ptr<Page>> visitors;
    for (std::size_t i = 0; i < loop_count; ++i) {
        visitors.push_back(std::make_unique<Page>(loops_[i], vhost_, std::to_string(i)));
        loops_[i].post([=, this, &visitor = *visitors.back()] { come_and_go(i, 0, visitor); });
    }
    std::atomic<bool> is_over = false;
    std::thread changing([&] {
        while (!is_over) {
            const auto room = find("presence-room");
            while (!is_over && room->subscriber_count() == 0)
                std::this_thread::yield();
            vhost_->channels().close("presence-room");
            vhost_->channels().open("presence-room");
        }
    });
    run_to_the_end();
    is_over = true;
    changing.join();
    EXPECT_FALSE(doorman.told.empty());
    for (const auto &[sid, told] : doorman.told) {
        for (std::size_t i = 0; i < told.size(); ++i)
            ASSERT_EQ(told[i], i % 2 == 0 ? "joined" : "left") << sid << ' ' << i;
        EXPECT_EQ(told.size() % 2, 0U) << sid;
    }
    vhost_->workers().remove(doorman);
}

} // namespace
