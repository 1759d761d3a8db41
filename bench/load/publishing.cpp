#include "publishing.hpp"

#include "failure.hpp"

#include <algorithm>
#include <chrono>

namespace {

class speaking_publisher final : public publisher {
  public:
    explicit speaking_publisher(participant &speaker) : speaker_(speaker) {}
    void publish(message_number number) override { speaker_.publish(number); }
    std::uint32_t acknowledged(std::uint32_t published) const override { return published; }

  private:
    participant &speaker_;
};

class posting_publisher final : public publisher {
  public:
    posting_publisher(poller &loop, const http_address &to, const numbered_text &body)
        : client_(loop, to, body.size()), body_(body) {}
    void publish(message_number number) override { client_.post(body_.with(number)); }
    std::uint32_t acknowledged(std::uint32_t) const override { return client_.answered(); }

  private:
    http_client client_;
    numbered_text body_;
};

} // namespace

std::unique_ptr<publisher> speaking(participant &speaker) {
    return std::make_unique<speaking_publisher>(speaker);
}

std::unique_ptr<publisher> posting(poller &loop, const http_address &to,
                                   const numbered_text &body) {
    return std::make_unique<posting_publisher>(loop, to, body);
}

publishing::publishing(poller &loop, const audience &heard,
                       std::vector<std::unique_ptr<publisher>> publishers)
    : loop_(loop), heard_(heard), publishers_(std::move(publishers)),
      published_(publishers_.size()) {}

void publishing::run(double seconds, std::size_t window) {
    require(window > 0 && window <= audience::ahead_max, "no such window");
    using clock = std::chrono::steady_clock;
    const auto end = clock::now() + std::chrono::duration<double>(seconds);
    publish_what_fits(window);
    while (!is_heard()) {
        loop_.turn();
        if (clock::now() < end)
            publish_what_fits(window);
    }
}

std::uint32_t publishing::on_the_way(std::size_t publisher) const {
    const std::uint32_t published = published_[publisher];
    return published - std::min(heard_.heard_by_all(publisher),
                                publishers_[publisher]->acknowledged(published));
}

bool publishing::is_heard() const {
    for (std::size_t i = 0; i < publishers_.size(); ++i)
        if (on_the_way(i) > 0)
            return false;
    return true;
}

void publishing::publish_what_fits(std::size_t window) {
    for (std::size_t i = 0; i < publishers_.size(); ++i)
        while (on_the_way(i) < window)
            publishers_[i]->publish({static_cast<std::uint32_t>(i), published_[i]++});
}
