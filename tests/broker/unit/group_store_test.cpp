// Groups and their dead letters in SQLite: what comes back, in which order, how many, what goes.
#include "store/group_store.h"
#include "store/sqlite_store.h"

#include <cstdlib>
#include <filesystem>
#include <gtest/gtest.h>
#include <memory>
#include <string>
#include <vector>

namespace {

using namespace std::chrono_literals;
using namespace webrocket;

class GroupStoreTest : public testing::Test {
  protected:
    GroupStoreTest() {
        std::string name = (std::filesystem::temp_directory_path() / "groups-XXXXXX").string();
        directory_ = ::mkdtemp(name.data());
        reopen();
        store().add_vhost("/moon", std::string(40, 'a'));
        store().add_vhost("/sun", std::string(40, 'b'));
    }
    ~GroupStoreTest() override {
        store_.reset();
        std::filesystem::remove_all(directory_);
    }

    Store &store() { return *store_; }
    GroupStore &groups() { return store_->groups(); }
    void reopen() {
        store_.reset();
        store_ = std::make_unique<SqliteStore>(directory_ / "node.db", bounds);
    }

    StoredGroup add(const std::string &vhost, const std::string &name) {
        StoredGroup group;
        group.vhost = vhost;
        group.name = name;
        groups().put_group(group);
        return group;
    }
    static StoredDeadLetter letter(const StoredGroup &group, std::uint64_t sequence,
                                   std::string record = "event: e\ndata: {}\n\n") {
        StoredDeadLetter dead;
        dead.group = group.number;
        dead.epoch = "e1";
        dead.sequence = sequence;
        dead.attempt = 5;
        dead.reason = "nack";
        dead.time_ms = 1000;
        dead.dead_ms = 2000;
        dead.topic = "orders/new";
        dead.sid = "s";
        dead.has_uid = true;
        dead.uid = "neil";
        dead.channel = "room";
        dead.address = "192.0.2.7";
        dead.ref = "p.1";
        dead.record = std::move(record);
        return dead;
    }
    std::vector<std::uint64_t> sequences(const StoredGroup &group, std::uint64_t after = 0,
                                         std::size_t count = 100, std::uint64_t bytes = 1 << 20) {
        std::vector<std::uint64_t> all;
        for (const auto &dead : groups().dead_letters(group.number, after, count, bytes))
            all.push_back(dead.sequence);
        return all;
    }

