// Changes: stored first, in order, together where they may be, and not at all when that fails.
#include "store/change_writer.h"
#include "store/store.h"

#include <functional>
#include <future>
#include <gtest/gtest.h>
#include <new>
#include <set>
#include <string>
#include <vector>

namespace {

using namespace webrocket;
using Kind = Change::Kind;

// Takes down what it is told; a transaction of `failing` commits fails.
class RecordingStore final : public Store {
  public:
    void begin() override { ++transactions; }
    void commit() override {
        if (failing)
            throw StoreError("the disk is full");
    }
    void roll_back() noexcept override { ++rolled_back; }
    std::vector<StoredVhost> load() override { return {}; }
    void add_vhost(std::string_view path, std::string_view) override { note("+", path); }
    void remove_vhost(std::string_view path) override { note("-", path); }
    void remove_all_vhosts() override { note("--", ""); }
    void set_access_token(std::string_view path, std::string_view token) override {
        note("token of ", path);
        token_length = token.size();
    }
    void add_channel(std::string_view, std::string_view name) override { note("open ", name); }
    void remove_channel(std::string_view, std::string_view name) override { note("close ", name); }
    void remove_all_channels(std::string_view vhost) override { note("close all of ", vhost); }
    GroupStore &groups() override { throw StoreError("there are no groups"); }

    std::vector<std::string> notes;
    int transactions = 0;
    int rolled_back = 0;
    std::size_t token_length = 0;
    bool failing = false;

  private:
    void note(std::string_view what, std::string_view whom) {
        notes.push_back(std::string(what).append(whom));
    }
};

class Channels final : public ChangeTarget {
  public:
    Outcome obstacle(const Change &change, std::size_t opening) const override {
        if (change.kind == Kind::open_channel && open.contains(change.channel))
            return Outcome::channel_exists;
        if (change.kind == Kind::open_channel && open.size() + opening >= room)
            return Outcome::too_many_channels;
        if (change.kind == Kind::close_channel && !open.contains(change.channel))
            return Outcome::no_channel;
        return Outcome::done;
    }
    void record(const Change &, Outcome) override {}
    void apply(const Change &change, const std::string &) override {
        if (change.kind == Kind::open_channel)
            open.insert(change.channel);
        if (change.kind == Kind::close_channel)
            open.erase(change.channel);
    }

