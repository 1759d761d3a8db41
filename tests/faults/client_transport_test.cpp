// A client's calls when there is no answer, or none that can be read.
#include <atomic>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "answers.hpp"
#include "observed_client.hpp"

namespace faults {
namespace {

void expect_no_answer(const told_failure &failure, kn_status status) {
    EXPECT_EQ(failure.status, status) << kn_status_name(failure.status) << ": " << failure.message;
    EXPECT_EQ(failure.http_status, 0);
    EXPECT_EQ(failure.server_code, 0);
    EXPECT_EQ(failure.retry_after_ms, -1);
    EXPECT_FALSE(failure.message.empty());
}

class client_calls : public testing::TestWithParam<operation> {};

TEST_P(client_calls, refused) {
    const port where;
    const observed_client client(where.url());
    expect_no_answer(client.call(GetParam()), KN_ECONNECT);
    EXPECT_EQ(kn_client_connections(client.get()), 0);
}

TEST_P(client_calls, reset_before_the_answer) {
    fault_server server({resets_after("")});
    const observed_client client(server.url());
    expect_no_answer(client.call(GetParam()), KN_EIO);
}

TEST_P(client_calls, closed_before_the_answer) {
    fault_server server({says("")});
    const observed_client client(server.url());
    expect_no_answer(client.call(GetParam()), KN_EIO);
}

TEST_P(client_calls, reset_before_the_request) {
    fault_server server({[](conversation &with) { with.reset(); }});
    const observed_client client(server.url());
    const told_failure failure = client.call(GetParam());
    // The reset may be there before libcurl has looked at how connecting went.
    expect_no_answer(failure, failure.status == KN_ECONNECT ? KN_ECONNECT : KN_EIO);
}

TEST_P(client_calls, never_answered) {
    fault_server server({never_answers()});
    client_settings how;
    how.request_timeout_ms = 200;
    const observed_client client(server.url(), how);
    const clock::time_point began = clock::now();
    expect_no_answer(client.call(GetParam()), KN_ETIMEOUT);
    EXPECT_GE(clock::now() - began, milliseconds(150));
    EXPECT_LT(clock::now() - began, patience);
}

TEST_P(client_calls, never_connected) {
    port where;
    where.clog();
    client_settings how;
    how.connect_timeout_ms = 200;
    const observed_client client(where.url(), how);
    const clock::time_point began = clock::now();
    expect_no_answer(client.call(GetParam()), KN_ETIMEOUT);
    EXPECT_LT(clock::now() - began, patience);
}

TEST_P(client_calls, answered_with_garbage) {
    fault_server server({says("SSH-2.0-OpenSSH_9.2\r\n")});
    const observed_client client(server.url());
    expect_no_answer(client.call(GetParam()), KN_EPROTOCOL);
}

TEST_P(client_calls, answered_with_too_much) {
    fault_server server({says(whole_answer(202, {}, std::string(2'000'000, 'x')))});
    const observed_client client(server.url());
    EXPECT_EQ(client.call(GetParam()).status, KN_ETOOBIG);
}

TEST_P(client_calls, answered_without_end) {
    fault_server server({[](conversation &with) {
        with.receive();
        with.send(head(200, {"Transfer-Encoding: chunked"}));
        for (;;)
            with.send_chunk(std::string(10'000, 'x'));
    }});
    const observed_client client(server.url());
    EXPECT_EQ(client.call(GetParam()).status, KN_ETOOBIG);
}

TEST_P(client_calls, answered_in_good_order_after_each_of_them) {
    fault_server server({resets_after(""), says("garbage\r\n\r\n"),
                         says(whole_answer(202, {}, std::string(2'000'000, 'x'))), answers(503),
                         [](conversation &with) {
                             for (;;) {
                                 with.receive();
                                 with.send(good_answer(GetParam()));
                             }
                         }});
    const observed_client client(server.url());
    for (int i = 0; i < 4; ++i)
        EXPECT_LT(client.call(GetParam()).status, 0) << i;
    for (int i = 0; i < 3; ++i)
        EXPECT_EQ(client.call(GetParam()).status, KN_OK) << i;
    EXPECT_EQ(server.connections(), 5U) << "the good one is used again";
}

INSTANTIATE_TEST_SUITE_P(client, client_calls,
                         testing::Values(operation::open_channel, operation::close_channel,
                                         operation::trigger, operation::request_token),
                         [](const auto &generated) {
                             switch (generated.param) {
                             case operation::open_channel:
                                 return "open_channel";
                             case operation::close_channel:
                                 return "close_channel";
                             case operation::trigger:
                                 return "trigger";
                             default:
                                 return "request_token";
                             }
                         });

// ---- answers that break off

struct breach {
    const char *name;
    const char *said;
};
void PrintTo(const breach &b, std::ostream *out) { *out << b.name; }

class broken_answers : public testing::TestWithParam<breach> {
  protected:
    static void expect_broken(fault_server &server) {
        const observed_client client(server.url());
        const told_failure failure = client.call(operation::request_token);
        EXPECT_EQ(failure.status, KN_EIO)
            << kn_status_name(failure.status) << ": " << failure.message;
        EXPECT_EQ(client.call(operation::request_token).status, KN_OK);
    }
};

TEST_P(broken_answers, ended) {
    fault_server server({says(GetParam().said), says(good_answer(operation::request_token))});
    expect_broken(server);
}

TEST_P(broken_answers, reset) {
    fault_server server(
        {resets_after(GetParam().said), says(good_answer(operation::request_token))});
    expect_broken(server);
}

INSTANTIATE_TEST_SUITE_P(
    client, broken_answers,
    testing::Values(breach{"status_line_cut", "HTTP/1.1 2"},
                    breach{"status_line", "HTTP/1.1 200 OK\r\n"},
                    breach{"header_cut", "HTTP/1.1 200 OK\r\nContent-Len"},
                    breach{"headers", "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"},
                    breach{"refusal_cut", "HTTP/1.1 404 Not Found\r\nContent-"},
                    breach{"interim", "HTTP/1.1 100 Continue\r\n\r\n"},
                    breach{"no_body", "HTTP/1.1 200 OK\r\nContent-Length: 15\r\n\r\n"},
                    breach{"body_cut", "HTTP/1.1 200 OK\r\nContent-Length: 15\r\n\r\n{\"tok"},
                    breach{"chunk_cut",
                           "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nf\r\n{\"token\""},
                    breach{"no_last_chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                                            "f\r\n{\"token\":\"abc\"}\r\n"}),
    [](const auto &generated) { return std::string(generated.param.name); });

TEST(client, does_not_take_half_a_202_for_done) {
    fault_server server({says("HTTP/1.1 202 Accepted\r\nContent-Le"), says(whole_answer(202))});
    const observed_client client(server.url());
    EXPECT_EQ(client.call().status, KN_EIO);
    EXPECT_EQ(client.call().status, KN_OK);
}

/// Connections that the server ends without a word about it, and how many of them it has ended: a
/// request that is on its way then is lost, and not sent again.
class ended_connections {
  public:
    script after(std::string answer) {
        return [this, answer = std::move(answer)](conversation &with) {
            with.receive();
            with.send(answer);
            with.half_close();
            count_.fetch_add(1, std::memory_order_release);
        };
    }
    bool await(int count) const {
        const clock::time_point deadline = clock::now() + patience;
        while (count_.load(std::memory_order_acquire) < count) {
            if (clock::now() > deadline)
                return false;
            std::this_thread::sleep_for(milliseconds(1));
        }
        return true;
    }

  private:
    std::atomic<int> count_{0};
};

TEST(client, takes_all_forms_of_a_body) {
    ended_connections ended;
    fault_server server({ended.after(head(202)), ended.after(whole_answer(202)),
                         ended.after(head(202, {"Transfer-Encoding: chunked"}) + "0\r\n\r\n"),
                         ended.after("HTTP/1.0 202 Accepted\r\n\r\n"),
                         ended.after("HTTP/1.1 100 Continue\r\n\r\n" + whole_answer(202))});
    const observed_client client(server.url());
    for (int i = 0; i < 5; ++i) {
        EXPECT_EQ(client.call().status, KN_OK) << i;
        EXPECT_TRUE(ended.await(i + 1));
    }
}

TEST(client, takes_an_answer_byte_by_byte) {
    fault_server server({[](conversation &with) {
        with.receive();
        with.send_byte_by_byte(good_answer(operation::request_token));
    }});
    const observed_client client(server.url());
    EXPECT_EQ(client.call(operation::request_token).status, KN_OK);
}

// ---- answers that do not come to an end

class slow_answers : public testing::TestWithParam<breach> {};

TEST_P(slow_answers, are_given_up_patience) {
    fault_server server({[](conversation &with) {
        with.receive();
        with.send(GetParam().said);
        with.stall();
    }});
    client_settings how;
    how.request_timeout_ms = 200;
    const observed_client client(server.url(), how);
    const clock::time_point began = clock::now();
    EXPECT_EQ(client.call().status, KN_ETIMEOUT);
    EXPECT_LT(clock::now() - began, patience);
}

INSTANTIATE_TEST_SUITE_P(
    client, slow_answers,
    testing::Values(breach{"in_the_status_line", "HTTP/1.1 20"},
                    breach{"in_the_head", "HTTP/1.1 202 Accepted\r\nContent-"},
                    breach{"before_the_body", "HTTP/1.1 202 Accepted\r\nContent-Length: 5\r\n\r\n"},
                    breach{"in_the_body", "HTTP/1.1 202 Accepted\r\nContent-Length: 5\r\n\r\nab"},
                    breach{"before_the_close", "HTTP/1.1 202 Accepted\r\n\r\n"}),
    [](const auto &generated) { return std::string(generated.param.name); });

TEST(client, is_not_held_by_a_server_that_drips) {
    fault_server server({[](conversation &with) {
        with.receive();
        with.send(head(202, {"Content-Length: 100000"}));
        for (;;) {
            with.send("x");
            with.pause(milliseconds(10));
        }
    }});
    client_settings how;
    how.request_timeout_ms = 300;
    const observed_client client(server.url(), how);
    const clock::time_point began = clock::now();
    EXPECT_EQ(client.call().status, KN_ETIMEOUT);
    EXPECT_LT(clock::now() - began, patience);
}

TEST(client, is_not_held_by_a_server_that_takes_no_request) {
    fault_server server({[](conversation &with) { with.pause(milliseconds(patience)); }});
    client_settings how;
    how.request_timeout_ms = 300;
    const observed_client client(server.url(), how);
    const std::string data = "{\"x\":\"" + std::string(20'000'000, 'x') + "\"}";
    kn_error *error = nullptr;
    const clock::time_point began = clock::now();
    EXPECT_EQ(kn_client_trigger(client.get(), "news", "hello", data.data(), data.size(), &error),
              KN_ETIMEOUT);
    EXPECT_LT(clock::now() - began, patience);
    taken(error);
}

TEST(client, is_not_held_by_an_endless_head) {
    fault_server server({[](conversation &with) {
        with.receive();
        with.send("HTTP/1.1 202 Accepted\r\n");
        for (int i = 0;; ++i)
            with.send("X-" + std::to_string(i) + ": " + std::string(1000, 'x') + "\r\n");
    }});
    const observed_client client(server.url());
    EXPECT_LT(client.call().status, 0);
}

TEST(client, takes_contradictions_for_no_answer) {
    fault_server server({says("HTTP/1.1 202 Accepted\r\nContent-Length: -5\r\n\r\n"),
                         says("HTTP/1.1 202 Accepted\r\nContent-Length: many\r\n\r\n"),
                         says("HTTP/1.1 2x2 Accepted\r\n\r\n"),
                         says(head(202, {"Transfer-Encoding: chunked"}) + "xyz\r\n"),
                         says("HTTP/9.9 202 Accepted\r\n\r\n")});
    const observed_client client(server.url());
    for (int i = 0; i < 5; ++i) {
        const told_failure failure = client.call();
        EXPECT_TRUE(failure.status == KN_EPROTOCOL || failure.status == KN_EIO)
            << i << ": " << kn_status_name(failure.status) << ": " << failure.message;
    }
}

TEST(client, notices_that_an_idle_connection_was_closed) {
    ended_connections ended;
    fault_server server({ended.after(whole_answer(202))});
    const observed_client client(server.url());
    for (int i = 0; i < 3; ++i) {
        EXPECT_EQ(client.call().status, KN_OK) << i;
        EXPECT_TRUE(ended.await(i + 1));
    }
}

} // namespace
} // namespace faults
