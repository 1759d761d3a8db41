// A broker, a vhost and a browser of its own for each test in C++.
#ifndef SUPPORT_BROKER_FIXTURE_HPP
#define SUPPORT_BROKER_FIXTURE_HPP

#include <chrono>
#include <exception>
#include <optional>
#include <string>

#include <gtest/gtest.h>

#include <kosmonaut/kosmonaut.hpp>

#include "broker.hpp"
#include "browser.hpp"
#include "patience.hpp"

class BrokerTest : public ::testing::Test {
  protected:
    void SetUp() override {
        broker_.emplace();
        url_ = broker_->add_vhost("/test");
    }

    // Not in TearDown(): the workers of a test are members of what derives from this, and a broker
    // waits for those who are connected before it ends.
    ~BrokerTest() override {
        browser_.reset();
        try {
            if (broker_)
                broker_->stop();
        } catch (const std::exception &error) {
            ADD_FAILURE() << error.what();
        }
    }

    support::broker &broker() { return *broker_; }
    /// The vhost's URL, with its token.
    const std::string &url() const { return url_; }

    /// Connected to the vhost from when it is asked for first.
    support::browser &browser() {
        if (!browser_)
            browser_.emplace(url_);
        return *browser_;
    }

    /// Brings a worker to where it misses nothing that browsers send.
    static void connect(kosmonaut::worker &worker) {
        support::wait_until("the worker to be connected", [&] {
            EXPECT_FALSE(worker.next(std::chrono::milliseconds(2)));
            return worker.state() == kosmonaut::worker_state::connected;
        });
    }

  private:
    std::optional<support::broker> broker_;
    std::optional<support::browser> browser_;
    std::string url_;
};

#endif
