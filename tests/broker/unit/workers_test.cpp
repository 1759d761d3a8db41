// Who of the workers gets an event.
#include "hub/workers.h"

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
    bool deliver(const WorkerEvent &event) override {
        if (ending)
            return false;
        topics.emplace_back(event.topic());
        event_ids.push_back(event.id());
        chunk = event.chunk();
        return true;
    }
    void dismiss() override { dismissed = true; }

    Topics topics;
    std::vector<std::uint64_t> event_ids;
    webrocket::SharedBytes chunk;
    bool ending = false;
    bool dismissed = false;

  private:
    std::string id_;
    std::string name_;
};

void add(Workers &workers, RecordingWorker &worker, const std::string &filter) {
    workers.add(worker, filter, filter.empty() ? nullptr : Pattern::compile(filter));
}

void dispatch(Workers &workers, const Topics &topics) {
    for (const auto &topic : topics)
        workers.dispatch(topic, "{}");
}

TEST(workers, members_take_turns) {
    Workers workers{WorkerLimits()};
    RecordingWorker a("a");
    RecordingWorker b("b");
    add(workers, a, "x.*");
    add(workers, b, "x.*");
    dispatch(workers, {"x1", "y", "x2", "x3", "x4"});
    EXPECT_EQ(a.topics, (Topics{"x1", "x3"}));
    EXPECT_EQ(b.topics, (Topics{"x2", "x4"}));
}

TEST(workers, every_pool_gets_its_own) {
    Workers workers{WorkerLimits()};
    RecordingWorker everything("a");
    RecordingWorker some("b");
    add(workers, everything, "");
    add(workers, some, "x");
    dispatch(workers, {"x", "y"});
    EXPECT_EQ(everything.topics, (Topics{"x", "y"}));
    EXPECT_EQ(some.topics, Topics{"x"});
}

TEST(workers, ids_count_the_events_that_somebody_got) {
    Workers workers{WorkerLimits()};
    RecordingWorker a("a");
    RecordingWorker b("b");
    add(workers, a, "x.*");
    add(workers, b, "x1|z");
    dispatch(workers, {"x1", "nobody", "x2", "z"});
    EXPECT_EQ(a.event_ids, (std::vector<std::uint64_t>{1, 2}));
    EXPECT_EQ(b.event_ids, (std::vector<std::uint64_t>{1, 3}));
}

TEST(workers, turns_survive_a_member_that_leaves) {
    Workers workers{WorkerLimits()};
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
    Workers workers{WorkerLimits()};
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

TEST(workers, an_event_is_encoded_once) {
    Workers workers{WorkerLimits()};
    RecordingWorker a("a");
    RecordingWorker b("b");
    add(workers, a, "");
    add(workers, b, "x");
    workers.dispatch("x", R"({"a":1})");
    EXPECT_EQ(a.chunk, b.chunk);
    EXPECT_EQ(*a.chunk, "1e\r\nid: 1\nevent: x\ndata: {\"a\":1}\n\n\r\n");
}

TEST(workers, system_events_are_for_filters_that_spell_the_colon) {
    Workers workers{WorkerLimits()};
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
    Workers workers{WorkerLimits()};
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
    Workers workers{WorkerLimits()};
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
    Workers workers{WorkerLimits()};
    EXPECT_EQ(workers.dispatch("x", "{}"), Dispatch::not_wanted);
    RecordingWorker a("a");
    RecordingWorker b("b");
    add(workers, a, "^x$");
    add(workers, b, "^[xy]$");
    EXPECT_EQ(workers.dispatch("x", "{}"), Dispatch::taken);
    EXPECT_EQ(workers.dispatch("z", "{}"), Dispatch::not_wanted);
    b.ending = true;
    EXPECT_EQ(workers.dispatch("x", "{}"), Dispatch::taken);
    EXPECT_EQ(workers.dispatch("y", "{}"), Dispatch::lost);
}

} // namespace
