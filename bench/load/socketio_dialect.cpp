// Socket.IO 4 with its WebSocket transport alone, as bench/socketio/server.mjs serves it.
#include "dialects.hpp"
#include "failure.hpp"

namespace {

constexpr std::string_view heard_before = R"(42["m",{"n":")";
constexpr std::string_view asked_before = R"(42["ask",{"n":")";
constexpr std::string_view answer_before = R"(42["answer",{"n":")";
constexpr std::string_view after = R"("}])";

class socketio_client final : public participant {
  public:
    socketio_client(poller &loop, int port)
        : participant(loop, port, "/socket.io/?EIO=4&transport=websocket") {}

    void publish(message_number number) override { send_text(published_.with(number)); }
    void ask(message_number number) override { send_text(asked_.with(number)); }
    numbered_text heard() const override { return {heard_before, after, filling}; }
    numbered_text answer() const override { return {answer_before, after, filling}; }

  private:
    // One digit for Engine.IO, one for Socket.IO, and the number of what has to be acknowledged.
    void on_message(std::string_view message) override {
        if (message.starts_with("42"))
            hear(message);
        else if (message == "2")
            send_text("3"); // ping, pong
        else if (message.starts_with("0{"))
            send_text("40"); // open, connect
        else if (message.starts_with("40"))
            send_text(R"(420["subscribe"])");
        else if (message.starts_with("430"))
            become_ready();
        else
            fail("Socket.IO said " + std::string(message));
    }

    static inline const std::size_t filling =
        numbered_text::filling_for(heard_before, after, message_bytes);

    numbered_text published_{R"(42["publish",{"n":")", after, filling};
    numbered_text asked_{asked_before, after, filling};
};

class socketio final : public dialect {
  public:
    std::unique_ptr<participant> join(poller &loop, int port, const role &) const override {
        return std::make_unique<socketio_client>(loop, port);
    }
    numbered_text posted() const override { throw std::logic_error("nothing is posted"); }
    numbered_text heard_of_posted() const override { return posted(); }
};

} // namespace

const dialect &socketio_dialect() {
    static const socketio only;
    return only;
}
