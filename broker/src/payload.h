// Event payloads: what a sender gave, with the broker's own words laid over it.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

namespace webrocket {

struct PayloadField {
    std::string_view key;   // plain, needs no escaping
    std::string_view value; // JSON text
};

// `object` is a scanned JSON object, or empty for {}. Its members stay as written, except those
// named like one of `fields`, which win. The result is a single line.
std::string overlay_payload(std::string_view object, std::initializer_list<PayloadField> fields);

// The members of `object`, except those that `over` has too, and those of `over`. Both are scanned
// JSON objects, or empty for {}. The result is a single line.
std::string merge_objects(std::string_view object, std::string_view over);

// {<event>:<payload>}; `event` is JSON text with its quotes.
std::string event_message(std::string_view event, std::string_view payload);

} // namespace webrocket
