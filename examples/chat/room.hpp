// The chat itself: lines come in through the worker and go out through the client.
#ifndef CHAT_ROOM_HPP
#define CHAT_ROOM_HPP

#include <string>
#include <string_view>

#include <kosmonaut/kosmonaut.hpp>

#include "visitors.hpp"

namespace chat {

inline constexpr const char *channel = "presence-chat";

// One line on the terminal; any thread.
void log(std::string_view what, std::string_view text);

class room {
  public:
    room(const std::string &vhost_url, visitors &visitors);

    // Opens the channel and connects the worker, however long the broker takes to come up.
    // False: stop() was called, or the broker wants no worker.
    bool open();

    // Deals with events until stop().
    void run();

    // Any thread, and a signal handler.
    void stop() noexcept { worker_.interrupt(); }

    // What a browser proves with that it is this visitor. Any thread.
    std::string token_for(const visitor &who);

  private:
    bool step();
    void on_say(kosmonaut::event_ref event);
    bool tell_everybody(std::string_view event, const std::string &data);

    visitors &visitors_;
    kosmonaut::client client_;
    kosmonaut::worker worker_;
};

} // namespace chat

#endif
