#include "groups/topic_book.h"

#include "hub/topic.h"

#include <algorithm>
#include <utility>

namespace webrocket {
namespace {

// A topic whose last event is dealt with most often has another one soon.
constexpr std::size_t unused_max = 1024;
constexpr std::size_t filters_max = 256;

} // namespace

TopicFilter TopicFilter::of(std::string text, std::shared_ptr<const Pattern> pattern) {
    const bool spells = spells_colon(text);
    return {std::move(text), std::move(pattern), spells};
}

bool TopicFilter::wants(std::string_view topic) const {
    if (is_system_topic(topic) && !wants_system_events)
        return false;
    return !pattern || pattern->matches(topic);
}

std::uint32_t TopicBook::take_topic(std::string_view topic) {
    if (const auto known = by_text_.find(topic); known != by_text_.end()) {
        if (topics_[known->second].events++ == 0)
            --unused_;
        return known->second;
    }
    if (unused_ > unused_max)
        forget_unused();
    std::uint32_t number = 0;
    if (!free_.empty()) {
        number = free_.back();
        free_.pop_back();
    } else {
        number = static_cast<std::uint32_t>(topics_.size());
        topics_.emplace_back();
    }
    topics_[number] = {std::string(topic), 1};
    by_text_.emplace(topics_[number].text, number);
    return number;
}

void TopicBook::release_topic(std::uint32_t number) {
    if (--topics_[number].events == 0)
        ++unused_;
}

void TopicBook::forget_unused() {
    for (std::uint32_t i = 0; i < topics_.size(); ++i) {
        Topic &topic = topics_[i];
        if (topic.events > 0 || topic.text.empty())
            continue;
        by_text_.erase(topic.text);
        topic.text.clear();
        free_.push_back(i);
    }
    unused_ = 0;
}

std::uint32_t TopicBook::number_of(const TopicFilter &filter) {
    const auto known = std::find_if(filters_.begin(), filters_.end(), [&](const auto &entry) {
        return entry.second.text == filter.text;
    });
    if (known != filters_.end())
        return known->first;
    filters_.emplace(++last_filter_, filter);
    return last_filter_;
}

void TopicBook::forget_filters_but(const std::vector<std::uint32_t> &wanted) {
    if (filters_.size() <= filters_max)
        return;
    std::erase_if(filters_, [&](const auto &entry) {
        return std::find(wanted.begin(), wanted.end(), entry.first) == wanted.end();
    });
}

bool TopicBook::matches(std::uint32_t filter, std::uint32_t topic) const {
    const auto found = filters_.find(filter);
    return found != filters_.end() && found->second.wants(topics_[topic].text);
}

} // namespace webrocket
