#pragma once

#include <string_view>

#include <kosmonaut/status.h>

#include "http/request.h"

namespace kn {

/// What can be asked of the Backend API, and what the answers mean to it (Backend API, "Errors").
struct Operation {
    std::string_view words; // for messages; what it is about follows
    Request::Method verb;
    long success;          // the HTTP status that says that it was done
    bool is_about_channel; // whether a server that refuses can have meant the channel
    kn_status bad_request; // a 400 that is not about the channel
    kn_status not_found;   // a 404 without a number: the server has none, or not this resource
    bool is_same_twice;    // carried out once more, it changes nothing
    bool gone_is_done;     // so that what is not there any more was taken away
};

namespace operations {

using Verb = Request::Method;

inline constexpr Operation open_channel{"opening ",     Verb::post,  202,  true,
                                        KN_EBADCHANNEL, KN_ENOVHOST, true, false};
inline constexpr Operation close_channel{"closing ",     Verb::del,     202,  true,
                                         KN_EBADREQUEST, KN_ENOCHANNEL, true, true};
inline constexpr Operation trigger{
    "triggering an event on ", Verb::post, 202, true, KN_EBADREQUEST, KN_ENOCHANNEL, false, false};
/// Its triggers have answers of their own, as those of one by one.
inline constexpr Operation trigger_batch{"triggering a batch of events on ",
                                         Verb::post,
                                         200,
                                         false,
                                         KN_EBADREQUEST,
                                         KN_ENOVHOST,
                                         false,
                                         false};
inline constexpr Operation request_token{
    "asking for a token for ", Verb::get, 200, false, KN_EBADREQUEST, KN_ENOVHOST, true, false};
inline constexpr Operation subscribers{"asking who is on ", Verb::get,    200,  true,
                                       KN_EBADREQUEST,      KN_EPROTOCOL, true, false};
inline constexpr Operation channels{"asking for the channels of ",
                                    Verb::get,
                                    200,
                                    false,
                                    KN_EBADREQUEST,
                                    KN_EPROTOCOL,
                                    true,
                                    false};
inline constexpr Operation subscribe{
    "listening to the events of ", Verb::get, 200, false, KN_EBADREQUEST, KN_ENOVHOST, true, false};
inline constexpr Operation acknowledge{
    "acknowledging events of ", Verb::post, 202, false, KN_EBADREQUEST, KN_EPROTOCOL, true, false};
inline constexpr Operation give_back{"giving events back to ", Verb::post,   202,  false,
                                     KN_EBADREQUEST,           KN_EPROTOCOL, true, false};
inline constexpr Operation extend{"asking for more time for events of ",
                                  Verb::post,
                                  202,
                                  false,
                                  KN_EBADREQUEST,
                                  KN_EPROTOCOL,
                                  true,
                                  false};

} // namespace operations

/// What was asked for, and on which channel: "" where it is about none. For messages.
struct OperationOn {
    const Operation &what;
    std::string_view channel;
};

} // namespace kn
