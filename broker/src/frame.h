// Encoded output, made once and shared by every connection that has to send it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace webrocket {

using Frame = std::shared_ptr<const std::string>;

inline Frame make_frame(std::string bytes) {
    return std::make_shared<const std::string>(std::move(bytes));
}

namespace close_code {
inline constexpr std::uint16_t normal = 1000;
inline constexpr std::uint16_t going_away = 1001;
inline constexpr std::uint16_t protocol_error = 1002;
inline constexpr std::uint16_t message_too_big = 1009;
} // namespace close_code

// WebSocket frames of a server: whole messages, unmasked.
Frame websocket_text(std::string_view payload);
Frame websocket_ping();
Frame websocket_close(std::uint16_t code);

} // namespace webrocket
