#include "worker/routes.h"

#include <algorithm>

#include "base/failure.h"
#include "base/quoted.h"
#include "base/text.h"
#include "worker/topic_regex.h"

namespace kn {
namespace {

[[noreturn]] void refuse(std::string_view pattern, const char *why) {
    throw Failure(KN_EINVAL, "the pattern" + quoted(pattern) + " " + why);
}

/// What would be a regular expression's, and would match nothing but an event of that very name.
bool has_syntax_within(std::string_view part) {
    return part.find_first_of("()[]{}|^$\\") != std::string_view::npos;
}

bool has_star_within(std::string_view part) {
    return part != anything && part.find('*') != std::string_view::npos;
}

} // namespace

Pattern::Pattern(std::string_view text) : text_(text) {
    require_text(text, "the pattern");
    const std::size_t slash = text.find('/');
    if (slash == std::string_view::npos)
        refuse(text, "has no '/'; a pattern is channel/event");
    channel_ = text.substr(0, slash);
    event_ = text.substr(slash + 1);
    if (event_.empty())
        refuse(text, "has no event; a pattern is channel/event");
    if (has_star_within(channel_) || has_star_within(event_))
        refuse(text, "has a '*' within a part; a '*' stands for a whole one");
    if (has_syntax_within(channel_) || has_syntax_within(event_))
        refuse(text, "has one of ()[]{}|^$\\ in it, and a pattern is no regular expression: give "
                     "each event a handler, or all of a channel one by '*' as the event");
}

bool Pattern::covers(std::string_view channel, std::string_view event) const noexcept {
    if (channel_ != anything && channel_ != channel)
        return false;
    if (event_ == anything)
        return event.empty() || event.front() != ':';
    return event_ == event;
}

bool Routes::knows(std::string_view pattern_text) const noexcept {
    return std::any_of(list_.begin(), list_.end(),
                       [&](const Route &r) { return r.what.text() == pattern_text; });
}

bool Routes::has_handlers() const noexcept {
    return std::any_of(list_.begin(), list_.end(),
                       [](const Route &r) { return r.handler != nullptr; });
}

void Routes::set(const Pattern &what, CallbackPtr<kn_handler> handler) {
    answer_.forget();
    if (answer_.routes.capacity() <= list_.size())
        answer_.routes.reserve(2 * list_.size() + 1);
    const auto known = std::find_if(list_.begin(), list_.end(),
                                    [&](const Route &r) { return r.what.text() == what.text(); });
    if (known != list_.end())
        known->handler = std::move(handler);
    else if (handler != nullptr)
        list_.push_back({what, std::move(handler)});
}

bool Routes::cover(std::string_view channel, std::string_view event) const noexcept {
    return std::any_of(list_.begin(), list_.end(),
                       [&](const Route &r) { return r.what.covers(channel, event); });
}

const std::vector<const Routes::Route *> &Routes::find_covering(const kn_event &event) noexcept {
    const std::string_view topic = event.topic_view();
    answer_.routes.clear();
    for (const Route &r : list_)
        if (r.handler != nullptr && r.what.covers(event.channel_view(), event.name_view()))
            answer_.routes.push_back(&r);
    answer_.forget();
    if (topic.size() <= answer_.text.size())
        answer_.size = topic.copy(answer_.text.data(), topic.size());
    return answer_.routes;
}

TopicFilter Routes::filter() const {
    std::vector<const Pattern *> asked;
    for (const Route &r : list_)
        if (r.handler != nullptr)
            asked.push_back(&r.what);
    return filter_for(asked);
}

} // namespace kn
