// The program that tests/languages/driver.py drives, in C++: the worker runs on a thread of its
// own.
#include <chrono>
#include <cstdlib>
#include <functional>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

#include <jansson.h>
#include <kosmonaut/kosmonaut.hpp>

using namespace std::chrono_literals;

namespace {

struct json_release {
    void operator()(json_t *value) const noexcept { json_decref(value); }
};
using json = std::unique_ptr<json_t, json_release>;

std::string text_of(const json_t *value) {
    const std::unique_ptr<char, decltype(&free)> dumped(json_dumps(value, JSON_COMPACT), free);
    return dumped.get();
}

std::string member(const json &object, const char *name) {
    const char *text = json_string_value(json_object_get(object.get(), name));
    return text != nullptr ? text : "";
}

void say(const json &reply) { std::cout << text_of(reply.get()) << std::endl; }

json done() { return json(json_pack("{s:b}", "ok", 1)); }

class backend {
  public:
    explicit backend(const std::string &url)
        : client_(url), worker_(url, kosmonaut::options().reconnect_delay(100ms, 500ms)) {
        worker_.on("private-room/ask", [this](kosmonaut::event_ref event) { answer(event); });
        worker_.on("private-room/who", [this](kosmonaut::event_ref event) { name(event); });
        thread_ = std::thread([this] { run(); });
    }

    json obey(const json &command) {
        const std::string what = member(command, "do");
        const std::string channel = member(command, "channel");
        json reply = done();
        if (what == "open")
            client_.open_channel(channel);
        else if (what == "close_channel")
            client_.close_channel(channel);
        else if (what == "trigger")
            client_.trigger(channel, member(command, "event"),
                            text_of(json_object_get(command.get(), "data")));
        else if (what == "open_as")
            kosmonaut::client(member(command, "url")).open_channel(channel);
        else if (what == "token")
            set(reply, "token",
                json_string(
                    client_.request_token(member(command, "uid"), member(command, "channels"))
                        .c_str()));
        else if (what == "state")
            add_state(reply);
        else if (what == "quit")
            quit();
        return reply;
    }

  private:
    static void set(const json &reply, const char *name, json_t *value) {
        json_object_set_new(reply.get(), name, value);
    }

    void answer(kosmonaut::event_ref event) {
        const std::string data(event.data());
        const json asked(json_loadb(data.data(), data.size(), 0, nullptr));
        const std::string to(event.uid().value_or(""));
        const json reply(
            json_pack("{s:s, s:O}", "to", to.c_str(), "n", json_object_get(asked.get(), "n")));
        client_.trigger(event.channel(), "answer", text_of(reply.get()));
    }

    /** Without a look at the rest of the data, which may be anything. */
    void name(kosmonaut::event_ref event) {
        const auto text = [](std::optional<std::string_view> given) {
            return given ? json_stringn(given->data(), given->size()) : json_null();
        };
        const json reply(
            json_pack("{s:o, s:o}", "uid", text(event.uid()), "sid", text(event.sid())));
        client_.trigger(event.channel(), "sender", text_of(reply.get()));
    }

    void run() {
        try {
            worker_.run();
        } catch (const std::exception &failure) {
            std::cerr << failure.what() << '\n';
            std::_Exit(1);
        }
    }

    void add_state(const json &reply) const {
        set(reply, "state", json_integer(static_cast<json_int_t>(worker_.state())));
        set(reply, "events", json_integer(worker_.events()));
        set(reply, "reconnects", json_integer(worker_.reconnects()));
    }

    void quit() {
        worker_.close(5s);
        thread_.join();
    }

    kosmonaut::client client_;
    kosmonaut::worker worker_;
    std::thread thread_;
};

json answer_to(backend &to, const json &command) {
    try {
        return to.obey(command);
    } catch (const kosmonaut::error &failure) {
        const std::string status(name(failure.status()));
        return json(json_pack("{s:s, s:i, s:s}", "error", status.c_str(), "http_status",
                              failure.http_status(), "message", failure.what()));
    }
}

} // namespace

int main(int argc, char **argv) {
    if (argc != 2) {
        std::cerr << "usage: " << argv[0] << " VHOST_URL\n";
        return 2;
    }
    backend here(argv[1]);
    say(json(json_pack("{s:b}", "ready", 1)));
    for (std::string line; std::getline(std::cin, line);) {
        const json command(json_loads(line.c_str(), 0, nullptr));
        say(answer_to(here, command));
        if (member(command, "do") == "quit")
            return 0;
    }
    std::_Exit(1); // the worker's thread is still running
}
