#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace kn {

/// Who sent an event, by the members of that name at the top of its payload. The others are not
/// decoded, so nothing in them hides the sender. Neither is there when the payload is no object, or
/// one of them is neither null nor text without U+0000: who sent that is not known, and not nobody.
struct Sender {
    std::optional<std::string> uid;
    std::optional<std::string> sid;
};
Sender read_sender(std::string_view payload);

} // namespace kn
