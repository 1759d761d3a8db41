#include <kosmonaut/client.h>

#include "capi/boundary.hpp"
#include "capi/handles.hpp"

using kn::capi::copied;
using kn::capi::guarded;
using kn::capi::required;
using kn::capi::required_text;
using visit = kn::capi::visit<kn_client>;

namespace {

std::optional<std::string_view> payload(const char *data, size_t length) {
    if (data != nullptr)
        return std::string_view(data, length);
    if (length != 0)
        throw kn::failure(KN_EINVAL, "the data is NULL, but its length is not 0");
    return std::nullopt;
}

} // namespace

kn_status kn_client_new(const char *url, const kn_options *options, kn_client **client,
                        kn_error **error) {
    return guarded(error, [&] {
        *required(client, "the place for the client") = nullptr;
        *client = new kn_client(required_text(url, "the URL"), kn::capi::settings_of(options));
        return KN_OK;
    });
}

void kn_client_free(kn_client *client) { kn::capi::disown(client); }

kn_status kn_client_open_channel(kn_client *client, const char *channel, kn_error **error) {
    return guarded(error, [&] {
        visit(client)->open_channel(required_text(channel, "the channel"));
        return KN_OK;
    });
}

kn_status kn_client_close_channel(kn_client *client, const char *channel, kn_error **error) {
    return guarded(error, [&] {
        visit(client)->close_channel(required_text(channel, "the channel"));
        return KN_OK;
    });
}

kn_status kn_client_trigger(kn_client *client, const char *channel, const char *event,
                            const char *data, size_t data_length, kn_error **error) {
    return guarded(error, [&] {
        visit(client)->trigger(required_text(channel, "the channel"),
                               required_text(event, "the event"), payload(data, data_length));
        return KN_OK;
    });
}

kn_status kn_client_request_token(kn_client *client, const char *uid, const char *channels,
                                  char **token, kn_error **error) {
    return guarded(error, [&] {
        *required(token, "the place for the token") = nullptr;
        *token = copied(visit(client)->request_token(
            required_text(uid, "the uid"), required_text(channels, "the pattern of channels")));
        return KN_OK;
    });
}
