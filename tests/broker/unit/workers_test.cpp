// Who of the workers gets an event.
#include "hub/workers.h"
#include "net/event_loops.h"

#include <gtest/gtest.h>
#include <string>
#include <vector>

namespace {

using namespace webrocket;
using Topics = std::vector<std::string>;

// Takes down what it is given.
class RecordingWorker final : public Worker {
  public:
    explicit RecordingWorker(std::string id) : id_(std::move(id)) {}
    const std::string &id() const override { return id_; }
    const std::string &name() const override { return name_; }
    bool deliver(std::uint64_t id, const SharedBytes &record) override {
        if (ending)
            return false;
        topics.push_back(*record);
        event_ids.push_back(id);
        last_record = record;
        return true;
    }
    void dismiss() override { dismissed = true; }

    Topics topics;
    std::vector<std::uint64_t> event_ids;
    SharedBytes last_record;
    bool ending = false;
    bool dismissed = false;

  private:
    std::string id_;
    std::string name_;
};

void add(Workers &workers, RecordingWorker &worker, const std::string &filter) {
    workers.add(worker, filter, filter.empty() ? nullptr : Pattern::compile(filter));
}

// The record is the topic.
Dispatch dispatch_one(Workers &workers, const std::string &topic) {
    return workers.dispatch(workers.match(topic), share(topic));
}

void dispatch(Workers &workers, const Topics &topics) {
    for (const auto &topic : topics)
        dispatch_one(workers, topic);
}

TEST(workers, members_take_turns) {
    Workers workers(WorkerLimits(), 1);
    RecordingWorker a("a");
    RecordingWorker b("b");
    add(workers, a, "x.*");
    add(workers, b, "x.*");
    dispatch(workers, {"x1", "y", "x2", "x3", "x4"});
    EXPECT_EQ(a.topics, (Topics{"x1", "x3"}));
    EXPECT_EQ(b.topics, (Topics{"x2", "x4"}));
}

TEST(workers, every_pool_gets_its_own) {
    Workers workers(WorkerLimits(), 1);
    RecordingWorker everything("a");
    RecordingWorker some("b");
    add(workers, everything, "");
    add(workers, some, "x");
    dispatch(workers, {"x", "y"});
    EXPECT_EQ(everything.topics, (Topics{"x", "y"}));
    EXPECT_EQ(some.topics, Topics{"x"});
}

TEST(workers, ids_count_the_events_that_somebody_got) {
    Workers workers(WorkerLimits(), 1);
    RecordingWorker a("a");
    RecordingWorker b("b");
    add(workers, a, "x.*");
    add(workers, b, "x1|z");
    dispatch(workers, {"x1", "nobody", "x2", "z"});
    EXPECT_EQ(a.event_ids, (std::vector<std::uint64_t>{1, 2}));
    EXPECT_EQ(b.event_ids, (std::vector<std::uint64_t>{1, 3}));
}

TEST(workers, turns_survive_a_member_that_leaves) {
    Workers workers(WorkerLimits(), 1);
    RecordingWorker a("a");
    RecordingWorker b("b");
    RecordingWorker c("c");
    for (auto *worker : {&a, &b, &c})
        add(workers, *worker, "");
    dispatch(workers, {"1"});
    workers.remove(a);
    dispatch(workers, {"2", "3", "4"});
    EXPECT_EQ(b.topics, (Topics{"2", "4"}));
    EXPECT_EQ(c.topics, Topics{"3"});
    workers.remove(c);
    dispatch(workers, {"5"});
    EXPECT_EQ(b.topics.back(), "5");
}

TEST(workers, who_cannot_take_an_event_leaves_it_to_the_next) {
    Workers workers(WorkerLimits(), 1);
    RecordingWorker a("a");
    RecordingWorker b("b");
    for (auto *worker : {&a, &b})
        add(workers, *worker, "");
    a.ending = true;
    dispatch(workers, {"1", "2", "3"});
    EXPECT_EQ(b.topics, (Topics{"1", "2", "3"}));
    b.ending = true;
    dispatch(workers, {"nobody"});
    EXPECT_EQ(b.topics.size(), 3U);
}

TEST(workers, all_who_get_an_event_share_its_record) {
    Workers workers(WorkerLimits(), 1);
    RecordingWorker a("a");
    RecordingWorker b("b");
    add(workers, a, "");
    add(workers, b, "x");
    dispatch(workers, {"x"});
    EXPECT_EQ(a.last_record, b.last_record);
}

TEST(workers, system_events_are_for_filters_that_spell_the_colon) {
    Workers workers(WorkerLimits(), 1);
    RecordingWorker everything("a");
    RecordingWorker wildcard("b");
    RecordingWorker spelled("c");
    add(workers, everything, "");
    add(workers, wildcard, "room/.*");
    add(workers, spelled, "room/:(joined|left)");
    dispatch(workers, {"room/:joined", "room/hello", "room/:gap"});
    EXPECT_EQ(everything.topics, Topics{"room/hello"});
    EXPECT_EQ(wildcard.topics, Topics{"room/hello"});
    EXPECT_EQ(spelled.topics, Topics{"room/:joined"});
}

TEST(workers, members_come_and_go) {
    Workers workers(WorkerLimits(), 1);
    RecordingWorker b("b");
    RecordingWorker a("a");
    EXPECT_FALSE(workers.is_anybody_there());
    add(workers, b, "x");
    add(workers, a, "");
    EXPECT_TRUE(workers.is_anybody_there());
    ASSERT_EQ(workers.list().size(), 2U);
    EXPECT_EQ(workers.list()[0].id, "a");
    EXPECT_EQ(workers.list()[1].filter, "x");
    workers.remove(a);
    workers.remove(a);
    workers.remove(b);
    EXPECT_FALSE(workers.is_anybody_there());
    dispatch(workers, {"x"});
    EXPECT_TRUE(a.topics.empty());
}

TEST(workers, dismissal) {
    Workers workers(WorkerLimits(), 1);
    RecordingWorker a("a");
    RecordingWorker b("b");
    add(workers, a, "");
    add(workers, b, "x");
    workers.dismiss_all();
    EXPECT_TRUE(a.dismissed);
    EXPECT_TRUE(b.dismissed);
    EXPECT_FALSE(workers.is_anybody_there());
}

TEST(workers, says_what_became_of_an_event) {
    Workers workers(WorkerLimits(), 1);
    EXPECT_EQ(dispatch_one(workers, "x"), Dispatch::not_wanted);
    RecordingWorker a("a");
    RecordingWorker b("b");
    add(workers, a, "^x$");
    add(workers, b, "^[xy]$");
    EXPECT_EQ(dispatch_one(workers, "x"), Dispatch::taken);
    EXPECT_EQ(dispatch_one(workers, "z"), Dispatch::not_wanted);
    b.ending = true;
    EXPECT_EQ(dispatch_one(workers, "x"), Dispatch::taken);
    EXPECT_EQ(dispatch_one(workers, "y"), Dispatch::lost);
}

// What pages send, on one of two loops.
class workers_of_pages : public testing::Test {
  protected:
    void send(const std::string &topic, std::size_t loop = 0, PageEvent kind = PageEvent::trigger) {
        workers_.dispatch_of_page(loops_[loop], kind, topic, [&] {
            ++records_;
            return topic;
        });
    }

