// The settings of a group by their names: what is taken, what is refused and how, what is printed.
#include "store/group_settings.h"

#include <gtest/gtest.h>
#include <string>
#include <variant>

namespace {

using namespace std::chrono_literals;
using namespace webrocket;

GroupWish wish_of(std::string_view json) {
    auto parsed = parse_group_wish(json);
    if (const auto *complaint = std::get_if<std::string>(&parsed))
        ADD_FAILURE() << json << ": " << *complaint;
    return std::holds_alternative<GroupWish>(parsed) ? std::get<GroupWish>(parsed) : GroupWish();
}

std::string complaint_about(std::string_view json) {
    const auto parsed = parse_group_wish(json);
    return std::holds_alternative<std::string>(parsed) ? std::get<std::string>(parsed) : "";
}

GroupSettings settings_of(std::string_view json) {
    GroupSettings settings;
    wish_of(json).apply_to(settings);
    return settings;
}

TEST(group_settings, defaults_as_json) {
    EXPECT_EQ(group_settings_json({}),
              R"({"filter":null,"order":"none","lease_ms":10000,"ack_deadline_ms":60000,)"
              R"("max_deliver":5,"max_events":100000,"max_bytes":268435456,)"
              R"("max_age_ms":86400000,"overflow":"refuse","paused":false})");
}

TEST(group_settings, all_of_them_are_taken) {
    const auto settings =
        settings_of(R"({"filter":"a\"b","order":"channel","lease_ms":5000,"ack_deadline_ms":7000,)"
                    R"("max_deliver":2,"max_events":10,"max_bytes":70000,"max_age_ms":9000,)"
                    R"("overflow":"drop_oldest","paused":true})");
    GroupSettings expected;
    expected.filter = "a\"b";
    expected.order = GroupOrder::channel;
    expected.overflow = GroupOverflow::drop_oldest;
    expected.paused = true;
    expected.max_deliver = 2;
    expected.lease = 5s;
    expected.ack_deadline = 7s;
    expected.max_age = 9s;
    expected.max_events = 10;
    expected.max_bytes = 70000;
    EXPECT_TRUE(settings == expected) << group_settings_json(settings);
}

TEST(group_settings, what_is_printed_is_taken_again) {
    GroupSettings settings;
    settings.filter = "room/.*";
    settings.order = GroupOrder::uid;
    settings.paused = true;
    settings.max_age = 3h;
    EXPECT_TRUE(settings_of(group_settings_json(settings)) == settings);
}

TEST(group_settings, what_is_not_named_stays) {
    GroupSettings settings;
    settings.filter = "a";
    settings.max_deliver = 7;
    settings.paused = true;
    GroupSettings expected = settings;
    for (const auto *json : {"", "{}", R"({"max_events":50})"})
        wish_of(json).apply_to(settings);
    expected.max_events = 50;
    EXPECT_TRUE(settings == expected) << group_settings_json(settings);
}

TEST(group_settings, a_filter_may_be_taken_away) {
    for (const auto *json : {R"({"filter":null})", R"({"filter":""})"}) {
        GroupSettings settings;
        settings.filter = "a";
        wish_of(json).apply_to(settings);
        EXPECT_EQ(settings.filter, "") << json;
    }
}

TEST(group_settings, both_ends_of_a_range_are_taken_and_no_more) {
    for (const auto &setting : group_setting_table()) {
        if (!setting.words.empty())
            continue;
        const auto with = [&setting](std::int64_t value) {
            return "{\"" + std::string(setting.name) + "\":" + std::to_string(value) + "}";
        };
        const std::string complaint = std::string(setting.name) + " is not a number from " +
                                      std::to_string(setting.min) + " to " +
                                      std::to_string(setting.max);
        EXPECT_EQ(complaint_about(with(setting.min)), "");
        EXPECT_EQ(complaint_about(with(setting.max)), "");
        EXPECT_EQ(complaint_about(with(setting.min - 1)), complaint);
        EXPECT_EQ(complaint_about(with(setting.max + 1)), complaint);
        GroupSettings settings;
        setting.set(settings, setting.max);
        EXPECT_EQ(setting.get(settings), setting.max) << setting.name;
    }
}

TEST(group_settings, what_is_no_value_is_named) {
    EXPECT_EQ(complaint_about(R"({"lease":1})"),
              R"("lease" is none of filter, order, lease_ms, ack_deadline_ms, max_deliver, )"
              "max_events, max_bytes, max_age_ms, overflow, paused");
    EXPECT_EQ(complaint_about(R"({"a\nb\"":1})").substr(0, 15), R"("a\u000ab\"" is)");
    EXPECT_EQ(complaint_about("{\"" + std::string(65, 'x') + "\":1}").substr(0, 42),
              "a member whose name has 65 bytes is none o");
    EXPECT_EQ(complaint_about(R"({"order":"key"})"), "order is none of none, sid, uid, channel");
    EXPECT_EQ(complaint_about(R"({"order":1})"), "order is none of none, sid, uid, channel");
    EXPECT_EQ(complaint_about(R"({"overflow":"drop"})"), "overflow is none of refuse, drop_oldest");
    EXPECT_EQ(complaint_about(R"({"filter":["a"]})"), "filter is neither a text nor null");
    EXPECT_EQ(complaint_about(R"({"filter":"("})"), "filter is not a regular expression");
    for (const auto *value : {"1", "0", "\"true\"", "null"})
        EXPECT_EQ(complaint_about(std::string(R"({"paused":)") + value + "}"),
                  "paused is neither true nor false");
    for (const auto *value :
         {"\"5\"", "5.0", "5e0", "-5", "null", "true", "[5]", "1e400", "99999999999999999999"})
        EXPECT_EQ(complaint_about(std::string(R"({"max_deliver":)") + value + "}"),
                  "max_deliver is not a number from 1 to 100")
            << value;
    for (const auto *json : {"[]", "{", "null", "x", "{}{}"})
        EXPECT_EQ(complaint_about(json), "the body is not a JSON object") << json;
}

TEST(group_settings, words_of_a_command_line) {
    const auto json = [](std::string_view name, std::string_view text) {
        return find_group_setting(name)->json(text).value_or("none");
    };
    EXPECT_EQ(json("order", "sid"), R"("sid")");
    EXPECT_EQ(json("paused", "true"), "true");
    EXPECT_EQ(json("max_events", "5"), "5");
    EXPECT_EQ(json("max_events", "05"), "5");
    for (const auto *text : {"", "x", "5 ", "5}", "1.5"})
        EXPECT_EQ(json("max_events", text), "none") << text;
    EXPECT_EQ(json("paused", "yes"), "none");
    EXPECT_EQ(find_group_setting("filter"), nullptr);
    EXPECT_EQ(find_group_setting("lease"), nullptr);
}

TEST(group_settings, a_wish_as_it_is_logged) {
    EXPECT_EQ(wish_of("{}").text(), "");
    EXPECT_EQ(wish_of(R"({"paused":true,"filter":"a\nb","order":"sid","lease_ms":5000})").text(),
              R"(filter="a\u000ab" order=sid lease_ms=5000 paused=true)");
    EXPECT_EQ(wish_of(R"({"filter":null})").text(), "filter=null");
}

TEST(group_settings, the_order_that_is_wanted) {
    EXPECT_FALSE(wish_of("{}").order());
    EXPECT_EQ(wish_of(R"({"order":"none"})").order(), GroupOrder::none);
    EXPECT_EQ(wish_of(R"({"order":"uid"})").order(), GroupOrder::uid);
}

} // namespace
