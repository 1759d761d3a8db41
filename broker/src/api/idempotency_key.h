// The key that a backend gives a call, so that it may make it again.
#pragma once

#include "http/http_message.h"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace webrocket::backend {

inline constexpr std::string_view key_grammar = "1 to 128 characters of A-Z a-z 0-9 . _ : ~ -";

bool is_valid_key(std::string_view key);

// Of the header Idempotency-Key.
struct GivenKey {
    std::string_view key;                 // without quotes; empty where none was given
    std::optional<std::string> complaint; // what is wrong with it
};
GivenKey given_key(const HttpRequest &request);

// What a request's key means for a trigger of its batch that has none of its own: no other key is
// like that.
std::string key_of_item(std::string_view key, std::size_t index);

} // namespace webrocket::backend
