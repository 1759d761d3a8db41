#include "server.h"

#include "address.h"
#include "connection.h"
#include "json.h"
#include "service_manager.h"

#include <csignal>
#include <fmt/format.h>
#include <spdlog/spdlog.h>

namespace webrocket {
namespace {

boost::asio::ip::tcp::endpoint endpoint_of(const std::string &address) {
    const auto endpoint = parse_address(address);
    if (!endpoint)
        throw std::runtime_error("not an address: " + address);
    return *endpoint;
}

Listener make_listener(EventLoops &loops, const std::string &address, HttpHandler &handler,
                       TlsContext *tls) {
    try {
        return {loops, endpoint_of(address), handler, tls};
    } catch (const boost::system::system_error &error) {
        throw std::runtime_error("cannot listen on " + address + ": " + error.code().message());
    }
}

// Where to connect to a listener that listens everywhere.
std::string reachable_address(boost::asio::ip::tcp::endpoint endpoint) {
    if (endpoint.address().is_unspecified()) {
        if (endpoint.address().is_v6())
            endpoint.address(boost::asio::ip::address_v6::loopback());
        else
            endpoint.address(boost::asio::ip::address_v4::loopback());
    }
    return format_address(endpoint);
}

FrontendRules frontend_rules(const Options &options) {
    FrontendRules rules;
    rules.allowed_origins = options.allowed_origins;
    rules.session.subscriptions_max = options.subscriptions_max;
    rules.session.worker_events_need_auth = options.worker_events_need_auth;
    rules.session.nesting_max = options.nesting_max;
    rules.session.messages_per_second_max = options.messages_per_second_max;
    rules.pending_bytes_max = options.client_queue_bytes_max;
    return rules;
}

LoopSettings loop_settings(const Options &options) {
    return {options.intervals, options.frame_bytes_max};
}

std::unique_ptr<TlsContext> tls_context(const TlsFiles &files) {
    return files.is_set() ? std::make_unique<TlsContext>(files) : nullptr;
}

const char *encryption(const std::unique_ptr<TlsContext> &tls) { return tls ? " (TLS)" : ""; }

} // namespace

Server::Server(const Options &options)
    : options_(options), storage_(options.storage_dir, options.node_name),
      store_(storage_.database_file()), ready_file_(options.ready_file),
      loops_(options.threads, loop_settings(options)), hub_(store_, loops_, options.vhost_limits),
      public_tls_(tls_context(options.tls)), admin_tls_(tls_context(options.admin_tls)),
      public_port_(hub_, health_, frontend_rules(options),
                   WorkerStreamRules{options.worker_queue_bytes_max}, options.vhost_script),
      admin_api_(hub_, loops_, health_, storage_.cookie()),
      public_listener_(make_listener(loops_, options.addr, public_port_, public_tls_.get())),
      admin_listener_(make_listener(loops_, options.admin_addr, admin_api_, admin_tls_.get())),
      signals_(loops_.first().io(), SIGINT, SIGTERM, SIGHUP), stop_timer_(loops_.first().io()) {}

Server::~Server() {
    // Protocols know the hub, so they must go before it does, and before the loops' queues.
    for (std::size_t i = 0; i < loops_.size(); ++i) {
        loops_[i].for_each_connection([](Connection &connection) { connection.abort(); });
        loops_[i].io().restart();
        loops_[i].io().poll();
    }
}

void Server::run() {
    public_listener_.start();
    admin_listener_.start();
    wait_for_signal();
    health_.set_ready(true);
    write_ready_file();
    spdlog::info("listening on {}{}, admin on {}{}", format_address(public_listener_.endpoint()),
                 encryption(public_tls_), format_address(admin_listener_.endpoint()),
                 encryption(admin_tls_));
    notify_ready();
    loops_.run();
    spdlog::info("stopped");
}

void Server::wait_for_signal() {
    signals_.async_wait([this](const boost::system::error_code &error, int number) {
        if (error)
            return;
        wait_for_signal();
        on_signal(number);
    });
}

void Server::on_signal(int number) {
    if (number == SIGHUP)
        reload_certificates();
    else if (stopping_)
        loops_.stop(); // whoever asks twice does not want to wait
    else
        stop();
}

void Server::reload_certificates() {
    for (const auto *tls : {&public_tls_, &admin_tls_}) {
        try {
            if (*tls)
                (*tls)->reload();
        } catch (const std::exception &error) {
            spdlog::error("certificate not reloaded, the one before stays: {}", error.what());
            return;
        }
    }
    spdlog::info(public_tls_ || admin_tls_ ? "certificates reloaded" : "nothing to reload");
}

void Server::write_ready_file() {
    if (!ready_file_.is_wanted())
        return;
    ready_file_.write(
        fmt::format(R"({{"addr":{},"admin_addr":{},"cookie_file":{}}})",
                    json_string(reachable_address(public_listener_.endpoint())),
                    json_string(reachable_address(admin_listener_.endpoint())),
                    json_string(std::filesystem::absolute(storage_.cookie_file()).string())) +
        "\n");
}

void Server::stop() {
    spdlog::info("stopping");
    notify_stopping();
    stopping_ = true;
    health_.set_ready(false);
    ready_file_.withdraw();
    public_listener_.stop();
    admin_listener_.stop();
    loops_.on_each([](EventLoop &loop) {
        loop.for_each_connection([](Connection &connection) { connection.shut_down(); });
    });
    drain_end_ = std::chrono::steady_clock::now() + options_.drain;
    wait_for_connections();
}

// Until everybody has taken leave, or long enough.
void Server::wait_for_connections() {
    if (!has_connections() || std::chrono::steady_clock::now() >= drain_end_) {
        loops_.stop();
        return;
    }
    stop_timer_.expires_after(std::chrono::milliseconds(20));
    stop_timer_.async_wait([this](const boost::system::error_code &) { wait_for_connections(); });
}

bool Server::has_connections() const {
    for (std::size_t i = 0; i < loops_.size(); ++i) {
        const auto &figures = loops_[i].figures();
        if (figures.connections_accepted.value() != figures.connections_ended.value())
            return true;
    }
    return false;
}

} // namespace webrocket
