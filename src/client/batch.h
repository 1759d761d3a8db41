#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// Triggers that go out together, each checked and encoded when it was added: the body of their
/// request.
struct kn_batch {
  public:
    /// Where it fails, the batch is as it was.
    void add(std::string_view channel, std::string_view event,
             std::optional<std::string_view> data);
    void clear() noexcept;

    std::size_t size() const noexcept { return triggers_.size(); }
    const std::string &body() const noexcept { return body_; }
    std::string_view channel(std::size_t index) const noexcept;
    /// Of the trigger object, without braces and channel.
    std::string_view members(std::size_t index) const noexcept;

  private:
    /// Where its parts stand in the body.
    struct Trigger {
        std::size_t channel;
        std::size_t behind_channel;
        std::size_t members;
        std::size_t behind_members;
    };

    void append(std::string_view channel, std::string_view event,
                std::optional<std::string_view> data);

    std::string body_ = R"({"triggers":[]})";
    std::vector<Trigger> triggers_;
};
