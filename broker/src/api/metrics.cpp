#include "api/metrics.h"

#include "api/process_figures.h"
#include "base/log.h"
#include "net/held_memory.h"

#include <fmt/format.h>
#include <functional>
#include <iterator>

#ifndef WEBROCKET_VERSION
#define WEBROCKET_VERSION "0.0.0"
#endif

namespace webrocket {
namespace {

class MetricsText {
  public:
    void begin(std::string_view name, std::string_view type, std::string_view help) {
        fmt::format_to(std::back_inserter(text_), "# HELP {0} {2}\n# TYPE {0} {1}\n", name, type,
                       help);
    }
    void sample(std::string_view name, std::uint64_t value) {
        fmt::format_to(std::back_inserter(text_), "{} {}\n", name, value);
    }
    void gauge(std::string_view name, double value, std::string_view help,
               std::string_view type = "gauge") {
        begin(name, type, help);
        fmt::format_to(std::back_inserter(text_), "{} {:.3f}\n", name, value);
    }
    void gauge(std::string_view name, std::uint64_t value, std::string_view help) {
        begin(name, "gauge", help);
        sample(name, value);
    }
    void build_info(std::string_view version) {
        begin("webrocket_build_info", "gauge", "Always 1: which version it is.");
        fmt::format_to(std::back_inserter(text_), "webrocket_build_info{{version=\"{}\"}} 1\n",
                       version);
    }
    void sample(std::string_view name, Port port, RefusalReason reason, std::uint64_t value) {
        fmt::format_to(std::back_inserter(text_), "{}{{port=\"{}\",reason=\"{}\"}} {}\n", name,
                       name_of(port), kind_of(reason).name, value);
    }
    // Vhost paths need no escaping.
    void sample(std::string_view name, const Vhost &vhost, std::uint64_t value) {
        fmt::format_to(std::back_inserter(text_), "{}{{vhost=\"{}\"}} {}\n", name, vhost.path(),
                       value);
    }
    std::string take() { return std::move(text_); }

