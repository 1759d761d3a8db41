#ifndef SUPPORT_ASIO_DEADLINE_HPP
#define SUPPORT_ASIO_DEADLINE_HPP

#include <optional>
#include <stdexcept>
#include <string>

#include <boost/asio/io_context.hpp>
#include <boost/beast/core/error.hpp>
#include <boost/beast/core/tcp_stream.hpp>

#include "patience.hpp"

namespace support {

/// Runs one asynchronous operation to its end, and throws when it fails or takes too long.
/// @p start begins it with the handler it is given.
template <class Start>
void complete(boost::asio::io_context &io, boost::beast::tcp_stream &stream,
              const std::string &what, Start &&start) {
    std::optional<boost::beast::error_code> result;
    start([&](boost::beast::error_code error, auto &&...) { result = error; });
    io.restart();
    io.run_for(patience);
    if (!result) {
        stream.close();
        io.run(); // so that the handler does not outlive what it refers to
        throw std::runtime_error("timed out: " + what);
    }
    if (*result)
        throw boost::beast::system_error(*result, what);
}

} // namespace support

#endif
