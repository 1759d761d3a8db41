// A browser's connection, for tests of what channels do with it.
#pragma once

#include "hub/subscriber.h"

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
    void deliver(const Frame &frame) override { heard.push_back(*frame); }
    ConnectionView view() const override { return {}; }
    void channel_removed(Subscription &) override { ++removals; }
    void vhost_removed() override {}

    std::vector<std::string> heard;
    int removals = 0;

  private:
    EventLoop &loop_;
    const std::string sid_;
};

} // namespace webrocket