    static constexpr DeadLetterTotals bounds{50, 100'000};

  private:
    std::filesystem::path directory_;
    std::unique_ptr<SqliteStore> store_;
};

using Numbers = std::vector<std::uint64_t>;

TEST_F(GroupStoreTest, a_group_comes_back_as_it_was) {
    auto group = add("/moon", "mail");
    group.settings.filter = "a\nb\"'";
    group.settings.order = GroupOrder::channel;
    group.settings.overflow = GroupOverflow::drop_oldest;
    group.settings.paused = true;
    group.settings.max_deliver = 3;
    group.settings.lease = 4s;
    group.settings.ack_deadline = 5s;
    group.settings.max_age = 6s;
    group.settings.max_events = 70;
    group.settings.max_bytes = 80000;
    groups().put_group(group);
    groups().set_last_filters(group.number, {"x", "", "y"});
    groups().set_without_member_since(group.number, 1764450000123);
    add("/sun", "mail");
    reopen();
    const auto all = groups().load_groups();
    ASSERT_EQ(all.size(), 2U);
    EXPECT_EQ(all[0].number, group.number);
    EXPECT_EQ(all[0].vhost, "/moon");
    EXPECT_EQ(all[0].name, "mail");
    EXPECT_TRUE(all[0].settings == group.settings);
    EXPECT_EQ(all[0].last_filters, (std::vector<std::string>{"", "x", "y"}));
    EXPECT_EQ(all[0].without_member_since_ms, 1764450000123);
    EXPECT_EQ(all[1].vhost, "/sun");
    EXPECT_TRUE(all[1].settings == GroupSettings());
    EXPECT_EQ(groups().find_group("/sun", "mail")->number, all[1].number);
    EXPECT_FALSE(groups().find_group("/sun", "other"));
}

TEST_F(GroupStoreTest, new_settings_leave_the_notes_of_a_group) {
    auto group = add("/moon", "mail");
    groups().set_last_filters(group.number, {"x"});
    groups().set_without_member_since(group.number, 5);
    group.settings.paused = true;
    groups().put_group(group);
    const auto found = groups().find_group("/moon", "mail");
    EXPECT_EQ(found->last_filters, std::vector<std::string>{"x"});
    EXPECT_EQ(found->without_member_since_ms, 5);
    groups().set_last_filters(group.number, {});
    EXPECT_TRUE(groups().find_group("/moon", "mail")->last_filters.empty());
}

TEST_F(GroupStoreTest, a_number_is_not_used_again) {
    const auto first = add("/moon", "a").number;
    const auto second = add("/moon", "b").number;
    EXPECT_GT(second, first);
    groups().remove_group(second);
    reopen();
    const auto third = add("/moon", "b").number;
    EXPECT_GT(third, second);
    groups().skip_numbers(first);
    groups().skip_numbers(100);
    reopen();
    EXPECT_EQ(add("/moon", "c").number, 101U);
    groups().skip_numbers(4294967295U);
    EXPECT_THROW(add("/moon", "d"), StoreError);
}

TEST_F(GroupStoreTest, two_of_one_name_there_are_not) {
    add("/moon", "a");
    EXPECT_THROW(add("/moon", "a"), StoreError);
    EXPECT_THROW(add("/mars", "a"), StoreError); // there is no such vhost
}

TEST_F(GroupStoreTest, a_vhost_takes_its_groups_along) {
    const auto moon = add("/moon", "a");
    const auto sun = add("/sun", "a");
    groups().add_dead_letter(letter(moon, 1));
    groups().set_last_filters(moon.number, {"x"});
    groups().add_dead_letter(letter(sun, 1));
    store().remove_vhost("/moon");
    ASSERT_EQ(groups().load_groups().size(), 1U);
    EXPECT_TRUE(groups().dead_letters(moon.number, 0, 10, 1000).empty());
    EXPECT_EQ(sequences(sun), Numbers{1});
    store().remove_all_vhosts();
    EXPECT_TRUE(groups().load_groups().empty());
    EXPECT_TRUE(sequences(sun).empty());
}

TEST_F(GroupStoreTest, a_dead_letter_comes_back_as_it_was) {
    const auto group = add("/moon", "a");
    auto dead = letter(group, 18446744073709551615U);
    EXPECT_EQ(groups().add_dead_letter(dead), 0U);
    auto nobodys = letter(group, 2);
    nobodys.has_uid = false;
    nobodys.uid.clear();
    groups().add_dead_letter(nobodys);
    reopen();
    const auto found = groups().find_dead_letter(group.number, "e1", dead.sequence);
    ASSERT_TRUE(found);
    EXPECT_GT(found->place, 0U);
    EXPECT_EQ(found->group, group.number);
    EXPECT_EQ(found->epoch, "e1");
    EXPECT_EQ(found->sequence, dead.sequence);
    EXPECT_EQ(found->attempt, 5U);
    EXPECT_EQ(found->reason, "nack");
    EXPECT_EQ(found->time_ms, 1000);
    EXPECT_EQ(found->dead_ms, 2000);
    EXPECT_EQ(found->topic, "orders/new");
    EXPECT_EQ(found->sid, "s");
    EXPECT_TRUE(found->has_uid);
    EXPECT_EQ(found->uid, "neil");
    EXPECT_EQ(found->channel, "room");
    EXPECT_EQ(found->address, "192.0.2.7");
    EXPECT_EQ(found->ref, "p.1");
    EXPECT_EQ(found->record, dead.record);
    EXPECT_FALSE(groups().find_dead_letter(group.number, "e1", 2)->has_uid);
    EXPECT_FALSE(groups().find_dead_letter(group.number, "e2", 2));
    EXPECT_FALSE(groups().find_dead_letter(group.number + 1, "e1", 2));
}

TEST_F(GroupStoreTest, they_are_listed_a_page_at_a_time) {
    const auto group = add("/moon", "a");
    const auto other = add("/moon", "b");
    for (const std::uint64_t sequence : {5, 3, 9, 1}) {
        groups().add_dead_letter(letter(group, sequence));
        groups().add_dead_letter(letter(other, sequence + 1));
    }
    EXPECT_EQ(sequences(group), (Numbers{5, 3, 9, 1}));
    const auto page = groups().dead_letters(group.number, 0, 2, 1 << 20);
    ASSERT_EQ(page.size(), 2U);
    EXPECT_EQ(sequences(group, page.back().place), (Numbers{9, 1}));
    EXPECT_EQ(sequences(group, 0, 0), Numbers{});
    // As many as fit, and one where even that is too large.
    EXPECT_EQ(sequences(group, 0, 100, 1), Numbers{5});
    EXPECT_EQ(sequences(group, 0, 100, 2 * page.front().record.size()), (Numbers{5, 3}));
}

TEST_F(GroupStoreTest, one_that_dies_again_takes_its_own_place) {
    const auto group = add("/moon", "a");
    groups().add_dead_letter(letter(group, 1));
    groups().add_dead_letter(letter(group, 2));
    const auto old = *groups().find_dead_letter(group.number, "e1", 1);
    auto again = letter(group, 1, "longer than it was before, which counts");
    again.attempt = 10;
    EXPECT_EQ(groups().add_dead_letter(again), 0U);
    EXPECT_EQ(sequences(group), (Numbers{2, 1}));
    EXPECT_EQ(groups().find_dead_letter(group.number, "e1", 1)->attempt, 10U);
    EXPECT_EQ(groups().dead_letter_totals(group.number),
              (DeadLetterTotals{2, letter(group, 2).record.size() + again.record.size()}));
    // Whoever wanted the old one to go has not meant this one.
    EXPECT_FALSE(groups().remove_dead_letter(group.number, old.place));
    EXPECT_EQ(sequences(group), (Numbers{2, 1}));
}

TEST_F(GroupStoreTest, they_go_one_by_one_and_all_together) {
    const auto group = add("/moon", "a");
    const auto other = add("/moon", "b");
    for (std::uint64_t sequence = 1; sequence <= 4; ++sequence)
        groups().add_dead_letter(letter(group, sequence));
    groups().add_dead_letter(letter(other, 1));
    const auto second = groups().find_dead_letter(group.number, "e1", 2)->place;
    EXPECT_FALSE(groups().remove_dead_letter(other.number, second));
    EXPECT_TRUE(groups().remove_dead_letter(group.number, second));
    EXPECT_FALSE(groups().remove_dead_letter(group.number, second));
    EXPECT_EQ(sequences(group), (Numbers{1, 3, 4}));
    EXPECT_EQ(groups().remove_dead_letters(group.number), 3U);
    EXPECT_EQ(groups().remove_dead_letters(group.number), 0U);
    EXPECT_EQ(groups().dead_letter_totals(group.number), DeadLetterTotals());
    EXPECT_EQ(sequences(other), Numbers{1});
}

TEST_F(GroupStoreTest, of_too_many_the_oldest_go) {
    const auto group = add("/moon", "a");
    store().begin();
    for (std::uint64_t sequence = 1; sequence <= bounds.count; ++sequence)
        EXPECT_EQ(groups().add_dead_letter(letter(group, sequence)), 0U);
    store().commit();
    reopen();
    EXPECT_EQ(groups().dead_letter_totals(group.number).count, bounds.count);
    EXPECT_EQ(groups().add_dead_letter(letter(group, 20000)), 1U);
    EXPECT_EQ(groups().dead_letter_totals(group.number).count, bounds.count);
    EXPECT_EQ(sequences(group, 0, 1), Numbers{2});
}

TEST_F(GroupStoreTest, of_too_large_ones_the_oldest_go) {
    const auto group = add("/moon", "a");
    const std::string large(bounds.bytes / 4, 'x');
    for (std::uint64_t sequence = 1; sequence <= 4; ++sequence)
        EXPECT_EQ(groups().add_dead_letter(letter(group, sequence, large)), 0U);
    EXPECT_EQ(groups().add_dead_letter(letter(group, 5, large + "x")), 2U);
    EXPECT_EQ(sequences(group, 0, 100, bounds.bytes), (Numbers{3, 4, 5}));
}

TEST_F(GroupStoreTest, what_is_undone_is_not_counted) {
    const auto group = add("/moon", "a");
    groups().add_dead_letter(letter(group, 1));
    store().begin();
    groups().add_dead_letter(letter(group, 2));
    store().roll_back();
    EXPECT_EQ(groups().dead_letter_totals(group.number).count, 1U);
    EXPECT_EQ(sequences(group), Numbers{1});
}

TEST_F(GroupStoreTest, of_a_group_that_is_gone_nothing_is_kept) {
    const auto group = add("/moon", "a");
    groups().remove_group(group.number);
    EXPECT_EQ(groups().add_dead_letter(letter(group, 1)), 0U);
    EXPECT_EQ(groups().dead_letter_totals(group.number), DeadLetterTotals());
    groups().set_without_member_since(group.number, 7);
    groups().set_last_filters(group.number, {"x"});
    EXPECT_TRUE(groups().load_groups().empty());
}

} // namespace
