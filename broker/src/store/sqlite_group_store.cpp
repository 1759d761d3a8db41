#include "store/sqlite_group_store.h"

#include "base/json_text.h"
#include "store/group_settings.h"
#include "store/sqlite_statement.h"

#include <array>
#include <fmt/format.h>
#include <limits>
#include <spdlog/spdlog.h>
#include <utility>

namespace webrocket {
namespace {

// In the order of letter_at().
constexpr const char *letter_columns =
    "place, number, epoch, sequence, attempt, time_ms, dead_ms, reason, topic, sid, uid, channel, "
    "address, ref, record";

// Every number of the table's is stored as a text, which the column turns into a number.
struct GroupSql {
    std::string select = "SELECT number, vhost, name, without_member_since_ms, filter";
    std::string put = "INSERT INTO worker_group (number, vhost, name, filter";

    GroupSql() {
        std::string places = "?, ?, ?, ?";
        std::string updates = "filter = excluded.filter";
        for (const auto &setting : group_setting_table()) {
            select += fmt::format(", \"{}\"", setting.name);
            put += fmt::format(", \"{}\"", setting.name);
            places += ", ?";
            updates += fmt::format(", \"{0}\" = excluded.\"{0}\"", setting.name);
        }
        select += " FROM worker_group";
        put += fmt::format(") VALUES ({}) ON CONFLICT (number) DO UPDATE SET {}", places, updates);
    }
};

const GroupSql &group_sql() {
    static const GroupSql sql;
    return sql;
}

// What somebody wrote there by hand, or an older broker with other bounds.
void read_setting(GroupSettings &settings, const GroupSetting &setting, const std::string &text,
                  const StoredGroup &group) {
    if (const auto value = setting.parse(text))
        setting.set(settings, *value);
    else
        spdlog::error("the stored setting of group {} of {} is left out: {}: {}", group.name,
                      group.vhost, setting.complaint(), json_string(text));
}

StoredGroup group_at(const SqliteStatement &row) {
    StoredGroup group;
    int column = 0;
    group.number = static_cast<std::uint32_t>(row.number(column++));
    group.vhost = row.text(column++);
    group.name = row.text(column++);
    group.without_member_since_ms = row.number(column++);
    group.settings.filter = row.text(column++);
    for (const auto &setting : group_setting_table())
        read_setting(group.settings, setting, row.text(column++), group);
    return group;
}

StoredDeadLetter letter_at(const SqliteStatement &row) {
    StoredDeadLetter letter;
    int column = 0;
    letter.place = row.unsigned_number(column++);
    letter.group = static_cast<std::uint32_t>(row.number(column++));
    letter.epoch = row.text(column++);
    letter.sequence = row.unsigned_number(column++);
    letter.attempt = static_cast<std::uint32_t>(row.number(column++));
    letter.time_ms = row.number(column++);
    letter.dead_ms = row.number(column++);
    letter.reason = row.text(column++);
    letter.topic = row.text(column++);
    letter.sid = row.text(column++);
    letter.has_uid = !row.is_null(column);
    letter.uid = row.text(column++);
    letter.channel = row.text(column++);
    letter.address = row.text(column++);
    letter.ref = row.text(column++);
    letter.record = row.text(column);
    return letter;
}

} // namespace

template <typename... Values>
void SqliteGroupStore::write(const char *sql, const Values &...values) {
    try {
        SqliteStatement statement(database_, sql);
        (statement.bind(values), ...);
        statement.run();
    } catch (const StoreError &error) {
        throw StoreError("cannot store in " + file_ + ": " + error.what());
    }
}

template <typename Take, typename... Values>
void SqliteGroupStore::read(const char *sql, const Take &take, const Values &...values) {
    try {
        SqliteStatement statement(database_, sql);
        (statement.bind(values), ...);
        while (statement.next_row() && take(statement)) {
        }
    } catch (const StoreError &error) {
        throw StoreError("cannot read " + file_ + ": " + error.what());
    }
}

std::vector<StoredGroup> SqliteGroupStore::load_groups() {
    std::vector<StoredGroup> groups;
    read((group_sql().select + " ORDER BY number").c_str(), [&groups](const auto &row) {
        groups.push_back(group_at(row));
        return true;
    });
    for (auto &group : groups)
        group.last_filters = filters_of(group.number);
    return groups;
}

std::optional<StoredGroup> SqliteGroupStore::find_group(std::string_view vhost,
                                                        std::string_view name) {
    std::optional<StoredGroup> group;
    read((group_sql().select + " WHERE vhost = ? AND name = ?").c_str(),
         [&group](const auto &row) {
             group = group_at(row);
             return true;
         },
         vhost, name);
    if (group)
        group->last_filters = filters_of(group->number);
    return group;
}

std::vector<std::string> SqliteGroupStore::filters_of(std::uint32_t number) {
    std::vector<std::string> filters;
    read(
        "SELECT filter FROM group_filter WHERE number = ?",
        [&filters](const auto &row) {
            filters.push_back(row.text(0));
            return true;
        },
        number);
    return filters;
}

void SqliteGroupStore::put_group(StoredGroup &group) {
    if (group.number == 0)
        group.number = next_number();
    else
        skip_numbers(group.number);
    try {
        SqliteStatement statement(database_, group_sql().put.c_str());
        statement.bind(group.number);
        statement.bind(group.vhost);
        statement.bind(group.name);
        statement.bind(group.settings.filter);
        std::array<std::string, group_setting_count> texts;
        for (std::size_t i = 0; i < texts.size(); ++i) {
            texts.at(i) = group_setting_table().at(i).text(group.settings);
            statement.bind(texts.at(i));
        }
        statement.run();
    } catch (const StoreError &error) {
        throw StoreError("cannot store in " + file_ + ": " + error.what());
    }
}

std::uint32_t SqliteGroupStore::next_number() {
    std::int64_t last = 0;
    read("SELECT last FROM group_number", [&last](const auto &row) {
        last = row.number(0);
        return false;
    });
    if (last >= std::numeric_limits<std::uint32_t>::max())
        throw StoreError("there are no more numbers for groups in " + file_);
    write("UPDATE group_number SET last = ?", last + 1);
    return static_cast<std::uint32_t>(last + 1);
}

void SqliteGroupStore::skip_numbers(std::uint32_t last) {
    write("UPDATE group_number SET last = max(last, ?)", last);
}

void SqliteGroupStore::remove_group(std::uint32_t number) {
    write("DELETE FROM worker_group WHERE number = ?", number);
    totals_.erase(number);
}

void SqliteGroupStore::set_last_filters(std::uint32_t number,
                                        const std::vector<std::string> &filters) {
    if (!has_group(number))
        return;
    write("DELETE FROM group_filter WHERE number = ?", number);
    for (const auto &filter : filters)
        write("INSERT OR IGNORE INTO group_filter (number, filter) VALUES (?, ?)", number, filter);
}

void SqliteGroupStore::set_without_member_since(std::uint32_t number, std::int64_t since_ms) {
    write("UPDATE worker_group SET without_member_since_ms = ? WHERE number = ?", since_ms, number);
}

std::size_t SqliteGroupStore::add_dead_letter(const StoredDeadLetter &letter) {
    if (!has_group(letter.group)) // it went, and with it what was dead of it
        return 0;
    if (const auto old = find_dead_letter(letter.group, letter.epoch, letter.sequence))
        remove_dead_letter(letter.group, old->place);
    auto &totals = totals_of(letter.group);
    const std::uint64_t size = letter.record.size();
    const std::string *uid = letter.has_uid ? &letter.uid : nullptr;
    write("INSERT INTO dead_letter (number, epoch, sequence, size, attempt, time_ms, dead_ms, "
          "reason, topic, sid, uid, channel, address, ref, record) "
          "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
          letter.group, letter.epoch, letter.sequence, size, letter.attempt, letter.time_ms,
          letter.dead_ms, letter.reason, letter.topic, letter.sid, uid, letter.channel,
          letter.address, letter.ref, letter.record);
    ++totals.count;
    totals.bytes += size;
    return remove_what_is_too_much(letter.group);
}

bool SqliteGroupStore::has_group(std::uint32_t number) {
    bool found = false;
    read(
        "SELECT 1 FROM worker_group WHERE number = ?",
        [&found](const auto &) {
            found = true;
            return false;
        },
        number);
    return found;
}

std::size_t SqliteGroupStore::remove_what_is_too_much(std::uint32_t group) {
    std::size_t removed = 0;
    for (auto totals = totals_of(group);
         totals.count > 1 && (totals.count > bounds_.count || totals.bytes > bounds_.bytes);
         totals = totals_of(group)) {
        std::uint64_t oldest = 0;
        read(
            "SELECT place FROM dead_letter WHERE number = ? ORDER BY place LIMIT 1",
            [&oldest](const auto &row) {
                oldest = row.unsigned_number(0);
                return false;
            },
            group);
        if (!remove_dead_letter(group, oldest))
            break;
        ++removed;
    }
    return removed;
}

std::vector<StoredDeadLetter> SqliteGroupStore::dead_letters(std::uint32_t group,
                                                             std::uint64_t after,
                                                             std::size_t count_max,
                                                             std::uint64_t bytes_max) {
    std::vector<StoredDeadLetter> letters;
    std::uint64_t bytes = 0;
    read(
        fmt::format("SELECT {} FROM dead_letter WHERE number = ? AND place > ? ORDER BY place",
                    letter_columns)
            .c_str(),
        [&](const auto &row) {
            if (letters.size() >= count_max)
                return false;
            letters.push_back(letter_at(row));
            bytes += letters.back().record.size();
            return bytes < bytes_max;
        },
        group, after);
    return letters;
}

std::optional<StoredDeadLetter> SqliteGroupStore::find_dead_letter(std::uint32_t group,
                                                                   std::string_view epoch,
                                                                   std::uint64_t sequence) {
    std::optional<StoredDeadLetter> letter;
    read(
        fmt::format("SELECT {} FROM dead_letter WHERE number = ? AND epoch = ? AND sequence = ?",
                    letter_columns)
            .c_str(),
        [&letter](const auto &row) {
            letter = letter_at(row);
            return false;
        },
        group, epoch, sequence);
    return letter;
}

bool SqliteGroupStore::remove_dead_letter(std::uint32_t group, std::uint64_t place) {
    std::optional<std::uint64_t> size;
    read(
        "SELECT size FROM dead_letter WHERE place = ? AND number = ?",
        [&size](const auto &row) {
            size = row.unsigned_number(0);
            return false;
        },
        place, group);
    if (!size)
        return false;
    auto &totals = totals_of(group);
    write("DELETE FROM dead_letter WHERE place = ?", place);
    --totals.count;
    totals.bytes -= *size;
    return true;
}

std::size_t SqliteGroupStore::remove_dead_letters(std::uint32_t group) {
    const auto count = totals_of(group).count;
    write("DELETE FROM dead_letter WHERE number = ?", group);
    totals_of(group) = {};
    return count;
}

DeadLetterTotals SqliteGroupStore::dead_letter_totals(std::uint32_t group) {
    return totals_of(group);
}

DeadLetterTotals &SqliteGroupStore::totals_of(std::uint32_t group) {
    const auto known = totals_.find(group);
    if (known != totals_.end())
        return known->second;
    DeadLetterTotals totals;
    read(
        "SELECT count(*), coalesce(sum(size), 0) FROM dead_letter WHERE number = ?",
        [&totals](const auto &row) {
            totals = {static_cast<std::size_t>(row.number(0)), row.unsigned_number(1)};
            return false;
        },
        group);
    return totals_.emplace(group, totals).first->second;
}

} // namespace webrocket
