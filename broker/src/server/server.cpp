#include "server/server.h"

#include "base/json.h"
#include "base/memory_limit.h"
#include "net/address.h"
#include "net/connection.h"
#include "server/descriptors.h"
#include "server/service_manager.h"

#include <algorithm>
#include <boost/system/errc.hpp>
#include <csignal>
#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <sstream>

namespace webrocket {
namespace {

// A machine without IPv6 has no addresses of that family, and may have no sockets for it.
bool lacks_ipv6(const boost::asio::ip::tcp::endpoint &endpoint,
                const boost::system::error_code &error) {
    return endpoint.address().is_v6() &&
           (error == boost::asio::error::address_family_not_supported ||
            error == boost::system::errc::address_not_available);
}

// On all of these, or none. With port 0 the second takes the port that the first has got.
Listeners
listen(const std::vector<boost::asio::ip::tcp::endpoint> &endpoints,
       const std::function<std::unique_ptr<Listener>(const boost::asio::ip::tcp::endpoint &)>
           &listen_on) {
    Listeners listeners;
    for (auto endpoint : endpoints) {
        if (!listeners.empty())
            endpoint.port(listeners.front()->endpoint().port());
        try {
            listeners.push_back(listen_on(endpoint));
        } catch (const boost::system::system_error &error) {
            if (listeners.empty() || !lacks_ipv6(endpoint, error.code()))
                throw;
        }
    }
    return listeners;
}

Listeners make_listeners(EventLoops &loops, Port port, const std::string &address,
                         PortService &service, TlsContext *tls, Admission &admission) {
    const auto endpoints = parse_address(address);
    if (endpoints.empty())
        throw std::runtime_error("not an address: " + address);
    const auto listen_on = [&](const boost::asio::ip::tcp::endpoint &endpoint) {
        return std::make_unique<Listener>(loops, port, endpoint, service, tls, admission,
                                          endpoints.size() > 1 && endpoint.address().is_v6());
    };
    // Any free port of one family may be taken in the other.
    constexpr int attempts = 16;
    for (int attempt = 1;; ++attempt) {
        try {
            return listen(endpoints, listen_on);
        } catch (const boost::system::system_error &error) {
            const bool may_try_again =
                endpoints.front().port() == 0 && endpoints.size() > 1 && attempt < attempts;
            if (!may_try_again || error.code() != boost::asio::error::address_in_use)
                throw std::runtime_error("cannot listen on " + address + ": " +
                                         error.code().message());
        }
    }
}

std::string addresses(const Listeners &listeners) {
    std::string text;
    for (const auto &listener : listeners)
        text += (text.empty() ? "" : ", ") + format_address(listener->endpoint());
    return text;
}

void stop_all(const Listeners &listeners) {
    for (const auto &listener : listeners)
        listener->stop();
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

std::string absolute_path(const std::filesystem::path &file) {
    return json_string(std::filesystem::absolute(file).string());
}

HttpRules http_rules(const Options &options) {
    HttpTimes times;
    times.head = options.connection_times.handshake;
    times.request = options.http_timeout;
    return {HttpLimits(), TrustedProxies(options.trusted_proxies), times};
}

VhostLimits vhost_limits(const Options &options) {
    VhostLimits limits = options.vhost_limits;
    // The other half is for what is published while a newcomer takes the roster.
    limits.channels.roster.bytes_max = options.frontend.pending_bytes_max / 2;
    return limits;
}

// What was asked for, as far as the descriptors go.
AdmissionLimits admission_limits(const Options &options) {
    const std::size_t descriptors = descriptor_limit();
    const std::size_t carried = connections_carried(descriptors, options.threads);
    const std::size_t wanted = options.connections_max == 0 ? carried : options.connections_max;
    AdmissionLimits limits;
    limits.connections_max = std::min(wanted, carried);
    limits.per_address_max = options.connections_per_address_max == 0
                                 ? std::max<std::size_t>(1, limits.connections_max / 2)
                                 : options.connections_per_address_max;
    limits.handshakes_per_second_max = options.handshakes_per_second_max;
    return limits;
}

AdmissionLimits admin_admission_limits() {
    const std::size_t carried = admin_connections_carried(descriptor_limit());
    return {carried, carried, 0};
}

std::size_t memory_limit(const Options &options) {
    return options.memory_max != 0 ? options.memory_max
                                   : static_cast<std::size_t>(memory_of_process() / 2);
}

// At the start, and not when they run out.
void warn_of_few_descriptors(const Options &options) {
    const std::size_t descriptors = descriptor_limit();
    const std::size_t carried = connections_carried(descriptors, options.threads);
    const std::size_t promised =
        std::max(options.connections_max, options.vhost_limits.connections_max);
    if (promised > carried)
        spdlog::warn(
            "a limit of {} file descriptors (RLIMIT_NOFILE) carries {} connections, which is "
            "less than the {} that the options promise",
            descriptors, carried, promised);
}

std::unique_ptr<TlsContext> tls_context(const TlsFiles &files, const TlsRules &rules) {
    return files.is_set() ? std::make_unique<TlsContext>(files, rules) : nullptr;
}

// Whoever goes on asking must not turn the end that they want into another one. All other threads
// hold them back already.
void hold_back_signals() {
    sigset_t asked;
    sigemptyset(&asked);
    for (const int number : {SIGINT, SIGTERM, SIGHUP})
        sigaddset(&asked, number);
    pthread_sigmask(SIG_BLOCK, &asked, nullptr);
}

void tell_of_each(const char *what, const std::string &complaints) {
    std::istringstream lines(complaints);
    for (std::string line; std::getline(lines, line);)
        spdlog::error("{}: {}", what, line);
}

const char *encryption(const std::unique_ptr<TlsContext> &tls) { return tls ? " (TLS)" : ""; }

} // namespace

Server::Server(const ParsedOptions &parsed, std::function<ParsedOptions()> parse)
    : Server(parsed.options) {
    option_values_ = parsed.values;
    parse_ = std::move(parse);
}

Server::Server(const Options &options)
    : options_(options), storage_(options.storage_dir, options.node_name),
      store_(storage_.database_file()), ready_file_(options.ready_file),
      loops_(options.threads, options.connection_times),
      registry_(store_, loops_, vhost_limits(options)),
      groups_(registry_, store_, loops_, storage_.events_directory(), options.groups,
              options.durability),
      unheard_events_(registry_), public_tls_(tls_context(options.tls, options.tls_rules)),
      admin_tls_(tls_context(options.admin_tls, options.tls_rules)),
      admission_(admission_limits(options)), admin_admission_(admin_admission_limits()),
      public_port_(registry_, groups_, health_, admission_, options.frontend, options.backend,
                   options.vhost_script),
      admin_api_(registry_, groups_, loops_, health_, storage_.cookie(), storage_.reader()),
      public_service_(public_port_, http_rules(options), options.http_queue_bytes_max),
      admin_service_(admin_api_, http_rules(options), options.http_queue_bytes_max),
      public_listeners_(make_listeners(loops_, Port::service, options.addr, public_service_,
                                       public_tls_.get(), admission_)),
      admin_listeners_(make_listeners(loops_, Port::admin, options.admin_addr, admin_service_,
                                      admin_tls_.get(), admin_admission_)),
      admin_socket_(make_admin_socket()), signals_(loops_.first().io(), SIGINT, SIGTERM, SIGHUP),
      stop_timer_(loops_.first().io()), report_timer_(loops_.first().io()),
      log_timer_(loops_.first().io()) {
    loops_.memory().set_limit(memory_limit(options));
    health_.watch(groups_);
}

Server::~Server() {
    // Protocols know the registry, so they must go before it does, and before the loops' queues.
    for (std::size_t i = 0; i < loops_.size(); ++i) {
        loops_[i].for_each_connection([](Connection &connection) { connection.abort(); });
        loops_[i].io().restart();
        loops_[i].io().poll();
    }
}

// The place that nobody has named may be too deep for one: that is no reason not to start.
std::unique_ptr<AdminSocket> Server::make_admin_socket() {
    if (options_.admin_socket == "none")
        return nullptr;
    const bool is_named = !options_.admin_socket.empty();
    const std::filesystem::path file =
        is_named ? std::filesystem::path(options_.admin_socket) : storage_.socket_file();
    if (!is_named && file.string().size() > AdminSocket::path_length_max()) {
        spdlog::warn("no admin socket: {} has {} bytes, and a socket's path may have {}; "
                     "--admin-socket names another one, or none",
                     file.string(), file.string().size(), AdminSocket::path_length_max());
        return nullptr;
    }
    return std::make_unique<AdminSocket>(loops_, file, admin_service_);
}

void Server::run() {
    for (const auto *listeners : {&public_listeners_, &admin_listeners_})
        for (const auto &listener : *listeners)
            listener->start();
    if (admin_socket_)
        admin_socket_->start();
    wait_for_signal();
    report_every_minute();
    watch_log();
    health_.set_ready(true);
    warn_of_what_is_open();
    spdlog::info("listening on {}{}, admin on {}{}{}", addresses(public_listeners_),
                 encryption(public_tls_), addresses(admin_listeners_), encryption(admin_tls_),
                 admin_socket_ ? " and " + admin_socket_->file().string() : std::string());
    warn_of_few_descriptors(options_);
    // Whoever waits for it finds all that the start has to say.
    write_ready_file();
    notify_ready();
    loops_.run();
    hold_back_signals();
    report();
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
    if (number == SIGHUP) {
        reload_options();
        reload_certificates();
    } else if (stopping_) {
        loops_.stop(); // whoever asks twice does not want to wait
    } else {
        stop();
    }
}

// The command line and the environment are what they were; the file may have changed.
void Server::reload_options() {
    const ParsedOptions fresh = parse_();
    if (!fresh.run) {
        tell_of_each("options not read again, those before stay", fresh.complaint);
        return;
    }
    // Told before they hold: the log level is one of them.
    bool differs = false;
    for (const auto &[name, value] : fresh.values) {
        std::string &before = option_values_[name];
        if (value == before)
            continue;
        differs = true;
        if (take_changeable(options_, name, fresh.options)) {
            spdlog::info("--{} is \"{}\" now, and was \"{}\"", name, value, before);
            before = value;
        } else {
            spdlog::warn("--{} stays \"{}\" until a restart, and would be \"{}\"", name, before,
                         value);
        }
    }
    if (differs)
        put_in_force();
    else
        spdlog::info("options read again, none has changed");
}

// For whoever comes from now on; those that are connected keep the limits that they came with.
void Server::put_in_force() {
    spdlog::set_level(spdlog::level::from_str(options_.log_level));
    registry_.set_limits(vhost_limits(options_));
    groups_.set_limits(options_.groups);
    public_port_.set_rules(options_.frontend, options_.backend);
    admission_.set_limits(admission_limits(options_));
    loops_.memory().set_limit(memory_limit(options_));
    for (auto *service : {&public_service_, &admin_service_})
        service->set_unread_bytes_max(options_.http_queue_bytes_max);
    warn_of_few_descriptors(options_);
}

// Each port for itself: what is wrong with the files of one must not keep the other from renewal.
void Server::reload_certificates() {
    reload_certificate(public_tls_.get(), "the port of browsers and backends");
    reload_certificate(admin_tls_.get(), "the admin port");
}

void Server::reload_certificate(TlsContext *tls, const char *port) {
    if (tls == nullptr)
        return;
    try {
        tls->reload();
        spdlog::info("certificate of {} reloaded", port);
    } catch (const std::exception &error) {
        spdlog::error("certificate of {} not reloaded, the one before stays: {}", port,
                      error.what());
    }
}

// What would be a line each time.
void Server::report() {
    loops_.refusals().tell();
    unheard_events_.tell();
}

// What was not taken at once must not wait for the next line.
void Server::watch_log() {
    constexpr auto while_all_is_well = std::chrono::milliseconds(1000);
    constexpr auto while_something_waits = std::chrono::milliseconds(100);
    log_timer_.expires_after(flush_log() ? while_all_is_well : while_something_waits);
    log_timer_.async_wait([this](const boost::system::error_code &cancelled) {
        if (!cancelled)
            watch_log();
    });
}

void Server::report_every_minute() {
    report_timer_.expires_after(std::chrono::minutes(1));
    report_timer_.async_wait([this](const boost::system::error_code &cancelled) {
        if (cancelled)
            return;
        without_exceptions([this] { report(); });
        without_exceptions([this] { registry_.forget_old_keys(); });
        report_every_minute();
    });
}

void Server::warn_of_what_is_open() const {
    const auto is_reached_from_afar = [](const Listeners &listeners) {
        return !listeners.front()->endpoint().address().is_loopback();
    };
    if (!public_tls_ && is_reached_from_afar(public_listeners_))
        spdlog::warn(
            "{} is open to the network and not encrypted: tokens and messages can be read "
            "on the way; give it --tls-cert and --tls-key, or listen on localhost behind a "
            "proxy that encrypts",
            addresses(public_listeners_));
    if (!admin_tls_ && is_reached_from_afar(admin_listeners_))
        spdlog::warn(
            "the admin port {} is open to the network and not encrypted: the cookie can be "
            "read on the way; give it --admin-tls-cert and --admin-tls-key, or listen on "
            "localhost",
            addresses(admin_listeners_));
    if (options_.frontend.allowed_origins.empty())
        spdlog::warn("pages of every origin may connect; --allow-origin names those that may");
}

void Server::write_ready_file() {
    if (!ready_file_.is_wanted())
        return;
    ready_file_.write(
        fmt::format(R"({{"addr":{},"admin_addr":{},"admin_socket":{},"cookie_file":{}}})",
                    json_string(reachable_address(public_listeners_.front()->endpoint())),
                    json_string(reachable_address(admin_listeners_.front()->endpoint())),
                    admin_socket_ ? absolute_path(admin_socket_->file()) : "null",
                    absolute_path(storage_.cookie_file())) +
        "\n");
}

void Server::stop() {
    spdlog::info("stopping");
    notify_stopping();
    stopping_ = true;
    health_.set_ready(false);
    ready_file_.withdraw();
    drain_end_ = std::chrono::steady_clock::now() + options_.drain;
    // The admin port stays for as long as the others take leave: it is where a load balancer sees
    // that nobody should be sent here any more, and an operator how many are still there.
    stop_all(public_listeners_);
    shut_down_connections(Port::service);
    when_nobody_is_left(Port::service, [this] {
        if (const auto left = loops_.open_connections(Port::service); left > 0)
            spdlog::warn("{} connections did not end within --drain-ms and are dropped", left);
        stop_all(admin_listeners_);
        if (admin_socket_)
            admin_socket_->stop();
        shut_down_connections(Port::admin);
        when_nobody_is_left(Port::admin, [this] { loops_.stop(); });
    });
}

void Server::shut_down_connections(Port port) {
    loops_.on_each([port](EventLoop &loop) {
        loop.for_each_connection([port](Connection &connection) {
            if (connection.port() == port)
                connection.shut_down();
        });
    });
}

// Or when it has been waited for long enough.
void Server::when_nobody_is_left(Port port, std::function<void()> go_on) {
    if (loops_.open_connections(port) == 0 || std::chrono::steady_clock::now() >= drain_end_) {
        go_on();
        return;
    }
    stop_timer_.expires_after(std::chrono::milliseconds(20));
    stop_timer_.async_wait(
        [this, port, go_on = std::move(go_on)](const boost::system::error_code &) mutable {
            when_nobody_is_left(port, std::move(go_on));
        });
}

} // namespace webrocket
