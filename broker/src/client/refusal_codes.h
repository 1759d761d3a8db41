// What a page's `:error` says is wrong.
#pragma once

namespace webrocket::refusal {

inline constexpr int bad_request = 400;
inline constexpr int unauthorized = 402;
inline constexpr int forbidden = 403;
inline constexpr int limit_reached = 429;
inline constexpr int not_subscribed = 453;
inline constexpr int channel_not_found = 454;
inline constexpr int unavailable = 503;

} // namespace webrocket::refusal
