#include "client/websocket_handshake.h"

#include "base/secrets.h"
#include "client/origin.h"
#include "client/websocket_connection.h"
#include "http/header_grammar.h"
#include "http/replies.h"
#include "http/uri.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

namespace webrocket {
namespace {

HttpReply refuse(int status, std::string_view text,
                 RefusalReason reason = RefusalReason::bad_handshake) {
    return at_once(plain_text(status, text).refusing(reason));
}

bool is_origin(std::string_view origin) {
    if (origin == "null")
        return true;
    const auto scheme_end = origin.find("://");
    return scheme_end != std::string_view::npos && scheme_end > 0 &&
           origin.size() > scheme_end + 3 &&
           origin.find_first_of(" \t\"<>") == std::string_view::npos;
}

// None is accepted, but an offer that cannot be read is a handshake gone wrong.
bool offers_sound_extensions(const HttpRequest &request) {
    return std::all_of(request.headers.begin(), request.headers.end(), [](const auto &header) {
        return !equal_ignoring_case(header.first, "Sec-WebSocket-Extensions") ||
               is_extension_list(header.second);
    });
}

// 16 bytes in base64.
bool is_handshake_key(std::string_view key) {
    const auto bytes = decode_base64(key);
    return bytes && bytes->size() == 16;
}

// What a handshake has taken for the connection that it makes.
struct Reservation {
    ConnectionQuota::Slot slot;
    Admission::Place place; // of the client of a proxy
};

bool origin_allowed(const HttpRequest &request, const std::vector<std::string> &allowed) {
    if (request.header_count("Origin") == 0)
        return true;
    const auto origin = request.header("Origin");
    if (!is_origin(origin))
        return false;
    return allowed.empty() ||
           std::any_of(allowed.begin(), allowed.end(),
                       [origin](const std::string &entry) { return allows_origin(entry, origin); });
}

HttpReply refuse_for_now(int status, std::string_view text, RefusalReason reason,
                         std::string seconds) {
    auto reply = refuse(status, text, reason);
    reply.response.with("Retry-After", std::move(seconds));
    return reply;
}

std::optional<HttpReply> refusal_of_target(const HttpRequest &request) {
    if (request.target.find('#') != std::string_view::npos)
        return refuse(400, "a fragment is not for servers");
    const auto path = split_target(request.target).path;
    if (const auto clean = clean_path(path); clean != path) {
        auto reply = refuse(301, "Moved Permanently", RefusalReason::none);
        reply.response.with("Location", clean);
        return reply;
    }
    return std::nullopt;
}

std::optional<HttpReply> refusal_of_upgrade(const HttpRequest &request) {
    if (request.method != "GET") {
        auto reply = refuse(405, "Method Not Allowed");
        reply.response.with("Allow", "GET");
        return reply;
    }
    if (request.http_1_0 || !request.header_lists("Connection", "upgrade"))
        return at_once(not_websocket());
    if (request.header_count("Sec-WebSocket-Version") > 1)
        return refuse(400, "more than one websocket version");
    if (request.header("Sec-WebSocket-Version") != "13") {
        auto reply = refuse(426, "unsupported websocket version");
        reply.response.with("Upgrade", "websocket").with("Sec-WebSocket-Version", "13");
        return reply;
    }
    if (request.header_count("Sec-WebSocket-Key") != 1 ||
        !is_handshake_key(request.header("Sec-WebSocket-Key")))
        return refuse(400, "invalid websocket key");
    return std::nullopt;
}

std::optional<HttpReply> refusal_of_offers(const HttpRequest &request) {
    // A browser gives up when it offered a protocol and none comes back; which of several it
    // would get is not for the broker to choose.
    const auto protocol = request.header("Sec-WebSocket-Protocol");
    if (request.header_count("Sec-WebSocket-Protocol") > 1 ||
        protocol.find(',') != std::string_view::npos)
        return refuse(400, "more than one websocket protocol offered");
    if (request.header_count("Sec-WebSocket-Protocol") == 1 && !is_token(protocol))
        return refuse(400, "invalid websocket protocol");
    if (!offers_sound_extensions(request))
        return refuse(400, "invalid websocket extensions");
    return std::nullopt;
}

// The takeover is still to come.
HttpReply acceptance(const HttpRequest &request) {
    HttpReply reply;
    reply.response.status = 101;
    reply.response.with("Upgrade", "websocket")
        .with("Connection", "Upgrade")
        .with("Sec-WebSocket-Accept", websocket_accept_key(request.header("Sec-WebSocket-Key")));
    if (const auto protocol = request.header("Sec-WebSocket-Protocol"); !protocol.empty())
        reply.response.with("Sec-WebSocket-Protocol", std::string(protocol));
    return reply;
}

} // namespace

bool WebSocketHandshake::is_handshake(const HttpRequest &request) {
    return request.header_lists("Upgrade", "websocket");
}

HttpReply WebSocketHandshake::handle(const HttpRequest &request) {
    if (auto refusal = refusal_of_target(request))
        return std::move(*refusal);
    const auto vhost = registry_.find_vhost(split_target(request.target).path);
    if (!vhost)
        return refuse(404, "404 page not found", RefusalReason::unknown_vhost);
    if (auto refusal = refusal_of_upgrade(request))
        return std::move(*refusal);
    const auto rules = rules_.get();
    if (!origin_allowed(request, rules->allowed_origins))
        return refuse(403, "Forbidden", RefusalReason::origin);
    if (auto refusal = refusal_of_offers(request))
        return std::move(*refusal);
    if (!admission_.allows_handshake(request.address))
        return refuse_for_now(429, "too many handshakes", RefusalReason::too_many_handshakes, "1");
    Admission::Place place;
    if (request.is_forwarded && !(place = admission_.claim(request.address)))
        return refuse_for_now(503, "too many connections of one address",
                              RefusalReason::too_many_of_address, "30");
    ConnectionQuota::Slot slot = vhost->connections().take();
    if (!slot)
        return refuse_for_now(503, "too many connections", RefusalReason::too_many_connections,
                              "30");

    HttpReply reply = acceptance(request);
    reply.takeover = [this, vhost, rules,
                      taken = std::make_shared<Reservation>(
                          Reservation{std::move(slot), std::move(place)})](Connection &connection) {
        connection.pass_place_to(std::move(taken->place));
        connection.set_pending_limit(rules->pending_bytes_max);
        return std::make_unique<WebSocketConnection>(
            connection, registry_.exchange(), vhost, std::move(taken->slot),
            std::shared_ptr<const SessionRules>(rules, &rules->session));
    };
    return reply;
}

} // namespace webrocket
