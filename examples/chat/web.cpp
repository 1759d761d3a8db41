#include "web.hpp"

#include <algorithm>
#include <atomic>
#include <charconv>
#include <exception>
#include <optional>
#include <stdexcept>
#include <thread>
#include <utility>
#include <variant>

#include <httplib.h>
#include <sys/socket.h>

#include <kosmonaut/kosmonaut.hpp>

#include "json.hpp"
#include "room.hpp"

namespace chat {
namespace {

constexpr const char *cookie_name = "chat-session";

std::string session_of(const httplib::Request &request) {
    const std::string prefix = std::string(cookie_name) + "=";
    const std::string cookies = request.get_header_value("Cookie");
    std::size_t from = 0;
    while (from < cookies.size()) {
        const std::size_t end = std::min(cookies.find(';', from), cookies.size());
        if (cookies.compare(from, prefix.size(), prefix) == 0) {
            return cookies.substr(from + prefix.size(), end - from - prefix.size());
        }
        from = std::min(cookies.find_first_not_of("; ", end), cookies.size());
    }
    return {};
}

// A script on another site must not be able to read it, nor to send requests with it.
std::string cookie(const std::string &session, const char *more = "") {
    return std::string(cookie_name) + "=" + session + "; Path=/; HttpOnly; SameSite=Strict" + more;
}

void answer(httplib::Response &response, int status, const std::string &body) {
    response.status = status;
    response.set_content(body, "application/json");
    response.set_header("Cache-Control", "no-store");
}

// Another site can have a browser send a form here, but not JSON.
bool is_json(const httplib::Request &request) {
    return request.get_header_value("Content-Type").rfind("application/json", 0) == 0;
}

// Browsers say where a request comes from. A program that is none says neither.
bool is_of_another_site(const httplib::Request &request) {
    const std::string from = request.get_header_value("Sec-Fetch-Site");
    if (!from.empty()) {
        return from != "same-origin" && from != "none";
    }
    const std::string origin = request.get_header_value("Origin");
    const std::size_t scheme_end = origin.find("://");
    const std::string host = scheme_end != std::string::npos ? origin.substr(scheme_end + 3) : "";
    return !origin.empty() && host != request.get_header_value("Host");
}

const char *name_of(visitors::refusal refusal) {
    switch (refusal) {
    case visitors::refusal::bad_name:
        return "bad-name";
    case visitors::refusal::taken:
        return "taken";
    case visitors::refusal::full:
        return "full";
    }
    return "unknown";
}

int status_of(visitors::refusal refusal) {
    switch (refusal) {
    case visitors::refusal::bad_name:
        return 400;
    case visitors::refusal::taken:
        return 409;
    case visitors::refusal::full:
        return 503;
    }
    return 500;
}

std::string error(const char *name) { return object({{"error", name}}); }

struct place {
    std::string host;
    int port = 0;
};

place parse_address(const std::string &address) {
    const std::size_t colon = address.rfind(':');
    place found;
    if (colon != std::string::npos) {
        const char *const end = address.data() + address.size();
        const auto [rest, failure] = std::from_chars(address.data() + colon + 1, end, found.port);
        if (failure == std::errc() && rest == end && found.port >= 0 && found.port <= 65535) {
            found.host = address.substr(0, colon);
        }
    }
    if (found.host.empty()) {
        throw std::invalid_argument("the address is not HOST:PORT: " + address);
    }
    return found;
}

std::string origin_of(const std::string &url) {
    return url.substr(0, url.find('/', url.find("://") + 3));
}

// The library that the page uses comes from the broker itself: ws://HOST/VHOST to
// http://HOST/webrocket.mjs, wss: to https:.
std::string library_of(const std::string &broker_url) {
    return "http" + origin_of(broker_url).substr(2) + "/webrocket.mjs";
}

void set_up_connections(httplib::Server &http) {
    // The library's own choice lets two servers share a port, to the confusion of both.
    http.set_socket_options([](socket_t socket) {
        const int yes = 1;
        setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    });
    http.set_payload_max_length(4096);
    http.set_keep_alive_timeout(2);
}

void set_up_headers(httplib::Server &http, const std::string &broker_url) {
    http.set_default_headers(
        {{"Content-Security-Policy",
          "default-src 'none'; script-src 'self' " + library_of(broker_url) +
              "; style-src 'self'; img-src 'self'; connect-src 'self' " + origin_of(broker_url) +
              "; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"},
         {"X-Content-Type-Options", "nosniff"},
         {"Referrer-Policy", "no-referrer"}});
    http.set_file_request_handler(
        [](const httplib::Request & /*request*/, httplib::Response &response) {
            response.set_header("Cache-Control", "no-cache");
        });
}

// The library would tell the browser what went wrong inside.
void set_up_failures(httplib::Server &http) {
    http.set_exception_handler([](const httplib::Request & /*request*/, httplib::Response &response,
                                  std::exception_ptr failure) {
        try {
            std::rethrow_exception(std::move(failure));
        } catch (const std::exception &thrown) {
            log("web", std::string("request failed: ") + thrown.what());
        } catch (...) {
            log("web", "request failed");
        }
        answer(response, 500, error("internal"));
    });
}

void sign_in(visitors &visitors, const httplib::Request &request, httplib::Response &response) {
    if (is_of_another_site(request)) {
        answer(response, 403, error("another-site"));
        return;
    }
    if (!is_json(request)) {
        answer(response, 415, error("not-json"));
        return;
    }
    const auto outcome = visitors.sign_in(text_of(parse(request.body), "name"));
    if (const auto *refusal = std::get_if<visitors::refusal>(&outcome)) {
        answer(response, status_of(*refusal), error(name_of(*refusal)));
        return;
    }
    const auto &[session, who] = std::get<visitors::welcome>(outcome);
    visitors.sign_out(session_of(request)); // somebody who comes back under another name
    log("web", who.name + " signed in");
    answer(response, 200, object({{"uid", who.uid}, {"name", who.name}}));
    response.set_header("Set-Cookie", cookie(session));
}

// Its answer takes the cookie away, whether or not one was sent.
void sign_out(visitors &visitors, const httplib::Request &request, httplib::Response &response) {
    if (is_of_another_site(request)) {
        answer(response, 403, error("another-site"));
        return;
    }
    visitors.sign_out(session_of(request));
    answer(response, 200, "{}");
    response.set_header("Set-Cookie", cookie("", "; Max-Age=0"));
}

// Whom a token is for is known from the session, never from what the request asks for.
void hand_out_token(const std::optional<visitor> &who, const web::settings &config,
                    httplib::Response &response) {
    if (!who) {
        answer(response, 401, error("signed-out"));
        return;
    }
    try {
        answer(response, 200,
               object({{"token", config.token_for(*who)},
                       {"url", config.broker_url},
                       {"uid", who->uid},
                       {"name", who->name}}));
    } catch (const kosmonaut::error &failure) {
        log("broker", failure.what());
        answer(response, 503, error("broker"));
    }
}

void set_up_visits(httplib::Server &http, visitors &visitors) {
    http.Get(
        "/session.json", [&visitors](const httplib::Request &request, httplib::Response &response) {
            const auto who = visitors.of_session(session_of(request));
            answer(response, 200, who ? object({{"uid", who->uid}, {"name", who->name}}) : "{}");
        });
    http.Post("/sign-in",
              [&visitors](const httplib::Request &request, httplib::Response &response) {
                  sign_in(visitors, request, response);
              });
    http.Post("/sign-out",
              [&visitors](const httplib::Request &request, httplib::Response &response) {
                  sign_out(visitors, request, response);
              });
}

void set_up_broker(httplib::Server &http, const web::settings &config, visitors &visitors) {
    http.Get("/broker.json", [config](const httplib::Request & /*request*/,
                                      httplib::Response &response) {
        answer(response, 200,
               object({{"url", config.broker_url}, {"library", library_of(config.broker_url)}}));
    });
    http.Get("/webrocket/auth.json",
             [&visitors, config](const httplib::Request &request, httplib::Response &response) {
                 hand_out_token(visitors.of_session(session_of(request)), config, response);
             });
}

// Where it listens then: the port is chosen, if none was.
std::string bind_to(httplib::Server &http, const place &where) {
    int port = where.port;
    if (port == 0) {
        port = http.bind_to_any_port(where.host);
    } else if (!http.bind_to_port(where.host, port)) {
        port = -1;
    }
    if (port < 0) {
        throw std::runtime_error("cannot listen on " + where.host + ":" +
                                 std::to_string(where.port));
    }
    return where.host + ":" + std::to_string(port);
}

} // namespace

struct web::server {
    httplib::Server http;
    std::thread thread;
    std::atomic<bool> ended{false};
};

web::web(const std::string &address, settings config, visitors &visitors)
    : server_(std::make_unique<server>()) {
    const place where = parse_address(address);
    httplib::Server &http = server_->http;
    set_up_connections(http);
    set_up_headers(http, config.broker_url);
    set_up_failures(http);
    if (!http.set_mount_point("/", config.page_directory)) {
        throw std::invalid_argument("no such directory: " + config.page_directory);
    }
    set_up_visits(http, visitors);
    set_up_broker(http, config, visitors);

    address_ = bind_to(http, where);
    server_->thread = std::thread([this] {
        if (!server_->http.listen_after_bind()) {
            log("web", "no longer listens");
        }
        server_->ended = true;
    });
}

web::~web() {
    while (!server_->http.is_running() && !server_->ended) { // stop() before it runs goes unheard
        std::this_thread::yield();
    }
    server_->http.stop();
    server_->thread.join();
}

} // namespace chat
