// The grammar of those headers that the opening handshake has to look at more closely than for a
// word (RFC 7230, 3.2.6; RFC 6455, 9.1).
#pragma once

#include <string_view>

namespace webrocket {

// `chat`, `v1.chat`: letters, digits, and some signs.
bool is_token(std::string_view text);

// `permessage-deflate; client_max_window_bits, x; y="z"`
bool is_extension_list(std::string_view text);

} // namespace webrocket
