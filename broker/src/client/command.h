// What browsers say: a message taken apart into one command.
#pragma once

#include "base/json.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace webrocket {

enum class CommandKind : std::uint8_t {
    malformed,
    auth,
    subscribe,
    unsubscribe,
    broadcast,
    trigger,
    close,
    pong // left over from an old draft; means nothing
};

// Fields of the wrong type are absent. Views point into the message, and the members into the
// document.
struct Command {
    Command() = default;
    Command(const Command &) = delete;
    Command &operator=(const Command &) = delete;

    CommandKind kind = CommandKind::malformed;
    std::string_view message; // all of it
    std::string token;
    std::string channel;
    std::string event;
    std::string_view event_json; // as written, with its quotes
    std::string trigger;
    std::string_view data; // a JSON object, or empty
    JsonMembers data_members;
    JsonFlaw data_flaw = JsonFlaw::none; // for which it is not to be passed on
    bool hidden = false;
    std::string ref;          // empty: none
    bool has_bad_ref = false; // one that could not be repeated
    JsonDocument document;    // which has the members
};

// Takes the first known key of the message's object; a sibling `trigger` or `hidden` counts where
// the old clients put them beside the command instead of into it. `command` was perhaps another one
// before: its memory is used again.
void parse_command(std::string_view message, std::size_t nesting_max, Command &command);

} // namespace webrocket
