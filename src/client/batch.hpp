#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// Triggers that go out together, each checked and encoded when it was added.
struct kn_batch {
  public:
    void add(std::string_view channel, std::string_view event,
             std::optional<std::string_view> data);
    void clear() noexcept { triggers_.clear(); }
    std::size_t size() const noexcept { return triggers_.size(); }

    struct trigger {
        std::string channel;
        std::string members; // of the trigger object, as JSON
    };
    const std::vector<trigger> &triggers() const noexcept { return triggers_; }

  private:
    std::vector<trigger> triggers_;
};
