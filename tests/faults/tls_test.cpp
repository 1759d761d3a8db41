// TLS that fails, and what does not leave it.
#include <atomic>
#include <csignal>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "answers.hpp"
#include "observed_client.hpp"
#include "observed_worker.hpp"
#include "tls_channel.hpp"

namespace faults {
namespace {

class tls : public testing::Test {
  protected:
    client_settings trusting_client() const {
        client_settings how;
        how.ca_file = certificate_.file();
        return how;
    }
    worker_settings trusting_worker() const {
        worker_settings how;
        how.ca_file = certificate_.file();
        return how;
    }

    static std::string url_of(const fault_server &server) { return server.where().url("https"); }

    test_certificate certificate_;
    channel_maker speak_ = tls_channel(certificate_);
};

TEST_F(tls, carries_a_stream_and_a_request) {
    fault_server streaming({streams("id: 1\ndata: a\n\n"), keeps_streaming("data: b\n\n")}, speak_);
    observed_worker worker(url_of(streaming), trusting_worker());
    EXPECT_EQ(worker.await_events(2),
              (std::vector<told_event>{{"message", "a", "1"}, {"message", "b", "1"}}));
    EXPECT_EQ(streaming.requests().at(0).header("Authorization"), authorization);

    fault_server answering({answers(202)}, speak_);
    const observed_client client(url_of(answering), trusting_client());
    EXPECT_EQ(client.call().status, KN_OK);
}

TEST_F(tls, that_was_ended_at_rest_is_no_failure_of_the_next_call) {
    // To libcurl 7.88 the farewell is a byte to be read, and the connection alive.
    std::atomic<int> ended{0};
    fault_server server({[&](conversation &with) {
                            with.receive();
                            with.send(whole_answer(202));
                            with.say_goodbye();
                            with.half_close();
                            ++ended;
                        }},
                        speak_);
    const observed_client client(url_of(server), trusting_client());
    std::vector<kn_status> told;
    const auto note = [](const kn_result *result, void *self) {
        static_cast<std::vector<kn_status> *>(self)->push_back(kn_result_status(result));
    };
    const auto await_ended = [&](int count) {
        for (const clock::time_point until = clock::now() + patience;
             ended < count && clock::now() < until;)
            std::this_thread::sleep_for(milliseconds(1));
        EXPECT_EQ(ended, count);
    };
    for (int i = 1; i <= 3; ++i) {
        EXPECT_EQ(client.call(operation::trigger).status, KN_OK) << i;
        await_ended(i);
    }
    for (int i = 4; i <= 6; ++i) {
        EXPECT_EQ(kn_client_trigger_async(client.get(), "c", "e", nullptr, 0, note, &told, nullptr,
                                          nullptr),
                  KN_OK);
        EXPECT_EQ(kn_client_flush(client.get(), longer_than_patience_ms, nullptr), KN_OK);
        await_ended(i);
    }
    EXPECT_EQ(told, std::vector<kn_status>(3, KN_OK));
    EXPECT_EQ(server.requests().size(), 6U) << "each was sent once";
}

// ---- What the other side has against it

struct alert {
    const char *name;
    int number; // RFC 8446, 6
    const char *advice;
};
void PrintTo(const alert &a, std::ostream *out) { *out << a.name; }

class tls_alerts : public testing::TestWithParam<alert> {};

TEST_P(tls_alerts, are_told_each_with_what_to_do) {
    const std::string fatal{
        0x15, 0x03, 0x03, 0x00, 0x02, 0x02, static_cast<char>(GetParam().number)};
    fault_server server({[&](conversation &with) { with.send(fatal); }});
    const observed_client client(server.where().url("https"));
    const told_failure failure = client.call();
    EXPECT_EQ(failure.status, KN_ETLS) << failure.message;
    EXPECT_NE(failure.message.find(GetParam().advice), std::string::npos) << failure.message;
    if (GetParam().number != 40 && GetParam().number != 42) {
        EXPECT_EQ(failure.message.find("client_certificate"), std::string::npos) << failure.message;
    }
}

INSTANTIATE_TEST_SUITE_P(
    tls, tls_alerts,
    testing::Values(alert{"handshake_failure", 40, "no cipher suite in common"},
                    alert{"bad_certificate", 42, "The option client_certificate"},
                    alert{"protocol_version", 70, "none of the TLS versions"},
                    alert{"insufficient_security", 71, "none of the cipher suites"},
                    alert{"internal_error", 80, "its log says why"},
                    alert{"unrecognized_name", 112, "no certificate for this host's name"},
                    alert{"no_application_protocol", 120, "(ALPN)"}),
    [](const auto &generated) { return std::string(generated.param.name); });

TEST(tls_ports, that_speak_http_are_told) {
    fault_server server({[](conversation &with) { with.send(whole_answer(400)); }});
    const observed_client client(server.where().url("https"));
    const told_failure failure = client.call();
    EXPECT_EQ(failure.status, KN_ETLS);
    EXPECT_NE(failure.message.find("is the URL's scheme http://"), std::string::npos)
        << failure.message;
}

TEST_F(tls, that_is_spoken_to_in_http_is_told) {
    fault_server server({[](conversation &with) {
        with.send({"\x15\x03\x01\x00\x02\x02\x46", 7});
    }});
    const observed_client client(server.url());
    const told_failure failure = client.call();
    EXPECT_EQ(failure.status, KN_EPROTOCOL);
    EXPECT_NE(failure.message.find("the URL's scheme is https://"), std::string::npos)
        << failure.message;
    observed_worker worker(server.url());
    EXPECT_NE(worker.await_failures(1).at(0).message.find("the URL's scheme is https://"),
              std::string::npos);
}

class tls_redirects : public tls, public testing::WithParamInterface<int> {};

TEST_P(tls_redirects, to_http_are_refused) {
    fault_server plain({keeps_streaming("data: poison\n\n")});
    fault_server server({answers(GetParam(), {"Location: " + plain.where().origin() + "/x"}),
                         keeps_streaming("data: a\n\n")},
                        speak_);
    observed_worker worker(url_of(server), trusting_worker());
    EXPECT_EQ(worker.await_events(1), (std::vector<told_event>{{"message", "a", ""}}));
    ASSERT_EQ(worker.failures().size(), 1U);
    EXPECT_EQ(worker.failures()[0].status, KN_EPROTOCOL);
    EXPECT_EQ(worker.failures()[0].http_status, GetParam());
    EXPECT_EQ(plain.connections(), 0U);
}

INSTANTIATE_TEST_SUITE_P(worker, tls_redirects, testing::Values(301, 302, 303, 307, 308));

TEST_F(tls, leads_to_other_origins_without_credentials) {
    fault_server other({keeps_streaming("data: a\n\n")}, speak_);
    fault_server server({answers(302, {"Location: " + other.where().origin("https") + "/x"})},
                        speak_);
    observed_worker worker(url_of(server), trusting_worker());
    worker.await_events(1);
    EXPECT_EQ(other.requests().at(0).header("Authorization"), std::nullopt);
}

TEST_F(tls, is_reached_from_http_without_credentials) {
    fault_server other({keeps_streaming("data: a\n\n")}, speak_);
    fault_server server({answers(302, {"Location: " + other.where().origin("https") + "/x"})});
    observed_worker worker(server.url(), trusting_worker());
    worker.await_events(1);
    EXPECT_EQ(other.requests().at(0).header("Authorization"), std::nullopt);
}

TEST_F(tls, with_a_certificate_that_nobody_vouches_for_is_refused) {
    fault_server server({answers(202)}, speak_);
    const observed_client client(url_of(server));
    EXPECT_EQ(client.call().status, KN_ETLS);
    observed_worker worker(url_of(server));
    for (const told_failure &failure : worker.await_failures(2))
        EXPECT_EQ(failure.status, KN_ETLS) << failure.message;
    EXPECT_TRUE(server.requests().empty()) << "no credentials went out";
}

TEST_F(tls, with_a_certificate_of_another_host_is_refused) {
    fault_server server({answers(202)}, speak_);
    const observed_client client(server.where().url("https", "127.0.0.2"), trusting_client());
    // Nobody listens at 127.0.0.2, but localhost is the same port under a name of its own.
    EXPECT_EQ(client.call().status, KN_ECONNECT);
    const observed_client by_name(server.where().url("https", "localhost"), trusting_client());
    EXPECT_EQ(by_name.call().status, KN_ETLS);
    EXPECT_TRUE(server.requests().empty());
}

TEST_F(tls, is_not_what_a_plain_server_speaks) {
    fault_server server({[](conversation &with) { with.send("HTTP/1.1 400 Bad\r\n\r\n"); }});
    const observed_client client(url_of(server), trusting_client());
    EXPECT_EQ(client.call().status, KN_ETLS);
}

TEST_F(tls, handshakes_that_break_are_failures) {
    fault_server server({[](conversation &with) { with.reset(); }, [](conversation &) {}});
    const observed_client client(url_of(server), trusting_client());
    for (int i = 0; i < 2; ++i) {
        const told_failure failure = client.call();
        // A reset may come before the client has looked whether it is connected.
        EXPECT_TRUE(failure.status == KN_ETLS || failure.status == KN_EIO ||
                    failure.status == KN_ECONNECT)
            << kn_status_name(failure.status) << ": " << failure.message;
    }
    observed_worker worker(url_of(server), trusting_worker());
    worker.await_failures(2);
}

TEST_F(tls, handshakes_that_stall_are_given_up) {
    fault_server server({[](conversation &with) { with.stall(); }});
    client_settings how = trusting_client();
    how.connect_timeout_ms = 200;
    const observed_client client(url_of(server), how);
    const clock::time_point began = clock::now();
    EXPECT_EQ(client.call().status, KN_ETIMEOUT);
    EXPECT_LT(clock::now() - began, patience);

    worker_settings quick = trusting_worker();
    quick.connect_timeout_ms = 200;
    observed_worker worker(url_of(server), quick);
    for (const told_failure &failure : worker.await_failures(2))
        EXPECT_EQ(failure.status, KN_ETIMEOUT) << failure.message;
}

TEST_F(tls, handshakes_that_stall_hold_neither_close_nor_free) {
    fault_server server({[](conversation &with) { with.stall(); }});
    for (const bool is_closed : {true, false}) {
        kn_worker *worker = nullptr;
        ASSERT_EQ(kn_worker_new(url_of(server).c_str(), nullptr, &worker, nullptr), KN_OK);
        kn_event *event = nullptr;
        EXPECT_EQ(kn_worker_next(worker, 100, &event, nullptr), KN_AGAIN);
        const clock::time_point began = clock::now();
        if (is_closed) {
            EXPECT_EQ(kn_worker_close(worker, -1, nullptr), KN_OK);
        }
        kn_worker_free(worker);
        EXPECT_LT(clock::now() - began, patience);
    }
}

/// TLS says goodbye to whoever is gone already. That write fails with EPIPE, and must not end the
/// process besides.
class tls_without_other_side : public tls {
  protected:
    tls_without_other_side() { EXPECT_NE(signal(SIGPIPE, SIG_DFL), SIG_ERR); }

