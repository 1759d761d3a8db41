#include "documents.h"

#include "printable.h"

#include <algorithm>
#include <charconv>
#include <fmt/format.h>

namespace webrocket {
namespace {

[[noreturn]] void fail_on_response() {
    throw AdminError("couldn't perform the operation, invalid response!");
}

} // namespace

JsonMember member(std::string_view object, std::string_view name, JsonType type) {
    if (const auto members = scan_json_object(object)) {
        for (const auto &candidate : JsonMembers(*members)) {
            if (json_key_is(candidate.key, name) && candidate.type == type)
                return candidate;
        }
    }
    fail_on_response();
}

JsonMember member(std::string_view object, std::string_view name) {
    const auto members = scan_json_object(object);
    const JsonMember *found = members ? find_member(*members, name) : nullptr;
    if (found == nullptr)
        fail_on_response();
    return *found;
}

std::string text(std::string_view object, std::string_view name) {
    return printable(decode_json_string(member(object, name, JsonType::string).value));
}

std::string number(std::string_view object, std::string_view name) {
    return std::string(member(object, name, JsonType::number).value);
}

std::optional<std::string> optional_text(std::string_view object, std::string_view name) {
    const auto members = scan_json_object(object);
    const JsonMember *found = members ? find_member(*members, name) : nullptr;
    if (found == nullptr || found->type != JsonType::string)
        return std::nullopt;
    return decode_json_string(found->value);
}

std::vector<std::string_view> elements(std::string_view object, std::string_view name) {
    const auto members = scan_json_array(member(object, name, JsonType::array).value);
    if (!members)
        fail_on_response();
    std::vector<std::string_view> values;
    for (const auto &element : JsonMembers(*members))
        values.push_back(element.value);
    return values;
}

std::string vhost_path(const std::string &vhost) {
    const std::string name = vhost.starts_with('/') ? vhost.substr(1) : vhost;
    if (name.empty())
        throw AdminError("invalid path");
    return "/" + percent_encode(name);
}

std::size_t limit_of(const std::string &text) {
    std::size_t limit = 0;
    const auto [stop, problem] = std::from_chars(text.data(), text.data() + text.size(), limit);
    if (problem != std::errc() || stop != text.data() + text.size() || limit < 1)
        throw AdminError("--limit takes a number: " + text);
    return limit;
}

AdminOutput list_pages(const AdminClient &client, const std::string &path, std::string_view name,
                       std::size_t limit, std::string (*line)(std::string_view element)) {
    constexpr std::size_t page_max = 1000;
    AdminOutput output;
    std::optional<std::string> after;
    do {
        std::string page_path = path + fmt::format("limit={}", std::min(limit, page_max));
        if (after)
            page_path += "&after=" + percent_encode(*after);
        const auto body = client.request("GET", page_path);
        const auto page = elements(body, name);
        for (const auto element : page)
            output.text += line(element);
        output.document += (output.document.empty() ? "" : "\n") + body;
        after = optional_text(body, "next");
        limit -= std::min(limit, page.size());
    } while (after && limit > 0);
    return output;
}

} // namespace webrocket
