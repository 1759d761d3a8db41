// The topics and the filters of a group, by the numbers under which its state knows them.
#pragma once

#include "base/pattern.h"
#include "delivery/delivery_state.h"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace webrocket {

// Which topics somebody wants.
struct TopicFilter {
    std::string text;
    std::shared_ptr<const Pattern> pattern; // null: every topic but the broker's own
    bool wants_system_events = false;

    static TopicFilter of(std::string text, std::shared_ptr<const Pattern> pattern);
    bool wants(std::string_view topic) const;
};

// With the group's lock.
class TopicBook final : public TopicMatcher {
  public:
    // Counts one event more of that topic, or one less.
    std::uint32_t take_topic(std::string_view topic);
    void release_topic(std::uint32_t number);

    std::uint32_t number_of(const TopicFilter &filter);
    const TopicFilter &filter(std::uint32_t number) const { return filters_.at(number); }
    // Those that are in nobody's hands any more, but for `wanted`.
    void forget_filters_but(const std::vector<std::uint32_t> &wanted);

    bool matches(std::uint32_t filter, std::uint32_t topic) const override;

  private:
    struct Topic {
        std::string text;
        std::uint64_t events = 0;
    };

    void forget_unused();

    std::deque<Topic> topics_; // they stay where they are
    std::vector<std::uint32_t> free_;
    std::unordered_map<std::string_view, std::uint32_t> by_text_; // views of topics_' texts
    std::size_t unused_ = 0;                                      // of these, without an event
    std::unordered_map<std::uint32_t, TopicFilter> filters_;
    std::uint32_t last_filter_ = 0;
};

} // namespace webrocket
