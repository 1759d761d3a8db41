// What an event may be called, and under which topic it reaches the workers.
#pragma once

#include <string>
#include <string_view>

namespace webrocket {

// Not empty, no system name (leading colon), no control character: those would break the lines
// of an event stream.
bool is_valid_event_name(std::string_view event);

// Browsers may not name a system event in any part of a topic either.
bool is_valid_browser_topic(std::string_view topic);

// `room/:joined`: an event of the broker's own, which no browser can name.
bool is_system_topic(std::string_view topic);

// Whether a regular expression has a colon that stands for a colon: not that of `(?:`, of
// `[[:alpha:]]`, or of a set that leaves it out (`[^:]`).
bool spells_colon(std::string_view expression);

// `greetings/hello`: the topic of an event that names none of its own.
std::string implicit_topic(std::string_view channel, std::string_view event);

// The private or presence channel in whose name an explicit topic speaks; empty if in none.
std::string_view guarded_channel(std::string_view topic);

} // namespace webrocket
