// Requests as nearly all of them are: whole when they are read, and with nothing in them that would
// take more than a look. Their parts are views of the input.
#pragma once

#include "http/http_message.h"

#include <cstddef>
#include <optional>
#include <string_view>

namespace webrocket {

struct HttpLimits;

// How many bytes at the front of `input` are such a request, which is then in `request`. Nothing
// for all others, good and bad, with `request` as it may be.
std::optional<std::size_t> read_plain_request(std::string_view input, const HttpLimits &limits,
                                              HttpRequest &request);

} // namespace webrocket
