// The bodies of answers, and the payloads of events: whatever they hold, what is read out of them
// is fit for a C string and a C int.
#include <cstdint>
#include <string>
#include <string_view>

#include "base/failure.h"
#include "client/answers.h"
#include "client/pages.h"
#include "expect.hpp"
#include "worker/sender.h"

namespace {

void expect_c_text(const std::string &text) { expect(text.find('\0') == std::string::npos); }

void expect_sound(const kn::Subscriber &one, std::string_view body) {
    expect(!one.sid.empty());
    expect_c_text(one.sid);
    if (one.uid)
        expect_c_text(*one.uid);
    expect(one.data.front() == '{' && one.data.back() == '}');
    expect_c_text(one.data);
    expect(body.find(one.data) != std::string_view::npos);
}

void expect_sound(const kn::Channel &one, std::string_view) {
    expect(!one.name.empty() && !one.type.empty());
    expect_c_text(one.name);
    expect_c_text(one.type);
    expect(one.subscribers >= 0 && one.members >= -1);
}

template <class Page>
void read_page(std::string_view body) {
    const auto page = kn::read_page<Page>(body);
    if (!page)
        return;
    for (const auto &one : page->all)
        expect_sound(one, body);
    if (page->next) {
        expect(!page->next->empty());
        expect_c_text(*page->next);
    }
}

void read_batch_answer(std::string_view body) {
    for (const std::size_t count : {0U, 1U, 2U}) {
        try {
            for (const kn::ItemAnswer &one : kn::read_item_answers(body, count)) {
                expect(one.status >= 0);
                expect_c_text(one.error.text);
            }
        } catch (const kn::Failure &why) {
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
    const kn::ServerError error = kn::read_server_error(body);
    expect(error.code >= 0);
    expect_c_text(error.text);
    const kn::Sender from = kn::read_sender(body);
    if (from.uid)
        expect_c_text(*from.uid);
    if (from.sid)
        expect_c_text(*from.sid);
    read_batch_answer(body);
    read_page<kn_subscribers>(body);
    read_page<kn_channels>(body);
    return 0;
}
