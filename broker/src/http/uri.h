// Request targets: paths cut into decoded segments, and form-encoded queries.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace webrocket {

struct RequestTarget {
    std::string_view path;
    std::string_view query;
};

RequestTarget split_target(std::string_view target);

// The decoded segments of `/a/b`; nothing for a path that does not start with a slash, has an
// empty segment or a bad escape. `/` has no segments.
std::optional<std::vector<std::string>> path_segments(std::string_view path);

// `/a/b`: the first `count` segments put together again, decoded as they are.
std::string join_segments(const std::vector<std::string> &segments, std::size_t count);

// Whether every `%` is followed by two hexadecimal digits.
bool has_sound_escapes(std::string_view text);

// The decoded parameters of a query; of a repeated name the first one counts. Nothing when an
// escape is broken: what was meant cannot be told.
using QueryParameters = std::map<std::string, std::string, std::less<>>;
std::optional<QueryParameters> query_parameters(std::string_view query);
// Empty when there is none of that name.
const std::string &parameter(const QueryParameters &parameters, std::string_view name);

// `//`, `/./` and `/../` resolved; equal to `path` when that is clean already.
std::string clean_path(std::string_view path);

} // namespace webrocket
