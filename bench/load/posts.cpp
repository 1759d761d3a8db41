#include "http_client.hpp"
#include "measurement.hpp"
#include "scenarios.hpp"

#include <memory>

namespace {

/// Request after request on each connection.
class posters {
  public:
    posters(poller &loop, const http_address &to, numbered_text body, std::size_t connections)
        : loop_(loop), body_(std::move(body)) {
        for (std::size_t i = 0; i < connections; ++i)
            clients_.push_back(std::make_unique<http_client>(loop, to, body_.size()));
    }

    /// Returns how many requests were answered.
    std::size_t run(const server_usage &server, double seconds) {
        const measurement time(server);
        const std::size_t before = answered();
        while (time.elapsed() < seconds) {
            for (const auto &client : clients_)
                if (client->posted() == client->answered())
                    client->post(body_.with({0, client->posted()}));
            loop_.turn();
        }
        return answered() - before;
    }

  private:
    std::size_t answered() const {
        std::size_t sum = 0;
        for (const auto &client : clients_)
            sum += client->answered();
        return sum;
    }

    poller &loop_;
    numbered_text body_;
    std::vector<std::unique_ptr<http_client>> clients_;
};

} // namespace

void measure_posts(const settings &wishes) {
    const server_usage server = wishes.server();
    poller loop;
    posters all(loop, wishes.address("target"), wishes.language().posted(),
                wishes.number("connections"));
    all.run(server, wishes.seconds("seconds") / 10);
    const measurement measured(server);
    measured.print(all.run(server, wishes.seconds("seconds")));
}
