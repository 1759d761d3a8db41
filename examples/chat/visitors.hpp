// Who has signed in: the application's own business, of which the broker knows only the uid.
#ifndef CHAT_VISITORS_HPP
#define CHAT_VISITORS_HPP

#include <chrono>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace chat {

struct visitor {
    // What the broker vouches for, to the worker and to every page that is told who is there. It
    // ends with the name, so nobody has to be believed about his own: `DIGITS-NAME`. The digits are
    // random: a name that is free again is somebody else's.
    std::string uid;
    std::string name;
};

// All calls may come from any thread.
class visitors {
  public:
    enum class refusal { bad_name, taken, full };

    struct welcome {
        std::string session; // the secret that goes into the cookie
        visitor who;
    };

    std::variant<welcome, refusal> sign_in(std::string_view name);
    void sign_out(const std::string &session);

    std::optional<visitor> of_session(const std::string &session);
    std::optional<std::string> name_of(std::string_view uid);

  private:
    using clock = std::chrono::steady_clock;
    struct entry {
        visitor who;
        clock::time_point seen;
    };

    void forget_idle();

    std::mutex mutex_;
    std::map<std::string, entry> by_session_;
};

} // namespace chat

#endif