    EventLoops loops_{2};
    Workers workers_{WorkerLimits(), 2};
    RecordingWorker a_{"a"};
    RecordingWorker b_{"b"};
    int records_ = 0;
};

TEST_F(workers_of_pages, no_record_is_made_that_nobody_wants) {
    add(workers_, a_, "x.*");
    send("x1");
    send("y");
    send("x2");
    EXPECT_EQ(records_, 2);
    EXPECT_EQ(a_.topics, (Topics{"x1", "x2"}));
    EXPECT_EQ(workers_.unheard(), 1U);
}

TEST_F(workers_of_pages, a_filter_that_comes_or_goes_is_noticed_by_each_loop) {
    add(workers_, a_, "x");
    for (const std::size_t loop : {0, 1}) {
        send("x", loop);
        send("y", loop);
    }
    add(workers_, b_, "[xy]");
    for (const std::size_t loop : {0, 1}) {
        send("x", loop);
        send("y", loop);
    }
    EXPECT_EQ(b_.topics, (Topics{"x", "y", "x", "y"}));
    workers_.remove(a_);
    for (const std::size_t loop : {0, 1})
        send("x", loop);
    EXPECT_EQ(a_.topics, (Topics{"x", "x", "x", "x"}));
    EXPECT_EQ(b_.topics.size(), 6U);
    workers_.remove(b_);
    send("x");
    EXPECT_EQ(workers_.unheard(), 3U);
}

TEST_F(workers_of_pages, what_is_remembered_is_what_the_filters_say) {
    Workers others(WorkerLimits(), 2); // of another vhost, on the same loops
    RecordingWorker other("c");
    add(others, other, ".*[02468]");
    add(workers_, a_, ".*[05]");
    Topics of_five;
    Topics even;
    for (int round = 0; round < 2; ++round) {
        for (int number = 0; number < 5000; ++number) {
            const std::string topic = std::to_string(number);
            send(topic);
            others.dispatch_of_page(loops_[0], PageEvent::trigger, topic, [&] { return topic; });
            if (number % 5 == 0)
                of_five.push_back(topic);
            if (number % 2 == 0)
                even.push_back(topic);
        }
    }
    EXPECT_EQ(a_.topics, of_five);
    EXPECT_EQ(other.topics, even);
}

TEST_F(workers_of_pages, who_went_after_the_match_gets_nothing) {
    add(workers_, a_, "x");
    const auto match = workers_.match("x");
    workers_.remove(a_);
    EXPECT_EQ(workers_.dispatch(match, share("x")), Dispatch::lost);
    EXPECT_TRUE(a_.topics.empty());
}

} // namespace
