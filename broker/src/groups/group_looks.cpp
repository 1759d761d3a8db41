// What is done for groups now and then: dead letters, bounds of all of them together, a disk that
// fails, groups that nobody needs any more.
#include "base/log.h"
#include "groups/group_registry.h"
#include "groups/group_store_work.h"
#include "groups/reason_names.h"

#include <algorithm>
#include <filesystem>
#include <fmt/format.h>
#include <limits>
#include <spdlog/spdlog.h>
#include <utility>

namespace webrocket {
namespace {

constexpr std::uint64_t looks_in_a_minute = 60;
constexpr std::int64_t life_without_member_ms = 7LL * 24 * 3600 * 1000;
constexpr auto has_member = std::numeric_limits<std::int64_t>::max();

LogFields fields_of(const KeptGroup &group) {
    return {log_field("vhost", group.vhost()), log_field("group", group.name())};
}

} // namespace

// Its row first, then the record that settles it.
void GroupRegistry::store(const std::shared_ptr<KeptGroup> &group,
                          std::vector<DeadLetterToStore> letters) {
    reader_.submit([this, group, letters = std::move(letters)]() mutable {
        for (DeadLetterToStore &letter : letters) {
            if (!letter.event)
                letter.event = read_one(letter.sequence);
            if (letter.event)
                store_now(group, letter);
            else
                group->settle_lost_letter(letter);
        }
    });
}

KeptEventPtr GroupRegistry::read_one(std::uint64_t sequence) const {
    KeptEventPtr read;
    log_->read({&sequence, 1},
               [&read](std::size_t, const LogEvent &event) { read = kept_event(event); });
    return read;
}

void GroupRegistry::store_now(const std::shared_ptr<KeptGroup> &group,
                              const DeadLetterToStore &letter) {
    log(spdlog::level::warn,
        fmt::format("event {}-{} of group {} of {} is a dead letter after {} tries: {}",
                    log_->epoch(), letter.sequence, group->name(), group->vhost(), letter.attempt,
                    name_of(letter.reason)),
        fields_of(*group));
    vhosts_.store(add_dead_letter(
        dead_letter_row(group->number(), log_->epoch(), letter),
        [group, letter](bool is_stored, std::size_t displaced) {
            if (group->is_ended())
                return;
            if (!is_stored)
                return group->return_dead_letter(letter);
            group->settle_dead_letter(letter);
            if (displaced == 0)
                return;
            group->forget_dead_letters(displaced);
            log(spdlog::level::warn,
                fmt::format("group {} of {} has too many dead letters: its {} oldest are gone",
                            group->name(), group->vhost(), displaced),
                fields_of(*group));
        }));
}

void GroupRegistry::look_every_second() {
    look_timer_.expires_after(std::chrono::seconds(1));
    look_timer_.async_wait([this](const boost::system::error_code &cancelled) {
        if (cancelled)
            return;
        without_exceptions([this] { reader_.submit([this] { look(); }); });
        look_every_second();
    });
}

void GroupRegistry::look() {
    look_at_failure();
    look_at_bounds();
    if (!log_->is_failing()) {
        for (const auto &group : all())
            group->write_again();
    }
    if (++looks_ % looks_in_a_minute != 0)
        return;
    tell_of_refusals();
    look_at_members();
}

void GroupRegistry::look_at_failure() {
    const bool is_failing = log_->is_failing();
    if (is_failing && !was_failing_)
        spdlog::error("the disk takes no events for groups: {}", log_->failure());
    else if (!is_failing && was_failing_)
        spdlog::info("the disk takes events for groups again");
    was_failing_ = is_failing;
}

bool GroupRegistry::is_disk_nearly_full() const {
    constexpr std::uintmax_t part_left = 20; // 5 %
    std::error_code problem;
    const auto space = std::filesystem::space(log_directory_, problem);
    return !problem && space.available < space.capacity / part_left;
}

// Where there is too much of all of them, the vhost that has most is treated as at its bound.
void GroupRegistry::look_at_bounds() {
    std::map<std::string, std::uint64_t> bytes;
    std::uint64_t total = 0;
    const auto groups = all();
    for (const auto &group : groups) {
        const std::uint64_t held = group->bytes();
        bytes[group->vhost()] += held;
        total += held;
    }
    std::string largest;
    if (!bytes.empty() && (total >= limits().log_bytes_max || is_disk_nearly_full()))
        largest = std::max_element(bytes.begin(), bytes.end(), [](const auto &a, const auto &b) {
                      return a.second < b.second;
                  })->first;
    if (largest == vhost_at_bound_)
        return;
    for (const auto &group : groups) {
        if (group->vhost() == largest || group->vhost() == vhost_at_bound_)
            group->set_at_bound(group->vhost() == largest);
    }
    if (!largest.empty())
        spdlog::warn("the groups of all vhosts hold {} bytes, or the disk is nearly full: those of "
                     "{}, which hold {}, refuse events until there is less",
                     total, largest, bytes[largest]);
    vhost_at_bound_ = largest;
}

void GroupRegistry::tell_of_refusals() {
    for (const auto &group : all()) {
        const std::uint64_t refused = group->refused();
        std::uint64_t &before = refused_before_[group->number()];
        if (refused > before)
            log(spdlog::level::warn,
                fmt::format("group {} of {} is full and refused {} events in the last minute",
                            group->name(), group->vhost(), refused - before),
                fields_of(*group));
        before = refused;
    }
}

// One that nobody has been a member of for a week goes.
void GroupRegistry::look_at_members() {
    const std::int64_t now = wall_clock_ms();
    for (const auto &group : all()) {
        std::int64_t since = group->memberless_since_ms();
        std::int64_t &stored = memberless_since_[group->number()];
        since = since == has_member ? 0 : stored != 0 ? std::min(stored, since) : since;
        if (since != stored)
            vhosts_.store(set_without_member_since(group->number(), since));
        stored = since;
        if (since == 0 || now - since < life_without_member_ms)
            continue;
        const GroupFigures figures = group->figures();
        log(spdlog::level::warn,
            fmt::format("group {} of {} had no member for 7 days and is removed, with {} events "
                        "and {} dead letters",
                        group->name(), group->vhost(), figures.lag, figures.dead_letters),
            fields_of(*group));
        Change change{Change::Kind::remove_group, group->vhost(), {}, {"broker", {}}, {}};
        change.group.name = group->name();
        vhosts_.change(std::move(change), [](Outcome) {});
    }
}

} // namespace webrocket
