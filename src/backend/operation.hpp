#pragma once

#include <string_view>

#include <kosmonaut/status.h>

#include "http/request.hpp"

namespace kn {

/// What can be asked of the Backend API, and what the answers mean to it (Backend API, "Errors").
struct operation {
    std::string_view words; // for messages; what it is about follows
    request::method verb;
    long success;          // the HTTP status that says that it was done
    bool is_about_channel; // whether a server that refuses can have meant the channel
    kn_status bad_request; // a 400 that is not about the channel
    kn_status not_found;   // a 404 without a number: the server has none, or not this resource
};

namespace operations {

using verb = request::method;

inline constexpr operation open_channel{"opening ", verb::post,     202,
                                        true,       KN_EBADCHANNEL, KN_ENOVHOST};
inline constexpr operation close_channel{"closing ", verb::del,      202,
                                         true,       KN_EBADREQUEST, KN_ENOCHANNEL};
inline constexpr operation trigger{
    "triggering an event on ", verb::post, 202, true, KN_EBADREQUEST, KN_ENOCHANNEL};
/// Its triggers have answers of their own, as those of one by one.
inline constexpr operation trigger_batch{
    "triggering a batch of events on ", verb::post, 200, false, KN_EBADREQUEST, KN_ENOVHOST};
inline constexpr operation request_token{
    "asking for a token for ", verb::get, 200, false, KN_EBADREQUEST, KN_ENOVHOST};
inline constexpr operation subscribers{"asking who is on ", verb::get,   200, true,
                                       KN_EBADREQUEST,      KN_EPROTOCOL};
inline constexpr operation channels{
    "asking for the channels of ", verb::get, 200, false, KN_EBADREQUEST, KN_EPROTOCOL};
inline constexpr operation subscribe{
    "listening to the events of ", verb::get, 200, false, KN_EBADREQUEST, KN_ENOVHOST};

} // namespace operations

/// What was asked for, and on which channel: "" where it is about none. For messages.
struct operation_on {
    const operation &what;
    std::string_view channel;
};

} // namespace kn