    std::set<std::string> open;
    std::size_t room = 100;
};

struct Submitted {
    explicit Submitted(Kind kind, std::string channel = {})
        : change{kind, "/v", std::move(channel)} {}
    Change change;
};

// Holds the writer at a first change while the others are submitted, so that they come at once.
std::vector<Outcome> outcomes(RecordingStore &store, Channels &channels,
                              const std::vector<Submitted> &all) {
    std::vector<Outcome> results(all.size());
    std::promise<void> everything_is_there;
    {
        ChangeWriter writer(store, channels);
        writer.submit({Kind::renew_access_token, "/v", {}},
                      [gate = everything_is_there.get_future().share()](Outcome) { gate.wait(); });
        for (std::size_t i = 0; i < all.size(); ++i)
            writer.submit(all[i].change, [&results, i](Outcome outcome) { results[i] = outcome; });
        everything_is_there.set_value();
    }
    return results;
}

TEST(change_writer, different_channels_share_a_transaction) {
    RecordingStore store;
    Channels channels;
    const auto results =
        outcomes(store, channels,
                 {Submitted(Kind::open_channel, "a"), Submitted(Kind::open_channel, "b"),
                  Submitted(Kind::open_channel, "c")});
    EXPECT_EQ(results, (std::vector{Outcome::done, Outcome::done, Outcome::done}));
    EXPECT_EQ(store.transactions, 2);
    EXPECT_EQ(store.token_length, 40U);
    EXPECT_EQ(channels.open.size(), 3U);
}

TEST(change_writer, changes_of_one_channel_see_each_other) {
    RecordingStore store;
    Channels channels;
    const auto results =
        outcomes(store, channels,
                 {Submitted(Kind::open_channel, "a"), Submitted(Kind::open_channel, "a"),
                  Submitted(Kind::close_channel, "a"), Submitted(Kind::close_channel, "a")});
    EXPECT_EQ(results, (std::vector{Outcome::done, Outcome::channel_exists, Outcome::done,
                                    Outcome::no_channel}));
    EXPECT_TRUE(channels.open.empty());
}

TEST(change_writer, a_limit_holds_within_a_transaction) {
    RecordingStore store;
    Channels channels;
    channels.room = 1;
    const auto results = outcomes(
        store, channels, {Submitted(Kind::open_channel, "a"), Submitted(Kind::open_channel, "b")});
    EXPECT_EQ(results, (std::vector{Outcome::done, Outcome::too_many_channels}));
}

TEST(change_writer, an_answer_that_could_not_be_given_is_given_again) {
    RecordingStore store;
    Channels channels;
    std::vector<Outcome> told;
    {
        ChangeWriter writer(store, channels);
        writer.submit({Kind::open_channel, "/v", "a"}, [&told](Outcome outcome) {
            told.push_back(outcome);
            if (told.size() == 1)
                throw std::bad_alloc();
        });
    }
    EXPECT_EQ(told, (std::vector{Outcome::done, Outcome::done}));
    EXPECT_TRUE(channels.open.contains("a"));
}

TEST(change_writer, what_is_not_stored_has_not_happened) {
    RecordingStore store;
    store.failing = true;
    Channels channels;
    const auto results = outcomes(
        store, channels, {Submitted(Kind::open_channel, "a"), Submitted(Kind::close_channel, "b")});
    EXPECT_EQ(results, (std::vector{Outcome::not_stored, Outcome::no_channel}));
    EXPECT_TRUE(channels.open.empty());
    EXPECT_EQ(store.rolled_back, store.transactions);
}

// Work and changes that are there at once, in this order; what each came to.
struct Work {
    std::function<void(Store &)> carry_out;
    std::vector<bool> told = {};
};

void submit_together(RecordingStore &store, std::vector<Work> &all,
                     const std::vector<Submitted> &changes = {}) {
    Channels channels;
    std::promise<void> everything_is_there;
    ChangeWriter writer(store, channels);
    writer.submit({Kind::renew_access_token, "/v", {}},
                  [gate = everything_is_there.get_future().share()](Outcome) { gate.wait(); });
    for (auto &work : all)
        writer.submit({work.carry_out, [&work](bool stored) { work.told.push_back(stored); }});
    for (const auto &change : changes)
        writer.submit(change.change, [](Outcome) {});
    everything_is_there.set_value();
}

TEST(change_writer, work_shares_a_transaction) {
    RecordingStore store;
    std::vector<Work> all(3, {[](Store &to) { to.add_channel("/v", "work"); }});
    submit_together(store, all, {Submitted(Kind::open_channel, "a")});
    EXPECT_EQ(store.transactions, 3); // the one that held it, the work, the change
    EXPECT_EQ(store.notes, (std::vector<std::string>{"token of /v", "open work", "open work",
                                                     "open work", "open a"}));
    for (const auto &work : all)
        EXPECT_EQ(work.told, std::vector{true});
}

TEST(change_writer, work_that_fails_leaves_that_of_others) {
    RecordingStore store;
    const auto good = [](Store &to) { to.add_channel("/v", "work"); };
    std::vector<Work> all = {{good}, {[](Store &) { throw StoreError("no"); }}, {good}};
    submit_together(store, all);
    EXPECT_EQ(all[0].told, std::vector{true});
    EXPECT_EQ(all[1].told, std::vector{false});
    EXPECT_EQ(all[2].told, std::vector{true});
    EXPECT_EQ(store.rolled_back, 2); // together, and alone
}

TEST(change_writer, work_is_told_that_it_is_not_stored) {
    RecordingStore store;
    store.failing = true;
    std::vector<Work> all(2, {[](Store &) {}});
    submit_together(store, all);
    for (const auto &work : all)
        EXPECT_EQ(work.told, std::vector{false});
}

TEST(change_writer, work_without_memory_is_told_so) {
    RecordingStore store;
    std::vector<Work> all = {{[](Store &) { throw std::bad_alloc(); }}, {[](Store &) {}}};
    submit_together(store, all);
    for (const auto &work : all)
        EXPECT_EQ(work.told, std::vector{false});
}

} // namespace
