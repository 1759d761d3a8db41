#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include <kosmonaut/event.h>

#include "worker/sender.h"

/// An event: one block of memory with all its text behind it, counted by reference. Nothing in it
/// changes but the sender, which is read out of the payload when somebody asks.
struct kn_event {
  public:
    static kn_event *create(std::string_view topic, std::string_view id, std::string_view data);

    kn_event(const kn_event &) = delete;
    kn_event &operator=(const kn_event &) = delete;

    void retain() noexcept { references_.fetch_add(1, std::memory_order_relaxed); }
    void release() noexcept;

    const char *topic() const noexcept { return text(); }
    const char *channel() const noexcept { return text() + channel_at_; }
    const char *name() const noexcept { return text() + name_at_; }
    const char *id() const noexcept { return text() + id_at_; }
    const char *data() const noexcept { return text() + data_at_; }
    std::size_t data_size() const noexcept { return data_size_; }
    std::string_view channel_view() const noexcept { return {channel(), id_at_ - 1 - channel_at_}; }
    std::string_view name_view() const noexcept { return {name(), channel_at_ - 1 - name_at_}; }

    /// NULL where the payload does not say, or memory ran out.
    const char *uid() const noexcept;
    const char *sid() const noexcept;

    /// Whether its handlers are running.
    bool is_in_handler() const noexcept { return in_handler_.load(std::memory_order_acquire); }
    void set_in_handler(bool is_running) noexcept {
        in_handler_.store(is_running, std::memory_order_release);
    }

    std::uint32_t generation() const noexcept { return generation_; }

  private:
    kn_event() = default;
    ~kn_event() { delete sender_.load(std::memory_order_acquire); }

    char *text() noexcept { return reinterpret_cast<char *>(this + 1); }
    const char *text() const noexcept { return reinterpret_cast<const char *>(this + 1); }
    const kn::Sender *sender() const noexcept;

    std::atomic<std::uint32_t> references_{1};
    std::atomic<bool> in_handler_{false};
    std::uint32_t generation_ = 0;
    mutable std::atomic<const kn::Sender *> sender_{nullptr};
    // Where each text begins: topic, of which the name is the tail, then channel, id and data, each
    // with its NUL.
    std::size_t name_at_ = 0;
    std::size_t channel_at_ = 0;
    std::size_t id_at_ = 0;
    std::size_t data_at_ = 0;
    std::size_t data_size_ = 0;
};

namespace kn {

struct ReleaseEvent {
    void operator()(kn_event *event) const noexcept { event->release(); }
};
using EventPtr = std::unique_ptr<kn_event, ReleaseEvent>;

} // namespace kn
