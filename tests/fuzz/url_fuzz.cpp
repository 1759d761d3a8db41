// The URL that a handle is made with: it is taken apart or refused with KN_EINVAL, and no refusal
// shows the token.
#include <cstdint>
#include <string>
#include <string_view>

#include "base/failure.h"
#include "expect.hpp"
#include "http/endpoint.h"
#include "http/proxy.h"

namespace {

// Every URL of the corpus has it; no message has it by chance.
constexpr std::string_view secret = "s3cr3t-0123456789";

void take_apart(std::string_view url) {
    try {
        const kn::Endpoint where = kn::Endpoint::parse(url);
        expect(!where.token.view().empty());
        expect(where.vhost.front() == '/');
        expect(where.url().find('@') == std::string::npos);
        expect(where.url().find_first_of(" \r\n") == std::string::npos);
    } catch (const kn::Failure &why) {
        expect(why.status() == KN_EINVAL);
        expect(why.message().find(secret) == std::string::npos);
    }
}

void take_as_proxy(std::string_view url) {
    try {
        kn::require_proxy_url(url);
    } catch (const kn::Failure &why) {
        expect(why.status() == KN_EINVAL);
    }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size) {
    const std::string_view input(reinterpret_cast<const char *>(data), size);
    if (input.find('\0') != std::string_view::npos)
        return 0; // what comes through the C API ends there
    take_apart(input);
    take_as_proxy(input);
    return 0;
}
