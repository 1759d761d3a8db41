// Where a client is, by its peer and by what trusted proxies say.
#include "http/trusted_proxies.h"

#include <gtest/gtest.h>
#include <string>
#include <utility>
#include <vector>

namespace {

using webrocket::AddressRange;
using webrocket::ClientAddress;
using webrocket::HttpRequest;
using webrocket::TrustedProxies;

using Headers = std::vector<std::pair<std::string_view, std::string_view>>;

ClientAddress address(std::string_view text) { return ClientAddress::parse(text).value(); }

bool contains(std::string_view range, std::string_view text) {
    return AddressRange::parse(range).value().contains(address(text));
}

// Behind proxies in 10.0.0.0/8 and fd00::/8, by the one at 10.0.0.1.
std::string client(const Headers &headers, std::string_view peer = "10.0.0.1") {
    HttpRequest request;
    request.headers = headers;
    return TrustedProxies({"10.0.0.0/8", "fd00::/8"}).client_of(address(peer), request).text();
}

std::string by_plain(std::string_view value) { return client({{"X-Forwarded-For", value}}); }
std::string by_forwarded(std::string_view value) { return client({{"forwarded", value}}); }

TEST(client_address, is_written_as_people_know_it) {
    for (const std::string text : {"127.0.0.1", "192.0.2.255", "::1", "2001:db8::1"})
        EXPECT_EQ(address(text).text(), text);
    EXPECT_EQ(address("::ffff:192.0.2.1").text(), "192.0.2.1");
    EXPECT_EQ(address("::ffff:192.0.2.1"), address("192.0.2.1"));
    EXPECT_EQ(ClientAddress().text(), "-");
}

TEST(client_address, is_nothing_else) {
    for (const std::string_view text :
         {"", "1.2.3", "1.2.3.4.5", "010.0.0.1", "1.2.3.4:80", "[::1]", "fe80::1%eth0", "localhost",
          "1.2.3.256", ":::", " ::1"})
        EXPECT_FALSE(ClientAddress::parse(text)) << text;
    EXPECT_FALSE(ClientAddress::parse(std::string(1000, '1')));
}

TEST(client_address, has_a_network_that_counts_as_one_client) {
    EXPECT_EQ(address("2001:db8:1:2:3:4:5:6").network(), address("2001:db8:1:2::"));
    EXPECT_EQ(address("2001:db8:1:2:3:4:5:6").network_text(), "2001:db8:1:2::/64");
    EXPECT_EQ(address("192.0.2.1").network(), address("192.0.2.1"));
    EXPECT_EQ(address("192.0.2.1").network_text(), "192.0.2.1");
    EXPECT_EQ(address("::1").network(), address("::1"));
    EXPECT_EQ(address("::1").network_text(), "::1");
    EXPECT_EQ(ClientAddress().network_text(), "-");
}

TEST(address_range, contains) {
    EXPECT_TRUE(contains("10.0.0.0/8", "10.255.0.1"));
    EXPECT_FALSE(contains("10.0.0.0/8", "11.0.0.0"));
    EXPECT_TRUE(contains("192.0.2.128/25", "192.0.2.200"));
    EXPECT_FALSE(contains("192.0.2.128/25", "192.0.2.127"));
    EXPECT_TRUE(contains("0.0.0.0/0", "8.8.8.8"));
    EXPECT_TRUE(contains("192.0.2.1", "192.0.2.1"));
    EXPECT_FALSE(contains("192.0.2.1", "192.0.2.2"));
    EXPECT_TRUE(contains("2001:db8::/33", "2001:db8:7fff::1"));
    EXPECT_FALSE(contains("2001:db8::/33", "2001:db8:8000::1"));
    EXPECT_TRUE(contains("::1/128", "::1"));
    EXPECT_TRUE(contains("10.0.0.0/8", "::ffff:10.1.2.3"));
}

TEST(address_range, of_one_family_says_nothing_of_the_other) {
    EXPECT_FALSE(contains("::/0", "192.0.2.1"));
    EXPECT_FALSE(contains("0.0.0.0/0", "2001:db8::1"));
    EXPECT_FALSE(AddressRange::parse("::/0").value().contains(ClientAddress()));
}

TEST(address_range, is_refused) {
    for (const std::string_view text :
         {"", "/", "/8", "10.0.0.0/", "10.0.0.0/33", "10.0.0/8", "::/129", "10.0.0.0/-1",
          "10.0.0.0/8 ", "10.0.0.0/08x", "proxy", "10.0.0.0/8/8", "[::1]/128",
          "10.0.0.0/99999999999999999999"})
        EXPECT_FALSE(AddressRange::parse(text)) << text;
    EXPECT_THROW(TrustedProxies({"10.0.0.0/8", "x"}), std::runtime_error);
}

TEST(trusted_proxies, others_are_not_believed) {
    EXPECT_EQ(client({{"X-Forwarded-For", "192.0.2.1"}}, "203.0.113.1"), "203.0.113.1");
    EXPECT_EQ(client({{"Forwarded", "for=192.0.2.1"}}, "203.0.113.1"), "203.0.113.1");
    EXPECT_EQ(client({}), "10.0.0.1");
}

TEST(trusted_proxies, the_last_that_is_none_is_the_client) {
    EXPECT_EQ(by_plain("192.0.2.1"), "192.0.2.1");
    EXPECT_EQ(by_plain("198.51.100.9, 192.0.2.1"),
              "192.0.2.1"); // the first is the client's own claim
    EXPECT_EQ(by_plain("192.0.2.1, 10.0.0.7,10.0.0.8"), "192.0.2.1");
    EXPECT_EQ(by_plain("nonsense, 192.0.2.1"), "192.0.2.1");
    EXPECT_EQ(by_plain("10.0.0.9, 10.0.0.8"), "10.0.0.9"); // all are trusted: the furthest
    EXPECT_EQ(
        client({{"X-Forwarded-For", "192.0.2.1"}, {"x-forwarded-for", "192.0.2.2, 10.0.0.2"}}),
        "192.0.2.2");
    EXPECT_EQ(client({{"X-Forwarded-For", "192.0.2.1"}, {"X-Forwarded-For", "10.0.0.2"}}),
              "192.0.2.1");
    EXPECT_EQ(client({{"X-Forwarded-For", "192.0.2.1"}}, "fd00::1"), "192.0.2.1");
}

TEST(trusted_proxies, forms_of_an_address) {
    EXPECT_EQ(by_plain("192.0.2.1:4711"), "192.0.2.1");
    EXPECT_EQ(by_plain("2001:db8::1"), "2001:db8::1");
    EXPECT_EQ(by_plain("[2001:db8::1]"), "2001:db8::1");
    EXPECT_EQ(by_plain("[2001:db8::1]:4711"), "2001:db8::1");
    EXPECT_EQ(by_plain("192.0.2.1, , "), "192.0.2.1");
}

TEST(trusted_proxies, garbage_leaves_the_peer) {
    for (const std::string_view value :
         {"", ",", "unknown", "192.0.2.1, unknown", "192.0.2.1, [::1", "192.0.2.1, [192.0.2.1]",
          "192.0.2.1, 192.0.2.300", "192.0.2.1, [::1]x", "\"192.0.2.1\"", "192.0.2.1;"})
        EXPECT_EQ(by_plain(value), "10.0.0.1") << value;
}

TEST(trusted_proxies, forwarded) {
    EXPECT_EQ(by_forwarded("for=192.0.2.1"), "192.0.2.1");
    EXPECT_EQ(by_forwarded("For=192.0.2.1;proto=http;by=203.0.113.43"), "192.0.2.1");
    EXPECT_EQ(by_forwarded("for=198.51.100.9, proto=https;FOR=192.0.2.1"), "192.0.2.1");
    EXPECT_EQ(by_forwarded("for=\"[2001:db8::1]:4711\""), "2001:db8::1");
    EXPECT_EQ(by_forwarded("for=\"[2001:db8::1]\", for=10.0.0.2"), "2001:db8::1");
    EXPECT_EQ(by_forwarded("for=\"192.0.2.1:_port\""), "192.0.2.1");
    EXPECT_EQ(by_forwarded("for=\"192\\.0.2.1\""), "192.0.2.1");
    EXPECT_EQ(by_forwarded("host=\"a,b;for=198.51.100.9\";for=192.0.2.1"), "192.0.2.1");
    EXPECT_EQ(by_forwarded("for=_hidden, for=192.0.2.1"), "192.0.2.1");
    EXPECT_EQ(client({{"Forwarded", "for=198.51.100.9"}, {"Forwarded", "for=192.0.2.1"}}),
              "192.0.2.1");
    EXPECT_EQ(client({{"Forwarded", "\"broken"}, {"Forwarded", "for=192.0.2.1"}}), "192.0.2.1");
}

TEST(trusted_proxies, forwarded_that_cannot_be_read_leaves_the_peer) {
    for (const std::string_view value :
         {"", ";", "for=", "for", "for=unknown", "for=_hidden", "for=192.0.2.1, for=_hidden",
          "for=192.0.2.1, proto=http", "for=192.0.2.1;for=192.0.2.2", "for=\"192.0.2.1",
          "for=\"192.0.2.1\\", "for=\"192.0.2.1\"x", "for=192.0.2.1 for=192.0.2.2", "=192.0.2.1",
          // A client that has left a quote open for the proxy's own element to close.
          "for=\"198.51.100.9, for=192.0.2.1", "for=198.51.100.9;x=\", for=\"[2001:db8::1]\""})
        EXPECT_EQ(by_forwarded(value), "10.0.0.1") << value;
}

TEST(trusted_proxies, two_headers_have_to_agree) {
    EXPECT_EQ(client({{"X-Forwarded-For", "192.0.2.1"}, {"Forwarded", "for=192.0.2.1;proto=http"}}),
              "192.0.2.1");
    EXPECT_EQ(client({{"X-Forwarded-For", "192.0.2.1"}, {"Forwarded", "for=198.51.100.9"}}),
              "10.0.0.1");
    EXPECT_EQ(client({{"X-Forwarded-For", "192.0.2.1"}, {"Forwarded", "for=_hidden"}}), "10.0.0.1");
}

} // namespace
