#include "room.hpp"

#include <chrono>
#include <cstdio>
#include <ctime>
#include <string>

#include <poll.h>

#include "json.hpp"

using namespace std::chrono_literals;

namespace chat {
namespace {

constexpr std::size_t line_bytes_max = 4000;

constexpr std::size_t line_id_bytes_max = 64;
constexpr std::size_t logged_bytes_max = 400;

bool continues_character(char byte) { return (static_cast<unsigned char>(byte) & 0xC0) == 0x80; }

// Text from a browser must neither speak to the terminal nor fill it. Control characters are those
// of ASCII and, in UTF-8, U+0080 to U+009F.
std::string printable(std::string_view text) {
    std::string shown;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (i >= logged_bytes_max && !continues_character(text[i])) {
            return shown + "…";
        }
        const auto byte = static_cast<unsigned char>(text[i]);
        const auto next = static_cast<unsigned char>(i + 1 < text.size() ? text[i + 1] : 0);
        if (byte == 0xC2 && next >= 0x80 && next < 0xA0) {
            shown += ' ';
            ++i;
        } else {
            shown += byte < 0x20 || byte == 0x7F ? ' ' : text[i];
        }
    }
    return shown;
}

} // namespace

void log(std::string_view what, std::string_view text) {
    char clock[16] = "";
    const std::time_t now = std::time(nullptr);
    std::tm parts{};
    if (localtime_r(&now, &parts) != nullptr) {
        std::strftime(clock, sizeof clock, "%H:%M:%S", &parts);
    }
    const std::string line = std::string(clock) + "  " + std::string(what) +
                             std::string(what.size() < 16 ? 16 - what.size() : 0, ' ') + "  " +
                             printable(text) + "\n";
    std::fwrite(line.data(), 1, line.size(), stdout);
    std::fflush(stdout);
}

room::room(const std::string &vhost_url, visitors &visitors)
    : visitors_(visitors),
      client_(vhost_url, kosmonaut::options().connect_timeout(2s).request_timeout(3s)),
      worker_(vhost_url, kosmonaut::options().reconnect_delay(250ms, 4s)) {
    worker_.on("chat/say", [this](kosmonaut::event_ref event) { on_say(event); });
    worker_.on_error([](const kosmonaut::error &error) { log("broker", error.what()); });
}

bool room::open() {
    for (bool is_open = false; !is_open;) {
        try {
            client_.open_channel(channel);
            is_open = true;
        } catch (const kosmonaut::error &error) {
            if (!error.is_retriable()) {
                throw;
            }
            log("broker", error.what());
            pollfd woken{worker_.fd(), 0, 0}; // a nap
            poll(&woken, 1, 500);
        }
        if (!step()) {
            return false;
        }
    }
    while (worker_.state() != kosmonaut::worker_state::connected) {
        pollfd ready{worker_.fd(), POLLIN, 0};
        poll(&ready, 1, 1000);
        if (!step()) {
            return false;
        }
    }
    return true;
}

bool room::step() {
    const kosmonaut::status status = worker_.dispatch();
    return status == kosmonaut::status::ok || status == kosmonaut::status::again;
}

void room::run() { worker_.run(); }

// Somebody may have closed the channel meanwhile, and whoever comes wants to be on it.
std::string room::token_for(const visitor &who) {
    client_.open_channel(channel);
    return client_.request_token(who.uid, channel);
}

// `{"trigger":{"event":"chat/say","data":{"line":…,"text":…}}}` from a browser, and nobody else has
// seen it yet. Who says it is the broker's word, so nobody can speak in another's name.
void room::on_say(kosmonaut::event_ref event) {
    const json data = parse(event.data());
    const std::string line = text_of(data, "line");
    const std::string text = text_of(data, "text");
    const std::string uid(event.uid().value_or(""));
    const std::optional<std::string> name = visitors_.name_of(uid);
    log("worker hears",
        std::string(event.topic()) + "  " + name.value_or("(signed out)") + ": " + text);

    const char *reason = nullptr;
    if (!name) {
        reason = "signed-out";
    } else if (text.empty() || text.size() > line_bytes_max || line.size() > line_id_bytes_max) {
        reason = "length";
    } else if (!tell_everybody(
                   "said",
                   object({{"uid", uid}, {"name", *name}, {"line", line}, {"text", text}}))) {
        reason = "failed";
    }
    if (reason != nullptr) {
        log("not delivered", reason);
    }
    // Whoever makes up his own line numbers has to live without an answer.
    if (reason != nullptr && line.size() <= line_id_bytes_max) {
        tell_everybody("unsaid", object({{"uid", uid}, {"line", line}, {"reason", reason}}));
    }
}

// The broker may be away, or somebody may have closed the channel: neither may end the worker.
bool room::tell_everybody(std::string_view event, const std::string &data) {
    log("client triggers", std::string(event) + "  " + data);
    for (bool again = true;; again = false) {
        try {
            client_.trigger(channel, event, data);
            return true;
        } catch (const kosmonaut::error &error) {
            log("broker", error.what());
            if (error.status() != kosmonaut::status::no_channel || !again) {
                return false;
            }
        }
        std::error_code code;
        client_.open_channel(channel, code);
    }
}

} // namespace chat
