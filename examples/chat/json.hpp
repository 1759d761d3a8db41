// As much of JSON as a chat needs, over jansson.
#ifndef CHAT_JSON_HPP
#define CHAT_JSON_HPP

#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include <jansson.h>

namespace chat {

struct json_release {
    void operator()(json_t *value) const noexcept { json_decref(value); }
};
using json = std::unique_ptr<json_t, json_release>;

// A JSON object with text for its values.
inline std::string
object(std::initializer_list<std::pair<const char *, std::string_view>> members) {
    const json made(json_object());
    for (const auto &[key, text] : members) {
        json_object_set_new(made.get(), key, json_stringn(text.data(), text.size()));
    }
    const std::unique_ptr<char, decltype(&free)> dumped(json_dumps(made.get(), JSON_COMPACT), free);
    return dumped ? dumped.get() : "{}";
}

inline json parse(std::string_view text) {
    return json(json_loadb(text.data(), text.size(), JSON_REJECT_DUPLICATES, nullptr));
}

// The text of a member; "" when there is none, or when it is something else.
inline std::string text_of(const json &from, const char *key) {
    const json_t *value = json_object_get(from.get(), key);
    return json_is_string(value) ? std::string(json_string_value(value), json_string_length(value))
                                 : std::string();
}

} // namespace chat

#endif
