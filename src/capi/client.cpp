#include <kosmonaut/client.h>

#include "capi/boundary.h"
#include "capi/calls.h"
#include "capi/handles.h"
#include "capi/payload.h"
#include "client/call.h"
#include "client/stats.h"

namespace calls = kn::calls;
using kn::Client;
using kn::capi::copied;
using kn::capi::guarded;
using kn::capi::handed_in;
using kn::capi::required;
using kn::capi::required_text;
using kn::capi::required_timeout;
using kn::capi::waited;
using Visit = kn::capi::Visit<kn_client>;

namespace {

// What can be called: of each a function that makes it, once there is a client.

auto opening(const char *channel) {
    return [=](Client &by) {
        return calls::open_channel(by.where(), required_text(channel, "the channel"));
    };
}

auto closing(const char *channel) {
    return [=](Client &by) {
        return calls::close_channel(by.where(), required_text(channel, "the channel"));
    };
}

auto triggering(const char *channel, const char *event, const char *data, size_t data_length) {
    return [=](Client &by) {
        return calls::trigger(by.where(), required_text(channel, "the channel"),
                              required_text(event, "the event"),
                              kn::capi::payload(data, data_length));
    };
}

auto triggering_batch(const kn_batch *batch) {
    return [=](Client &by) {
        return kn::BatchCall(by.where(), *required(batch, "the batch"), by.batches());
    };
}

auto requesting_token(const char *uid, const char *channels) {
    return [=](Client &by) {
        return calls::request_token(by.where(), required_text(uid, "the uid"),
                                    required_text(channels, "the pattern of channels"));
    };
}

// What there is to hand over at the end.

char *take_token(std::unique_ptr<kn_result> result) {
    return copied(std::get<kn_result::Token>(result->given));
}

kn_result *take_all(std::unique_ptr<kn_result> result) { return result.release(); }

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
    return waited(client, error, opening(channel));
}

kn_status kn_client_close_channel(kn_client *client, const char *channel, kn_error **error) {
    return waited(client, error, closing(channel));
}

kn_status kn_client_trigger(kn_client *client, const char *channel, const char *event,
                            const char *data, size_t data_length, kn_error **error) {
    return waited(client, error, triggering(channel, event, data, data_length));
}

kn_status kn_client_request_token(kn_client *client, const char *uid, const char *channels,
                                  char **token, kn_error **error) {
    return waited(client, token, "the place for the token", take_token, error,
                  requesting_token(uid, channels));
}

kn_status kn_client_trigger_batch(kn_client *client, const kn_batch *batch, kn_result **result,
                                  kn_error **error) {
    return waited(client, result, "the place for the result", take_all, error,
                  triggering_batch(batch));
}

kn_status kn_client_open_channel_async(kn_client *client, const char *channel, kn_completion fn,
                                       void *user_data, void (*destroy)(void *), kn_error **error) {
    return handed_in(client, fn, user_data, destroy, error, opening(channel));
}

kn_status kn_client_close_channel_async(kn_client *client, const char *channel, kn_completion fn,
                                        void *user_data, void (*destroy)(void *),
                                        kn_error **error) {
    return handed_in(client, fn, user_data, destroy, error, closing(channel));
}

kn_status kn_client_trigger_async(kn_client *client, const char *channel, const char *event,
                                  const char *data, size_t data_length, kn_completion fn,
                                  void *user_data, void (*destroy)(void *), kn_error **error) {
    return handed_in(client, fn, user_data, destroy, error,
                     triggering(channel, event, data, data_length));
}

kn_status kn_client_request_token_async(kn_client *client, const char *uid, const char *channels,
                                        kn_completion fn, void *user_data, void (*destroy)(void *),
                                        kn_error **error) {
    return handed_in(client, fn, user_data, destroy, error, requesting_token(uid, channels));
}

kn_status kn_client_trigger_batch_async(kn_client *client, const kn_batch *batch, kn_completion fn,
                                        void *user_data, void (*destroy)(void *),
                                        kn_error **error) {
    return handed_in(client, fn, user_data, destroy, error, triggering_batch(batch));
}

kn_status kn_client_dispatch(kn_client *client, kn_error **error) {
    return guarded(error, [&] { return Visit(client)->dispatch(); });
}

kn_status kn_client_flush(kn_client *client, int64_t timeout_ms, kn_error **error) {
    return guarded(error, [&] {
        return Visit(client)->flush(kn::milliseconds(required_timeout(timeout_ms)));
    });
}

int kn_client_fd(const kn_client *client) {
    // It is made when it is asked for first, which changes nothing that can be seen.
    int fd = -1;
    guarded([&] {
        fd = Visit(const_cast<kn_client *>(client))->fd(); // NOLINT
        return KN_OK;
    });
    return fd;
}

kn_status kn_client_interrupt(kn_client *client) {
    // No guard and no visit: a signal handler may be calling.
    if (client == nullptr)
        return KN_EINVAL;
    if (client->generation != kn::process_generation())
        return KN_EFORK;
    client->object.interrupt();
    return KN_OK;
}

size_t kn_client_pending(const kn_client *client) {
    return client != nullptr ? client->object.pending() : 0;
}

int64_t kn_client_requests(const kn_client *client) {
    return client != nullptr ? client->object.metrics().calls() : 0;
}

int64_t kn_client_requests_with_status(const kn_client *client, kn_status status) {
    return client != nullptr ? client->object.metrics().ended_with(status) : 0;
}

int32_t kn_client_connections(const kn_client *client) {
    return client != nullptr ? client->object.metrics().connections() : 0;
}

kn_status kn_client_stats(kn_client *client, char **json, kn_error **error) {
    return guarded(error, [&] {
        *required(json, "the place for the text") = nullptr;
        const Visit inside(client);
        *json = copied(kn::client_stats(inside->metrics(), inside->pending()));
        return KN_OK;
    });
}
