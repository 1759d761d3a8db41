#include "client/answers.hpp"

#include "base/failure.hpp"
#include "json/decode.hpp"

namespace kn {

std::vector<item_answer> read_item_answers(std::string_view body, std::size_t count) {
    const json_ptr object = decode_object(body);
    const json_t *results = json_object_get(object.get(), "results");
    if (!json_is_array(results) || json_array_size(results) != count)
        throw failure(KN_EPROTOCOL, "the answer to a batch does not hold a result for each trigger")
            .with_more("; is this a WebRocket server?");
    std::vector<item_answer> answers;
    answers.reserve(count);
    for (std::size_t i = 0; i < count; ++i) {
        const json_t *one = json_array_get(results, i);
        answers.push_back({positive_member(one, "status"), server_error_in(one)});
    }
    return answers;
}

std::optional<std::string> read_token(std::string_view body) {
    const json_ptr object = decode_object(body);
    std::optional<std::string> token = exact_member(object.get(), "token", body);
    if (token && token->empty())
        token.reset();
    return token;
}

} // namespace kn
