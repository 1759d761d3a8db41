// NATS over its WebSocket port. Frames are no more than pieces of its stream of lines.
#include "dialects.hpp"
#include "failure.hpp"
#include "nats_lines.hpp"

namespace {

class nats_client final : public participant, private nats_listener {
  public:
    nats_client(poller &loop, int port, const role &as) : participant(loop, port, "/"), role_(as) {}

    void publish(message_number number) override {
        line_ = "PUB bench " + std::to_string(message_bytes) + "\r\n";
        line_.append(text_.with(number)).append("\r\n");
        send_binary(line_);
    }
    void ask(message_number) override { fail("NATS has nobody to answer"); }
    numbered_text heard() const override { return nats_dialect().heard_of_posted(); }
    numbered_text answer() const override { return heard(); }

  private:
    void on_message(std::string_view message) override {
        if (unread_.empty()) {
            unread_ = message.substr(read_nats(message, *this));
        } else {
            unread_ += message;
            unread_.erase(0, read_nats(unread_, *this));
        }
    }
    void on_info() override { send_binary(nats_greeting(role_.subscribes)); }
    void on_pong() override { become_ready(); }
    void on_ping() override { send_binary("PONG\r\n"); }
    void on_payload(std::string_view payload) override { hear(payload); }

    role role_;
    std::string unread_;
    std::string line_;
    numbered_text text_ = nats_dialect().posted();
};

class nats final : public dialect {
  public:
    std::unique_ptr<participant> join(poller &loop, int port, const role &as) const override {
        return std::make_unique<nats_client>(loop, port, as);
    }
    numbered_text posted() const override { return webrocket_dialect().heard_of_posted(); }
    numbered_text heard_of_posted() const override { return posted(); }
};

} // namespace

const dialect &nats_dialect() {
    static const nats only;
    return only;
}
