// The bodies of answers, and the payloads of events: whatever they hold, what is read out of them
// is fit for a C string and a C int.
#include <cstdint>
#include <string>
#include <string_view>

#include "expect.hpp"
#include "failure.hpp"
#include "json.hpp"

namespace {

void expect_c_text(const std::string &text) { expect(text.find('\0') == std::string::npos); }

void read_batch_answer(std::string_view body) {
    for (const std::size_t count : {0U, 1U, 2U}) {
        try {
            for (const kn::item_answer &one : kn::read_item_answers(body, count)) {
                expect(one.status >= 0);
                expect_c_text(one.error.text);
            }
        } catch (const kn::failure &why) {
            expect(why.status() == KN_EPROTOCOL);
        }
    }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size) {
    const std::string_view body(reinterpret_cast<const char *>(data), size);
    if (const auto token = kn::read_token(body)) {
        expect(!token->empty());
        expect_c_text(*token);
    }
    const kn::server_error error = kn::read_server_error(body);
    expect(error.code >= 0);
    expect_c_text(error.text);
    const kn::sender from = kn::read_sender(body);
    if (from.uid)
        expect_c_text(*from.uid);
    if (from.sid)
        expect_c_text(*from.sid);
    read_batch_answer(body);
    return 0;
}
