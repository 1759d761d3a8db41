#include "worker/routes.hpp"

#include <algorithm>
#include <set>

#include "failure.hpp"
#include "names.hpp"

namespace kn {
namespace {

constexpr std::string_view anything = "*";
constexpr std::string_view event_of_no_colon = "(?:[^:].*)?";

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

void require_literal_or_star(std::string_view part) {
    if (part != anything && part.find('*') != std::string_view::npos)
        throw failure(KN_EINVAL, "a '*' in a pattern stands for a whole part, not within one");
}

} // namespace

pattern::pattern(std::string_view text) : text_(text) {
    require_text(text, "the pattern");
    const std::size_t slash = text.find('/');
    if (slash == std::string_view::npos)
        throw failure(KN_EINVAL, "a pattern is channel/event, and this one has no '/'");
    channel_ = text.substr(0, slash);
    event_ = text.substr(slash + 1);
    if (event_.empty())
        throw failure(KN_EINVAL, "a pattern is channel/event, and this one has no event");
    require_literal_or_star(channel_);
    require_literal_or_star(event_);
}

bool pattern::covers(std::string_view channel, std::string_view event) const noexcept {
    if (channel_ != anything && channel_ != channel)
        return false;
    if (event_ == anything)
        return event.empty() || event.front() != ':';
    return event_ == event;
}

std::string pattern::topic_regex() const {
    // A topic without a slash has the channel "" and is all event.
    const bool covers_no_slash =
        (channel_ == anything || channel_.empty()) && event_.find('/') == std::string::npos;
    const std::string channel = channel_ == anything ? "[^/]*" : escaped(channel_);
    if (event_ == anything) {
        const std::string with_slash = channel + "/" + std::string(event_of_no_colon);
        return covers_no_slash ? with_slash + "|(?:[^:/][^/]*)?" : with_slash;
    }
    if (!covers_no_slash)
        return channel + "/" + escaped(event_);
    return (channel_ == anything ? "(?:[^/]*/)?" : "/?") + escaped(event_);
}

bool routes::knows(std::string_view pattern_text) const noexcept {
    return std::any_of(list_.begin(), list_.end(),
                       [&](const route &r) { return r.what.text() == pattern_text; });
}

bool routes::has_handlers() const noexcept {
    return std::any_of(list_.begin(), list_.end(),
                       [](const route &r) { return r.handler != nullptr; });
}

routes routes::with(const pattern &what, callback_ptr<kn_handler> handler) const {
    routes result = *this;
    const auto known = std::find_if(result.list_.begin(), result.list_.end(),
                                    [&](const route &r) { return r.what.text() == what.text(); });
    if (known != result.list_.end())
        known->handler = std::move(handler);
    else if (handler != nullptr)
        result.list_.push_back({what, std::move(handler)});
    return result;
}

std::string routes::filter() const {
    std::set<std::string> alternatives;
    for (const route &r : list_)
        if (r.handler != nullptr)
            alternatives.insert(r.what.topic_regex());
    std::string joined;
    for (const std::string &alternative : alternatives) {
        if (!joined.empty())
            joined += '|';
        joined += alternative;
    }
    return joined;
}

} // namespace kn
