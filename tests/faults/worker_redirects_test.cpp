// Where a worker lets itself be sent, and what it takes along.
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "answers.hpp"
#include "observed_worker.hpp"

namespace faults {
namespace {

script redirects(int status, const std::string &to) {
    return answers(status, {"Location: " + to}, "elsewhere");
}

class redirect_statuses : public testing::TestWithParam<int> {};

TEST_P(redirect_statuses, are_followed_with_the_same_request) {
    fault_server server({redirects(GetParam(), "/other?x=1"), keeps_streaming("data: a\n\n")});
    observed_worker worker(server.url());
    worker.await_events(1);
    EXPECT_TRUE(worker.failures().empty());
    const auto requests = server.requests();
    ASSERT_EQ(requests.size(), 2U);
    EXPECT_EQ(requests[1].method, "GET");
    EXPECT_EQ(requests[1].target, "/other?x=1");
    EXPECT_EQ(requests[1].header("Accept"), "text/event-stream");
    EXPECT_EQ(requests[1].header("Authorization"), authorization) << "the same origin";
}

TEST_P(redirect_statuses, to_another_origin_leave_the_credentials_behind) {
    fault_server other({keeps_streaming("data: a\n\n")});
    fault_server server({redirects(GetParam(), other.where().origin() + "/vhost/events")});
    observed_worker worker(server.url());
    worker.await_events(1);
    const auto requests = other.requests();
    ASSERT_EQ(requests.size(), 1U);
    EXPECT_EQ(requests[0].header("Authorization"), std::nullopt);
    EXPECT_EQ(requests[0].header("Cookie"), std::nullopt);
    EXPECT_EQ(requests[0].header("Accept"), "text/event-stream");
    for (const auto &[name, value] : requests[0].headers)
        expect_no_secret(value);
}

TEST_P(redirect_statuses, without_a_location_are_failures) {
    fault_server server({answers(GetParam(), {}, "elsewhere"), keeps_streaming("data: a\n\n")});
    observed_worker worker(server.url());
    worker.await_events(1);
    ASSERT_EQ(worker.failures().size(), 1U);
    EXPECT_EQ(worker.failures()[0].status, KN_EPROTOCOL);
    EXPECT_EQ(worker.failures()[0].http_status, GetParam());
}

INSTANTIATE_TEST_SUITE_P(worker, redirect_statuses, testing::Values(301, 302, 303, 307, 308));

TEST(worker, begins_each_try_at_its_own_url_and_keeps_the_id_across_redirects) {
    fault_server server({redirects(301, "/moved"), streams("id: 7\ndata: a\n\n"),
                         redirects(301, "/moved"), keeps_streaming("id: 8\ndata: b\n\n")});
    observed_worker worker(server.url());
    worker.await_events(2);
    const auto requests = server.requests();
    ASSERT_EQ(requests.size(), 4U);
    EXPECT_EQ(requests[0].target, "/vhost/events");
    EXPECT_EQ(requests[1].target, "/moved");
    EXPECT_EQ(requests[1].header("Last-Event-ID"), std::nullopt);
    EXPECT_EQ(requests[2].target, "/vhost/events");
    EXPECT_EQ(requests[2].header("Last-Event-ID"), "7");
    EXPECT_EQ(requests[3].target, "/moved");
    EXPECT_EQ(requests[3].header("Last-Event-ID"), "7");
}

TEST(worker, returns_from_another_origin_with_its_credentials) {
    port home;
    fault_server other({redirects(302, home.origin() + "/back")});
    fault_server server(std::move(home), {redirects(302, other.where().origin() + "/away"),
                                          keeps_streaming("data: a\n\n")});
    observed_worker worker(server.url());
    worker.await_events(1);
    EXPECT_EQ(other.requests().at(0).header("Authorization"), std::nullopt);
    EXPECT_EQ(server.requests().at(1).header("Authorization"), authorization);
}

TEST(worker, goes_to_no_other_host_and_says_which_it_was) {
    // 127.0.0.2 is the same machine under another name, and so another host.
    port home;
    const std::string other = "http://127.0.0.2:" + std::to_string(home.number()) + "/vhost/events";
    fault_server server(std::move(home), {redirects(302, other)});
    observed_worker worker(server.url());
    const told_failure failure = worker.await_failures(1).at(0);
    EXPECT_EQ(failure.status, KN_EPROTOCOL);
    EXPECT_EQ(failure.http_status, 302);
    EXPECT_NE(failure.message.find("to " + other + ","), std::string::npos) << failure.message;
    EXPECT_NE(failure.message.find("the token was not sent there"), std::string::npos)
        << failure.message;
}

TEST(worker, knows_its_host_in_any_case) {
    port home;
    const std::string number = std::to_string(home.number());
    fault_server server(std::move(home), {redirects(301, "http://LocalHost:" + number + "/other"),
                                          keeps_streaming("data: a\n\n")});
    observed_worker worker("http://wr:" + std::string(token) + "@LOCALHOST:" + number + "/vhost");
    worker.await_events(1);
    EXPECT_EQ(server.requests().at(1).header("Authorization"), authorization);
}

TEST(worker, says_that_a_redirect_has_cost_it_the_token) {
    fault_server other({answers(401)});
    fault_server server({redirects(301, other.where().origin() + "/vhost/events?x=1")});
    observed_worker worker(server.url());
    EXPECT_EQ(worker.await_end(), KN_EUNAUTHORIZED);
    const std::string &message = worker.last_failure().message;
    EXPECT_NE(message.find("a redirect had led to " + other.where().origin() +
                           "/vhost/events, where the token was not sent"),
              std::string::npos)
        << message;
}

TEST(worker, says_that_a_redirect_had_led_to_what_is_no_stream) {
    fault_server server(
        {redirects(302, "/login?next=1"), answers(200, {"Content-Type: text/html"}, "<html>")});
    observed_worker worker(server.url());
    const std::string message = worker.await_failures(1).at(0).message;
    EXPECT_TRUE(message.ends_with("; a redirect had led to " + server.where().origin() + "/login"))
        << message;
}

TEST(worker, says_that_a_redirect_had_led_to_where_nobody_listens) {
    const port nowhere;
    fault_server server({redirects(307, nowhere.origin() + "/events")});
    observed_worker worker(server.url());
    const told_failure failure = worker.await_failures(1).at(0);
    EXPECT_EQ(failure.status, KN_ECONNECT);
    EXPECT_NE(failure.message.find("a redirect had led to " + nowhere.origin() + "/events"),
              std::string::npos)
        << failure.message;
}

TEST(worker, says_that_a_redirect_has_cost_it_the_token_where_the_url_is_too_long_to_show) {
    fault_server other({answers(401)});
    fault_server server({redirects(301, other.where().origin() + "/" + std::string(300, 'x'))});
    observed_worker worker(server.url());
    EXPECT_EQ(worker.await_end(), KN_EUNAUTHORIZED);
    EXPECT_NE(worker.last_failure().message.find(
                  "a redirect had led to another place, where the token was not sent"),
              std::string::npos)
        << worker.last_failure().message;
}

class locations_that_lead_nowhere : public testing::TestWithParam<const char *> {};

TEST_P(locations_that_lead_nowhere, are_failures) {
    fault_server server({answers(302, {GetParam()}, "elsewhere"), keeps_streaming("data: a\n\n")});
    observed_worker worker(server.url());
    worker.await_events(1);
    ASSERT_EQ(worker.failures().size(), 1U);
    EXPECT_EQ(worker.failures()[0].status, KN_EPROTOCOL) << worker.failures()[0].message;
    EXPECT_EQ(worker.failures()[0].http_status, 302);
}

INSTANTIATE_TEST_SUITE_P(worker, locations_that_lead_nowhere,
                         testing::Values("Location:", "Location: ftp://127.0.0.1/x",
                                         "Location: file:///etc/passwd",
                                         "Location: gopher://127.0.0.1:1/x",
                                         "Location: http://[::1", "Location: http://"));

TEST(worker, a_loop_of_redirects_is_a_failure_and_no_tight_loop) {
    fault_server server({redirects(302, "/vhost/events")});
    worker_settings how;
    how.reconnect_min_ms = 400;
    how.reconnect_max_ms = 400;
    observed_worker worker(server.url(), how);
    const auto failures = worker.await_failures(2);
    EXPECT_EQ(failures[0].status, KN_EPROTOCOL);
    EXPECT_EQ(failures[0].http_status, 302);
    const auto requests = server.requests();
    // Two tries of at most 20 hops each, with a wait of at least half the delay between them.
    EXPECT_LE(requests.size(), 42U);
    EXPECT_GE(requests.size(), 4U);
    EXPECT_GE(requests.back().arrived - requests.front().arrived, milliseconds(200));
}

TEST(worker, follows_a_few_redirects_in_a_row) {
    std::vector<script> scripts;
    for (int i = 0; i < 5; ++i)
        scripts.push_back(redirects(307, "/step" + std::to_string(i)));
    scripts.push_back(keeps_streaming("data: a\n\n"));
    fault_server server(std::move(scripts));
    observed_worker worker(server.url());
    worker.await_events(1);
    EXPECT_TRUE(worker.failures().empty());
    EXPECT_EQ(server.requests().size(), 6U);
}

TEST(worker, a_refusal_behind_a_redirect_counts_like_any_other) {
    fault_server server({redirects(302, "/other"), answers(403)});
    observed_worker worker(server.url());
    EXPECT_EQ(worker.await_end(), KN_EFORBIDDEN);
}

TEST(worker, does_not_read_a_redirect_s_body_as_events) {
    fault_server server({answers(302, {"Location: /other", "Content-Type: text/event-stream"},
                                 "id: 666\ndata: poison\n\n"),
                         keeps_streaming("data: a\n\n")});
    observed_worker worker(server.url());
    EXPECT_EQ(worker.await_events(1), (std::vector<told_event>{{"message", "a", ""}}));
}

} // namespace
} // namespace faults
