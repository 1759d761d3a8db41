// WebRocket's frontend protocol and Backend API. A page broadcasts where it subscribes; where it
// does not, it has to have authenticated, and triggers events that only workers hear.
#include "dialects.hpp"
#include "failure.hpp"

namespace {

constexpr std::string_view heard_before = R"({"m":{"n":")";
constexpr std::string_view posted_before = R"({"trigger":{"event":"m","data":{"n":")";
constexpr std::string_view posted_after = R"("}}})";
constexpr std::string_view heard_of_posted_after = R"(","channel":"bench"}})";

class page final : public participant {
  public:
    page(poller &loop, int port, const role &as) : participant(loop, port, "/bench"), role_(as) {}

    void publish(message_number number) override { send_text(published_.with(number)); }
    void ask(message_number number) override { send_text(asked_.with(number)); }

    numbered_text heard() const override {
        return {heard_before, heard_after(sid_), broadcast_filling};
    }
    numbered_text heard_by_worker() const override {
        return role_.subscribes
                   ? numbered_text(R"({"n":")",
                                   R"(","channel":"bench","sid":")" + sid_ + R"(","uid":null})",
                                   broadcast_filling)
                   : numbered_text(R"({"n":")", triggered_after(sid_), trigger_filling);
    }
    numbered_text answer() const override {
        return {R"({"answer":{"n":")",
                R"(","sid":")" + sid_ + R"(","uid":"bench","channel":"bench"}})", trigger_filling};
    }

  private:
    enum class step { greeting, authentication, subscription, done };

    static std::string heard_after(const std::string &sid) {
        return R"(","channel":"bench","sid":")" + sid + R"("}})";
    }
    static std::string triggered_after(const std::string &sid) {
        return R"(","sid":")" + sid + R"(","uid":"bench"})";
    }

    void on_message(std::string_view message) override {
        switch (step_) {
        case step::greeting: {
            constexpr std::string_view begin = R"({":connected":{"sid":")";
            require_answer(message, begin);
            sid_ = message.substr(begin.size(), sid_bytes);
            if (role_.token.empty())
                return subscribe();
            step_ = step::authentication;
            send_text(R"({"auth":{"token":")" + role_.token + R"("}})");
            return;
        }
        case step::authentication:
            require_answer(message, R"({":authenticated":)");
            return subscribe();
        case step::subscription:
            require_answer(message, R"({":subscribed":)");
            return be_done();
        case step::done:
            hear(message);
        }
    }

    void subscribe() {
        if (!role_.subscribes)
            return be_done();
        step_ = step::subscription;
        send_text(R"({"subscribe":{"channel":"bench"}})");
    }

    void be_done() {
        step_ = step::done;
        become_ready();
    }

    static void require_answer(std::string_view message, std::string_view begin) {
        require(message.starts_with(begin), "the broker said", message);
    }

    static constexpr std::size_t sid_bytes = 36;
    static inline const std::size_t broadcast_filling = numbered_text::filling_for(
        heard_before, heard_after(std::string(sid_bytes, '-')), message_bytes);
    static inline const std::size_t trigger_filling = numbered_text::filling_for(
        R"({"n":")", triggered_after(std::string(sid_bytes, '-')), message_bytes);

    role role_;
    step step_ = step::greeting;
    std::string sid_;
    numbered_text published_ =
        role_.subscribes
            ? numbered_text(R"({"broadcast":{"channel":"bench","event":"m","data":{"n":")",
                            R"("}}})", broadcast_filling)
            : numbered_text(R"({"trigger":{"event":"m","data":{"n":")", R"("}}})", trigger_filling);
    numbered_text asked_{R"({"trigger":{"event":"ask","data":{"n":")", R"("}}})", trigger_filling};
};

class webrocket final : public dialect {
  public:
    std::unique_ptr<participant> join(poller &loop, int port, const role &as) const override {
        return std::make_unique<page>(loop, port, as);
    }
    numbered_text posted() const override { return {posted_before, posted_after, filling()}; }
    numbered_text heard_of_posted() const override {
        return {heard_before, heard_of_posted_after, filling()};
    }

  private:
    static std::size_t filling() {
        return numbered_text::filling_for(heard_before, heard_of_posted_after, message_bytes);
    }
};

} // namespace

const dialect &webrocket_dialect() {
    static const webrocket only;
    return only;
}
