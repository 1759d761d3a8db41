// JSON to the broker, beside jansson: what is a document is one for both, with the same members.
// What comes of a browser's message is what stands in it.
#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <jansson.h>

#include "base/json.h"
#include "base/utf8.h"
#include "client/command.h"
#include "expect.hpp"
#include "hub/topic.h"

namespace {

struct Document {
    json_t *root = nullptr;
    bool is_beyond_jansson = false;

    explicit Document(std::string_view text) {
        json_error_t why;
        root = json_loadb(text.data(), text.size(),
                          JSON_DECODE_INT_AS_REAL | JSON_DECODE_ANY | JSON_ALLOW_NUL, &why);
        // It has no numbers as large as that and no keys with NUL, and does not see NUL between
        // tokens.
        is_beyond_jansson =
            text.find('\0') != std::string_view::npos ||
            (root == nullptr && (json_error_code(&why) == json_error_numeric_overflow ||
                                 json_error_code(&why) == json_error_null_byte_in_key));
    }
    ~Document() { json_decref(root); }
    Document(const Document &) = delete;
    Document &operator=(const Document &) = delete;
};

std::size_t depth_of(const json_t *value) {
    std::size_t depth = 0;
    if (json_is_array(value)) {
        for (std::size_t i = 0; i < json_array_size(value); ++i)
            depth = std::max(depth, depth_of(json_array_get(value, i)));
        return depth + 1;
    }
    if (json_is_object(value)) {
        const char *key = nullptr;
        json_t *member = nullptr;
        json_object_foreach(const_cast<json_t *>(value), key, member) depth =
            std::max(depth, depth_of(member));
        return depth + 1;
    }
    return 0;
}

std::string_view text_of(const json_t *string) {
    return {json_string_value(string), json_string_length(string)};
}

void expect_same(const webrocket::JsonMember &member, const json_t *value) {
    const Document alone(member.value);
    if (alone.is_beyond_jansson)
        return;
    expect(alone.root != nullptr && json_equal(alone.root, value));
    expect((member.type == webrocket::JsonType::object) == json_is_object(value));
    expect((member.type == webrocket::JsonType::array) == json_is_array(value));
    expect((member.type == webrocket::JsonType::string) == json_is_string(value));
    if (json_is_string(value)) {
        const std::string decoded = webrocket::decode_json_string(member.value);
        expect(decoded == text_of(value) && webrocket::is_valid_utf8(decoded));
        const Document again(webrocket::json_string(decoded));
        expect(json_equal(again.root, value));
    }
}

void expect_object(const webrocket::JsonMembers &members, const json_t *root) {
    std::size_t distinct = 0;
    for (const auto &member : members) {
        const std::string key = webrocket::decode_json_string(member.key);
        expect(webrocket::json_key_is(member.key, key));
        const webrocket::JsonMember *last = webrocket::find_member(members, key);
        expect(last != nullptr);
        if (last != &member)
            continue;
        ++distinct;
        const json_t *value = json_object_getn(root, key.data(), key.size());
        expect(value != nullptr);
        expect_same(member, value);
    }
    expect(distinct == json_object_size(root));
}

// Whatever else is listed with them.
void expect_same_outer_members(const webrocket::JsonMembers &alone,
                               const webrocket::JsonMembers &deep) {
    expect(std::equal(alone.begin(), alone.end(), deep.begin(), deep.end(),
                      [](const auto &one, const auto &other) {
                          return one.key.data() == other.key.data() && one.value == other.value &&
                                 one.type == other.type && one.flaw == other.flaw;
                      }));
    for (const auto &member : deep) {
        if (member.type != webrocket::JsonType::object)
            continue;
        const auto inner = webrocket::scan_json_object(member.value);
        expect(inner.has_value());
        const auto listed = webrocket::members_of(member);
        expect(std::equal(inner->list.begin(), inner->list.end(), listed.begin(), listed.end(),
                          [](const auto &one, const auto &other) {
                              return one.value == other.value && one.flaw == other.flaw;
                          }));
    }
}

void expect_command(std::string_view text, bool is_object) {
    static webrocket::Command command; // has had another one before
    webrocket::parse_command(text, webrocket::json_depth_max, command);
    if (command.kind == webrocket::CommandKind::malformed)
        return;
    expect(is_object);
    if (!command.data.empty())
        expect(webrocket::scan_json_object(command.data).has_value());
    if (!command.event_json.empty())
        expect(webrocket::decode_json_string(command.event_json) == command.event);
    for (const std::string &word : {command.token, command.channel, command.event, command.trigger})
        expect(webrocket::is_valid_utf8(word));
    if (webrocket::is_valid_browser_topic(command.event)) {
        expect(command.event.find_first_of("\r\n") == std::string::npos);
        expect(!webrocket::is_system_topic(command.event));
        static_cast<void>(webrocket::guarded_channel(command.event));
    }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size) {
    // A copy of its own, so that whoever reads past its end is found out.
    const std::string copy(reinterpret_cast<const char *>(data), size);
    const std::string_view text = copy;
    const auto members = webrocket::scan_json_object(text);
    const auto elements = webrocket::scan_json_array(text);
    expect(!members || !elements);
    const auto deep = webrocket::scan_json_object(text, {.levels = webrocket::json_levels_max});
    expect(members.has_value() == deep.has_value());
    if (members)
        expect_same_outer_members(*members, *deep);
    if (text.find('\0') != std::string_view::npos)
        expect(!members && !elements);
    const Document document(text);
    if (!document.is_beyond_jansson) {
        const bool is_deep =
            document.root != nullptr && depth_of(document.root) > webrocket::json_depth_max;
        if (members)
            expect(json_is_object(document.root));
        if (elements)
            expect(json_is_array(document.root));
        if (json_is_object(document.root) && !is_deep)
            expect(members.has_value());
        if (json_is_array(document.root) && !is_deep)
            expect(elements.has_value());
        if (is_deep)
            expect(!members && !elements);
        if (members)
            expect_object(*members, document.root);
        if (elements) {
            expect(elements->list.size() == json_array_size(document.root));
            for (std::size_t i = 0; i < elements->list.size(); ++i)
                expect_same(elements->list[i], json_array_get(document.root, i));
        }
    }
    expect_command(text, members.has_value());
    static_cast<void>(webrocket::spells_colon(text));
    return 0;
}
