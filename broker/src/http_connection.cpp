#include "http_connection.h"

#include <spdlog/spdlog.h>

namespace webrocket {
namespace {

// A client that pipelines without reading the answers has to wait at this many bytes of them.
constexpr std::size_t pending_answers_max = 256 * 1024;

} // namespace

HttpConnection::HttpConnection(Connection &connection, HttpHandler &handler,
                               const HttpLimits &limits)
    : connection_(connection), handler_(handler), parser_(limits) {
    connection_.arm(TimerKind::http_request);
}

void HttpConnection::on_data(std::string_view bytes) {
    if (unparsed_.empty()) {
        process(bytes);
    } else {
        std::string input = std::move(unparsed_);
        unparsed_.clear();
        input.append(bytes);
        process(input);
    }
}

void HttpConnection::process(std::string_view input) {
    while (!input.empty() && !connection_.ending() && !successor_) {
        if (connection_.pending_bytes() > pending_answers_max) {
            connection_.pause_reading();
            break;
        }
        const auto state = parser_.feed(input);
        if (state == HttpParser::State::failed) {
            refuse(parser_.error_status());
            return;
        }
        if (state == HttpParser::State::need_more) {
            if (parser_.wants_continue())
                connection_.send(make_frame("HTTP/1.1 100 Continue\r\n\r\n"));
            break;
        }
        answer(parser_.request());
        parser_.reset();
    }
    if (successor_) {
        if (!input.empty())
            successor_->on_data(input);
        connection_.become(std::move(successor_));
        return;
    }
    unparsed_.assign(input);
}

void HttpConnection::answer(const HttpRequest &request) {
    HttpReply reply;
    try {
        reply = handler_.handle(request);
    } catch (const std::exception &error) {
        spdlog::error("request failed: {}", error.what());
        reply = {handler_.refuse(500), nullptr};
    }
    ResponseContext context;
    context.date = connection_.loop().http_date();
    context.head_only = request.method == "HEAD";
    context.http_1_0 = request.http_1_0;
    context.keep_alive = request.keep_alive;
    context.takeover = reply.takeover != nullptr;
    connection_.send(make_frame(serialize(reply.response, context)));
    if (reply.takeover) {
        connection_.disarm();
        successor_ = reply.takeover(connection_);
    } else if (!context.keep_alive) {
        connection_.finish();
    } else {
        connection_.arm(TimerKind::http_request);
    }
}

void HttpConnection::refuse(int status) {
    ResponseContext context;
    context.date = connection_.loop().http_date();
    context.keep_alive = false;
    connection_.send(make_frame(serialize(handler_.refuse(status), context)));
    connection_.finish();
}

void HttpConnection::on_end() { connection_.finish(); }

void HttpConnection::on_timer() {
    if (parser_.inside_request() || !unparsed_.empty())
        refuse(408);
    else
        connection_.finish();
}

void HttpConnection::on_drained() {
    connection_.resume_reading();
    if (!unparsed_.empty())
        on_data({});
}

void HttpConnection::on_shutdown() { connection_.finish(); }

} // namespace webrocket
