// Encoded output, made once for every connection that has to send it.
#pragma once

#include "net/shared_bytes.h"

#include <boost/smart_ptr/local_shared_ptr.hpp>
#include <boost/smart_ptr/make_local_shared.hpp>
#include <cstdint>
#include <string>
#include <string_view>

namespace webrocket {

// The thousands of references that the connections of one loop keep are counted by that loop alone:
// an atomic count would have the processors fight over it.
using Frame = boost::local_shared_ptr<const std::string>;

inline Frame make_frame(std::string bytes) {
    return boost::make_local_shared<const std::string>(std::move(bytes));
}

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
} // namespace close_code

// WebSocket frames of a server: whole messages, unmasked.
std::string websocket_text(std::string_view payload);
std::string websocket_ping();
std::string websocket_close(std::uint16_t code);

} // namespace webrocket
