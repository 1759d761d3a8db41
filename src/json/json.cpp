#include "json/json.hpp"

#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>
#include <utility>

#include <jansson.h>

#include "base/failure.hpp"
#include "base/quoted.hpp"
#include "base/utf8.hpp"
#include "json/json_outline.hpp"
#include "json/json_parts.hpp"

namespace kn {
namespace {

struct decref {
    void operator()(json_t *value) const noexcept { json_decref(value); }
};
using json_ptr = std::unique_ptr<json_t, decref>;

// Integers of any size are numbers, and U+0000 is a character: both are JSON, so both are let
// through.
constexpr std::size_t decode_flags = JSON_DECODE_INT_AS_REAL | JSON_ALLOW_NUL;

json_ptr load(std::string_view text, json_error_t &why) {
    return json_ptr(json_loadb(text.data(), text.size(), decode_flags, &why));
}

/// NULL and the reason in @p why when @p text is no JSON array or object.
json_ptr decode(std::string_view text, json_error_t &why) {
    if (json_ptr value = load(text, why))
        return value;
    // To jansson a token for which there is no memory is a malformed one. The text has not changed:
    // where memory was the reason, a second look finds more of it, or none from the beginning,
    // which has no number.
    json_ptr value = load(text, why);
    const enum json_error_code code = json_error_code(&why);
    if (!value && (code == json_error_unknown || code == json_error_out_of_memory))
        throw std::bad_alloc();
    return value;
}

/// NULL when @p text is no JSON object: for what another side sent, which is allowed to be wrong.
json_ptr decode_object(std::string_view text) {
    json_error_t ignored;
    json_ptr value = decode(text, ignored);
    return json_is_object(value.get()) ? std::move(value) : nullptr;
}

std::optional<std::string> text_member(const json_t *object, const char *key) {
    const json_t *value = json_object_get(object, key);
    if (!json_is_string(value))
        return std::nullopt;
    const std::string_view text(json_string_value(value), json_string_length(value));
    if (text.find('\0') != std::string_view::npos)
        return std::nullopt;
    return std::string(text);
}

/// The same of text that others act on. A string that jansson has no memory to extend lacks a
/// character without a word: it has to stand in @p source, or to come out once more the same.
std::optional<std::string> exact_member(const json_t *object, const char *key,
                                        std::string_view source) {
    std::optional<std::string> text = text_member(object, key);
    if (text && source.find(*text) == std::string_view::npos) {
        json_error_t ignored;
        if (text_member(decode(source, ignored).get(), key) != text)
            throw std::bad_alloc();
    }
    return text;
}

/// 0 where it is missing or no such number.
std::int32_t positive_member(const json_t *object, const char *key) {
    // JSON_DECODE_INT_AS_REAL makes every number a real.
    const double value = json_number_value(json_object_get(object, key));
    return value >= 1 && value <= INT32_MAX ? static_cast<std::int32_t>(value) : 0;
}

std::optional<kn_subscribers::subscriber> read_subscriber(std::string_view entry) {
    const std::optional<cut_object> parts = cut_member(entry, "data");
    if (!parts || parts->part.front() != '{')
        return std::nullopt;
    const json_ptr object = decode_object(parts->rest);
    std::optional<std::string> sid = exact_member(object.get(), "sid", parts->rest);
    std::optional<std::string> uid = exact_member(object.get(), "uid", parts->rest);
    // Who cannot be told is not nobody.
    const bool is_nobody = json_is_null(json_object_get(object.get(), "uid"));
    const json_t *hidden = json_object_get(object.get(), "hidden");
    if (!sid || sid->empty() || uid.has_value() == is_nobody || !json_is_boolean(hidden))
        return std::nullopt;
    return kn_subscribers::subscriber{*std::move(sid), std::move(uid), json_is_true(hidden),
                                      std::string(parts->part)};
}

server_error error_members(const json_t *object) {
    return {text_member(object, "error").value_or(""), positive_member(object, "code")};
}

} // namespace

void require_json_object(std::string_view text, std::string_view event) {
    json_error_t why;
    // What jansson costs is by the byte, and most of them are inside of strings.
    json_ptr value = load(json_outline(text), why);
    if (!value)
        value = decode(text, why); // why not, and where
    if (!value)
        throw failure(KN_EJSON, "the data of the event" + quoted(event) + " is not JSON: " +
                                    why.text + " (line " + std::to_string(why.line) + ", column " +
                                    std::to_string(why.column) + ")");
    if (!json_is_object(value.get()))
        throw failure(KN_EJSON,
                      "the data of the event" + quoted(event) + " is JSON, but not an object");
}

std::string json_quoted(std::string_view text) {
    const json_ptr value(json_stringn(text.data(), text.size()));
    if (!value)
        throw std::bad_alloc();
    const std::unique_ptr<char, decltype(&std::free)> quoted(
        json_dumps(value.get(), JSON_ENCODE_ANY | JSON_COMPACT), &std::free);
    if (!quoted)
        throw std::bad_alloc();
    return quoted.get();
}

server_error read_server_error(std::string_view body) {
    const json_ptr object = decode_object(body);
    return object ? error_members(object.get()) : server_error{};
}

std::vector<item_answer> read_item_answers(std::string_view body, std::size_t count) {
    const json_ptr object = decode_object(body);
    const json_t *results = json_object_get(object.get(), "results");
    if (!json_is_array(results) || json_array_size(results) != count)
        throw failure(KN_EPROTOCOL, "the answer to a batch does not hold a result for each trigger")
            .with_more("; is this a WebRocket server?");
    std::vector<item_answer> answers;
    answers.reserve(count);
    for (std::size_t i = 0; i < count; ++i) {
        const json_t *one = json_array_get(results, i);
        answers.push_back({positive_member(one, "status"), error_members(one)});
    }
    return answers;
}

std::optional<std::string> read_token(std::string_view body) {
    const json_ptr object = decode_object(body);
    std::optional<std::string> token = exact_member(object.get(), "token", body);
    if (token && token->empty())
        token.reset();
    return token;
}

std::optional<kn_subscribers> read_subscribers(std::string_view body) {
    const std::optional<cut_object> parts = cut_member(body, "subscribers");
    const auto entries = parts ? array_elements(parts->part) : std::nullopt;
    if (!entries || !is_utf8(body))
        return std::nullopt;
    const json_ptr object = decode_object(parts->rest);
    kn_subscribers page;
    page.next = exact_member(object.get(), "next", parts->rest);
    const bool is_last = json_is_null(json_object_get(object.get(), "next"));
    if (!is_last && (!page.next || page.next->empty()))
        return std::nullopt;
    page.all.reserve(entries->size());
    for (const std::string_view entry : *entries) {
        std::optional<kn_subscribers::subscriber> one = read_subscriber(entry);
        if (!one)
            return std::nullopt;
        page.all.push_back(*std::move(one));
    }
    return page;
}

sender read_sender(std::string_view payload) {
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
    sender from{read(uid), read(sid)};
    if ((!from.uid && !is_nobody(uid)) || (!from.sid && !is_nobody(sid)))
        return {};
    return from;
}

} // namespace kn
