// What a failure of libcurl's is told as, where none can be had on a machine in good order.
#include "http/classify.hpp"

#include <cstring>

#include <gtest/gtest.h>

namespace {

std::string told(CURLcode code, const char *words, bool has_own_authority) {
    const kn::endpoint where = kn::endpoint::parse("https://wr:token@broker.example/vhost");
    const kn::easy_ptr easy = kn::make_easy();
    kn::transfer_trace trace;
    std::strncpy(trace.text, words, sizeof trace.text - 1);
    trace.has_own_authority = has_own_authority;
    const kn::failure why = kn::transfer_failure(where, easy.get(), code, trace);
    EXPECT_EQ(why.status(), KN_ETLS);
    return why.message();
}

TEST(classify, a_system_without_authorities_is_not_the_user_s_option) {
    const char *words = "error setting certificate file: /etc/ssl/certs/ca-certificates.crt";
    EXPECT_NE(told(CURLE_SSL_CACERT_BADFILE, words, false).find("ca-certificates), or"),
              std::string::npos);
    EXPECT_NE(told(CURLE_SSL_CACERT_BADFILE, words, true).find("the file that the option ca_file"),
              std::string::npos);
}

} // namespace
