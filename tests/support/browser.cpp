#include "browser.hpp"

#include <algorithm>
#include <list>
#include <stdexcept>
#include <string_view>
#include <utility>

#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/buffers_to_string.hpp>
#include <boost/beast/core/detail/base64.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/websocket.hpp>
#include <boost/json.hpp>

#include "asio_deadline.hpp"
#include "http_exchange.hpp"
#include "vhost_address.hpp"

namespace support {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace json = boost::json;

namespace {

std::string percent_encoded(std::string_view text) {
    constexpr char digits[] = "0123456789ABCDEF";
    std::string out;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        out += {'%', digits[byte >> 4], digits[byte & 15]};
    }
    return out;
}

std::string base64(std::string_view text) {
    namespace base64 = beast::detail::base64;
    std::string out(base64::encoded_size(text.size()), '\0');
    out.resize(base64::encode(out.data(), text.data(), text.size()));
    return out;
}

/// What a backend does for a page whose user it knows.
std::string single_access_token(const vhost_address &vhost, const std::string &uid,
                                const std::string &channels) {
    const http_answer answer =
        http_exchange(vhost.where, "GET",
                      vhost.path + "/token?uid=" + percent_encoded(uid) +
                          "&channels=" + percent_encoded(channels),
                      {"Authorization", "Basic " + base64("wr:" + vhost.token)});
    if (answer.status != 200)
        throw std::runtime_error("no single access token: " + answer.body);
    return std::string(json::parse(answer.body).at("token").as_string());
}

struct message {
    std::string name;
    std::string payload; // as it came
};

message message_of(const std::string &text) {
    const json::object object = json::parse(text).as_object();
    if (object.size() != 1)
        throw std::runtime_error("not a message: " + text);
    const std::string name(object.begin()->key());
    const std::string head = "{" + json::serialize(name) + ":";
    if (text.compare(0, head.size(), head) != 0 || text.back() != '}')
        throw std::runtime_error("not written as the broker writes messages: " + text);
    return {name, text.substr(head.size(), text.size() - head.size() - 1)};
}

} // namespace

struct browser::connection {
    explicit connection(vhost_address to);

    void send(const std::string &name, const std::string &payload);
    std::string wait_for(std::string_view name);

    const vhost_address vhost;
    std::string sid;

  private:
    message receive();
    beast::tcp_stream &tcp() { return beast::get_lowest_layer(socket_); }

    asio::io_context io_;
    beast::websocket::stream<beast::tcp_stream> socket_{io_};
    std::list<message> kept_; // until somebody waits for them
};

browser::connection::connection(vhost_address to) : vhost(std::move(to)) {
    complete(io_, tcp(), "connecting", [&](auto done) {
        tcp().async_connect(
            asio::ip::tcp::endpoint(asio::ip::make_address(vhost.where.host), vhost.where.port),
            done);
    });
    complete(io_, tcp(), "the WebSocket handshake",
             [&](auto done) { socket_.async_handshake(vhost.where.text(), vhost.path, done); });
    sid = std::string(json::parse(wait_for(":connected")).at("sid").as_string());
}

void browser::connection::send(const std::string &name, const std::string &payload) {
    const std::string text = "{" + json::serialize(name) + ":" + payload + "}";
    complete(io_, tcp(), "sending " + text,
             [&](auto done) { socket_.async_write(asio::buffer(text), done); });
}

message browser::connection::receive() {
    beast::flat_buffer buffer;
    complete(io_, tcp(), "waiting for a message",
             [&](auto done) { socket_.async_read(buffer, done); });
    message received = message_of(beast::buffers_to_string(buffer.data()));
    if (received.name == ":error")
        throw std::runtime_error("the broker refused: " + received.payload);
    return received;
}

std::string browser::connection::wait_for(std::string_view name) {
    const auto known = std::find_if(kept_.begin(), kept_.end(),
                                    [&](const message &one) { return one.name == name; });
    if (known != kept_.end()) {
        std::string payload = std::move(known->payload);
        kept_.erase(known);
        return payload;
    }
    for (;;) {
        message received = receive();
        if (received.name == name)
            return std::move(received.payload);
        kept_.push_back(std::move(received));
    }
}

browser::browser(const std::string &backend_url)
    : connection_(std::make_unique<connection>(vhost_address::of(backend_url))) {}

browser::~browser() = default;

const std::string &browser::sid() const { return connection_->sid; }

void browser::authenticate(const std::string &uid, const std::string &channels) {
    const std::string token = single_access_token(connection_->vhost, uid, channels);
    connection_->send("auth", R"({"token":)" + json::serialize(token) + "}");
    connection_->wait_for(":authenticated");
}

void browser::subscribe(const std::string &channel) { subscribe(channel, "{}"); }

void browser::subscribe(const std::string &channel, const std::string &data, bool is_hidden) {
    connection_->send("subscribe", R"({"channel":)" + json::serialize(channel) + R"(,"data":)" +
                                       data + R"(,"hidden":)" + (is_hidden ? "true" : "false") +
                                       "}");
    connection_->wait_for(":subscribed");
}

void browser::broadcast(const std::string &channel, const std::string &event,
                        const std::string &data) {
    connection_->send("broadcast", R"({"channel":)" + json::serialize(channel) + R"(,"event":)" +
                                       json::serialize(event) + R"(,"data":)" + data + "}");
}

void browser::trigger(const std::string &event, const std::string &data) {
    connection_->send("trigger",
                      R"({"event":)" + json::serialize(event) + R"(,"data":)" + data + "}");
}

std::string browser::wait_for(const std::string &name) { return connection_->wait_for(name); }

} // namespace support
