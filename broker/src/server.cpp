#include "server.h"

#include "address.h"
#include "connection.h"
#include "json.h"

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

Listener make_listener(EventLoop &loop, const std::string &address, HttpHandler &handler) {
    try {
        return {loop, endpoint_of(address), handler, HttpLimits()};
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
    rules.pending_bytes_max = options.client_queue_bytes_max;
    return rules;
}

} // namespace

Server::Server(const Options &options)
    : options_(options), storage_(options.storage_dir, options.node_name),
      store_(storage_.database_file()), ready_file_(options.ready_file),
      hub_(store_, options.tokens), public_port_(hub_, frontend_rules(options),
                                                 WorkerStreamRules{options.worker_queue_bytes_max}),
      admin_api_(hub_, storage_.cookie()), loop_(io_, options.intervals),
      public_listener_(make_listener(loop_, options.addr, public_port_)),
      admin_listener_(make_listener(loop_, options.admin_addr, admin_api_)),
      signals_(io_, SIGINT, SIGTERM), stop_timer_(io_) {}

Server::~Server() {
    // Protocols know the hub, so they must go before it does, and before the loop's queues.
    loop_.for_each_connection([](Connection &connection) { connection.abort(); });
    io_.restart();
    io_.poll();
}

void Server::run() {
    public_listener_.start();
    admin_listener_.start();
    signals_.async_wait([this](const boost::system::error_code &error, int) {
        if (!error)
            stop();
    });
    write_ready_file();
    spdlog::info("listening on {}, admin on {}", format_address(public_listener_.endpoint()),
                 format_address(admin_listener_.endpoint()));
    io_.run();
    spdlog::info("stopped");
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
    ready_file_.withdraw();
    public_listener_.stop();
    admin_listener_.stop();
    loop_.for_each_connection([](Connection &connection) { connection.shut_down(); });
    constexpr int polls = 150;
    wait_for_connections(polls);
}

// Until everybody has taken leave, or long enough.
void Server::wait_for_connections(int polls_left) {
    if (polls_left == 0 || loop_.connection_count() == 0) {
        io_.stop();
        return;
    }
    stop_timer_.expires_after(std::chrono::milliseconds(20));
    stop_timer_.async_wait([this, polls_left](const boost::system::error_code &) {
        wait_for_connections(polls_left - 1);
    });
}

} // namespace webrocket
