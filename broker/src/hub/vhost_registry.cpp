#include "hub/vhost_registry.h"

#include "base/hex.h"
#include "base/json.h"
#include "base/log.h"
#include "base/secrets.h"
#include "hub/names.h"

#include <algorithm>
#include <iterator>
#include <mutex>
#include <spdlog/spdlog.h>
#include <stdexcept>

namespace webrocket {
namespace {

// People read `priv-` in old examples and expect a private channel.
void warn_about_misleading_name(std::string_view vhost, std::string_view channel) {
    if (channel.starts_with("priv-"))
        log(spdlog::level::warn,
            fmt::format("channel {} of {} is open to everyone: private ones start with private-",
                        channel, vhost),
            {log_field("vhost", vhost), log_field("channel", channel)});
}

std::string subject_of(const Change &change) {
    switch (change.kind) {
    case Change::Kind::add_vhost:
    case Change::Kind::remove_vhost:
        return "vhost " + change.vhost;
    case Change::Kind::remove_all_vhosts:
        return "all vhosts";
    case Change::Kind::renew_access_token:
        return "access token of " + change.vhost;
    case Change::Kind::open_channel:
    case Change::Kind::close_channel:
        return fmt::format("channel {} of {}", change.channel, change.vhost);
    case Change::Kind::close_all_channels:
        return "all channels of " + change.vhost;
    case Change::Kind::add_group:
    case Change::Kind::put_group:
    case Change::Kind::remove_group:
        return fmt::format("group {} of {}", change.group.name, change.vhost);
    }
    return {};
}

std::string_view deed_of(const Change &change) {
    switch (change.kind) {
    case Change::Kind::add_vhost:
        return "added";
    case Change::Kind::remove_vhost:
    case Change::Kind::remove_all_vhosts:
        return "removed";
    case Change::Kind::renew_access_token:
        return "renewed";
    case Change::Kind::open_channel:
        return "opened";
    case Change::Kind::close_channel:
    case Change::Kind::close_all_channels:
        return "closed";
    case Change::Kind::add_group:
        return "added";
    case Change::Kind::put_group:
        return change.group.is_new ? "added" : "changed";
    case Change::Kind::remove_group:
        return "removed";
    }
    return {};
}

std::string_view name_of(Outcome outcome) {
    switch (outcome) {
    case Outcome::done:
        return "done";
    case Outcome::vhost_exists:
        return "the vhost exists already";
    case Outcome::no_vhost:
        return "there is no such vhost";
    case Outcome::channel_exists:
        return "the channel exists already";
    case Outcome::no_channel:
        return "there is no such channel";
    case Outcome::too_many_channels:
        return "there are too many channels";
    case Outcome::group_exists:
        return "the group exists already";
    case Outcome::no_group:
        return "there is no such group";
    case Outcome::too_many_groups:
        return "there are too many groups";
    case Outcome::group_has_members:
        return "the order of a group that has members stays";
    case Outcome::not_stored:
        return "it could not be stored";
    }
    return {};
}

bool is_vhost_token(std::string_view text) {
    return text.size() == vhost_token_length &&
           std::all_of(text.begin(), text.end(), [](char c) { return hex_value(c) >= 0; });
}

// What somebody wrote into the storage by hand must not get past the rules, nor what an older
// broker wrote there under others. Nothing when all is well.
const char *flaw_of(const StoredVhost &stored) {
    if (stored.path.size() > name_bytes_max)
        return "its path is longer than 255 bytes";
    if (!is_valid_vhost_path(stored.path))
        return "its path is none";
    return is_vhost_token(stored.access_token) ? nullptr : "its token is none";
}

// Left out, its backends and its pages would find no vhost and nobody would know why.
std::string hidden_vhost(const std::string &path, const std::string &database) {
    return fmt::format(
        "the stored vhost {0} cannot be reached: a part of its path is the name of a "
        "resource. Take it out of {1} (sqlite3: DELETE FROM channel WHERE vhost = "
        "'{0}'; DELETE FROM vhost WHERE path = '{0}';), and add it under another path",
        path, database);
}

std::string text_of(const Author &author) {
    return fmt::format("by {}{} address={}", author.who,
                       author.user.empty() ? "" : " user=" + author.user, author.address.text());
}

LogFields fields_of(const Author &author) {
    LogFields fields{log_field("by", author.who), log_field("address", author.address.text())};
    if (!author.user.empty())
        fields.push_back(log_field("user", author.user));
    return fields;
}

} // namespace

void record_failed_change(std::string_view asked, const Author &author, int status) {
    log(spdlog::level::info, fmt::format("{} {} answered {}", asked, text_of(author), status),
        fields_of(author));
}

void record_deed(std::string_view deed, const Author &author, LogFields about) {
    LogFields fields = fields_of(author);
    fields.insert(fields.end(), std::make_move_iterator(about.begin()),
                  std::make_move_iterator(about.end()));
    log(spdlog::level::info, fmt::format("{} {}", deed, text_of(author)), fields);
}

VhostRegistry::VhostRegistry(Store &store, EventLoops &loops, const VhostLimits &limits)
    : loops_(loops), limits_(limits), writer_(store, *this) {
    for (const auto &stored : store.load()) {
        if (const char *flaw = flaw_of(stored)) {
            spdlog::error("the stored vhost {} is left out: {}", json_string(stored.path), flaw);
            continue;
        }
        if (is_reserved_vhost_path(stored.path))
            throw std::runtime_error(hidden_vhost(stored.path, store.name()));
        auto vhost = std::make_shared<Vhost>(stored.path, stored.access_token, loops_, limits_);
        for (const auto &name : stored.channels) {
            if (is_valid_channel_name(name))
                vhost->channels().open(name);
            else
                spdlog::error("the stored channel {} of {} is left out: {}", json_string(name),
                              stored.path,
                              name.size() > name_bytes_max ? "its name is longer than 255 bytes"
                                                           : "its name is none");
        }
        vhosts_.emplace(stored.path, std::move(vhost));
    }
}

std::shared_ptr<Vhost> VhostRegistry::find_vhost(std::string_view path) const {
    const std::shared_lock lock(mutex_);
    const auto found = vhosts_.find(path);
    return found == vhosts_.end() ? nullptr : found->second;
}

std::vector<std::shared_ptr<Vhost>> VhostRegistry::vhosts() const {
    const std::shared_lock lock(mutex_);
    std::vector<std::shared_ptr<Vhost>> all;
    all.reserve(vhosts_.size());
    for (const auto &entry : vhosts_)
        all.push_back(entry.second);
    return all;
}

void VhostRegistry::set_limits(const VhostLimits &limits) {
    const std::unique_lock lock(mutex_);
    limits_ = limits;
    for (const auto &entry : vhosts_)
        entry.second->set_limits(limits);
}

void VhostRegistry::set_groups(GroupTarget *groups) { groups_.store(groups); }

void VhostRegistry::store(StoreWork work) { writer_.submit(std::move(work)); }

void VhostRegistry::forget_old_keys() const {
    for (const auto &vhost : vhosts())
        vhost->keys().forget_old();
}

void VhostRegistry::change(Change change, ChangeDone done) {
    writer_.submit(std::move(change), std::move(done));
}

Outcome VhostRegistry::obstacle(const Change &change, std::size_t opening) const {
    const auto vhost = find_vhost(change.vhost);
    switch (change.kind) {
    case Change::Kind::add_vhost:
        return vhost ? Outcome::vhost_exists : Outcome::done;
    case Change::Kind::remove_all_vhosts:
        return Outcome::done;
    case Change::Kind::remove_vhost:
    case Change::Kind::renew_access_token:
    case Change::Kind::close_all_channels:
        return vhost ? Outcome::done : Outcome::no_vhost;
    case Change::Kind::open_channel:
        if (!vhost)
            return Outcome::no_vhost;
        if (vhost->channels().find(change.channel))
            return Outcome::channel_exists;
        return vhost->channels().has_room_for(opening + 1) ? Outcome::done
                                                           : Outcome::too_many_channels;
    case Change::Kind::close_channel:
        if (!vhost)
            return Outcome::no_vhost;
        return vhost->channels().find(change.channel) ? Outcome::done : Outcome::no_channel;
    case Change::Kind::add_group:
    case Change::Kind::put_group:
    case Change::Kind::remove_group:
        return vhost ? obstacle_of_group(change) : Outcome::no_vhost;
    }
    return Outcome::not_stored;
}

Outcome VhostRegistry::obstacle_of_group(const Change &change) const {
    const auto *const groups = groups_.load();
    if (groups == nullptr)
        return Outcome::not_stored;
    const auto &name = change.group.name;
    const bool is_there = groups->has_group(change.vhost, name);
    if (change.kind == Change::Kind::remove_group)
        return is_there ? Outcome::done : Outcome::no_group;
    if (!is_there)
        return groups->has_room(change.vhost) ? Outcome::done : Outcome::too_many_groups;
    if (change.kind == Change::Kind::add_group)
        return Outcome::group_exists;
    const auto order = change.group.wish.order();
    return !order || groups->may_order(change.vhost, name, *order) ? Outcome::done
                                                                   : Outcome::group_has_members;
}

void VhostRegistry::apply(const Change &change, const std::string &secret) {
    switch (change.kind) {
    case Change::Kind::add_vhost:
        add_vhost(change.vhost, secret);
        return;
    case Change::Kind::remove_vhost:
        remove_vhost(change.vhost);
        return;
    case Change::Kind::remove_all_vhosts:
        remove_all_vhosts();
        return;
    case Change::Kind::renew_access_token:
        find_vhost(change.vhost)->credentials().set_token(secret);
        return;
    case Change::Kind::open_channel:
        find_vhost(change.vhost)->channels().open(change.channel);
        warn_about_misleading_name(change.vhost, change.channel);
        return;
    case Change::Kind::close_channel:
        find_vhost(change.vhost)->channels().close(change.channel);
        return;
    case Change::Kind::close_all_channels:
        find_vhost(change.vhost)->channels().close_all();
        return;
    case Change::Kind::add_group:
    case Change::Kind::put_group:
    case Change::Kind::remove_group:
        apply_to_groups(change);
        return;
    }
}

// At the end of the process nobody has them any more; the next one reads what was stored.
void VhostRegistry::apply_to_groups(const Change &change) {
    auto *const groups = groups_.load();
    if (groups == nullptr)
        return;
    if (change.kind == Change::Kind::remove_group)
        groups->remove(change.vhost, change.group.name);
    else if (change.group.is_new)
        groups->add(change.group.stored);
    else
        groups->set(change.group.stored);
}

void VhostRegistry::record(const Change &change, Outcome outcome) {
    const bool done = outcome == Outcome::done;
    auto text = fmt::format("{} {}{} {}", subject_of(change), done ? "" : "not ", deed_of(change),
                            text_of(change.author));
    if (const auto wanted = change.group.wish.text(); done && !wanted.empty())
        text += ": " + wanted;
    if (!done)
        text += fmt::format(": {}", name_of(outcome));
    LogFields fields = fields_of(change.author);
    if (!change.vhost.empty())
        fields.push_back(log_field("vhost", change.vhost));
    if (!change.channel.empty())
        fields.push_back(log_field("channel", change.channel));
    if (!change.group.name.empty())
        fields.push_back(log_field("group", change.group.name));
    log(spdlog::level::info, text, fields);
}

void VhostRegistry::add_vhost(const std::string &path, const std::string &access_token) {
    const std::unique_lock lock(mutex_);
    vhosts_.emplace(path, std::make_shared<Vhost>(path, access_token, loops_, limits_));
}

void VhostRegistry::remove_vhost(const std::string &path) {
    std::shared_ptr<Vhost> removed;
    {
        const std::unique_lock lock(mutex_);
        const auto found = vhosts_.find(path);
        removed = std::move(found->second);
        vhosts_.erase(found);
    }
    remove_groups_of(*removed);
    removed->close();
}

void VhostRegistry::remove_all_vhosts() {
    Vhosts removed;
    {
        const std::unique_lock lock(mutex_);
        removed.swap(vhosts_);
    }
    for (const auto &entry : removed) {
        remove_groups_of(*entry.second);
        entry.second->close();
    }
}

void VhostRegistry::remove_groups_of(const Vhost &vhost) {
    if (auto *const groups = groups_.load())
        groups->remove_all(vhost.path());
}

} // namespace webrocket
