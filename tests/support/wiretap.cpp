#include "wiretap.hpp"

#include <array>
#include <mutex>
#include <thread>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>

#include "vhost_address.hpp"

namespace support {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

class wiretap::relay {
  public:
    explicit relay(vhost_address broker) : broker_(std::move(broker)) {
        vhost_address here = broker_;
        here.where.port = acceptor_.local_endpoint().port();
        url_ = here.url();
        accept();
        thread_ = std::thread([this] { io_.run(); });
    }
    ~relay() {
        io_.stop();
        thread_.join();
    }
    relay(const relay &) = delete;
    relay &operator=(const relay &) = delete;

    const std::string &url() const { return url_; }
    std::string sent() const {
        const std::lock_guard lock(mutex_);
        return sent_;
    }
    int connections() const {
        const std::lock_guard lock(mutex_);
        return connections_;
    }

  private:
    struct side {
        explicit side(tcp::socket &&connected) : socket(std::move(connected)) {}
        tcp::socket socket;
        std::array<char, 16 * 1024> buffer; // what was read from it and is being passed on
    };
    using side_ptr = std::shared_ptr<side>;

    void accept() {
        acceptor_.async_accept([this](error_code error, tcp::socket caller) {
            if (error)
                return;
            accept();
            join(std::move(caller));
        });
    }

    void join(tcp::socket caller) {
        {
            const std::lock_guard lock(mutex_);
            ++connections_;
        }
        tcp::socket broker(io_);
        error_code error;
        broker.connect({asio::ip::make_address(broker_.where.host), broker_.where.port}, error);
        if (error)
            return; // and so the caller is hung up on
        const auto here = std::make_shared<side>(std::move(caller));
        const auto there = std::make_shared<side>(std::move(broker));
        pass_on(here, there, true);
        pass_on(there, here, false);
    }

    void pass_on(const side_ptr &from, const side_ptr &to, bool is_kept) {
        from->socket.async_read_some(
            asio::buffer(from->buffer), [=, this](error_code error, std::size_t size) {
                if (error)
                    return hang_up(*from, *to);
                if (is_kept) {
                    const std::lock_guard lock(mutex_);
                    sent_.append(from->buffer.data(), size);
                }
                asio::async_write(to->socket, asio::buffer(from->buffer, size),
                                  [=, this](error_code failed, std::size_t) {
                                      if (failed)
                                          return hang_up(*from, *to);
                                      pass_on(from, to, is_kept);
                                  });
            });
    }

    static void hang_up(side &one, side &other) {
        error_code ignored;
        one.socket.close(ignored);
        other.socket.close(ignored);
    }

    const vhost_address broker_;
    std::string url_;
    mutable std::mutex mutex_;
    std::string sent_;
    int connections_ = 0;
    asio::io_context io_;
    tcp::acceptor acceptor_{io_, {asio::ip::address_v4::loopback(), 0}};
    std::thread thread_;
};

wiretap::wiretap(const std::string &broker_url)
    : relay_(std::make_unique<relay>(vhost_address::of(broker_url))) {}

wiretap::~wiretap() = default;

const std::string &wiretap::url() const { return relay_->url(); }
std::string wiretap::sent() const { return relay_->sent(); }
int wiretap::connections() const { return relay_->connections(); }

} // namespace support
