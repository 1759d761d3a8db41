#include "worker/topic_regex.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <iterator>
#include <map>
#include <set>
#include <string>
#include <string_view>

#include "http/curl.h"

namespace kn {
namespace {

constexpr std::string_view any_channel = "[^/]*";
constexpr std::string_view event_of_no_colon = "(?:[^:].*)?";
// The broker sends events of its own only where a filter spells the colon.
constexpr std::string_view any_event = "(?:[^:].*|:.*)?";
constexpr std::string_view any_topic = ".*";
constexpr std::string_view any_topic_and_own = "(?:.|:)*";

// Changing this splits the pools of a rolling upgrade: workers of the old release and the new one
// would each get every event.
std::string escaped(std::string_view literal) {
    constexpr std::string_view special = R"(\.+*?()|[]{}^$)";
    std::string out;
    for (const char c : literal) {
        if (special.find(c) != std::string_view::npos)
            out += '\\';
        out += c;
    }
    return out;
}

void append_alternative(std::string &to, std::string_view one) {
    if (!to.empty())
        to += '|';
    to += one;
}

// ---- What several texts have in common, written once ----

using Texts = std::vector<std::string_view>; // sorted, without repeats

std::size_t character_size(std::string_view text) noexcept {
    std::size_t size = 1;
    while (size < text.size() && (static_cast<unsigned char>(text[size]) & 0xC0) == 0x80)
        ++size;
    return size;
}

/// How long the beginning is that both share, in whole characters.
std::size_t shared_size(std::string_view left, std::string_view right) noexcept {
    std::size_t size = 0;
    while (size < std::min(left.size(), right.size())) {
        const std::size_t next = character_size(left.substr(size));
        if (left.substr(size, next) != right.substr(size, character_size(right.substr(size))))
            break;
        size += next;
    }
    return size;
}

std::string alternatives_of(const Texts &all, int depth);

/// Of texts that begin with the same character.
std::string alternatives_of_group(const Texts &group, int depth) {
    const std::size_t shared = shared_size(group.front(), group.back());
    constexpr std::size_t cost_of_brackets = 4;
    constexpr int deepest = 8; // a regular expression has an end to its nesting
    if (depth < deepest && shared * (group.size() - 1) > cost_of_brackets) {
        Texts rest;
        for (const std::string_view text : group)
            rest.push_back(text.substr(shared));
        return escaped(group.front().substr(0, shared)) + "(?:" + alternatives_of(rest, depth + 1) +
               ")";
    }
    std::string out;
    for (const std::string_view text : group)
        append_alternative(out, escaped(text));
    return out;
}

/// A regular expression that matches just these.
std::string alternatives_of(const Texts &all, int depth = 0) {
    std::string out;
    auto next = all.begin();
    const bool has_empty = next != all.end() && next->empty();
    if (has_empty)
        ++next;
    while (next != all.end()) {
        const std::string_view first = next->substr(0, character_size(*next));
        const auto end = std::find_if(next, all.end(), [&](std::string_view text) {
            return text.substr(0, character_size(text)) != first;
        });
        append_alternative(out, alternatives_of_group(Texts(next, end), depth));
        next = end;
    }
    return has_empty ? "|" + out : out;
}

std::string one_of(const Texts &all) {
    const std::string alternatives = alternatives_of(all);
    return all.size() == 1 ? alternatives : "(?:" + alternatives + ")";
}

// ---- Patterns ----

/// Whether it is a channel's name and an event's, or every event of that channel.
bool names_channel(const Pattern &p) noexcept {
    return !p.channel().empty() && p.channel() != anything;
}

bool names_own_event(const Pattern &p) noexcept { return p.event().front() == ':'; }

/// The channels of each event, or the events of each channel. A `*` is among the events.
using Groups = std::map<std::string_view, std::set<std::string_view>>;

Texts listed(const std::set<std::string_view> &all) { return {all.begin(), all.end()}; }

std::string event_regex(std::string_view event) {
    return event == anything ? std::string(event_of_no_colon) : escaped(event);
}

std::string channels_of_events(const Groups &channels_by_event) {
    std::string out;
    for (const auto &[event, channels] : channels_by_event)
        append_alternative(out, one_of(listed(channels)) + "/" + event_regex(event));
    return out;
}

std::string events_of_channels(const Groups &events_by_channel) {
    std::string out;
    for (const auto &[channel, all] : events_by_channel) {
        std::set<std::string_view> events = all;
        const bool has_any = events.erase(anything) > 0;
        std::string of_channel = events.empty() ? std::string() : alternatives_of(listed(events));
        if (has_any)
            append_alternative(of_channel, event_of_no_colon);
        append_alternative(out, escaped(channel) + "/(?:" + of_channel + ")");
    }
    return out;
}

std::string these_events_of_any_channel(const Groups &channels_by_event) {
    std::string out;
    for (const auto &[event, channels] : channels_by_event)
        append_alternative(
            out, (channels.size() == 1 ? escaped(*channels.begin()) : std::string(any_channel)) +
                     "/" + event_regex(event));
    return out;
}

std::string any_event_of_these_channels(const Groups &events_by_channel) {
    std::set<std::string_view> plain;
    std::set<std::string_view> with_own;
    for (const auto &[channel, events] : events_by_channel) {
        const bool has_own = std::any_of(events.begin(), events.end(),
                                         [](std::string_view event) { return event[0] == ':'; });
        (has_own ? with_own : plain).insert(channel);
    }
    std::string out;
    if (!plain.empty())
        out = one_of(listed(plain)) + "/" + std::string(event_of_no_colon);
    if (!with_own.empty())
        append_alternative(out, one_of(listed(with_own)) + "/" + std::string(any_event));
    return out;
}

std::string joined(const std::vector<const Pattern *> &patterns) {
    std::set<std::string> alternatives;
    for (const Pattern *p : patterns)
        alternatives.insert(p->topic_regex());
    std::string out;
    for (const std::string &alternative : alternatives)
        append_alternative(out, alternative);
    return out;
}

bool fits(const std::string &regex) {
    return regex.size() <= longest_filter &&
           percent_encoded(regex).size() <= longest_encoded_filter;
}

/// Makes a regular expression another text that matches the same. The broker lets workers of the
/// same text share events. A wider one may be what other workers ask for, too, who would be handed
/// half of the events in question, and leave them out; those of the same patterns still have to
/// share.
std::string marked(std::string regex, std::string_view exact) {
    std::uint64_t hash = 0xcbf29ce484222325; // FNV-1a, which is the same in each release
    for (const char c : exact)
        hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
    char digits[16];
    const auto [end, problem] = std::to_chars(std::begin(digits), std::end(digits), hash, 16);
    append_alternative(regex, "/#" + std::string(digits, end));
    return regex;
}

const std::string &shorter(const std::string &left, const std::string &right) noexcept {
    return right.size() < left.size() ? right : left;
}

} // namespace

std::string Pattern::topic_regex() const {
    // A topic without a slash has the channel "" and is all event.
    const bool covers_no_slash =
        (channel_ == anything || channel_.empty()) && event_.find('/') == std::string::npos;
    const std::string channel = channel_ == anything ? std::string(any_channel) : escaped(channel_);
    if (event_ == anything) {
        const std::string with_slash = channel + "/" + std::string(event_of_no_colon);
        return covers_no_slash ? with_slash + "|(?:[^:/][^/]*)?" : with_slash;
    }
    if (!covers_no_slash)
        return channel + "/" + escaped(event_);
    return (channel_ == anything ? "(?:[^/]*/)?" : "/?") + escaped(event_);
}

TopicFilter filter_for(const std::vector<const Pattern *> &patterns) {
    std::string exact = joined(patterns);
    if (fits(exact))
        return {std::move(exact), false};

    std::vector<const Pattern *> others;
    Groups channels_by_event;
    Groups events_by_channel;
    for (const Pattern *p : patterns) {
        if (!names_channel(*p)) {
            others.push_back(p);
            continue;
        }
        channels_by_event[p->event()].insert(p->channel());
        events_by_channel[p->channel()].insert(p->event());
    }
    const std::string of_others = joined(others);
    const auto with_others = [&](std::string regex) {
        if (!of_others.empty())
            append_alternative(regex, of_others);
        return regex;
    };
    std::string factored = with_others(
        shorter(channels_of_events(channels_by_event), events_of_channels(events_by_channel)));
    if (fits(factored))
        return {std::move(factored), false};
    std::string wider = marked(with_others(shorter(these_events_of_any_channel(channels_by_event),
                                                   any_event_of_these_channels(events_by_channel))),
                               exact);
    if (fits(wider))
        return {std::move(wider), true};
    const bool wants_own = std::any_of(patterns.begin(), patterns.end(),
                                       [](const Pattern *p) { return names_own_event(*p); });
    return {marked(std::string(wants_own ? any_topic_and_own : any_topic), exact), true};
}

} // namespace kn
