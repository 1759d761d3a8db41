// Request targets: paths cut into decoded segments, and form-encoded queries.
#pragma once

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

// The first parameter of that name. Nothing when it is absent or its escapes are broken.
std::optional<std::string> query_parameter(std::string_view query, std::string_view name);

// `//`, `/./` and `/../` resolved; equal to `path` when that is clean already.
std::string clean_path(std::string_view path);

} // namespace webrocket
