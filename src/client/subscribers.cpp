#include "client/subscribers.hpp"

#include <utility>

#include "base/utf8.hpp"
#include "json/decode.hpp"
#include "json/json_parts.hpp"

namespace kn {
namespace {

std::optional<kn_subscribers::subscriber> read_subscriber(std::string_view entry) {
    const std::optional<cut_object> parts = cut_member(entry, "data");
    if (!parts || parts->part.front() != '{')
        return std::nullopt;
    const json_ptr object = decode_object(parts->rest);
    std::optional<std::string> sid = exact_member(object.get(), "sid", parts->rest);
    std::optional<std::string> uid = exact_member(object.get(), "uid", parts->rest);
    // Who cannot be told is not nobody.
    const bool is_nobody = json_is_null(json_object_get(object.get(), "uid"));
    const json_t *hidden = json_object_get(object.get(), "hidden");
    if (!sid || sid->empty() || uid.has_value() == is_nobody || !json_is_boolean(hidden))
        return std::nullopt;
    return kn_subscribers::subscriber{*std::move(sid), std::move(uid), json_is_true(hidden),
                                      std::string(parts->part)};
}

} // namespace

std::optional<kn_subscribers> read_subscribers(std::string_view body) {
    const std::optional<cut_object> parts = cut_member(body, "subscribers");
    const auto entries = parts ? array_elements(parts->part) : std::nullopt;
    if (!entries || !is_utf8(body))
        return std::nullopt;
    const json_ptr object = decode_object(parts->rest);
    kn_subscribers page;
    page.next = exact_member(object.get(), "next", parts->rest);
    const bool is_last = json_is_null(json_object_get(object.get(), "next"));
    if (!is_last && (!page.next || page.next->empty()))
        return std::nullopt;
    page.all.reserve(entries->size());
    for (const std::string_view entry : *entries) {
        std::optional<kn_subscribers::subscriber> one = read_subscriber(entry);
        if (!one)
            return std::nullopt;
        page.all.push_back(*std::move(one));
    }
    return page;
}

} // namespace kn
