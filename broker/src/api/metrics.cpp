#include "api/metrics.h"

#include "api/process_figures.h"
#include "base/log.h"
#include "net/held_memory.h"

#include <array>
#include <fmt/format.h>
#include <functional>
#include <iterator>
#include <memory>
#include <utility>
#include <vector>

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
    // Nor do the names of groups.
    void sample(std::string_view name, const Group &group, std::uint64_t value) {
        fmt::format_to(std::back_inserter(text_), "{}{{vhost=\"{}\",group=\"{}\"}} {}\n", name,
                       group.vhost(), group.name(), value);
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
    add("webrocket_idempotency_keys", "gauge", "Keys of backends' calls that are remembered.",
        [](Vhost &vhost) { return vhost.keys().count(); });
    add("webrocket_idempotency_keys_displaced_total", "counter",
        "Keys that were forgotten before their time, since there were too many.",
        [](Vhost &vhost) { return vhost.keys().displaced(); });
    add("webrocket_repeated_calls_total", "counter",
        "Calls of backends that had no effect, since they had had it under the same key.",
        [](Vhost &vhost) { return vhost.keys().repeated(); });
}

struct GroupFigure {
    std::string_view name;
    std::string_view type;
    std::string_view help;
    std::uint64_t GroupFigures::*value;
};

constexpr std::array<GroupFigure, 9> group_figures = {{
    {"webrocket_group_lag_events", "gauge", "Events of a group that nobody has acknowledged.",
     &GroupFigures::lag},
    {"webrocket_group_lag_bytes", "gauge", "What these hold.", &GroupFigures::bytes},
    {"webrocket_group_unacknowledged_events", "gauge", "Those of them that a worker has.",
     &GroupFigures::unacknowledged},
    {"webrocket_group_unmatched_events", "gauge",
     "Those of them that no present worker's filter matches.", &GroupFigures::unmatched},
    {"webrocket_group_dead_letters", "gauge", "Events that a group has given up.",
     &GroupFigures::dead_letters},
    {"webrocket_group_acknowledged_total", "counter", "Events that workers have dealt with.",
     &GroupFigures::acknowledged},
    {"webrocket_group_redelivered_total", "counter", "Events that were sent once more.",
     &GroupFigures::redelivered},
    {"webrocket_group_refusals_total", "counter",
     "Events that a group did not take because it, or their sender's part of it, was full.",
     &GroupFigures::refused},
    {"webrocket_group_lost_total", "counter", "Events that a group lost, and told by a gap.",
     &GroupFigures::lost},
}};

void add_group_figures(MetricsText &text, const VhostRegistry &registry,
                       const GroupDirectory &groups) {
    std::vector<std::pair<std::shared_ptr<Group>, GroupFigures>> all;
    for (const auto &vhost : registry.vhosts()) {
        for (const auto &group : groups.list(vhost->path()))
            all.emplace_back(group, group->figures());
    }
    for (const GroupFigure &figure : group_figures) {
        text.begin(figure.name, figure.type, figure.help);
        for (const auto &[group, figures] : all)
            text.sample(figure.name, *group, figures.*figure.value);
    }
    text.begin("webrocket_group_oldest_milliseconds", "gauge",
               "Age of a group's oldest event; 0: it has none.");
    for (const auto &[group, figures] : all)
        text.sample("webrocket_group_oldest_milliseconds", *group,
                    static_cast<std::uint64_t>(figures.oldest_ms));
}

void add_log_figures(MetricsText &text, const GroupDirectory &groups) {
    const LogFigures figures = groups.log_figures();
    const auto counter = [&](std::string_view name, std::string_view help, std::uint64_t value) {
        text.begin(name, "counter", help);
        text.sample(name, value);
    };
    text.gauge("webrocket_event_log_failing", std::uint64_t{groups.failure().empty() ? 0U : 1U},
               "1 while the disk takes no events for groups.");
    text.gauge("webrocket_event_log_file_bytes", figures.file_bytes,
               "What the log of events takes on the disk.");
    text.gauge("webrocket_event_log_live_bytes", figures.live_bytes,
               "Of these, what some group waits for.");
    counter("webrocket_event_log_syncs_total", "How often it was synced.", figures.syncs);
    text.gauge("webrocket_event_log_sync_seconds_total",
               static_cast<double>(figures.sync_microseconds) / 1e6,
               "How long that took, in seconds.", "counter");
    counter("webrocket_event_log_failures_total", "Writes and syncs of it that failed.",
            figures.failures);
}

} // namespace

std::string metrics_text(const VhostRegistry &registry, const EventLoops &loops,
                         const GroupDirectory &groups) {
    MetricsText text;
    text.build_info(WEBROCKET_VERSION);
    add_process_figures(text);
    add_loop_figures(text, loops);
    add_refusals(text, loops.refusals());
    add_gauges(text, registry, loops);
    add_vhost_figures(text, registry);
    add_group_figures(text, registry, groups);
    add_log_figures(text, groups);
    return text.take();
}

} // namespace webrocket
