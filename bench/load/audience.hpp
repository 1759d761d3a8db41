// All who hear, and whether they hear everything, once, in order and unharmed.
#pragma once

#include "numbered_text.hpp"

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

class audience {
  public:
    audience(std::size_t listeners, std::size_t publishers);

    /// `texts` says what each publisher's messages look like to this listener.
    void hear(std::size_t listener, const std::vector<numbered_text> &texts,
              std::string_view message);

    std::size_t deliveries() const { return deliveries_; }

    /// How many of a publisher's messages everybody has heard.
    std::uint32_t heard_by_all(std::size_t publisher) const { return by_all_[publisher]; }

    /// A publisher has to wait for the audience when it is so many messages ahead.
    static constexpr std::uint32_t ahead_max = 1024;

  private:
    std::size_t listeners_;
    std::size_t publishers_;
    std::size_t deliveries_ = 0;
    std::vector<std::uint32_t> next_;        // of each publisher, to each listener
    std::vector<std::uint32_t> times_heard_; // of the messages that are on the way
    std::vector<std::uint32_t> by_all_;
};
