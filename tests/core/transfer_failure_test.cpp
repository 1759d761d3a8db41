// What a failure of libcurl's is told as, where none can be had on a machine in good order.
#include "http/transfer_failure.h"

#include <cstring>

#include <gtest/gtest.h>

namespace {

std::string told(CURLcode code, const char *words, bool has_own_authority) {
    const kn::Endpoint where = kn::Endpoint::parse("https://wr:token@broker.example/vhost");
    const kn::EasyPtr easy = kn::make_easy();
    kn::TransferTrace trace;
    std::strncpy(trace.text, words, sizeof trace.text - 1);
    trace.has_own_authority = has_own_authority;
    const kn::Failure why = kn::transfer_failure(where, easy.get(), code, trace);
    EXPECT_EQ(why.status(), KN_ETLS);
    return why.message();
}

TEST(transfer_failure, a_system_without_authorities_is_not_the_user_s_option) {
    const char *words = "error setting certificate file: /etc/ssl/certs/ca-certificates.crt";
    EXPECT_NE(told(CURLE_SSL_CACERT_BADFILE, words, false).find("ca-certificates), or"),
              std::string::npos);
    EXPECT_NE(told(CURLE_SSL_CACERT_BADFILE, words, true).find("the file that the option ca_file"),
              std::string::npos);
}

TEST(transfer_failure, only_an_alert_is_about_a_certificate_and_no_host_that_is_called_so) {
    const auto names_option = [](const char *words) {
        return told(CURLE_SSL_CONNECT_ERROR, words, false).find("client_certificate") !=
               std::string::npos;
    };
    EXPECT_FALSE(names_option("OpenSSL SSL_connect: Connection reset by peer in connection to "
                              "certificate.example:443 "));
    for (const char *alert : {"sslv3 alert bad certificate", "ssl/tls alert certificate expired",
                              "sslv3 alert unsupported certificate",
                              "tlsv13 alert certificate required", "tlsv1 alert unknown ca"})
        EXPECT_TRUE(names_option(alert)) << alert;
}

} // namespace
