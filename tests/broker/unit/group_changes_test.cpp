// Changes of groups, carried out: what is stored, and what whoever has the groups is told of it.
#include "store/change_writer.h"
#include "store/group_store.h"
#include "store/sqlite_store.h"

#include <cstdlib>
#include <filesystem>
#include <future>
#include <gtest/gtest.h>
#include <memory>
#include <string>
#include <vector>

namespace {

using namespace webrocket;
using Kind = Change::Kind;

class Groups final : public ChangeTarget {
  public:
    Outcome obstacle(const Change &, std::size_t) const override { return answer; }
    void apply(const Change &change, const std::string &) override { applied.push_back(change); }
    void record(const Change &, Outcome) override {}

    Outcome answer = Outcome::done;
    std::vector<Change> applied;
};

class GroupChanges : public testing::Test {
  protected:
    GroupChanges() {
        std::string name = (std::filesystem::temp_directory_path() / "changes-XXXXXX").string();
        directory_ = ::mkdtemp(name.data());
        store_ = std::make_unique<SqliteStore>(directory_ / "node.db");
        store_->add_vhost("/moon", std::string(40, 'a'));
        writer_ = std::make_unique<ChangeWriter>(*store_, groups_);
    }
    ~GroupChanges() override {
        writer_.reset();
        store_.reset();
        std::filesystem::remove_all(directory_);
    }

    Outcome change(Kind kind, std::string_view wanted = {}) {
        std::promise<Outcome> told;
        Change change{kind, "/moon", {}};
        change.group.name = "mail";
        change.group.wish = std::get<GroupWish>(parse_group_wish(wanted));
        writer_->submit(std::move(change), [&told](Outcome outcome) { told.set_value(outcome); });
        return told.get_future().get();
    }
    std::optional<StoredGroup> stored() { return store_->groups().find_group("/moon", "mail"); }

    Groups groups_;
    std::unique_ptr<SqliteStore> store_;

  private:
    std::filesystem::path directory_;
    std::unique_ptr<ChangeWriter> writer_;
};

TEST_F(GroupChanges, one_is_made) {
    EXPECT_EQ(change(Kind::put_group, R"({"order":"sid","max_deliver":2})"), Outcome::done);
    const auto &made = groups_.applied.at(0).group;
    EXPECT_TRUE(made.is_new);
    EXPECT_GT(made.stored.number, 0U);
    EXPECT_EQ(made.stored.vhost, "/moon");
    EXPECT_EQ(made.stored.name, "mail");
    EXPECT_EQ(made.stored.settings.order, GroupOrder::sid);
    EXPECT_EQ(made.stored.settings.max_deliver, 2U);
    EXPECT_EQ(stored()->number, made.stored.number);
    EXPECT_TRUE(stored()->settings == made.stored.settings);
}

TEST_F(GroupChanges, what_is_not_named_stays) {
    change(Kind::add_group, R"({"order":"sid"})");
    change(Kind::put_group, R"({"paused":true})");
    const auto &changed = groups_.applied.at(1).group;
    EXPECT_FALSE(changed.is_new);
    EXPECT_EQ(changed.stored.number, groups_.applied.at(0).group.stored.number);
    EXPECT_EQ(changed.stored.settings.order, GroupOrder::sid);
    EXPECT_TRUE(changed.stored.settings.paused);
    EXPECT_TRUE(stored()->settings == changed.stored.settings);
}

TEST_F(GroupChanges, a_filter_takes_the_place_of_those_of_members) {
    change(Kind::add_group);
    store_->groups().set_last_filters(stored()->number, {"x"});
    change(Kind::put_group, R"({"paused":true})");
    EXPECT_EQ(stored()->last_filters, std::vector<std::string>{"x"});
    change(Kind::put_group, R"({"filter":"y"})");
    EXPECT_EQ(stored()->settings.filter, "y");
    EXPECT_TRUE(stored()->last_filters.empty());
    EXPECT_TRUE(groups_.applied.back().group.stored.last_filters.empty());
}

TEST_F(GroupChanges, one_goes) {
    change(Kind::add_group);
    const auto number = stored()->number;
    EXPECT_EQ(change(Kind::remove_group), Outcome::done);
    EXPECT_EQ(groups_.applied.back().group.stored.number, number);
    EXPECT_FALSE(stored());
    change(Kind::add_group);
    EXPECT_NE(stored()->number, number);
}

TEST_F(GroupChanges, what_is_in_the_way_stores_nothing) {
    groups_.answer = Outcome::too_many_groups;
    EXPECT_EQ(change(Kind::put_group), Outcome::too_many_groups);
    EXPECT_FALSE(stored());
    EXPECT_TRUE(groups_.applied.empty());
}

} // namespace
