// A browser's connection, for tests of what channels do with it.
#pragma once

#include "frames.h"
#include "hub/subscriber.h"

#include <cstddef>
#include <gtest/gtest.h>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace webrocket {

// Takes down what it hears.
class Page final : public Subscriber {
  public:
    Page(EventLoop &loop, std::string sid) : loop_(loop), sid_(std::move(sid)) {}
    std::string_view sid() const override { return sid_; }
    EventLoop &loop() override { return loop_; }
    void deliver(const Frame &delivered, std::size_t count) override {
        const auto messages = messages_in(*delivered);
        EXPECT_EQ(messages.size(), count);
        heard.insert(heard.end(), messages.begin(), messages.end());
        frames.push_back(delivered);
    }
    ConnectionView view() const override { return {}; }
    void channel_removed(Subscription &) override { ++removals; }
    void vhost_removed() override {}

    std::vector<std::string> heard;
    std::vector<Frame> frames;
    int removals = 0;

  private:
    EventLoop &loop_;
    const std::string sid_;
};

} // namespace webrocket
