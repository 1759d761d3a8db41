// What a caller sends: a payload that is let through stands in its envelope as the one value it is,
// and an event's name as the one string it is. A plain object is one to jansson, too.
#include <cstdint>
#include <string>
#include <string_view>

#include <jansson.h>

#include "base/failure.h"
#include "client/call.h"
#include "expect.hpp"
#include "headed_input.hpp"
#include "json/plain_object.h"

namespace {

const kn::Endpoint &moon() {
    static const kn::Endpoint where = kn::Endpoint::parse("http://wr:token@127.0.0.1:8080/moon");
    return where;
}

json_t *load(std::string_view text) {
    json_error_t why;
    return json_loadb(text.data(), text.size(), JSON_DECODE_INT_AS_REAL | JSON_ALLOW_NUL, &why);
}

void expect_plain_is_json(std::string_view text) {
    if (!kn::is_plain_object(text))
        return;
    json_t *value = load(text);
    expect(json_is_object(value));
    json_decref(value);
}

/// The envelope by jansson, which has no say in how it is put together.
void expect_whole(const std::string &envelope, std::string_view event) {
    json_t *root = load(envelope);
    expect(root != nullptr && json_object_size(root) == 1);
    const json_t *trigger = json_object_get(root, "trigger");
    expect(json_object_size(trigger) == 2);
    const json_t *name = json_object_get(trigger, "event");
    expect(json_is_string(name) &&
           event == std::string_view(json_string_value(name), json_string_length(name)));
    expect(json_is_object(json_object_get(trigger, "data")));
    json_decref(root);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size) {
    const headed_input input({reinterpret_cast<const char *>(data), size});
    const std::string_view event = input.line;
    const std::string_view payload = input.rest;
    expect_plain_is_json(payload);
    try {
        const kn::Call call = kn::calls::trigger(moon(), "c", event, payload);
        expect(call.current().body.find(payload) != std::string::npos);
        expect_whole(call.current().body, event);
    } catch (const kn::Failure &why) {
        expect(why.status() == KN_EJSON || why.status() == KN_EINVAL);
    }
    return 0;
}
