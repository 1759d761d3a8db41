#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include <kosmonaut/event.h>

#include "worker/delivery.h"
#include "worker/sender.h"

/// An event: one block of memory with all its text behind it, counted by reference. Nothing in it
/// changes but the sender, which is read out of the payload when somebody asks.
struct kn_event {
  public:
    static kn_event *create(std::string_view topic, std::string_view id, std::string_view data);

    // The driver hands events over one after the other, and nearly always nobody keeps any: then
    // each is made in the memory of the one before.

    /// Whether whoever asks is the only one that has it, so that its memory is his.
    bool is_unshared() const noexcept { return references_.load(std::memory_order_acquire) == 1; }
    std::size_t room() const noexcept { return room_; }
    /// Makes another event of one that is unshared. False, and nothing done: it does not fit.
    bool remake(std::string_view topic, std::string_view id, std::string_view data) noexcept;

    kn_event(const kn_event &) = delete;
    kn_event &operator=(const kn_event &) = delete;

    void retain() noexcept { references_.fetch_add(1, std::memory_order_relaxed); }
    void release() noexcept;

    const char *topic() const noexcept { return text(); }
    std::string_view topic_view() const noexcept { return {topic(), channel_at_ - 1}; }
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

    /// Has the event acknowledged.
    void attach(const kn::DeliveryNote &note, const std::shared_ptr<kn::Ledger> &by);
    /// NULL where it is not.
    kn::Delivery *delivery() const noexcept { return delivery_; }

    /// Whether its handlers are running.
    bool is_in_handler() const noexcept { return in_handler_.load(std::memory_order_acquire); }
    void set_in_handler(bool is_running) noexcept {
        in_handler_.store(is_running, std::memory_order_release);
    }

    std::uint32_t generation() const noexcept { return generation_; }

  private:
    explicit kn_event(std::size_t room) noexcept : room_(room) {}
    ~kn_event() { delete sender_.load(std::memory_order_acquire); }

    struct Topic;
    void write_topic(const Topic &topic) noexcept;
    void write_rest(std::string_view id, std::string_view data) noexcept;

    char *text() noexcept { return reinterpret_cast<char *>(this + 1); }
    const char *text() const noexcept { return reinterpret_cast<const char *>(this + 1); }
    const kn::Sender *sender() const noexcept;
    void release_delivery() noexcept;

    std::atomic<std::uint32_t> references_{1};
    std::atomic<bool> in_handler_{false};
    std::uint32_t generation_ = 0;
    mutable std::atomic<const kn::Sender *> sender_{nullptr};
    kn::Delivery *delivery_ = nullptr;
    // Where each text begins: topic, of which the name is the tail, then channel, id and data, each
    // with its NUL.
    std::size_t name_at_ = 0;
    std::size_t channel_at_ = 0;
    std::size_t id_at_ = 0;
    std::size_t data_at_ = 0;
    std::size_t data_size_ = 0;
    const std::size_t room_; // for all of them
};

namespace kn {

struct ReleaseEvent {
    void operator()(kn_event *event) const noexcept { event->release(); }
};
using EventPtr = std::unique_ptr<kn_event, ReleaseEvent>;

} // namespace kn
