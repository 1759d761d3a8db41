// Changes: stored first, in order, together where they may be, and not at all when that fails.
#include "store/change_writer.h"
#include "store/store.h"

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

} // namespace
