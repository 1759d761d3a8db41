#include "payload.h"

#include "json.h"

#include <algorithm>

namespace webrocket {
namespace {

// Valid JSON has line breaks only between tokens, where a space means the same.
void append_on_one_line(std::string &out, std::string_view json) {
    const std::size_t start = out.size();
    out.append(json);
    std::replace_if(
        out.begin() + static_cast<std::ptrdiff_t>(start), out.end(),
        [](char c) { return c == '\n' || c == '\r'; }, ' ');
}

} // namespace

std::string overlay_payload(std::string_view object, std::initializer_list<PayloadField> fields) {
    std::string out;
    out.reserve(object.size() + 128);
    out.push_back('{');
    if (!object.empty()) {
        if (const auto members = scan_json_object(object)) {
            for (const auto &member : *members) {
                const bool overwritten =
                    std::any_of(fields.begin(), fields.end(), [&member](const PayloadField &field) {
                        return json_key_is(member.key, field.key);
                    });
                if (overwritten)
                    continue;
                if (out.size() > 1)
                    out.push_back(',');
                out.append(member.key);
                out.push_back(':');
                append_on_one_line(out, member.value);
            }
        }
    }
    for (const auto &field : fields) {
        if (out.size() > 1)
            out.push_back(',');
        out.append(1, '"').append(field.key).append("\":").append(field.value);
    }
    out.push_back('}');
    return out;
}

std::string event_message(std::string_view event, std::string_view payload) {
    std::string out;
    out.reserve(event.size() + payload.size() + 3);
    out.append(1, '{').append(event).append(1, ':').append(payload).append(1, '}');
    return out;
}

} // namespace webrocket
