// The settings of a reliable group by their names: one table for who reads them, prints them,
// stores them, or asks for them on a command line.
#pragma once

#include "store/stored_group.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>

namespace webrocket {

// One that is a number, or a choice or a switch, which have numbers for their words. The filter is
// a text, and not among them.
struct GroupSetting {
    std::string_view name;
    std::int64_t min = 0;
    std::int64_t max = 0;
    // The words for 0, 1, …; none for what is a number.
    std::span<const std::string_view> words;
    bool is_switch = false; // its words are JSON as they are
    std::int64_t (*get)(const GroupSettings &settings) = nullptr;
    void (*set)(GroupSettings &settings, std::int64_t value) = nullptr;

    // As it is written for people, and in the store.
    std::string text(const GroupSettings &settings) const;
    // Nothing for what is no value of it, or out of its bounds.
    std::optional<std::int64_t> parse(std::string_view text) const;
    // In JSON, whatever its bounds are; nothing for what has not the form of a value.
    std::optional<std::string> json(std::string_view text) const;
    // "lease_ms is not a number from 2000 to 3600000"
    std::string complaint() const;
};

inline constexpr std::size_t group_setting_count = 9;
using GroupSettingTable = std::array<GroupSetting, group_setting_count>;
const GroupSettingTable &group_setting_table();
inline constexpr std::string_view group_filter_name = "filter";
// Null where there is none of that name.
const GroupSetting *find_group_setting(std::string_view name);
// "filter, order, …", for complaints.
std::string group_setting_names();

// What somebody wants of a group's settings. What is not named stays as it is.
struct GroupWish {
    std::optional<std::string> filter;
    std::array<std::optional<std::int64_t>, group_setting_count> values = {}; // as in the table

    void apply_to(GroupSettings &settings) const;
    std::optional<GroupOrder> order() const;
    // "order=sid lease_ms=5000", for the log; empty where nothing is wanted.
    std::string text() const;
};

// The wish, or what is wrong with it. An empty text wants nothing.
std::variant<GroupWish, std::string> parse_group_wish(std::string_view json);

// {"filter":null,"order":"none",…}
std::string group_settings_json(const GroupSettings &settings);

} // namespace webrocket
