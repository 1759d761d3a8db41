// Everything that pages and workers are told is put together here. At the top of an event's payload
// `channel`, `sid` and `uid` are the broker's words: what a page gives under these names is left
// out, whether the broker has something to put in its place or not. Deeper in the data they are
// names like others.
#pragma once

#include "base/json.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace webrocket {

// A page, as workers are told of it.
struct Sender {
    std::string_view sid;
    const std::string *uid = nullptr; // null: it is not authenticated
};

// A JSON text that was scanned before; nothing of an empty one.
JsonDocument known_object(std::string_view object);

// To pages: whole messages. `event` is JSON text with its quotes.

// An event of another page. It names the connection that sent it, and no user.
std::string broadcast_message(std::string_view event, const JsonMembers &data,
                              std::string_view channel, std::string_view sid);
// An event of the backend, whose `sid` and `uid` stay: it may name whom it likes.
std::string trigger_message(std::string_view event, const JsonMembers &data,
                            std::string_view channel);
// What a presence channel's roster says of a member, and the announcement of one.
std::string member_entry(const JsonMembers &data, std::string_view uid, std::string_view channel);
std::string member_joined_message(std::string_view entry);
// `farewell` is laid over what the member said when it came.
std::string member_left_message(const JsonMembers &data, const JsonMembers &farewell,
                                std::string_view uid, std::string_view channel);

std::string connected_message(std::string_view sid);
std::string authenticated_message();
std::string closed_message(std::string_view sid);
// `uid` is one's own and null on channels that anybody may join; `roster` is a JSON array, and
// empty where there is none.
std::string subscribed_message(std::string_view channel, const std::string *uid,
                               std::string_view roster);
std::string unsubscribed_message(std::string_view channel);
// What is behind `status` is left out where it is empty or 0.
std::string error_message(int code, std::string_view status, std::string_view ref = {},
                          std::int64_t retry_after_ms = 0);
// Of events that were taken; `unkept` are those of them that nobody keeps and no worker was there
// for.
std::string accepted_message(const std::vector<std::string> &refs,
                             const std::vector<std::string> &unkept);

// To workers: records of an event stream, but for the line of the id, which is their first and not
// known yet. Whatever a payload is, it is one line.

// `channel` is empty where the broker knows of none.
std::string event_record(std::string_view topic, const JsonMembers &data, std::string_view channel,
                         const Sender &sender);
std::string report_record(std::string_view topic, std::string_view payload);

// Payloads of reports. `data` is what the page said of itself, and its own word from end to end.
std::string joined_payload(std::string_view channel, const Sender &who, bool hidden,
                           const JsonMembers &data);
std::string left_payload(std::string_view channel, const Sender &who, bool hidden,
                         const JsonMembers &data, const JsonMembers &farewell,
                         std::string_view reason);

} // namespace webrocket