    /// Answers, and goes away when the test says so: with a FIN, so that the next write is the one
    /// that fails, and an RST.
    script goes_away_after(std::string bytes) {
        return [this, bytes = std::move(bytes)](conversation &with) {
            with.receive();
            with.send(bytes);
            while (!is_to_go_)
                with.pause(milliseconds(1));
            with.half_close();
            with.reset();
        };
    }

    /// The @p count-th connection is gone.
    void let_go(const fault_server &server, std::size_t count) {
        is_to_go_ = true;
        EXPECT_TRUE(server.await_closed(count));
        is_to_go_ = false;
    }

  private:
    std::atomic<bool> is_to_go_{false};
};

TEST_F(tls_without_other_side, a_client_s_next_call_raises_no_signal) {
    fault_server server({goes_away_after(whole_answer(202))}, speak_);
    const observed_client client(url_of(server), trusting_client());
    for (std::size_t i = 1; i <= 3; ++i) {
        EXPECT_EQ(client.call().status, KN_OK);
        let_go(server, i);
    }
}

TEST_F(tls_without_other_side, freeing_a_client_raises_no_signal) {
    fault_server server({goes_away_after(whole_answer(202))}, speak_);
    const observed_client client(url_of(server), trusting_client());
    EXPECT_EQ(client.call().status, KN_OK);
    let_go(server, 1);
}

TEST_F(tls_without_other_side, a_worker_s_next_try_raises_no_signal) {
    fault_server server({goes_away_after(stream_head() + "data: a\n\n")}, speak_);
    observed_worker worker(url_of(server), trusting_worker());
    for (std::size_t i = 1; i <= 3; ++i) {
        worker.await_events(i);
        let_go(server, i);
        worker.await_failures(i);
    }
}

TEST_F(tls_without_other_side, closing_a_worker_raises_no_signal) {
    fault_server server({goes_away_after(stream_head() + "data: a\n\n")}, speak_);
    observed_worker worker(url_of(server), trusting_worker());
    worker.await_events(1);
    let_go(server, 1);
    EXPECT_EQ(kn_worker_close(worker.get(), -1, nullptr), KN_OK);
}

TEST_F(tls_without_other_side, freeing_a_worker_raises_no_signal) {
    fault_server server({goes_away_after(stream_head() + "data: a\n\n")}, speak_);
    observed_worker worker(url_of(server), trusting_worker());
    worker.await_events(1);
    let_go(server, 1);
}

TEST_F(tls, that_ends_without_a_word_ends_the_stream) {
    fault_server server({streams("id: 1\ndata: a\n\nid: 2\ndata: cut\n"),
                         resets_after(stream_head() + ": hi\n\n"), keeps_streaming("data: b\n\n")},
                        speak_);
    observed_worker worker(url_of(server), trusting_worker());
    EXPECT_EQ(worker.await_events(2),
              (std::vector<told_event>{{"message", "a", "1"}, {"message", "b", "1"}}));
    for (const told_failure &failure : worker.failures())
        EXPECT_EQ(failure.status, KN_EIO) << failure.message;
}

} // namespace
} // namespace faults
