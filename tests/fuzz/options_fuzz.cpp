// The option setters, in any order and with any values, then handles made with them: each says
// KN_OK or why not, and a value that was refused changes nothing that would hinder the handle.
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include <kosmonaut/kosmonaut.h>

#include "expect.hpp"

namespace {

/// Values out of the fuzzer's bytes.
class source {
  public:
    explicit source(std::string_view bytes) : bytes_(bytes) {}

    bool has_more() const noexcept { return !bytes_.empty(); }
    unsigned byte() {
        if (bytes_.empty())
            return 0;
        const auto value = static_cast<unsigned char>(bytes_.front());
        bytes_.remove_prefix(1);
        return value;
    }
    std::int64_t number() {
        std::int64_t value = 0;
        const std::string_view taken = bytes_.substr(0, sizeof value);
        std::memcpy(&value, taken.data(), taken.size());
        bytes_.remove_prefix(taken.size());
        return value;
    }
    /// Up to the next NUL.
    std::string text() {
        const std::string taken(bytes_.substr(0, bytes_.find('\0')));
        bytes_.remove_prefix(std::min(taken.size() + 1, bytes_.size()));
        return taken;
    }

  private:
    std::string_view bytes_;
};

kn_status set_one(kn_options *options, source &from) {
    switch (from.byte() % 19) {
    case 0:
        return kn_options_set_connect_timeout_ms(options, from.number());
    case 1:
        return kn_options_set_request_timeout_ms(options, from.number());
    case 2:
        return kn_options_set_idle_timeout_ms(options, from.number());
    case 3: {
        const std::int64_t least = from.number();
        return kn_options_set_reconnect_delay_ms(options, least, from.number());
    }
    case 4:
        return kn_options_set_filter(options, from.text().c_str());
    case 5:
        return kn_options_set_max_event_size(options, from.number());
    case 6:
        return kn_options_set_max_response_size(options, from.number());
    case 7:
        return kn_options_set_max_connections(options, static_cast<std::int32_t>(from.number()));
    case 8:
        return kn_options_set_max_pending(options, static_cast<std::int32_t>(from.number()));
    case 9:
        return kn_options_set_worker_name(options, from.text().c_str());
    case 10:
        return kn_options_set_ca_file(options, from.text().c_str());
    case 11: {
        const std::string certificate = from.text();
        return kn_options_set_client_certificate(options, certificate.c_str(), from.text().c_str());
    }
    case 12:
        return kn_options_set_verify(options, static_cast<std::int32_t>(from.number()));
    case 13:
        return kn_options_set_proxy(options, from.text().c_str());
    case 14:
        return kn_options_set_unix_socket(options, from.text().c_str());
    case 15: {
        const std::string name = from.text();
        return kn_options_add_header(options, name.c_str(), from.text().c_str());
    }
    case 16:
        return kn_options_set_user_agent(options, from.text().c_str());
    case 17:
        return kn_options_set_retries(options, static_cast<std::int32_t>(from.number()));
    default:
        return kn_options_set_log(
            options, static_cast<std::int32_t>(from.number()),
            [](std::int32_t, const char *, void *) {}, nullptr, nullptr);
    }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size) {
    source from(std::string_view(reinterpret_cast<const char *>(data), size));
    kn_options *options = kn_options_new();
    while (from.has_more()) {
        const kn_status status = set_one(options, from);
        expect(status == KN_OK || status == KN_EINVAL);
    }
    kn_client *client = nullptr;
    expect(kn_client_new("http://wr:token@127.0.0.1:1/moon", options, &client, nullptr) == KN_OK);
    kn_worker *worker = nullptr;
    expect(kn_worker_new("http://wr:token@127.0.0.1:1/moon", options, &worker, nullptr) == KN_OK);
    kn_options_free(options);
    kn_client_free(client);
    kn_worker_free(worker);
    return 0;
}
