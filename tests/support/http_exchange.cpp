#include "http_exchange.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>

#include "asio_deadline.hpp"

namespace support {

namespace asio = boost::asio;
namespace beast = boost::beast;

http_answer http_exchange(const tcp_address &where, const std::string &method,
                          const std::string &target,
                          const std::pair<std::string, std::string> &header) {
    const std::string what = method + " " + target;
    asio::io_context io;
    beast::tcp_stream stream(io);
    complete(io, stream, what, [&](auto done) {
        stream.async_connect(
            asio::ip::tcp::endpoint(asio::ip::make_address(where.host), where.port), done);
    });

    beast::http::request<beast::http::empty_body> request;
    request.method_string(method);
    request.target(target);
    request.set(beast::http::field::host, where.text());
    request.set(beast::http::field::connection, "close");
    request.set(header.first, header.second);
    request.prepare_payload();
    complete(io, stream, what, [&](auto done) { beast::http::async_write(stream, request, done); });

    beast::flat_buffer buffer;
    beast::http::response<beast::http::string_body> response;
    complete(io, stream, what,
             [&](auto done) { beast::http::async_read(stream, buffer, response, done); });
    return {response.result_int(), response.body()};
}

} // namespace support
