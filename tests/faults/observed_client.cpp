#include "observed_client.hpp"

#include <stdexcept>

#include <gtest/gtest.h>

#include "answers.hpp"

namespace faults {
namespace {

kn_status perform(operation what, kn_client *client, kn_error **error) {
    switch (what) {
    case operation::open_channel:
        return kn_client_open_channel(client, "news", error);
    case operation::close_channel:
        return kn_client_close_channel(client, "news", error);
    case operation::trigger:
        return kn_client_trigger(client, "news", "hello", nullptr, 0, error);
    case operation::request_token:
        break;
    }
    char *access = nullptr;
    const kn_status status = kn_client_request_token(client, "joe", ".*", &access, error);
    EXPECT_EQ(access != nullptr, status == KN_OK);
    kn_string_free(access);
    return status;
}

} // namespace

observed_client::observed_client(const std::string &url, const client_settings &how) {
    kn_options *options = kn_options_new();
    EXPECT_EQ(kn_options_set_connect_timeout_ms(options, how.connect_timeout_ms), KN_OK);
    EXPECT_EQ(kn_options_set_request_timeout_ms(options, how.request_timeout_ms), KN_OK);
    EXPECT_EQ(kn_options_set_retries(options, how.retries), KN_OK);
    if (!how.ca_file.empty()) {
        EXPECT_EQ(kn_options_set_ca_file(options, how.ca_file.c_str()), KN_OK);
    }
    log_.listen(options);
    kn_error *error = nullptr;
    const kn_status status = kn_client_new(url.c_str(), options, &client_, &error);
    kn_options_free(options);
    if (status != KN_OK)
        throw std::runtime_error(taken(error).message);
}

observed_client::~observed_client() { kn_client_free(client_); }

told_failure observed_client::call(operation what) const {
    kn_error *error = nullptr;
    const kn_status status = perform(what, client_, &error);
    EXPECT_EQ(error != nullptr, status < 0);
    const told_failure failure = taken(error);
    EXPECT_EQ(failure.status, status);
    return failure;
}

std::string good_answer(operation what) {
    if (what == operation::request_token)
        return whole_answer(200, {"Content-Type: application/json"}, R"({"token":"abc"})");
    return whole_answer(202);
}

} // namespace faults
