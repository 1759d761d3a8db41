// How much is told of what is refused.
#include "net/refusals.h"

#include <gtest/gtest.h>
#include <set>
#include <string>

namespace {

using webrocket::ClientAddress;
using webrocket::Port;
using webrocket::RefusalReason;
using webrocket::Refusals;

ClientAddress address(std::string_view text) { return ClientAddress::parse(text).value(); }
ClientAddress numbered(std::size_t number) {
    return address("10." + std::to_string(number >> 16 & 255) + "." +
                   std::to_string(number >> 8 & 255) + "." + std::to_string(number & 255));
}

bool is_news(Refusals &refusals, RefusalReason reason, const ClientAddress &from) {
    return refusals.note(Port::service, reason, from) == spdlog::level::info;
}

TEST(refusals, reasons_have_names_that_differ) {
    std::set<std::string_view> names;
    for (const auto &kind : webrocket::refusal_kinds)
        names.insert(kind.name);
    EXPECT_EQ(names.size(), webrocket::refusal_count);
    EXPECT_EQ(kind_of(RefusalReason::page_channel_not_found).name, "page_454");
    EXPECT_EQ(kind_of(RefusalReason::origin).name, "origin");
}

TEST(refusals, of_one_address_are_one_line_and_a_summary_a_minute) {
    Refusals refusals;
    EXPECT_TRUE(is_news(refusals, RefusalReason::wrong_token, address("192.0.2.1")));
    for (int i = 0; i < 899; ++i)
        EXPECT_FALSE(is_news(refusals, RefusalReason::wrong_token, address("192.0.2.1")));
    EXPECT_FALSE(is_news(refusals, RefusalReason::origin, address("192.0.2.1")));
    EXPECT_TRUE(is_news(refusals, RefusalReason::wrong_token, address("192.0.2.2")));
    const auto first = refusals.summaries();
    ASSERT_EQ(first.size(), 1U);
    EXPECT_EQ(
        first[0].text,
        "address=192.0.2.1 refused 900 more times within a minute: wrong_token 899, origin 1");
    EXPECT_EQ(refusals.total(Port::service, RefusalReason::wrong_token), 901U);
    EXPECT_EQ(refusals.total(Port::admin, RefusalReason::wrong_token), 0U);
    // It goes on: the summary alone from now on.
    EXPECT_FALSE(is_news(refusals, RefusalReason::wrong_token, address("192.0.2.1")));
    EXPECT_EQ(refusals.summaries().size(), 1U);
    // After a minute of rest it is news again.
    EXPECT_TRUE(refusals.summaries().empty());
    EXPECT_TRUE(is_news(refusals, RefusalReason::wrong_token, address("192.0.2.1")));
}

TEST(refusals, a_network_of_ipv6_is_one_address) {
    Refusals refusals;
    EXPECT_TRUE(is_news(refusals, RefusalReason::origin, address("2001:db8::1")));
    EXPECT_FALSE(is_news(refusals, RefusalReason::origin, address("2001:db8::2:0:0:2")));
    EXPECT_TRUE(is_news(refusals, RefusalReason::origin, address("2001:db8:0:1::1")));
    EXPECT_EQ(refusals.summaries().at(0).text,
              "address=2001:db8::/64 refused 1 more times within a minute: origin 1");
    EXPECT_TRUE(is_news(refusals, RefusalReason::wrong_cookie, address("::1")));
    EXPECT_TRUE(is_news(refusals, RefusalReason::wrong_cookie, ClientAddress()));
    EXPECT_FALSE(is_news(refusals, RefusalReason::wrong_cookie, address("::1")));
    EXPECT_EQ(refusals.summaries().at(0).text,
              "address=::1 refused 1 more times within a minute: wrong_cookie 1");
}

TEST(refusals, a_pages_errors_are_told_when_there_are_many) {
    Refusals refusals;
    for (std::uint64_t i = 0; i + 1 < Refusals::worth_telling; ++i)
        EXPECT_FALSE(is_news(refusals, RefusalReason::page_forbidden, address("192.0.2.1")));
    EXPECT_TRUE(refusals.summaries().empty());
    for (std::uint64_t i = 0; i < Refusals::worth_telling; ++i)
        is_news(refusals, RefusalReason::page_forbidden, address("192.0.2.1"));
    EXPECT_EQ(refusals.summaries().size(), 1U);
}

TEST(refusals, many_addresses_are_bounded_lines_and_still_told) {
    Refusals refusals;
    constexpr std::size_t count = 5000;
    std::size_t news = 0;
    for (std::size_t i = 0; i < count; ++i)
        news += is_news(refusals, RefusalReason::wrong_token, numbered(i)) ? 1 : 0;
    EXPECT_EQ(news, Refusals::lines_max);
    const auto told = refusals.summaries();
    EXPECT_EQ(told.size(), Refusals::lines_max + 1);
    EXPECT_EQ(told.back().text, "more addresses refused " +
                                    std::to_string(count - 2 * Refusals::lines_max) +
                                    " times within a minute");
    EXPECT_EQ(refusals.total(Port::service, RefusalReason::wrong_token), count);
}

TEST(refusals, statuses_and_codes) {
    EXPECT_EQ(webrocket::refusal_of_status(200), RefusalReason::none);
    EXPECT_EQ(webrocket::refusal_of_status(302), RefusalReason::none);
    EXPECT_EQ(webrocket::refusal_of_status(401), RefusalReason::wrong_token);
    EXPECT_EQ(webrocket::refusal_of_status(418), RefusalReason::bad_request);
    EXPECT_EQ(webrocket::refusal_of_status(503), RefusalReason::stopping);
    EXPECT_EQ(webrocket::refusal_of_status(500), RefusalReason::failed);
    EXPECT_EQ(webrocket::refusal_of_page(402), RefusalReason::page_unauthorized);
    EXPECT_EQ(webrocket::refusal_of_page(453), RefusalReason::page_not_subscribed);
}

} // namespace
