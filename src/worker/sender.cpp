#include "worker/sender.h"

#include <utility>

#include "json/json_parts.h"

namespace kn {

Sender read_sender(std::string_view payload) {
    const auto written = member_values(payload, {"uid", "sid"});
    if (!written)
        return {};
    const auto is_nobody = [](std::string_view value) { return value.empty() || value == "null"; };
    const auto read = [&](std::string_view value) {
        std::optional<std::string> text = is_nobody(value) ? std::nullopt : string_text(value);
        if (text && text->find('\0') != std::string::npos)
            text.reset();
        return text;
    };
    const auto [uid, sid] = std::pair(written->at(0), written->at(1));
    Sender from{read(uid), read(sid)};
    if ((!from.uid && !is_nobody(uid)) || (!from.sid && !is_nobody(sid)))
        return {};
    return from;
}

} // namespace kn
