// WebSocket frames as a server sends them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace webrocket {

// How a frame begins that is not one of several, without extensions.
namespace final_frame {
inline constexpr unsigned text = 0x81;
inline constexpr unsigned binary = 0x82;
inline constexpr unsigned close = 0x88;
inline constexpr unsigned ping = 0x89;
} // namespace final_frame

namespace close_code {
inline constexpr std::uint16_t normal = 1000;
inline constexpr std::uint16_t going_away = 1001;
inline constexpr std::uint16_t protocol_error = 1002;
inline constexpr std::uint16_t policy_violation = 1008;
inline constexpr std::uint16_t message_too_big = 1009;
inline constexpr std::uint16_t try_again_later = 1013;
} // namespace close_code

// Whole messages, unmasked. A text that has room for a header stays where it is.
std::string websocket_text(std::string payload);
std::string websocket_ping();
std::string websocket_close(std::uint16_t code);

} // namespace webrocket
