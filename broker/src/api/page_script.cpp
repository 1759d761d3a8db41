#include "api/page_script.h"

#include "api/page_script_text.h"
#include "http/replies.h"
#include "http/uri.h"

#include <fmt/format.h>

namespace webrocket {
namespace {

namespace text = page_script_text;

constexpr std::string_view classic_name = "/webrocket.js";
constexpr std::string_view module_name = "/webrocket.mjs";

struct Script {
    std::string_view name; // in the tag, beside the version
    std::string_view library;
    std::string_view tail;
};

bool is_read(const HttpRequest &request) {
    return request.method == "GET" || request.method == "HEAD";
}

bool wants_debug(std::string_view query) {
    const auto parameters = query_parameters(query);
    if (!parameters)
        return false;
    const auto found = parameters->find("debug");
    return found != parameters->end() && found->second == "1";
}

// A proxy that compresses makes a weak tag of ours.
bool has_already(const HttpRequest &request, const std::string &tag) {
    constexpr std::string_view condition = "If-None-Match";
    return request.header_lists(condition, tag) || request.header_lists(condition, "W/" + tag) ||
           request.header_lists(condition, "*");
}

// A page of any origin may have it: it holds no secret, and modules need to be allowed.
HttpReply serve(const HttpRequest &request, const Script &script, bool debug) {
    if (!is_read(request))
        return at_once(read_only());
    const std::string tag =
        fmt::format("\"{}-{}{}\"", text::version, script.name, debug ? "-debug" : "");
    HttpReply reply;
    reply.response.with("ETag", tag)
        .with("Cache-Control", "public, max-age=300")
        .with("Access-Control-Allow-Origin", "*")
        .with("Cross-Origin-Resource-Policy", "cross-origin")
        .with("X-Content-Type-Options", "nosniff");
    if (has_already(request, tag)) {
        reply.response.status = 304;
        return reply;
    }
    reply.response.with("Content-Type", "application/javascript; charset=utf-8");
    reply.response.body = fmt::format("{}{}{}", script.library,
                                      debug ? "WebRocket.debug = true;\n" : "", script.tail);
    return reply;
}

} // namespace

std::optional<HttpReply> PageScript::handle(const HttpRequest &request) const {
    const auto [path, query] = split_target(request.target);
    if (path == module_name)
        return serve(request, {"module", text::module_form, {}}, wants_debug(query));
    if (path == classic_name)
        return serve(request, {"classic", text::classic, {}}, wants_debug(query));
    if (path.ends_with(classic_name))
        return handle_vhost(request, path.substr(0, path.size() - classic_name.size()),
                            wants_debug(query));
    return std::nullopt;
}

std::optional<HttpReply> PageScript::handle_vhost(const HttpRequest &request,
                                                  std::string_view vhost, bool debug) const {
    // A channel may be called `webrocket.js`, and that path is the Backend API's.
    if (vhost.ends_with("/channels"))
        return std::nullopt;
    if (serves_vhosts_ && registry_.find_vhost(vhost) != nullptr)
        return serve(request, {"vhost", text::classic, text::vhost_tail}, debug);
    if (is_read(request))
        return at_once(plain_text(404, "404 page not found"));
    return std::nullopt;
}

} // namespace webrocket
