#include "server/option_definitions.h"

#include "base/json.h"
#include "client/origin.h"
#include "http/trusted_proxies.h"
#include "net/address.h"
#include "store/storage_dir.h"

#include <cstdint>
#include <functional>
#include <map>
#include <stdexcept>

namespace webrocket {
namespace {

void add_interval(CLI::App &app, const std::string &flag, std::chrono::milliseconds &interval,
                  const std::string &description,
                  std::chrono::milliseconds least = std::chrono::milliseconds(1)) {
    app.add_option_function<std::int64_t>(
           flag, [&interval](std::int64_t ms) { interval = std::chrono::milliseconds(ms); },
           description)
        ->check(CLI::Range(std::int64_t{least.count()}, std::int64_t{interval_max.count()}))
        ->type_name("MS")
        ->default_str(std::to_string(interval.count()));
}

CLI::Validator refusing(const std::function<bool(const std::string &)> &accepts,
                        const std::string &complaint) {
    return {[accepts, complaint](const std::string &text) {
                return accepts(text) ? std::string() : complaint + text;
            },
            ""};
}

// Puts what is given into the form in which it is used.
CLI::Validator origin_form() {
    return {[](std::string &text) -> std::string {
                try {
                    text = normalized_origin(text);
                    return {};
                } catch (const std::invalid_argument &error) {
                    return "not an origin (SCHEME://HOST[:PORT]): " + text + ": " + error.what();
                }
            },
            ""};
}

} // namespace

OptionDefinitions::OptionDefinitions(CLI::App &app, Options &options)
    : app_(app), options_(options) {
    app_.option_defaults()->always_capture_default();
    app_.add_option("--config", config_, "Reads options from a file: lines of NAME = VALUE")
        ->type_name("FILE")
        ->default_str("");
    add_addresses();
    add_encryption();
    add_process();
    add_browser_rules();
    add_limits();
    add_speech_limits();
    add_queue_limits();
    add_memory_limit();
    add_group_rules();
    add_intervals();
}

void OptionDefinitions::add_addresses() {
    const auto is_address =
        refusing([](const std::string &text) { return !parse_address(text).empty(); },
                 "not an address (IP:PORT, [IPv6]:PORT, localhost:PORT or :PORT): ");
    app_.add_option("--addr", options_.addr,
                    "Where browsers and backends connect; port 0: any free one")
        ->type_name("HOST:PORT")
        ->check(is_address);
    app_.add_option("--admin-addr", options_.admin_addr, "Where the admin tool connects")
        ->type_name("HOST:PORT")
        ->check(is_address);
    const auto is_range =
        refusing([](const std::string &text) { return AddressRange::parse(text).has_value(); },
                 "not a range of addresses (10.0.0.0/8, 2001:db8::/32): ");
    app_.add_option("--trusted-proxy", options_.trusted_proxies,
                    "Believe proxies of these addresses where a client is (Forwarded, "
                    "X-Forwarded-For); may be repeated")
        ->type_name("CIDR")
        ->default_str("")
        ->allow_extra_args(false)
        ->check(is_range);
    app_.add_option("--admin-socket", options_.admin_socket,
                    "A unix socket on which root and the server's own user need no cookie; "
                    "none: without it; else NODE.sock in the storage directory")
        ->type_name("PATH");
}

void OptionDefinitions::add_encryption() {
    const auto add_pair = [this](const std::string &prefix, TlsFiles &files,
                                 const std::string &port) {
        auto *certificate = app_.add_option(prefix + "-cert", files.certificate,
                                            "TLS on " + port + ": its certificate and chain (PEM)")
                                ->type_name("FILE")
                                ->default_str("");
        auto *key = app_.add_option(prefix + "-key", files.key, "The key of that certificate (PEM)")
                        ->type_name("FILE")
                        ->default_str("");
        certificate->needs(key);
        key->needs(certificate);
    };
    add_pair("--tls", options_.tls, "the port of browsers and backends");
    add_pair("--admin-tls", options_.admin_tls, "the admin port");
    app_.add_option("--tls-min-version", options_.tls_rules.min_version,
                    "The oldest version of TLS that is spoken, on both ports")
        ->check(CLI::IsMember({"1.2", "1.3"}));
    app_.add_option("--tls-ciphers", options_.tls_rules.ciphers,
                    "The suites of TLS 1.2, as OpenSSL calls them, on both ports")
        ->type_name("LIST")
        ->check(refusing(names_ciphers, "OpenSSL knows no suite of these: "));
}

void OptionDefinitions::add_process() {
    app_.add_flag("--compatible", options_.compatible,
                  "The defaults of 2012, where pages and backends of that time could miss them; "
                  "what is given goes before them");
    const auto is_node_name =
        refusing([](const std::string &text) { return is_valid_node_name(text); },
                 "not a node name (two characters or more, no slash): ");
    constexpr std::size_t threads_max = 256;
    app_.add_option("--threads", options_.threads,
                    "Event loops over which the connections are spread")
        ->check(CLI::Range(std::size_t{1}, threads_max))
        ->type_name("N");
    app_.add_option("--storage-dir", options_.storage_dir, "Where everything lasting is kept")
        ->type_name("DIR");
    app_.add_option("--node-name", options_.node_name,
                    "The name of this node; without one, webrocket or the only one that has its "
                    "storage there")
        ->type_name("NAME")
        ->check(is_node_name);
    app_.add_flag("--core-dumps", options_.core_dumps,
                  "Leave a core dump after a crash, which holds the tokens that were in memory");
    app_.add_option("--ready-file", options_.ready_file,
                    "Written once the server listens: its addresses and its cookie file, as "
                    "JSON")
        ->type_name("FILE");
    app_.add_option("--log-level", options_.log_level, "How much is logged to standard error")
        ->check(CLI::IsMember({"trace", "debug", "info", "warn", "error", "off"}));
    app_.add_option("--log-format", options_.log_format, "Lines for people or for machines")
        ->check(CLI::IsMember({"text", "json"}));
}

void OptionDefinitions::add_browser_rules() {
    app_.add_option("--allow-origin", options_.frontend.allowed_origins,
                    "Accept browsers of this origin only (https://*.example.org: of its "
                    "subdomains); may be repeated")
        ->type_name("ORIGIN")
        ->default_str("")
        ->allow_extra_args(false)
        ->transform(origin_form());
    app_.add_flag("--worker-events-need-auth", options_.frontend.session.worker_events_need_auth,
                  "Workers hear only of events of authenticated browsers");
    app_.add_flag("--vhost-script,!--no-vhost-script", options_.vhost_script,
                  "Serve /VHOST/webrocket.js, which connects a page to that vhost; the default");
}

void OptionDefinitions::add_limits() {
    add_limit("--max-connections", options_.vhost_limits.connections_max,
              "Browsers connected to one vhost at a time");
    add_limit_or_none("--max-connections-in-all", options_.connections_max,
                      "Connections of browsers and backends at a time; 0: as many as the file "
                      "descriptors carry");
    add_limit_or_none("--max-connections-per-address", options_.connections_per_address_max,
                      "Of those, from one address; 0: half of them");
    add_limit_or_none("--max-handshakes-per-second-per-address", options_.handshakes_per_second_max,
                      "WebSockets that one address opens; 0: as many as it likes");
    add_limit("--max-channels", options_.vhost_limits.channels.channels_max,
              "Channels of one vhost");
    add_limit("--max-subscriptions", options_.frontend.session.subscriptions_max,
              "Channels of one browser at a time");
    add_limit("--max-tokens", options_.vhost_limits.tokens.outstanding_max,
              "Single access tokens waiting for use, of one vhost");
    add_limit("--max-token-bytes", options_.vhost_limits.tokens.bytes_max,
              "Of those tokens together");
    add_limit("--max-workers", options_.vhost_limits.workers.workers_max,
              "Event streams of one vhost at a time");
    add_limit("--max-filters", options_.vhost_limits.workers.filters_max,
              "Different filters of one vhost's workers at a time");
    add_limit_or_none("--max-fan-out-bytes-per-second",
                      options_.vhost_limits.fan_out_bytes_per_second_max,
                      "Of what is published on one vhost's channels, times its listeners; 0: as "
                      "much as it likes");
    add_limit("--max-batch", options_.backend.batch_max, "Triggers in one request of a backend");
    add_limit("--keys-max", options_.vhost_limits.keys.keys_max,
              "Idempotency keys of one vhost's backends that are remembered");
    add_limit("--max-members-per-uid", options_.vhost_limits.channels.roster.members_per_uid_max,
              "Subscriptions of one user to one presence channel");
}

void OptionDefinitions::add_speech_limits() {
    add_limit("--max-message-bytes,--max-frame-bytes", options_.frontend.session.message_bytes_max,
              "Of one message of a browser; the second name is the old one");
    add_limit("--max-first-message-bytes", options_.frontend.session.first_message_bytes_max,
              "Of one message of a browser that has neither authenticated nor subscribed yet");
    app_.add_option("--max-nesting", options_.frontend.session.nesting_max,
                    "Objects and lists within each other in a message of a browser")
        ->check(CLI::Range(std::size_t{2}, json_depth_max))
        ->type_name("N");
    add_limit_or_none("--max-messages-per-second",
                      options_.frontend.session.messages_per_second_max,
                      "Of one browser; 0: as many as it likes");
    add_limit_or_none("--max-bytes-per-second", options_.frontend.session.bytes_per_second_max,
                      "Of one browser's messages; 0: as many as it likes");
}

void OptionDefinitions::add_queue_limits() {
    add_limit("--client-queue-bytes", options_.frontend.pending_bytes_max,
              "Unsent bytes at which a slow browser is dropped");
    add_limit("--http-queue-bytes", options_.http_queue_bytes_max,
              "Answers of a port that their clients do not read");
    add_limit("--worker-queue-bytes", options_.backend.streams.pending_bytes_max,
              "Unsent bytes at which a slow worker is dropped");
}

void OptionDefinitions::add_memory_limit() {
    constexpr std::size_t least = std::size_t{16} << 20;
    const auto is_enough = refusing(
        [](const std::string &text) {
            const std::size_t bytes = std::stoull(text);
            return bytes == 0 || bytes >= least;
        },
        "less than 16M, and not 0: ");
    app_.add_option("--memory-max", options_.memory_max,
                    "Bytes that are held for all peers together (also 64M, 4G); 0: half of the "
                    "memory there is")
        ->transform(CLI::AsSizeValue(false).description(""))
        ->check(is_enough)
        ->type_name("BYTES");
}

void OptionDefinitions::add_group_rules() {
    add_limit("--max-groups", options_.groups.groups_max, "Reliable groups of one vhost");
    app_.add_option("--log-bytes-max", options_.groups.log_bytes_max,
                    "Of the events that reliable groups wait for, all of them together (also 64M, "
                    "4G)")
        ->transform(CLI::AsSizeValue(false).description(""))
        ->check(CLI::PositiveNumber)
        ->type_name("BYTES");
    const std::map<std::string, Durability> durabilities = {{"batch", Durability::batch},
                                                            {"full", Durability::full}};
    app_.add_option_function<std::string>(
            "--durability",
            [this, durabilities](const std::string &word) {
                options_.durability = durabilities.at(word);
            },
            "When an event is accepted: batch: written, and synced within 50 ms; full: synced")
        ->check(CLI::IsMember({"batch", "full"}))
        ->default_str("batch");
}

void OptionDefinitions::add_limit(const std::string &flag, std::size_t &limit,
                                  const std::string &description) {
    app_.add_option(flag, limit, description)->check(CLI::PositiveNumber)->type_name("N");
}

void OptionDefinitions::add_limit_or_none(const std::string &flag, std::size_t &limit,
                                          const std::string &description) {
    app_.add_option(flag, limit, description)->check(CLI::NonNegativeNumber)->type_name("N");
}

void OptionDefinitions::add_intervals() {
    add_interval(app_, "--token-lifetime-ms", options_.vhost_limits.tokens.lifetime,
                 "How long a single access token waits for its use");
    add_interval(app_, "--ping-interval-ms", options_.frontend.session.ping_interval,
                 "Between pings to a browser; one that answers none is dropped");
    add_interval(app_, "--heartbeat-interval-ms", options_.backend.streams.heartbeat_interval,
                 "Between heartbeats to a worker");
    add_interval(app_, "--handshake-timeout-ms", options_.connection_times.handshake,
                 "For a TLS handshake, and for the head of a request from its first byte on");
    add_interval(app_, "--message-timeout-ms", options_.frontend.session.message_time,
                 "For a message of a browser, from its first byte to its last");
    add_interval(app_, "--newcomer-timeout-ms", options_.frontend.session.newcomer_time,
                 "For a browser to authenticate or subscribe; 0: as long as it likes",
                 std::chrono::milliseconds(0));
    add_interval(app_, "--http-timeout-ms", options_.http_timeout,
                 "For a request to arrive, and for the next one to follow");
    add_interval(app_, "--drain-ms", options_.drain,
                 "How long a stop waits for connections to end in good order");
}

} // namespace webrocket