  private:
    std::string text_;
};

std::uint64_t sum(const EventLoops &loops, Counter LoopFigures::*figure) {
    std::uint64_t total = 0;
    for (std::size_t i = 0; i < loops.size(); ++i)
        total += (loops[i].figures().*figure).value();
    return total;
}

void add_loop_figures(MetricsText &text, const EventLoops &loops) {
    const auto counter = [&](std::string_view name, std::string_view help,
                             Counter LoopFigures::*figure) {
        text.begin(name, "counter", help);
        text.sample(name, sum(loops, figure));
    };
    text.begin("webrocket_connections_accepted_total", "counter",
               "Connections accepted on both ports.");
    text.sample("webrocket_connections_accepted_total",
                loops.connections_accepted(Port::service) +
                    loops.connections_accepted(Port::admin));
    counter("webrocket_http_requests_total", "HTTP requests, handshakes included.",
            &LoopFigures::http_requests);
    counter("webrocket_messages_received_total", "Messages from browsers.",
            &LoopFigures::messages_received);
    counter("webrocket_messages_refused_total", "Errors sent to browsers.",
            &LoopFigures::messages_refused);
    counter("webrocket_deliveries_total",
            "Frames, worker events and HTTP responses queued for a connection.",
            &LoopFigures::frames_sent);
    counter("webrocket_received_bytes_total", "Bytes read from connections.",
            &LoopFigures::bytes_received);
    counter("webrocket_sent_bytes_total", "Bytes written to connections.",
            &LoopFigures::bytes_sent);
    counter("webrocket_slow_consumers_closed_total",
            "Connections closed because they did not read what was queued for them.",
            &LoopFigures::slow_connections_closed);
}

void add_refusals(MetricsText &text, const Refusals &refusals) {
    constexpr std::string_view name = "webrocket_refusals_total";
    text.begin(name, "counter", "What was refused, by port and reason.");
    for (const Port port : {Port::service, Port::admin}) {
        for (std::size_t i = 1; i < refusal_count; ++i) {
            const auto reason = static_cast<RefusalReason>(i);
            text.sample(name, port, reason, refusals.total(port, reason));
        }
    }
}

void add_gauges(MetricsText &text, const VhostRegistry &registry, const EventLoops &loops) {
    text.begin("webrocket_connections", "gauge", "Open connections on both ports.");
    text.sample("webrocket_connections",
                loops.open_connections(Port::service) + loops.open_connections(Port::admin));
    text.begin("webrocket_changes_waiting", "gauge",
               "Changes of vhosts, tokens and channels that are not stored yet.");
    text.sample("webrocket_changes_waiting", registry.change_backlog());
    text.begin("webrocket_log_lines_dropped_total", "counter",
               "Lines of the log that nobody took in time.");
    text.sample("webrocket_log_lines_dropped_total", dropped_log_lines());
    text.gauge("webrocket_memory_held_bytes", held_memory::total(),
               "Memory that is held for peers: what waits for them, and what is not whole yet.");
    text.gauge("webrocket_memory_max_bytes", static_cast<std::uint64_t>(loops.memory().limit()),
               "As much of that as there may be.");
    text.begin("webrocket_loops", "gauge", "Event loops, each on a thread of its own.");
    text.sample("webrocket_loops", loops.size());
}

// Under the names that Prometheus' own clients give them.
void add_process_figures(MetricsText &text) {
    const auto figures = process_figures();
    text.gauge("process_cpu_seconds_total", figures.cpu_seconds,
               "Time that processors have spent on it, in seconds.", "counter");
    text.gauge("process_resident_memory_bytes", figures.resident_bytes, "Memory in use, in bytes.");
    text.gauge("process_virtual_memory_bytes", figures.virtual_bytes,
               "Size of the address space, in bytes.");
    if (figures.descriptors)
        text.gauge("process_open_fds", *figures.descriptors, "Open file descriptors.");
    text.gauge("process_max_fds", figures.descriptors_max, "Most open file descriptors.");
    text.gauge("process_start_time_seconds", figures.start_time,
               "When it was started, in seconds since 1970.");
}

void add_vhost_figures(MetricsText &text, const VhostRegistry &registry) {
    const auto vhosts = registry.vhosts();
    const auto add = [&](std::string_view name, std::string_view type, std::string_view help,
                         const std::function<std::uint64_t(Vhost &)> &value) {
        text.begin(name, type, help);
        for (const auto &vhost : vhosts)
            text.sample(name, *vhost, value(*vhost));
    };
    add("webrocket_browsers", "gauge", "Browsers connected to a vhost.",
        [](Vhost &vhost) { return vhost.connections().taken(); });
    add("webrocket_workers", "gauge", "Workers connected to a vhost.",
        [](Vhost &vhost) { return vhost.workers().list().size(); });
    add("webrocket_channels", "gauge", "Open channels of a vhost.",
        [](Vhost &vhost) { return vhost.channels().count(); });
    add("webrocket_events_without_worker_total", "counter",
        "Events of pages that no worker was there for.",
        [](Vhost &vhost) { return vhost.workers().unheard(); });
    add("webrocket_fan_out_refused_total", "counter",
        "What was not published because the vhost published too much.",
        [](Vhost &vhost) { return vhost.channels().budget().refused(); });
    add("webrocket_tokens_displaced_total", "counter",
        "Single access tokens that too many younger ones made useless.",
        [](Vhost &vhost) { return vhost.tokens().displaced(); });
}

} // namespace

std::string metrics_text(const VhostRegistry &registry, const EventLoops &loops) {
    MetricsText text;
    text.build_info(WEBROCKET_VERSION);
    add_process_figures(text);
    add_loop_figures(text, loops);
    add_refusals(text, loops.refusals());
    add_gauges(text, registry, loops);
    add_vhost_figures(text, registry);
    return text.take();
}

} // namespace webrocket
