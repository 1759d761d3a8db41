// Who gets one more connection.
#include "net/admission.h"

#include "server/descriptors.h"

#include <gtest/gtest.h>
#include <vector>

namespace {

using namespace webrocket;
using Verdict = Admission::Verdict;

ClientAddress address(const char *text) { return *ClientAddress::parse(text); }

TEST(admission, so_many_in_all) {
    Admission admission({2, 10, 0});
    const auto first = admission.admit(address("192.0.2.1"));
    auto second = admission.admit_proxy();
    EXPECT_EQ(second.verdict, Verdict::admitted);
    EXPECT_EQ(admission.admit(address("192.0.2.3")).verdict, Verdict::full);
    EXPECT_EQ(admission.admit_proxy().verdict, Verdict::full);
    second.place.give_back();
    EXPECT_EQ(admission.admit(address("192.0.2.3")).verdict, Verdict::admitted);
}

TEST(admission, so_many_of_an_address) {
    Admission admission({100, 2, 0});
    std::vector<Admission::Answer> let_in;
    for (int i = 0; i < 2; ++i)
        let_in.push_back(admission.admit(address("192.0.2.1")));
    EXPECT_EQ(admission.admit(address("192.0.2.1")).verdict, Verdict::too_many_of_address);
    EXPECT_EQ(admission.admit(address("::ffff:192.0.2.1")).verdict, Verdict::too_many_of_address);
    EXPECT_EQ(admission.admit(address("192.0.2.2")).verdict, Verdict::admitted);
    let_in.pop_back();
    EXPECT_EQ(admission.admit(address("192.0.2.1")).verdict, Verdict::admitted);
}

// A host has 2^64 of them.
TEST(admission, so_many_of_a_network_of_ipv6) {
    Admission admission({100, 2, 0});
    const auto first = admission.admit(address("2001:db8::1"));
    const auto second = admission.admit(address("2001:db8::2"));
    EXPECT_EQ(admission.admit(address("2001:db8::3")).verdict, Verdict::too_many_of_address);
    EXPECT_EQ(admission.admit(address("2001:db8:0:1::3")).verdict, Verdict::admitted);
}

TEST(admission, clients_behind_a_proxy_count_as_themselves) {
    Admission admission({100, 1, 0});
    std::vector<Admission::Answer> let_in;
    for (int i = 0; i < 5; ++i)
        let_in.push_back(admission.admit_proxy());
    EXPECT_EQ(let_in.back().verdict, Verdict::admitted);
    auto first = admission.claim(address("192.0.2.1"));
    EXPECT_TRUE(first);
    EXPECT_FALSE(admission.claim(address("192.0.2.1")));
    EXPECT_TRUE(admission.claim(address("192.0.2.2")));
    first.give_back();
    EXPECT_TRUE(admission.claim(address("192.0.2.1")));
}

TEST(admission, a_client_has_the_place_of_its_proxy) {
    Admission admission({2, 1, 0});
    const auto client = address("192.0.2.1");
    auto proxy = admission.admit_proxy().place;
    proxy.pass_to(admission.claim(client));
    EXPECT_FALSE(admission.claim(client));
    const auto other = admission.admit_proxy().place;
    EXPECT_EQ(admission.admit_proxy().verdict, Verdict::full);
    proxy.give_back();
    EXPECT_TRUE(admission.claim(client));
    EXPECT_EQ(admission.admit_proxy().verdict, Verdict::admitted);
}

TEST(admission, so_many_handshakes_a_second) {
    Admission admission({100, 100, 3});
    for (int i = 0; i < 3; ++i)
        EXPECT_TRUE(admission.allows_handshake(address("192.0.2.1")));
    EXPECT_FALSE(admission.allows_handshake(address("192.0.2.1")));
    EXPECT_TRUE(admission.allows_handshake(address("192.0.2.2")));
    Admission indifferent({100, 100, 0});
    for (int i = 0; i < 1000; ++i)
        EXPECT_TRUE(indifferent.allows_handshake(address("192.0.2.1")));
}

TEST(admission, limits_may_change_for_those_that_come) {
    Admission admission({100, 1, 1});
    const auto first = admission.admit(address("192.0.2.1"));
    EXPECT_EQ(admission.admit(address("192.0.2.1")).verdict, Verdict::too_many_of_address);
    EXPECT_TRUE(admission.allows_handshake(address("192.0.2.1")));
    EXPECT_FALSE(admission.allows_handshake(address("192.0.2.1")));
    admission.set_limits({2, 5, 3});
    EXPECT_EQ(admission.limits().per_address_max, 5U);
    const auto second = admission.admit(address("192.0.2.1"));
    EXPECT_EQ(second.verdict, Verdict::admitted);
    EXPECT_EQ(admission.admit(address("192.0.2.1")).verdict, Verdict::full);
    for (int i = 0; i < 3; ++i)
        EXPECT_TRUE(admission.allows_handshake(address("192.0.2.1")));
    EXPECT_FALSE(admission.allows_handshake(address("192.0.2.1")));
    // Fewer than there are: those stay.
    admission.set_limits({1, 1, 0});
    EXPECT_EQ(admission.admit(address("192.0.2.2")).verdict, Verdict::full);
    EXPECT_TRUE(first.place && second.place);
}

TEST(admission, places_may_outlive_it) {
    Admission::Answer answer{Verdict::full, {}};
    {
        Admission admission({1, 1, 0});
        answer = admission.admit(address("192.0.2.1"));
    }
    EXPECT_TRUE(answer.place);
}

TEST(descriptors, some_are_left_for_the_operator) {
    EXPECT_EQ(connections_carried(1024, 1), 1024U - 100);
    EXPECT_EQ(connections_carried(256, 4), 256U - 112);
    EXPECT_EQ(connections_carried(64, 1), 16U);
    EXPECT_EQ(connections_carried(0, 1), 0U);
    EXPECT_EQ(admin_connections_carried(100), 64U);
    EXPECT_EQ(admin_connections_carried(4000), 1000U);
}

} // namespace
