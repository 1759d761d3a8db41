#include "net/refusals.h"

#include <algorithm>
#include <fmt/format.h>
#include <iterator>
#include <spdlog/spdlog.h>

namespace webrocket {

RefusalReason refusal_of_status(int status) {
    switch (status) {
    case 401:
        return RefusalReason::wrong_token;
    case 403:
        return RefusalReason::forbidden;
    case 404:
        return RefusalReason::not_found;
    case 405:
        return RefusalReason::wrong_method;
    case 408:
        return RefusalReason::timeout;
    case 413:
        return RefusalReason::body_too_large;
    case 426:
        return RefusalReason::bad_handshake;
    case 429:
        return RefusalReason::limit_reached;
    case 431:
        return RefusalReason::header_too_large;
    case 503:
        return RefusalReason::stopping;
    default:
        if (status < 400)
            return RefusalReason::none;
        return status < 500 ? RefusalReason::bad_request : RefusalReason::failed;
    }
}

RefusalReason refusal_of_page(int code) {
    switch (code) {
    case 402:
        return RefusalReason::page_unauthorized;
    case 403:
        return RefusalReason::page_forbidden;
    case 429:
        return RefusalReason::page_limit_reached;
    case 453:
        return RefusalReason::page_not_subscribed;
    case 454:
        return RefusalReason::page_channel_not_found;
    case 503:
        return RefusalReason::failed;
    default:
        return RefusalReason::page_bad_request;
    }
}

bool Refusals::is_logged(spdlog::level::level_enum level) { return spdlog::should_log(level); }

void Refusals::write(spdlog::level::level_enum level, RefusalReason reason, std::string_view text,
                     LogFields fields) {
    fields.push_back(log_field("reason", kind_of(reason).name));
    log(level, text, fields);
}

void Refusals::add(Port port, RefusalReason reason, const ClientAddress &address,
                   std::string_view what) {
    add_described(port, reason, address, [&] {
        return std::pair(fmt::format("address={} refused {}", address.text(), what),
                         LogFields{log_field("address", address.text())});
    });
}

// Counts it, and says how much of a line it is worth.
spdlog::level::level_enum Refusals::note(Port port, RefusalReason reason,
                                         const ClientAddress &address) {
    const auto index = static_cast<std::size_t>(reason);
    totals_[static_cast<std::size_t>(port)][index].fetch_add(1, std::memory_order_relaxed);
    const std::lock_guard lock(mutex_);
    const auto network = address.network();
    auto found = peers_.find(network);
    if (found == peers_.end()) {
        if (peers_.size() >= addresses_max) {
            ++of_others_;
            return spdlog::level::debug;
        }
        found = peers_.emplace(network, Peer()).first;
    }
    Peer &peer = found->second;
    peer.is_active = true;
    if (kind_of(reason).keeps_out && !peer.is_known && lines_ < lines_max) {
        peer.is_known = true;
        ++lines_;
        return spdlog::level::info;
    }
    ++peer.untold[index];
    ++peer.untold_total;
    return spdlog::level::debug;
}

std::uint64_t Refusals::total(Port port, RefusalReason reason) const {
    return totals_[static_cast<std::size_t>(port)][static_cast<std::size_t>(reason)].load(
        std::memory_order_relaxed);
}

Refusals::Summary Refusals::summary_of(const ClientAddress &network, const Peer &peer) {
    Summary summary;
    const auto address = network.network_text();
    summary.text = fmt::format("address={} refused {} more times within a minute:", address,
                               peer.untold_total);
    const char *separator = " ";
    for (std::size_t i = 0; i < refusal_count; ++i) {
        if (peer.untold[i] == 0)
            continue;
        summary.text += fmt::format("{}{} {}", separator, refusal_kinds[i].name, peer.untold[i]);
        separator = ", ";
    }
    summary.fields = {log_field("address", address),
                      log_field("refusals", static_cast<std::size_t>(peer.untold_total))};
    return summary;
}

// A page's errors are its own business, until there are many.
bool Refusals::deserves_summary(const Peer &peer) {
    if (peer.untold_total >= worth_telling)
        return true;
    for (std::size_t i = 0; i < refusal_count; ++i) {
        if (refusal_kinds[i].keeps_out && peer.untold[i] > 0)
            return true;
    }
    return false;
}

std::vector<Refusals::Summary> Refusals::summaries() {
    const std::lock_guard lock(mutex_);
    using Entry = std::pair<const ClientAddress, Peer>;
    std::vector<const Entry *> told;
    for (const auto &entry : peers_) {
        if (deserves_summary(entry.second))
            told.push_back(&entry);
    }
    std::sort(told.begin(), told.end(), [](const Entry *a, const Entry *b) {
        return a->second.untold_total > b->second.untold_total;
    });
    std::vector<Summary> all;
    std::uint64_t of_others = of_others_;
    for (std::size_t i = 0; i < told.size(); ++i) {
        if (i < lines_max)
            all.push_back(summary_of(told[i]->first, told[i]->second));
        else
            of_others += told[i]->second.untold_total;
    }
    if (of_others > 0)
        all.push_back({fmt::format("more addresses refused {} times within a minute", of_others),
                       {log_field("refusals", static_cast<std::size_t>(of_others))}});
    of_others_ = 0;
    lines_ = 0;
    for (auto entry = peers_.begin(); entry != peers_.end();) {
        if (!entry->second.is_active) {
            entry = peers_.erase(entry);
            continue;
        }
        const bool is_known = entry->second.is_known;
        entry->second = Peer();
        entry->second.is_known = is_known;
        ++entry;
    }
    return all;
}

void Refusals::tell() {
    for (const auto &summary : summaries())
        log(spdlog::level::warn, summary.text, summary.fields);
}

} // namespace webrocket
