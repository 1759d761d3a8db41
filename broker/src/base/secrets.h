// Everything that must be hard to guess, and the digest of the WebSocket handshake.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace webrocket {

inline constexpr std::size_t vhost_token_length = 40;
inline constexpr std::size_t cookie_length = 40;
inline constexpr std::size_t single_access_token_length = 128;

// From the system's random source, as all that follows.
void fill_random(unsigned char *bytes, std::size_t count);
// `length` lower-case hex digits.
std::string random_hex(std::size_t length);

// As text.
using Uuid = std::array<char, 36>;
Uuid random_uuid();

// Whether it could be a node's cookie: that many lower-case hex digits.
bool has_form_of_cookie(std::string_view text);

// Takes equally long wherever the two differ; only the lengths may leak.
bool equal_secrets(std::string_view a, std::string_view b);

std::string websocket_accept_key(std::string_view client_key);

std::optional<std::string> decode_base64(std::string_view text);

} // namespace webrocket
