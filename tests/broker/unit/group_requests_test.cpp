// What workers that acknowledge ask for, and what they read.
#include "api/backend_groups.h"
#include "worker/group_record.h"

#include <gtest/gtest.h>
#include <string>
#include <variant>

namespace {

using namespace webrocket;
using namespace webrocket::backend;

std::variant<GroupRequest, std::string> read(const std::string &query) {
    return read_group_request(query_parameters(query).value());
}

GroupRequest request(const std::string &query) { return std::get<GroupRequest>(read(query)); }

std::string complaint(const std::string &query) { return std::get<std::string>(read(query)); }

KeptEventPtr event(const std::string &ref) {
    return std::make_shared<const KeptEvent>(EventTexts{"t", "s", "u", "c", "127.0.0.1", ref}, 1234,
                                             share("event: t\ndata: {}\n\n"));
}

std::string fields(const StreamDelivery &delivery) {
    std::string out;
    append_group_fields(out, "e1", delivery);
    return out;
}

TEST(group_requests, ask_to_acknowledge) {
    EXPECT_TRUE(asks_to_acknowledge(query_parameters("ack=explicit").value()));
    EXPECT_FALSE(asks_to_acknowledge(query_parameters("ack=auto&group=g").value()));
    EXPECT_FALSE(asks_to_acknowledge({}));
}

TEST(group_requests, have_defaults) {
    const auto plain = request("group=g&worker=w");
    EXPECT_EQ(plain.group, "g");
    EXPECT_EQ(plain.member.name, "w");
    EXPECT_EQ(plain.member.window, 256U);
    EXPECT_EQ(plain.member.filter, "");
    EXPECT_EQ(plain.member.pattern, nullptr);
    EXPECT_FALSE(plain.member.order);
    EXPECT_FALSE(plain.member.resumed_stream);
}

TEST(group_requests, say_all) {
    const auto full =
        request("group=G.1&worker=a-b_c&filter=a/.*&window=10000&order=channel&resume=s&tag=7");
    EXPECT_EQ(full.member.window, 10000U);
    EXPECT_EQ(full.member.order, GroupOrder::channel);
    EXPECT_EQ(full.member.resumed_stream, "s");
    EXPECT_EQ(full.member.last_tag, 7U);
    ASSERT_NE(full.member.pattern, nullptr);
    EXPECT_TRUE(full.member.pattern->matches("a/b"));
}

TEST(group_requests, are_refused_with_what_is_wrong) {
    EXPECT_EQ(complaint("worker=w"), "group is missing");
    EXPECT_EQ(complaint("group=g"), "worker is missing");
    EXPECT_EQ(complaint("group=g%20&worker=w"),
              "group is not 1 to 64 of the characters A-Z a-z 0-9 _ . -");
    EXPECT_EQ(complaint("group=g&worker=w&window=0"), "window is not a number from 1 to 10000");
    EXPECT_EQ(complaint("group=g&worker=w&window=1x"), "window is not a number from 1 to 10000");
    EXPECT_EQ(complaint("group=g&worker=w&order=SID"), "order is none of none, sid, uid, channel");
    EXPECT_EQ(complaint("group=g&worker=w&filter=("), "filter is not a regular expression");
    EXPECT_EQ(complaint("group=g&worker=w&resume=s&tag=-1"), "tag is not a number");
}

TEST(group_requests, name_events) {
    const auto id = EventId::parse("abc-17");
    ASSERT_TRUE(id);
    EXPECT_EQ(id->epoch, "abc");
    EXPECT_EQ(id->sequence, 17U);
    EXPECT_EQ(id->text(), "abc-17");
    for (const auto *text : {"", "-", "abc", "abc-", "-1", "a b-1", "abc-1-2", "abc--1", "abc-x",
                             "abc-99999999999999999999", "123456789012345678901234567890123-1"})
        EXPECT_FALSE(EventId::parse(text)) << text;
}

TEST(group_records, of_an_event) {
    EXPECT_EQ(fields({17, 3, 1, event(""), {}, 0}), "id: e1-17\ntag: 3\ntime: 1234\n");
    EXPECT_EQ(fields({17, 4, 2, event("p.1"), {}, 0}),
              "id: e1-17\ntag: 4\nattempt: 2\nref: p.1\ntime: 1234\n");
}

TEST(group_records, of_a_gap) {
    EXPECT_EQ(fields({18, 5, 0, nullptr, R"({"count":null})", 99}),
              "id: e1-18\ntag: 5\ntime: 99\nevent: :gap\ndata: {\"count\":null}\n\n");
}

} // namespace
