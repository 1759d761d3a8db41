#include "server/unheard_events.h"

#include "base/json.h"
#include "base/log.h"

#include <algorithm>
#include <fmt/format.h>
#include <utility>
#include <vector>

namespace webrocket {

void UnheardEvents::tell() {
    constexpr std::size_t named_max = 20;
    std::map<std::string, std::uint64_t> totals;
    std::vector<std::pair<std::uint64_t, std::string>> news;
    std::uint64_t sum = 0;
    for (const auto &vhost : registry_.vhosts()) {
        const auto total = vhost->workers().unheard();
        totals[vhost->path()] = total;
        const auto before = told_.find(vhost->path());
        // One that was removed and made again has begun anew.
        const auto known = before == told_.end() || before->second > total ? 0 : before->second;
        if (total > known)
            news.emplace_back(total - known, vhost->path());
        sum += total - known;
    }
    told_ = std::move(totals);
    if (news.empty())
        return;
    std::sort(news.rbegin(), news.rend());
    std::string text;
    std::string members;
    std::uint64_t of_others = sum;
    for (std::size_t i = 0; i < news.size() && i < named_max; ++i) {
        const auto &[count, path] = news[i];
        text += fmt::format("{}{} {}", i > 0 ? ", " : "", path, count);
        members += fmt::format("{}{}:{}", i > 0 ? "," : "", json_string(path), count);
        of_others -= count;
    }
    if (of_others > 0)
        text += fmt::format(", others {}", of_others);
    log(spdlog::level::warn, "no worker was there for events within the last minute: " + text,
        {log_field("events", static_cast<std::size_t>(sum)), {"vhosts", "{" + members + "}"}});
}

} // namespace webrocket
