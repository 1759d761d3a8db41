#include "hub/vhost.h"

#include "hub/subscriber.h"
#include "net/event_loop.h"

#include <span>
#include <utility>

namespace webrocket {

// On its way to every loop.
class Vhost::Removal final : public Addressee {
  public:
    explicit Removal(std::shared_ptr<Vhost> vhost) : vhost_(std::move(vhost)) {}
    void receive(std::span<const Letter>, EventLoop &loop) override { vhost_->close_on(loop); }

  private:
    std::shared_ptr<Vhost> vhost_;
};

Vhost::Vhost(std::string path, const std::string &access_token, EventLoops &loops,
             const VhostLimits &limits)
    : path_(std::move(path)), loops_(loops), credentials_(access_token),
      connections_(limits.connections_max), tokens_(path_, limits.tokens), sessions_(loops.size()),
      workers_(limits.workers, loops.size()),
      fan_out_budget_(path_, limits.fan_out_bytes_per_second_max),
      channels_(loops, workers_, fan_out_budget_, limits.channels),
      keys_(limits.keys, loops.memory()) {}

void Vhost::set_limits(const VhostLimits &limits) {
    connections_.set_max(limits.connections_max);
    tokens_.set_limits(limits.tokens);
    workers_.set_limits(limits.workers);
    channels_.set_limits(limits.channels);
    keys_.set_limits(limits.keys);
    fan_out_budget_.set_limit(limits.fan_out_bytes_per_second_max);
}

// The browsers learn that the vhost is gone, not that each of its channels is.
void Vhost::close() {
    closed_ = true;
    channels_.close_with_vhost();
    workers_.dismiss_all();
    const auto removal = std::make_shared<Removal>(shared_from_this());
    for (std::size_t i = 0; i < loops_.size(); ++i)
        loops_[i].send({removal, nullptr, 0});
}

void Vhost::close_on(EventLoop &loop) {
    for (Subscriber *browser : sessions_.take_all_on(loop))
        browser->vhost_removed();
}

} // namespace webrocket
