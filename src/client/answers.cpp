#include "client/answers.h"

#include "base/failure.h"
#include "json/decode.h"

namespace kn {
namespace {

bool take(std::string_view &text, std::string_view beginning) noexcept {
    if (text.substr(0, beginning.size()) != beginning)
        return false;
    text.remove_prefix(beginning.size());
    return true;
}

/// Whether @p body says it of @p count triggers in the words in which the broker does.
bool says_all_are_accepted(std::string_view body, std::size_t count) noexcept {
    if (!take(body, R"({"results":[)"))
        return false;
    for (std::size_t i = 0; i < count; ++i)
        if ((i > 0 && !take(body, ",")) || !take(body, R"({"status":202})"))
            return false;
    return body == "]}";
}

} // namespace

std::vector<ItemAnswer> read_item_answers(std::string_view body, std::size_t count) {
    if (says_all_are_accepted(body, count))
        return std::vector<ItemAnswer>(count, {202, {}});
    const JsonPtr object = decode_object(body);
    const json_t *results = json_object_get(object.get(), "results");
    if (!json_is_array(results) || json_array_size(results) != count)
        throw Failure(KN_EPROTOCOL, "the answer to a batch does not hold a result for each trigger")
            .with_more("; is this a WebRocket server?");
    std::vector<ItemAnswer> answers;
    answers.reserve(count);
    for (std::size_t i = 0; i < count; ++i) {
        const json_t *one = json_array_get(results, i);
        answers.push_back({positive_member(one, "status"), server_error_in(one)});
    }
    return answers;
}

std::optional<std::string> read_token(std::string_view body) {
    const JsonPtr object = decode_object(body);
    std::optional<std::string> token = exact_member(object.get(), "token", body);
    if (token && token->empty())
        token.reset();
    return token;
}

} // namespace kn
