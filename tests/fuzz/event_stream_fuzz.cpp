// The event stream's parser: whatever comes, in pieces of whatever size, makes the same events, and
// no event is larger than allowed.
#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "event_stream/parser.h"
#include "expect.hpp"
#include "pieces.hpp"

namespace {

using kn::event_stream::Parser;

struct outcome {
    std::vector<std::tuple<std::string, std::string, std::string>> events;
    bool is_too_big = false;
    std::string last_id;

    bool operator==(const outcome &) const = default;
};

outcome parse(std::string_view stream, std::string_view sizes, std::size_t limit) {
    Parser p(limit, "before");
    outcome result;
    for (pieces cut(stream, sizes); !cut.done() && !result.is_too_big;) {
        // A copy of its own, so that whoever reads past its end is found out.
        const std::string piece(cut.next());
        std::string_view left = piece;
        for (;;) {
            const Parser::Outcome now = p.read(left);
            if (now == Parser::Outcome::event) {
                expect(p.type().size() + p.data().size() <=
                       limit + std::string_view("message").size());
                result.events.emplace_back(p.type(), p.data(), p.last_event_id());
                continue;
            }
            result.is_too_big = now == Parser::Outcome::too_big;
            expect(result.is_too_big || left.empty());
            break;
        }
    }
    result.last_id = p.last_event_id();
    return result;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size) {
    std::string_view input(reinterpret_cast<const char *>(data), size);
    if (input.size() < 5)
        return 0;
    const std::string_view sizes = input.substr(0, 4);
    const std::size_t limit =
        input[4] % 2 == 0 ? 1024 * 1024 : 1U + static_cast<unsigned char>(input[4]);
    input.remove_prefix(5);
    expect(parse(input, "", limit) == parse(input, sizes, limit));
    return 0;
}
