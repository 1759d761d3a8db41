#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "client/subscribers.hpp"

namespace kn {

/// Throws KN_EJSON unless @p text, the data of @p event, is a JSON object.
void require_json_object(std::string_view text, std::string_view event);

/// @p text as a JSON string, with its quotes.
std::string json_quoted(std::string_view text);

/// The body of a refusal: `{"error":"…","code":N}`. What is missing is "" and 0.
struct server_error {
    std::string text;
    std::int32_t code = 0;
};
server_error read_server_error(std::string_view body);

/// What a batch's answer says of one of its triggers.
struct item_answer {
    long status = 0;
    server_error error;
};
/// Throws KN_EPROTOCOL unless @p body holds @p count of them.
std::vector<item_answer> read_item_answers(std::string_view body, std::size_t count);

/// The `token` of a token answer; nothing when @p body holds none.
std::optional<std::string> read_token(std::string_view body);

/// The page that an answer holds; nothing when @p body is none. Each subscriber's data is the
/// browser's own word, which is neither decoded nor judged.
std::optional<kn_subscribers> read_subscribers(std::string_view body);

/// Who sent an event, by the members of that name at the top of its payload. The others are not
/// decoded, so nothing in them hides the sender. Neither is there when the payload is no object, or
/// one of them is neither null nor text without U+0000: who sent that is not known, and not nobody.
struct sender {
    std::optional<std::string> uid;
    std::optional<std::string> sid;
};
sender read_sender(std::string_view payload);

} // namespace kn
