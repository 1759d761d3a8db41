// Who of the workers gets an event.
#include "hub/worker_pool.h"

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

void add(WorkerPools &pools, RecordingWorker &worker, const std::string &filter) {
    pools.add(worker, filter, filter.empty() ? nullptr : Pattern::compile(filter));
}

void dispatch(WorkerPools &pools, const Topics &topics) {
    for (const auto &topic : topics)
        pools.dispatch(topic, "{}");
}

TEST(worker_pool, members_take_turns) {
    WorkerPools pools;
    RecordingWorker a("a");
    RecordingWorker b("b");
    add(pools, a, "x.*");
    add(pools, b, "x.*");
    dispatch(pools, {"x1", "y", "x2", "x3", "x4"});
    EXPECT_EQ(a.topics, (Topics{"x1", "x3"}));
    EXPECT_EQ(b.topics, (Topics{"x2", "x4"}));
}

TEST(worker_pool, every_pool_gets_its_own) {
    WorkerPools pools;
    RecordingWorker everything("a");
    RecordingWorker some("b");
    add(pools, everything, "");
    add(pools, some, "x");
    dispatch(pools, {"x", "y"});
    EXPECT_EQ(everything.topics, (Topics{"x", "y"}));
    EXPECT_EQ(some.topics, Topics{"x"});
}

TEST(worker_pool, ids_count_the_events_that_somebody_got) {
    WorkerPools pools;
    RecordingWorker a("a");
    RecordingWorker b("b");
    add(pools, a, "x.*");
    add(pools, b, "x1|z");
    dispatch(pools, {"x1", "nobody", "x2", "z"});
    EXPECT_EQ(a.event_ids, (std::vector<std::uint64_t>{1, 2}));
    EXPECT_EQ(b.event_ids, (std::vector<std::uint64_t>{1, 3}));
}

TEST(worker_pool, turns_survive_a_member_that_leaves) {
    WorkerPools pools;
    RecordingWorker a("a");
    RecordingWorker b("b");
    RecordingWorker c("c");
    for (auto *worker : {&a, &b, &c})
        add(pools, *worker, "");
    dispatch(pools, {"1"});
    pools.remove(a);
    dispatch(pools, {"2", "3", "4"});
    EXPECT_EQ(b.topics, (Topics{"2", "4"}));
    EXPECT_EQ(c.topics, Topics{"3"});
    pools.remove(c);
    dispatch(pools, {"5"});
    EXPECT_EQ(b.topics.back(), "5");
}

TEST(worker_pool, who_cannot_take_an_event_leaves_it_to_the_next) {
    WorkerPools pools;
    RecordingWorker a("a");
    RecordingWorker b("b");
    for (auto *worker : {&a, &b})
        add(pools, *worker, "");
    a.ending = true;
    dispatch(pools, {"1", "2", "3"});
    EXPECT_EQ(b.topics, (Topics{"1", "2", "3"}));
    b.ending = true;
    dispatch(pools, {"nobody"});
    EXPECT_EQ(b.topics.size(), 3U);
}

TEST(worker_pool, an_event_is_encoded_once) {
    WorkerPools pools;
    RecordingWorker a("a");
    RecordingWorker b("b");
    add(pools, a, "");
    add(pools, b, "x");
    pools.dispatch("x", R"({"a":1})");
    EXPECT_EQ(a.chunk, b.chunk);
    EXPECT_EQ(*a.chunk, "1e\r\nid: 1\nevent: x\ndata: {\"a\":1}\n\n\r\n");
}

TEST(worker_pool, system_events_are_for_filters_that_spell_the_colon) {
    WorkerPools pools;
    RecordingWorker everything("a");
    RecordingWorker wildcard("b");
    RecordingWorker spelled("c");
    add(pools, everything, "");
    add(pools, wildcard, "room/.*");
    add(pools, spelled, "room/:(joined|left)");
    dispatch(pools, {"room/:joined", "room/hello", "room/:gap"});
    EXPECT_EQ(everything.topics, Topics{"room/hello"});
    EXPECT_EQ(wildcard.topics, Topics{"room/hello"});
    EXPECT_EQ(spelled.topics, Topics{"room/:joined"});
}

TEST(worker_pool, members_come_and_go) {
    WorkerPools pools;
    RecordingWorker b("b");
    RecordingWorker a("a");
    EXPECT_FALSE(pools.has_workers());
    add(pools, b, "x");
    add(pools, a, "");
    EXPECT_TRUE(pools.has_workers());
    ASSERT_EQ(pools.workers().size(), 2U);
    EXPECT_EQ(pools.workers()[0].id, "a");
    EXPECT_EQ(pools.workers()[1].filter, "x");
    pools.remove(a);
    pools.remove(a);
    pools.remove(b);
    EXPECT_FALSE(pools.has_workers());
    dispatch(pools, {"x"});
    EXPECT_TRUE(a.topics.empty());
}

TEST(worker_pool, dismissal) {
    WorkerPools pools;
    RecordingWorker a("a");
    RecordingWorker b("b");
    add(pools, a, "");
    add(pools, b, "x");
    pools.dismiss_all();
    EXPECT_TRUE(a.dismissed);
    EXPECT_TRUE(b.dismissed);
    EXPECT_FALSE(pools.has_workers());
}

TEST(worker_pool, says_what_became_of_an_event) {
    WorkerPools pools;
    EXPECT_EQ(pools.dispatch("x", "{}"), Dispatch::not_wanted);
    RecordingWorker a("a");
    RecordingWorker b("b");
    add(pools, a, "^x$");
    add(pools, b, "^[xy]$");
    EXPECT_EQ(pools.dispatch("x", "{}"), Dispatch::taken);
    EXPECT_EQ(pools.dispatch("z", "{}"), Dispatch::not_wanted);
    b.ending = true;
    EXPECT_EQ(pools.dispatch("x", "{}"), Dispatch::taken);
    EXPECT_EQ(pools.dispatch("y", "{}"), Dispatch::lost);
}

} // namespace
