#include "api/idempotency_key.h"

#include <algorithm>
#include <fmt/format.h>

namespace webrocket::backend {
namespace {

constexpr std::string_view header_name = "Idempotency-Key";

bool may_be_in_key(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == ':' || c == '~' || c == '-';
}

} // namespace

bool is_valid_key(std::string_view key) {
    constexpr std::size_t longest = 128;
    return !key.empty() && key.size() <= longest &&
           std::all_of(key.begin(), key.end(), may_be_in_key);
}

GivenKey given_key(const HttpRequest &request) {
    const std::size_t count = request.header_count(header_name);
    if (count == 0)
        return {};
    if (count > 1)
        return {{}, fmt::format("{} headers Idempotency-Key, where there may be one", count)};
    std::string_view key = request.header(header_name);
    if (key.size() > 2 && key.starts_with('"') && key.ends_with('"'))
        key = key.substr(1, key.size() - 2);
    if (!is_valid_key(key))
        return {{},
                fmt::format("Idempotency-Key is not {}, bare or in double quotes", key_grammar)};
    return {key, std::nullopt};
}

std::string key_of_item(std::string_view key, std::size_t index) {
    return fmt::format("{}/{}", key, index);
}

} // namespace webrocket::backend
