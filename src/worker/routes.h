#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <kosmonaut/worker.h>

#include "base/callback.h"
#include "worker/event.h"

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

    /// Those with a handler whose patterns cover an event, in their order; until this is asked
    /// again or they are changed. Events of one topic often follow one another.
    const std::vector<const Route *> &covering(const kn_event &event) noexcept {
        return answer_.is_about(event.topic_view()) ? answer_.routes : find_covering(event);
    }

  private:
    /// To the question that was asked last. It is not for a copy of what was asked.
    struct Answer {
        Answer() = default;
        Answer(const Answer &other) { routes.reserve(other.routes.capacity()); }
        Answer &operator=(const Answer &) = delete;

        bool is_about(std::string_view topic) const noexcept {
            return size != 0 && topic == std::string_view(text.data(), size);
        }
        void forget() noexcept { size = 0; }

        std::array<char, 128> text;        // the topic
        std::size_t size = 0;              // of it; 0: there is no answer
        std::vector<const Route *> routes; // has room for all
    };

    const std::vector<const Route *> &find_covering(const kn_event &event) noexcept;

    std::vector<Route> list_;
    Answer answer_;
};

} // namespace kn
