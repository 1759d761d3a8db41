#include "store/group_settings.h"

#include "base/json.h"
#include "base/pattern.h"
#include "base/pattern_complaint.h"
#include "delivery/settings.h"

#include <algorithm>
#include <charconv>
#include <fmt/format.h>
#include <type_traits>

namespace webrocket {
namespace {

constexpr std::array<std::string_view, 4> orders = {"none", "sid", "uid", "channel"};
constexpr std::array<std::string_view, 2> overflows = {"refuse", "drop_oldest"};
constexpr std::array<std::string_view, 2> switches = {"false", "true"};

// Numbers, words and times alike.
template <auto member>
std::int64_t get(const GroupSettings &settings) {
    if constexpr (requires { (settings.*member).count(); })
        return (settings.*member).count();
    else
        return static_cast<std::int64_t>(settings.*member);
}
template <auto member>
void set(GroupSettings &settings, std::int64_t value) {
    using Value = std::remove_reference_t<decltype(settings.*member)>;
    settings.*member = static_cast<Value>(value);
}

template <auto member>
constexpr GroupSetting number(std::string_view name, const DeliveryRange &range) {
    GroupSetting setting{name, 0, 0, {}, false, get<member>, set<member>};
    setting.min = static_cast<std::int64_t>(range.least);
    setting.max = static_cast<std::int64_t>(range.most);
    return setting;
}
template <auto member>
constexpr GroupSetting word(std::string_view name, std::span<const std::string_view> words) {
    GroupSetting setting{name, 0, 0, words, false, get<member>, set<member>};
    setting.max = static_cast<std::int64_t>(words.size()) - 1;
    setting.is_switch = words.data() == switches.data();
    return setting;
}

namespace limits = delivery_limits;

constexpr GroupSettingTable table = {
    word<&GroupSettings::order>("order", orders),
    number<&GroupSettings::lease>("lease_ms", limits::lease_ms),
    number<&GroupSettings::ack_deadline>("ack_deadline_ms", limits::ack_deadline_ms),
    number<&GroupSettings::max_deliver>("max_deliver", limits::max_deliver),
    number<&GroupSettings::max_events>("max_events", limits::max_events),
    number<&GroupSettings::max_bytes>("max_bytes", limits::max_bytes),
    number<&GroupSettings::max_age>("max_age_ms", limits::max_age_ms),
    word<&GroupSettings::overflow>("overflow", overflows),
    word<&GroupSettings::paused>("paused", switches),
};

std::optional<std::int64_t> parse_number(std::string_view text) {
    std::int64_t value = 0;
    const char *end = text.data() + text.size();
    const auto [stop, problem] = std::from_chars(text.data(), end, value);
    if (problem != std::errc() || stop != end)
        return std::nullopt;
    return value;
}

std::string filter_json(const std::string &filter) {
    return filter.empty() ? "null" : json_string(filter);
}

// The text of a JSON value as the table knows it.
std::optional<std::int64_t> value_of(const GroupSetting &setting, const JsonMember &member) {
    const auto type = setting.words.empty() ? JsonType::number
                      : setting.is_switch   ? JsonType::boolean
                                            : JsonType::string;
    if (member.type != type)
        return std::nullopt;
    return type == JsonType::string ? setting.parse(decode_json_string(member.value))
                                    : setting.parse(member.value);
}

// What is wrong with it; empty where nothing is.
std::string take_filter(GroupWish &wish, const JsonMember &member) {
    if (member.type != JsonType::string && member.type != JsonType::null)
        return "filter is neither a text nor null";
    std::string filter =
        member.type == JsonType::null ? std::string() : decode_json_string(member.value);
    if (!filter.empty() && !Pattern::compile(filter))
        return "filter " + pattern_complaint(filter);
    wish.filter = std::move(filter);
    return {};
}

// Whoever asks may have sent a megabyte.
std::string shown(const std::string &name) {
    constexpr std::size_t shown_max = 64;
    return name.size() <= shown_max ? json_string(name)
                                    : fmt::format("a member whose name has {} bytes", name.size());
}

std::string take_member(GroupWish &wish, const JsonMember &member) {
    const std::string name = decode_json_string(member.key);
    if (name == group_filter_name)
        return take_filter(wish, member);
    const auto *const setting = find_group_setting(name);
    if (setting == nullptr)
        return fmt::format("{} is none of {}", shown(name), group_setting_names());
    const auto value = value_of(*setting, member);
    if (!value)
        return setting->complaint();
    wish.values.at(static_cast<std::size_t>(setting - table.data())) = value;
    return {};
}

} // namespace

std::string GroupSetting::text(const GroupSettings &settings) const {
    const auto value = get(settings);
    return words.empty() ? fmt::format("{}", value)
                         : std::string(words[static_cast<std::size_t>(value)]);
}

std::optional<std::int64_t> GroupSetting::parse(std::string_view text) const {
    if (words.empty()) {
        const auto value = parse_number(text);
        return value && *value >= min && *value <= max ? value : std::nullopt;
    }
    const auto found = std::find(words.begin(), words.end(), text);
    if (found == words.end())
        return std::nullopt;
    return found - words.begin();
}

std::optional<std::string> GroupSetting::json(std::string_view text) const {
    if (words.empty()) {
        const auto value = parse_number(text);
        return value ? std::optional(fmt::format("{}", *value)) : std::nullopt;
    }
    if (!parse(text))
        return std::nullopt;
    return is_switch ? std::string(text) : json_string(text);
}

std::string GroupSetting::complaint() const {
    if (words.empty())
        return fmt::format("{} is not a number from {} to {}", name, min, max);
    if (is_switch)
        return fmt::format("{} is neither true nor false", name);
    std::string text = fmt::format("{} is none of ", name);
    for (const auto word : words)
        text.append(word == words.front() ? "" : ", ").append(word);
    return text;
}

const GroupSettingTable &group_setting_table() { return table; }

const GroupSetting *find_group_setting(std::string_view name) {
    const auto found = std::find_if(table.begin(), table.end(),
                                    [name](const auto &setting) { return setting.name == name; });
    return found == table.end() ? nullptr : &*found;
}

std::string group_setting_names() {
    std::string names(group_filter_name);
    for (const auto &setting : table)
        names.append(", ").append(setting.name);
    return names;
}

void GroupWish::apply_to(GroupSettings &settings) const {
    if (filter)
        settings.filter = *filter;
    for (std::size_t i = 0; i < table.size(); ++i) {
        if (values.at(i))
            table.at(i).set(settings, *values.at(i));
    }
}

std::optional<GroupOrder> GroupWish::order() const {
    static_assert(table.front().name == "order");
    if (!values.front())
        return std::nullopt;
    return static_cast<GroupOrder>(*values.front());
}

std::string GroupWish::text() const {
    GroupSettings wanted;
    apply_to(wanted);
    std::string out;
    const auto add = [&out](std::string_view name, std::string_view value) {
        out.append(out.empty() ? "" : " ").append(name).append("=").append(value);
    };
    if (filter)
        add(group_filter_name, filter_json(*filter));
    for (std::size_t i = 0; i < table.size(); ++i) {
        if (values.at(i))
            add(table.at(i).name, table.at(i).text(wanted));
    }
    return out;
}

std::variant<GroupWish, std::string> parse_group_wish(std::string_view json) {
    GroupWish wish;
    if (json.empty())
        return wish;
    const auto members = scan_json_object(json);
    if (!members)
        return "the body is not a JSON object";
    for (const auto &member : JsonMembers(*members)) {
        if (auto complaint = take_member(wish, member); !complaint.empty())
            return complaint;
    }
    return wish;
}

std::string group_settings_json(const GroupSettings &settings) {
    std::string out = fmt::format(R"({{"{}":{})", group_filter_name, filter_json(settings.filter));
    for (const auto &setting : table)
        out += fmt::format(R"(,"{}":{})", setting.name,
                           setting.json(setting.text(settings)).value_or("null"));
    return out + "}";
}

} // namespace webrocket
