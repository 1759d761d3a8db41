#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <kosmonaut/worker.h>

#include "base/callback.h"

namespace kn {

/// As a part of a pattern: whatever stands there.
inline constexpr std::string_view anything = "*";

/// `channel/event`, either part of which may be `*`.
class Pattern {
  public:
    /// Throws KN_EINVAL.
    explicit Pattern(std::string_view text);

    const std::string &text() const noexcept { return text_; }
    bool covers(std::string_view channel, std::string_view event) const noexcept;
    /// A regular expression for the topics it covers, in a form that never changes: workers with
    /// the same text share events.
    std::string topic_regex() const;

    const std::string &channel() const noexcept { return channel_; }
    const std::string &event() const noexcept { return event_; }

  private:
    std::string text_;
    std::string channel_;
    std::string event_;
};

/// A regular expression for the topics to ask the broker for; "" is every topic.
struct TopicFilter {
    std::string regex;
    bool is_wider = false; // than the patterns: events come that none of them covers
};

/// The user's handlers in the order their patterns came.
class Routes {
  public:
    struct Route {
        Pattern what;
        CallbackPtr<kn_handler> handler; // empty once it was removed
    };

    bool knows(std::string_view pattern_text) const noexcept;
    bool has_handlers() const noexcept;

    /// One handler more, replaced, or (when empty) removed.
    void set(const Pattern &what, CallbackPtr<kn_handler> handler);

    /// What to ask the broker for.
    TopicFilter filter() const;
    /// Whether one of the patterns that it was made of covers an event.
    bool cover(std::string_view channel, std::string_view event) const noexcept;

    std::vector<Route>::const_iterator begin() const noexcept { return list_.begin(); }
    std::vector<Route>::const_iterator end() const noexcept { return list_.end(); }

  private:
    std::vector<Route> list_;
};

} // namespace kn
