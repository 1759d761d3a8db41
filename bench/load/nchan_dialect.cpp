// nchan: whoever is connected is subscribed, and what is posted is passed on as it is.
#include "dialects.hpp"
#include "failure.hpp"

namespace {

class listener final : public participant {
  public:
    listener(poller &loop, int port) : participant(loop, port, "/subscribe") {}

    void publish(message_number) override { fail("messages are posted to nchan"); }
    void ask(message_number) override { fail("nchan has nobody to answer"); }
    numbered_text heard() const override { return nchan_dialect().heard_of_posted(); }
    numbered_text answer() const override { return heard(); }

  private:
    void on_open() override { become_ready(); }
    void on_message(std::string_view message) override { hear(message); }
};

class nchan final : public dialect {
  public:
    std::unique_ptr<participant> join(poller &loop, int port, const role &) const override {
        return std::make_unique<listener>(loop, port);
    }
    // What WebRocket's subscribers hear, byte for byte.
    numbered_text posted() const override { return webrocket_dialect().heard_of_posted(); }
    numbered_text heard_of_posted() const override { return posted(); }
};

} // namespace

const dialect &nchan_dialect() {
    static const nchan only;
    return only;
}
